"""The network's forward pass in NumPy alone."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from szfast.networks.weights import NetworkWeights

# A block's largest patch matrix is 1.2 MB a map: larger blocks leave the cache and are slower.
_MAPS_AT_ONCE = 8


def forward(maps: NDArray[np.float32], network: NetworkWeights) -> NDArray[np.float64]:
    """Run maps through a network; dropout plays no part in prediction.

    Parameters
    ----------
    maps : ndarray, shape (N, 96, 96)
        Compton y, dimensionless.
    network : NetworkWeights
        The network.

    Returns
    -------
    ndarray, shape (N,)
        log10 of M500c in Msun.
    """
    output = np.empty(len(maps), dtype=np.float64)
    for first in range(0, len(maps), _MAPS_AT_ONCE):
        block = slice(first, first + _MAPS_AT_ONCE)
        output[block] = _vgg(np.asarray(maps[block], dtype=np.float32), network)
    return output * network.target_scale + network.target_offset


def _vgg(maps: NDArray[np.float32], network: NetworkWeights) -> NDArray[np.float32]:
    mean, std = np.float32(network.input_mean), np.float32(network.input_std)
    channels = ((maps - mean) / std)[..., np.newaxis]
    weights = list(zip(network.kernels, network.biases, strict=True))
    for kernel, bias in weights[:3]:
        # Bias and ReLU never change which of four pixels is largest: after pooling there are fewer to do.
        channels = np.maximum(_pool(_convolve(channels, kernel)) + bias, 0)
    units = channels.mean(axis=(1, 2))
    for kernel, bias in weights[3:-1]:
        units = np.maximum(units @ kernel + bias, 0)
    kernel, bias = weights[-1]
    result: NDArray[np.float32] = (units @ kernel + bias)[:, 0]
    return result


def _convolve(channels: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns, inputs, outputs = kernel.shape
    windows = sliding_window_view(channels, (rows, columns), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, rows * columns * inputs)
    convolved: NDArray[np.float32] = patches @ kernel.reshape(-1, outputs)
    return convolved.reshape(*windows.shape[:3], outputs)


def _pool(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    rows, columns = (side // 2 * 2 for side in channels.shape[1:3])
    even = channels[:, :rows, :columns]
    wide = np.maximum(even[:, 0::2], even[:, 1::2])
    pooled: NDArray[np.float32] = np.maximum(wide[:, :, 0::2], wide[:, :, 1::2])
    return pooled
