"""What a pass over all gas of a snapshot finds, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError

if TYPE_CHECKING:
    from szfast.snapshots import GasParticles, Snapshot

NEIGHBOUR_TARGETS = 16
HOT_K, COLD_K, VERY_HOT_K = 1e6, 10.0, 1e9
"""Hot gas of groups and clusters begins at about 1e6 K; none is colder than 10 K or hotter than 1e9 K (86 keV)."""


@dataclass
class Survey:
    """Sums and extremes over the gas of one snapshot.

    Parameters
    ----------
    particles : int
        Number read.
    mass_msun, hot_msun : float
        Mass of all gas, and of gas above 1e6 K.
    temperature_k : tuple of float
        Lowest and highest temperature.
    cold, very_hot : int
        Particles below 10 K and above 1e9 K.
    electrons : tuple of float or None
        Lowest and highest number of electrons per hydrogen atom; None where the file has none.
    left_out : dict
        Particles by the reason for which maps leave them out.
    left_out_msun : float
        Their mass.
    neighbours : float or None
        Median number of particles within a smoothing length; None where it was computed.
    """

    particles: int = 0
    mass_msun: float = 0.0
    hot_msun: float = 0.0
    temperature_k: tuple[float, float] = (np.inf, 0.0)
    cold: int = 0
    very_hot: int = 0
    electrons: tuple[float, float] | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    left_out_msun: float = 0.0
    neighbours: float | None = None

    def add(self, chunk: GasParticles) -> None:
        """Add particles.

        Raises
        ------
        SnapshotError
            If electron or hydrogen fractions are not possible.
        """
        from szfast.gas.exclusion import NEUTRAL, STAR_FORMING, WIND, left_out

        mass_msun = chunk.mass_msun.astype(np.float64)
        out, counts = left_out(chunk, (STAR_FORMING, WIND, NEUTRAL))
        temperature_k = _temperature_k(chunk, out)
        self.particles += len(chunk)
        self.mass_msun += float(mass_msun.sum())
        self.hot_msun += float(mass_msun[temperature_k > HOT_K].sum())
        self.temperature_k = _wider(self.temperature_k, temperature_k)
        self.cold += int(np.count_nonzero(temperature_k < COLD_K))
        self.very_hot += int(np.count_nonzero(temperature_k > VERY_HOT_K))
        if chunk.electron_per_hydrogen is not None:
            self.electrons = _wider(self.electrons or (np.inf, 0.0), chunk.electron_per_hydrogen)
        for reason, count in counts.items():
            self.left_out[reason] = self.left_out.get(reason, 0) + count
        self.left_out_msun += float(mass_msun[out].sum())


def _wider(limits: tuple[float, float], values: NDArray[np.float32]) -> tuple[float, float]:
    return min(limits[0], float(values.min())), max(limits[1], float(values.max()))


def _temperature_k(chunk: GasParticles, out: NDArray[np.bool_]) -> NDArray[np.float32]:
    from szfast.gas.electrons import FROM_FILE, FULLY_IONISED, Electrons, check_ionised, electrons_of, temperature_k

    if chunk.internal_energy_km2_s2 is None:
        if chunk.temperature_k is None:
            raise SnapshotError(
                "the gas has neither an internal energy nor a temperature.",
                file=chunk.path,
                field="InternalEnergy",
                remedy="write the snapshot with internal energies.",
            )
        return chunk.temperature_k
    model = FULLY_IONISED if chunk.electron_per_hydrogen is None else FROM_FILE
    electrons = electrons_of(chunk, model, [])
    kelvin = temperature_k(chunk.internal_energy_km2_s2, electrons)
    # as in maps: heated winds carry the electrons of the gas that they came from
    kept = Electrons(electrons.per_hydrogen[~out], electrons.hydrogen_fraction[~out], electrons.model)
    check_ionised(kelvin[~out], kept, chunk.path)
    return kelvin


class _Neighbours:
    """Counts the particles within the smoothing lengths of a few particles of the first chunk."""

    def __init__(self, first: GasParticles) -> None:
        from szfast.snapshots.selection import Spheres

        rows = np.unique(np.linspace(0, len(first) - 1, NEIGHBOUR_TARGETS).astype(int))
        header = first.header
        box = None if header.box_size_kpc is None else header.box_size_kpc * header.scale_factor
        radii = first.smoothing_length_kpc[rows].astype(np.float64)
        self.spheres = Spheres(first.offset_kpc[rows], radii, box)
        self.counts = np.zeros(len(rows), dtype=np.int64)

    def add(self, chunk: GasParticles) -> None:
        for sphere, rows in self.spheres.select(chunk.offset_kpc).found:
            self.counts[sphere] += len(rows)


def survey_gas(snapshot: Snapshot, *, progress: bool = False) -> Survey:
    """Read every gas particle of a snapshot, a chunk at a time.

    Parameters
    ----------
    snapshot : Snapshot
        From `szfast.snapshots.open_snapshot`.
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    Survey
        What was found.

    Raises
    ------
    SnapshotError
        If a part is damaged, or a value is not possible.
    """
    survey = Survey()
    neighbours = None
    for chunk in snapshot.gas_chunks(progress=progress):
        survey.add(chunk)
        neighbours = neighbours or _Neighbours(chunk)
        neighbours.add(chunk)
    if neighbours is None:
        raise SnapshotError(
            "it holds no gas.", file=snapshot.path, field="PartType0", remedy="give a hydrodynamical snapshot."
        )
    if not smoothing_computed(snapshot):
        survey.neighbours = float(np.median(neighbours.counts))
    return survey


def smoothing_computed(snapshot: Snapshot) -> bool:
    """Whether the file has no smoothing lengths, and they follow from mass and density."""
    return any(row.quantity == "smoothing length" and "rho" in row.value for row in snapshot.assumptions)
