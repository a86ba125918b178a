"""The range of the Planck sample: its bins of redshift and the lowest mass in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST_LOG10_MASS: Mapping[tuple[float, float], float] = {
    (0.0, 0.1): 14.0,
    (0.1, 0.2): 14.5,
    (0.2, 0.4): 14.65,
    (0.4, 1.0): 14.7,
}
"""Lowest log10 M500c [Msun] that the published networks have learnt, by bin of redshift, open below, closed above."""

BINS = tuple(LOWEST_LOG10_MASS)


def bin_of(redshift: Any) -> NDArray[np.intp]:
    """Number of the bin of redshifts, any shape; -1 outside of all."""
    z = np.asarray(redshift, dtype=np.float64)
    number = np.searchsorted([high for _, high in BINS], z, side="left")
    return np.where((z > 0) & (number < len(BINS)), number, -1)


def lowest_log10_mass(redshift: Any) -> NDArray[np.float64]:
    """Lowest log10 M500c [Msun] at redshifts, any shape; infinite outside of all bins."""
    lowest = np.array([*LOWEST_LOG10_MASS.values(), np.inf])
    return lowest[bin_of(redshift)]
