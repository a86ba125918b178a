"""Gas particles as they leave a snapshot: physical units, one array a quantity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
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


def joined(pieces: Sequence[GasParticles]) -> GasParticles:
    """Concatenate chunks that share origin, header and fields."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in _present(first)
    }
    return replace(first, **arrays)


def filled(pieces: Iterator[GasParticles], count: int) -> GasParticles:
    """Join chunks of a known total as they come, without holding them twice."""
    first = next(pieces)
    if len(first) == count:
        return first
    arrays: dict[str, Any] = {}
    for name in _present(first):
        values = getattr(first, name)
        arrays[name] = np.empty((count, *values.shape[1:]), dtype=values.dtype)
    start = 0
    for piece in chain([first], pieces):
        for name, array in arrays.items():
            array[start : start + len(piece)] = getattr(piece, name)
        start += len(piece)
    return replace(first, **arrays)


def _present(gas: GasParticles) -> list[str]:
    return [name for name in PER_PARTICLE if getattr(gas, name) is not None]
