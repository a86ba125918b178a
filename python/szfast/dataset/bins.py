"""Bins of redshift: one network each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError

Bin = tuple[float, float]

PLANCK_BINS: tuple[Bin, ...] = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.0))
"""Bins of de Andres et al. (2022), open below and closed above: 0.1 lies in the first."""


def within_bin(redshift: Any, edges: Bin) -> NDArray[np.bool_]:
    """Which redshifts lie in a bin.

    Parameters
    ----------
    redshift : array
        Redshifts, any shape.
    edges : (low, high)
        The bin, open below and closed above.

    Returns
    -------
    bool array
        Of the same shape.
    """
    low, high = edges
    values = np.asarray(redshift, dtype=np.float64)
    inside: NDArray[np.bool_] = (values > low) & (values <= high)
    return inside


def bin_numbers(redshift: Any, bins: tuple[Bin, ...] = PLANCK_BINS) -> NDArray[np.int64]:
    """Number of each redshift's bin; -1 where it lies in none.

    Parameters
    ----------
    redshift : array
        Redshifts, any shape.
    bins : tuple of (low, high)
        The bins; they may not overlap.

    Returns
    -------
    int array
        Of the same shape.

    Raises
    ------
    ArgumentError
        If a bin is empty, or two overlap.
    """
    for (low, high), (after, _) in zip(bins, (*bins[1:], (np.inf, np.inf)), strict=True):
        if not low < high <= after:
            raise ArgumentError(f"expected bins in increasing order without overlap, found {bins}.", field="bins")
    numbers = np.full(np.shape(redshift), -1, dtype=np.int64)
    for number, edges in enumerate(bins):
        numbers[within_bin(redshift, edges)] = number
    return numbers


def bin_name(edges: Bin) -> str:
    """A bin as text, for example ``0.1-0.2``."""
    return f"{edges[0]:g}-{edges[1]:g}"
