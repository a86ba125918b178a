"""Gas particles as they leave a snapshot: physical units, one array a quantity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.snapshots.header import Assumption, SnapshotHeader

PER_PARTICLE = (
    "offset_kpc",
    "mass_msun",
    "internal_energy_km2_s2",
    "temperature_k",
    "smoothing_length_kpc",
    "electron_per_hydrogen",
    "hydrogen_fraction",
    "star_formation_rate",
    "wind_delay_time",
    "neutral_fraction",
)
"""The fields of `GasParticles` that hold one value a particle."""


@dataclass
class GasParticles:
    """Gas particles in physical units, relative to an origin.

    Parameters
    ----------
    offset_kpc : (N, 3) float64 array
        Physical position relative to the origin, after periodic wrapping about it.
    origin_kpc : (3,) float64 array
        The origin [comoving kpc]; zeros where no centre was given.
    mass_msun : (N,) float32 array
        Mass.
    smoothing_length_kpc : (N,) float32 array
        Support radius of the kernel [physical kpc].
    internal_energy_km2_s2 : (N,) float32 array or None
        Specific internal energy.
    temperature_k : (N,) float32 array or None
        Temperature; only where the file gives no internal energy.
    electron_per_hydrogen, hydrogen_fraction : (N,) float32 array or None
        Electrons per hydrogen atom, and hydrogen's share of the mass.
    star_formation_rate, wind_delay_time, neutral_fraction : (N,) float32 array or None
        What gas is left out by; the rate and the delay in the file's own units (only their sign matters).
    kernel : str
        ``cubic``, ``wendland_c2`` or ``wendland_c4``.
    header : SnapshotHeader
        The snapshot's header.
    assumptions : list of Assumption
        What was taken for granted.
    path : Path
        The snapshot.
    """

    offset_kpc: NDArray[np.float64]
    origin_kpc: NDArray[np.float64]
    mass_msun: NDArray[np.float32]
    smoothing_length_kpc: NDArray[np.float32]
    internal_energy_km2_s2: NDArray[np.float32] | None
    temperature_k: NDArray[np.float32] | None
    electron_per_hydrogen: NDArray[np.float32] | None
    hydrogen_fraction: NDArray[np.float32] | None
    star_formation_rate: NDArray[np.float32] | None
    wind_delay_time: NDArray[np.float32] | None
    neutral_fraction: NDArray[np.float32] | None
    kernel: str
    header: SnapshotHeader
    path: Path
    assumptions: list[Assumption] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mass_msun)

    def select(self, index: NDArray[Any]) -> GasParticles:
        """Return the particles at an index array or mask."""
        picked: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name)[index] for name in PER_PARTICLE
        }
        return replace(self, **picked)


class Gathered:
    """Particles gathered from pieces that share origin, header and fields.

    Parameters
    ----------
    total : int
        Rows of all files, of which each can give one particle at most.
    """

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0
        self._first: GasParticles | None = None
        self._arrays: dict[str, NDArray[Any]] = {}
        self._room = 0

    def reserve(self, count: int, rows_read: int) -> None:
        """Make room for some more particles, all that is coming of the first `rows_read` rows."""
        count += self.count
        if count > self._room:
            # As many as the rows to come should give, and a little more: seldom moved, never much too large.
            expected = math.ceil(1.05 * count * self.total / rows_read)
            self._room = max(count, min(expected, self.total, 16 * count))

    def add(self, piece: GasParticles) -> None:
        """Add a piece for which there is room."""
        self._first = self._first or piece
        count = self.count + len(piece)
        for name in PER_PARTICLE:
            values = getattr(piece, name)
            if values is not None:
                self._array(name, values)[self.count : count] = values
        self.count = count

    def _array(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        array = self._arrays.get(name)
        if array is None or len(array) < self._room:
            larger = np.empty((self._room, *values.shape[1:]), dtype=values.dtype)
            if array is not None:
                larger[: self.count] = array[: self.count]
            self._arrays[name] = array = larger
        return array

    def particles(self) -> GasParticles:
        """All of them, at least one."""
        assert self._first is not None
        arrays: dict[str, Any] = {name: array[: self.count] for name, array in self._arrays.items()}
        return replace(self._first, **arrays)
