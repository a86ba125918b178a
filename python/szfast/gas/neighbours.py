"""Whether smoothing lengths fit the particles: how many there are in a kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from szfast.gas.particles import Gas

TARGETS = 16

FEW_NEIGHBOURS, MANY_NEIGHBOURS = 10.0, 1000.0
"""Kernels of codes in use hold 30 to 400 neighbours."""


class Neighbours:
    """Counts the particles within the smoothing lengths of a few, while the gas passes block by block.

    The first block's particles are those whose neighbours are counted: far from the edge of what is read, where they
    would be missing.
    """

    def __init__(self) -> None:
        self.counts = np.zeros(0, dtype=np.int64)
        self._at: NDArray[np.float64] = np.zeros((0, 3))
        self._h: NDArray[np.float64] = np.zeros(0)

    def add(self, gas: Gas) -> None:
        """Count the neighbours in a block of the gas of one cluster."""
        if not len(self.counts):
            self._choose(gas)
        x = np.ascontiguousarray(gas.offset_kpc[:, 0])
        for i, (at, h) in enumerate(zip(self._at, self._h, strict=True)):
            near = np.flatnonzero(np.abs(x - at[0]) <= h)
            square = ((gas.offset_kpc[near] - at) ** 2).sum(axis=1)
            self.counts[i] += np.count_nonzero(square <= h**2)

    def _choose(self, gas: Gas) -> None:
        h_kpc = gas.smoothing_length_kpc.astype(np.float64)
        inside = np.arange(len(gas))
        if gas.radius_kpc is not None:
            inside = np.flatnonzero(np.linalg.norm(gas.offset_kpc, axis=1) + h_kpc <= gas.radius_kpc)
        if len(inside):
            chosen = inside[np.unique(np.linspace(0, len(inside) - 1, TARGETS).astype(int))]
            self._at, self._h = gas.offset_kpc[chosen], h_kpc[chosen]
            self.counts = np.zeros(len(chosen), dtype=np.int64)

    @property
    def typical(self) -> float | None:
        """Median number of particles within a smoothing length; None where none could be counted."""
        return float(np.median(self.counts)) if len(self.counts) else None


def odd_neighbours(typical: float | None) -> str | None:
    """What is odd about a number of particles within a smoothing length, if anything."""
    if typical is None or FEW_NEIGHBOURS <= typical <= MANY_NEIGHBOURS:
        return None
    text = f"the median smoothing length holds {typical:g} particles, where 30 to 400 are usual."
    if typical < FEW_NEIGHBOURS:
        text += " A random subsample? Then give --smoothing-scale (N_full/N)^(1/3)."
    return text
