"""The plane of redshift and log mass, cut into cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from szfast.sample.planck_range import bin_of

Z_EDGES = np.array([0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1.0])
"""Edges of the cells in redshift; those of the Planck bins are among them."""

LOG10_MASS_EDGES = np.round(np.linspace(13.5, 15.7, 23), 1)
"""Edges of the cells in log10 M500c [Msun]."""

SHAPE = (len(Z_EDGES) - 1, len(LOG10_MASS_EDGES) - 1)
BIN_OF_ROW = bin_of(Z_EDGES[1:])


def cell_of(redshift: Any, log10_mass: Any) -> NDArray[np.intp]:
    """Flat number of the cell of each cluster, open below and closed above; -1 outside of the plane."""
    row = np.searchsorted(Z_EDGES, np.asarray(redshift, dtype=np.float64), side="left") - 1
    column = np.searchsorted(LOG10_MASS_EDGES, np.asarray(log10_mass, dtype=np.float64), side="left") - 1
    inside = (row >= 0) & (row < SHAPE[0]) & (column >= 0) & (column < SHAPE[1])
    return np.where(inside, row * SHAPE[1] + column, -1)


def counted(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number of clusters in each cell, flat."""
    return np.bincount(cells[cells >= 0], minlength=SHAPE[0] * SHAPE[1])


def widened(occupied: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The occupied cells, flat, and the eight neighbours of each."""
    wide: NDArray[np.bool_] = binary_dilation(occupied.reshape(SHAPE), structure=np.ones((3, 3))).ravel()
    return wide
