"""Networks as .keras files: written by Keras, read without it and without running anything they hold."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import h5py
from numpy.typing import NDArray

from szfast.arguments import path_in
from szfast.errors import NetworkError
from szfast.networks.hdf5_arrays import REMEDY, read_weights
from szfast.networks.keras_config import check_layers, scalings
from szfast.networks.keras_model import to_keras
from szfast.networks.keras_safety import member
from szfast.networks.layers import CONVOLUTIONS, DENSE, LAYERS
from szfast.networks.npz import replaced, save
from szfast.networks.weights import NetworkWeights


def save_keras(network: NetworkWeights, path: str | Path) -> tuple[Path, Path]:
    """Write a network as a .keras file, and beside it szfast's own .npz, which alone tells the redshift bin.

    Parameters
    ----------
    network : NetworkWeights
        The network.
    path : str or Path
        A name that ends in .keras.

    Returns
    -------
    tuple of Path
        The .keras file and the .npz file of the same stem.

    Raises
    ------
    NetworkError
        If the name does not end in .keras, or a file cannot be written.
    MissingExtraError
        If Keras is not installed.
    """
    file = path_in(path)
    with replaced(file, ".keras") as temporary:
        to_keras(network).save(temporary)
    return file, save(network, file.with_suffix(".npz"))


def load_keras(
    path: str | Path, *, redshift_bin: tuple[float, float], provenance: str = "not stated"
) -> NetworkWeights:
    """Read the network of a .keras file, anybody's, that holds the model of `szfast.networks.vgg`.

    The file's description of the model is compared with the network's and never built from; its weights are
    read as plain arrays. No code or object in the file is run or unpickled, and Keras is not needed.

    Parameters
    ----------
    path : str or Path
        The .keras file.
    redshift_bin : tuple of float
        (low, high]: the redshifts that it was trained on.
    provenance : str, optional
        Who trained it, on what.

    Raises
    ------
    NetworkError
        If the file is missing, truncated or no .keras file, or the model is not that of `vgg`.
    """
    file = path_in(path)
    try:
        with zipfile.ZipFile(file) as archive:
            description = json.loads(member(archive, file, "config.json"))
            weights = member(archive, file, "model.weights.h5")
        settings = check_layers(_sequential(description, file), file)
        with h5py.File(io.BytesIO(weights), "r") as layers:
            kernels, biases = _arrays(layers, file)
    except FileNotFoundError:
        raise NetworkError("does not exist.", file=file, field="path", remedy="check the path.") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        KeyError,
        ValueError,
        RuntimeError,
        RecursionError,
    ) as error:
        raise NetworkError(
            f"is not a complete .keras file ({error}).", file=file, field="keras", remedy=REMEDY
        ) from None
    try:
        return NetworkWeights(
            kernels, biases, redshift_bin=redshift_bin, provenance=provenance, **scalings(settings, file)
        )
    except NetworkError as error:
        raise NetworkError(error.problem, file=file, field=error.field, remedy=error.remedy) from None


def _sequential(description: Any, file: Path) -> Any:
    kind = description.get("class_name") if isinstance(description, dict) else None
    if kind != "Sequential":
        raise NetworkError(
            f"expected a Sequential model, found {kind!r:.60}.",
            file=file,
            field="class_name",
            remedy="give a model built by szfast.networks.vgg.",
        )
    return description.get("config")


def _arrays(layers: h5py.File, file: Path) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
    # Keras files the layers under their kind and a running number, whatever their names.
    places = [f"layers/{kind}{f'_{i}' if i else ''}/vars" for kind, i in _kinds()]
    kernels = tuple(
        read_weights(layers, f"{place}/0", layer.kernel_shape, f"{layer.name}_kernel", file)
        for layer, place in zip(LAYERS, places, strict=True)
    )
    biases = tuple(
        read_weights(layers, f"{place}/1", layer.bias_shape, f"{layer.name}_bias", file)
        for layer, place in zip(LAYERS, places, strict=True)
    )
    return kernels, biases


def _kinds() -> list[tuple[str, int]]:
    return [("conv2d", i) for i in range(len(CONVOLUTIONS))] + [("dense", i) for i in range(len(DENSE))]
