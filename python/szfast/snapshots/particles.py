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


class Growing:
    """Arrays that grow as the rows of a file are read.

    Parameters
    ----------
    total : int
        Rows to be read, of which each gives one entry at most.
    """

    def __init__(self, total: int) -> None:
        self.total, self.count = total, 0
        self._arrays: dict[str, NDArray[Any]] = {}
        self._room = 0

    def reserve(self, count: int, rows_read: int) -> None:
        """Make room for some more, all that is coming of the first `rows_read` rows."""
        count += self.count
        if count > self._room:
            # As many as the rows to come should give, and a little more: seldom moved, never much too large.
            expected = math.ceil(1.05 * count * self.total / rows_read)
            self._room = max(count, min(max(expected, 2 * self._room), self.total, 16 * count))

    def add(self, **values: NDArray[Any]) -> None:
        """Add as many entries to each array; there is room for them."""
        count = self.count
        for name, piece in values.items():
            count = self.count + len(piece)
            self._array(name, piece)[self.count : count] = piece
        self.count = count

    def _array(self, name: str, piece: NDArray[Any]) -> NDArray[Any]:
        array = self._arrays.get(name)
        if array is None or len(array) < self._room:
            larger = np.empty((self._room, *piece.shape[1:]), dtype=piece.dtype)
            if array is not None:
                larger[: self.count] = array[: self.count]
            self._arrays[name] = array = larger
        return array

    def arrays(self) -> dict[str, Any]:
        """What was added."""
        return {name: array[: self.count] for name, array in self._arrays.items()}


class Gathered(Growing):
    """Particles gathered from pieces that share origin, header and fields."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self._first: GasParticles | None = None

    def add_particles(self, piece: GasParticles) -> None:
        """Add a piece for which there is room."""
        self._first = self._first or piece
        self.add(**{name: getattr(piece, name) for name in PER_PARTICLE if getattr(piece, name) is not None})

    def particles(self) -> GasParticles:
        """All of them, at least one."""
        assert self._first is not None
        return replace(self._first, **self.arrays())
