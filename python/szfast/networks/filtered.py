"""The small network on matched filters: its weights, and its forward pass in NumPy alone.

Fixed filters at the map's centre take signal-to-noise ratios at a few sizes; three dense layers turn these and the
redshift into a mass. The filters are symmetric under the square, so that turned maps give the same mass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from szfast.errors import NetworkError
from szfast.networks.layers import MAP_SIDE, Layer
from szfast.networks.learnt import Learnt
from szfast.networks.weights import checked_array

FILTERS = 6
"""Sizes of the matched filters."""

POOLED_SIDE = MAP_SIDE // 2
"""Pixels on a side of the map that the filters see, averaged over 2 x 2."""

FILTERED_DENSE = (
    Layer("dense1", (FILTERS + 1, 64)),
    Layer("dense2", (64, 32)),
    Layer("dense3", (32, 1), "linear"),
)
"""After arcsinh of the filters' products, standardised, with the standardised redshift beside them."""

SHAPES: dict[str, tuple[int, ...]] = {
    "filters": (POOLED_SIDE**2, FILTERS),
    "feature_mean": (FILTERS,),
    "feature_std": (FILTERS,),
}
"""Arrays beside the dense layers'."""


@dataclass(frozen=True, eq=False)
class FilteredWeights(Learnt):
    """One trained network on matched filters: from a map of Compton y and a redshift to log10 M500c.

    Parameters
    ----------
    filters : (48 * 48, 6) array
        Weights of the filters on the map averaged over 2 x 2 pixels (`szfast.filters.filter_bank`).
    feature_mean, feature_std : (6,) array
        Of arcsinh of the filters' products over the training set.
    kernels, biases : tuple of ndarray
        One float32 array for each of `FILTERED_DENSE`, in that order; stored read-only, as all arrays here.
    redshift_mean, redshift_std : float
        Over the training set.
    redshift_bin, target_offset, target_scale, lowest_log10_mass, provenance
        See `szfast.networks.learnt.Learnt`.

    Raises
    ------
    NetworkError
        If an array has a wrong shape or type or a value that is not finite, or a number is out of range.
    """

    filters: NDArray[np.float32] = field(repr=False)
    feature_mean: NDArray[np.float32] = field(repr=False)
    feature_std: NDArray[np.float32] = field(repr=False)
    kernels: tuple[NDArray[np.float32], ...] = field(repr=False)
    biases: tuple[NDArray[np.float32], ...] = field(repr=False)
    redshift_mean: float
    redshift_std: float

    def __post_init__(self) -> None:
        for name, shape in SHAPES.items():
            object.__setattr__(self, name, checked_array(getattr(self, name), shape, name))
        if not (self.feature_std > 0).all():
            raise NetworkError("expected positive numbers.", field="feature_std", remedy="train the network again.")
        pairs = {"kernel": (self.kernels, "kernels"), "bias": (self.biases, "biases")}
        for kind, (arrays, name) in pairs.items():
            checked = tuple(
                checked_array(array, getattr(layer, f"{kind}_shape"), f"{layer.name}_{kind}")
                for layer, array in zip(FILTERED_DENSE, arrays, strict=True)
            )
            object.__setattr__(self, name, checked)
        self._check_numbers("redshift_mean", "redshift_std")
        super().__post_init__()


def filtered_forward(
    maps: NDArray[np.float32], redshift: NDArray[np.float64], network: FilteredWeights
) -> NDArray[np.float64]:
    """Run maps through a network on matched filters.

    Parameters
    ----------
    maps : ndarray, shape (N, 96, 96)
        Compton y, dimensionless.
    redshift : ndarray, shape (N,)
        Of the clusters.
    network : FilteredWeights
        The network.

    Returns
    -------
    ndarray, shape (N,)
        log10 of M500c in Msun.
    """
    features = (np.arcsinh(filtered(maps, network.filters)) - network.feature_mean) / network.feature_std
    seen = ((redshift - network.redshift_mean) / network.redshift_std).astype(np.float32)
    units = np.concatenate([features, seen[:, np.newaxis]], axis=1)
    for layer, kernel, bias in zip(FILTERED_DENSE, network.kernels, network.biases, strict=True):
        units = units @ kernel + bias
        if layer.activation == "relu":
            units = np.maximum(units, 0)
    log10_mass: NDArray[np.float64] = units[:, 0].astype(np.float64) * network.target_scale + network.target_offset
    return log10_mass


def filtered(maps: NDArray[np.float32], filters: NDArray[np.float32]) -> NDArray[np.float32]:
    """Products of filters (48 * 48, K) with maps (N, 96, 96): signal-to-noise ratios (N, K)."""
    rows = maps[:, 0::2] + maps[:, 1::2]
    pooled = (rows[:, :, 0::2] + rows[:, :, 1::2]) * np.float32(0.25)
    products: NDArray[np.float32] = pooled.reshape(len(maps), -1) @ filters
    return products
