"""The NumPy forward pass against a direct one in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d

from szfast.networks.forward import forward


def direct(y, network):
    """The published layers, written as the textbook has them: one correlation a pair of channels."""
    channels = [(y.astype(np.float64) - network.input_mean) / network.input_std]
    for kernel, bias in zip(network.kernels[:3], network.biases[:3], strict=True):
        kernel = kernel.astype(np.float64)
        convolved = [
            sum(correlate2d(c, kernel[:, :, i, o], mode="valid") for i, c in enumerate(channels)) + bias[o]
            for o in range(kernel.shape[3])
        ]
        channels = [pooled(np.maximum(c, 0)) for c in convolved]
    units = np.array([c.mean() for c in channels])
    for kernel, bias in zip(network.kernels[3:6], network.biases[3:6], strict=True):
        units = np.maximum(units @ kernel.astype(np.float64) + bias, 0)
    output = units @ network.kernels[6].astype(np.float64) + network.biases[6]
    return output[0] * network.target_scale + network.target_offset


def pooled(channel):
    side = len(channel) // 2
    return np.array([[channel[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max() for j in range(side)] for i in range(side)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_equals_a_direct_double_precision_pass(random_network, noise_maps, seed):
    network = random_network(seed, target_scale=0.3)
    expected = [direct(y, network) for y in noise_maps[[0, 10]]]
    # Single precision over seven layers: a few 1e-6 of outputs of order one.
    np.testing.assert_allclose(forward(noise_maps[[0, 10]], network), expected, atol=1e-5, rtol=0)


def test_every_weight_matters(random_network, noise_maps):
    network = random_network()
    before = forward(noise_maps[10:], network)
    for part in ("kernels", "biases"):
        for layer in range(7):
            arrays = [array.copy() for array in getattr(network, part)]
            arrays[layer] += 0.01
            changed = random_network(**{})
            object.__setattr__(changed, part, tuple(arrays))
            assert abs(forward(noise_maps[10:], changed) - before) > 1e-4


def test_the_batch_does_not_change_a_prediction(random_network, noise_maps):
    network = random_network()
    together = forward(noise_maps, network)
    alone = np.concatenate([forward(noise_maps[i : i + 1], network) for i in range(len(noise_maps))])
    # The matrix product may sum in another order for another number of rows.
    np.testing.assert_allclose(together, alone, atol=3e-6, rtol=0)
    assert np.ptp(together) > 1e-2


def test_no_maps_give_no_masses(random_network):
    assert forward(np.empty((0, 96, 96), np.float32), random_network()).shape == (0,)
