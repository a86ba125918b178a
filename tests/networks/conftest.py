"""Networks with random weights, and files of them in the layouts of others."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from astropy.io import fits

from szfast.networks import NetworkWeights
from szfast.networks.layers import LAYERS


def _random_weights(seed: int = 1, **numbers) -> NetworkWeights:
    rng = np.random.default_rng(seed)
    kernels, biases = [], []
    for layer in LAYERS:
        # He initialisation keeps the signal's size through the layers, so that no layer is saturated.
        inputs = np.prod(layer.kernel_shape[:-1])
        kernels.append(rng.normal(0, np.sqrt(2 / inputs), layer.kernel_shape).astype(np.float32))
        biases.append(rng.normal(0, 0.1, layer.bias_shape).astype(np.float32))
    chosen = {"input_mean": 1e-7, "input_std": 2e-6, "redshift_bin": (0.1, 0.2), "target_offset": 14.5}
    return NetworkWeights(tuple(kernels), tuple(biases), **{**chosen, **numbers})


@pytest.fixture(scope="session")
def random_network():
    return _random_weights


@pytest.fixture(scope="session")
def noise_maps():
    """Maps like Planck's noise, with a blob in each, so that the network's units are not all alike."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:96, :96]
    blob = 2e-5 * np.exp(-((rows - 44) ** 2 + (columns - 50) ** 2) / 60)
    return (rng.normal(0, 2e-6, (11, 96, 96)) + np.linspace(0, 1, 11)[:, None, None] * blob).astype(np.float32)


@pytest.fixture
def write_keras2():
    """Write weights as Keras 2 does, with its running numbers and groups in alphabetical order."""

    def write(path, network, *, leave_out=(), change=None):
        arrays = {}
        for layer, kernel, bias in zip(LAYERS, network.kernels, network.biases, strict=True):
            arrays[layer.name] = {"kernel:0": kernel, "bias:0": bias}
        if change is not None:
            change(arrays)
        names = {"conv1": "conv2d_9", "conv2": "conv2d_10", "conv3": "conv2d_11"}
        names |= {"dense1": "dense_98", "dense2": "dense_99", "dense3": "dense_100", "dense4": "dense_101"}
        with h5py.File(path, "w") as file:
            kept = [name for layer, name in names.items() if layer not in leave_out]
            file.attrs["layer_names"] = np.array([*kept[:1], "max_pooling2d_9", *kept[1:]], dtype="S")
            file.create_group("max_pooling2d_9").attrs["weight_names"] = np.array([], dtype="S1")
            for layer, name in names.items():
                paths = [f"model/{name}/{part}" for part in arrays[layer]]
                group = file.create_group(name)
                group.attrs["weight_names"] = np.array(paths, dtype="S")
                for target, array in zip(paths, arrays[layer].values(), strict=True):
                    group[target] = array
        return path

    return write


@pytest.fixture
def write_cutout(tmp_path):
    """Write a map as the published cutouts are: a primary image with NAME and Z, without a WCS."""

    def write(y, name="cutout.fits", **keywords):
        path = tmp_path / name
        hdu = fits.PrimaryHDU(np.asarray(y, dtype=np.float64))
        hdu.header.update(keywords)
        hdu.writeto(path)
        return path

    return write
