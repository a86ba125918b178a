"""How particles of a snapshot become gas: electrons, temperature, what is left out."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import flag_in, number_in
from szfast.errors import SnapshotError
from szfast.gas.electrons import (
    ASSUMED_IONISED,
    FROM_FILE,
    Electrons,
    check_hot_gas,
    check_ionised,
    check_model,
    electrons_of,
    temperature_k,
)
from szfast.gas.exclusion import NEUTRAL, STAR_FORMING, WIND, Reason, check_left, left_out
from szfast.gas.particles import Gas
from szfast.gas.source import GasSource
from szfast.snapshots.header import Assumption
from szfast.snapshots.particles import GasParticles

log = logging.getLogger("szfast.gas")

SOME_ROWS = 1 << 12
"""Particles that are looked at together."""


_SCALES = (0.01, 1000.0)


@dataclass(frozen=True)
class Treatment:
    """The options that all readers of gas share; see `szfast.gas.read_snapshot`."""

    electrons: str | float = FROM_FILE
    exclude_star_forming: bool = True
    exclude_winds: bool = True
    exclude_neutral: bool = True
    smoothing_scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "electrons", check_model(self.electrons))
        number_in(self.smoothing_scale, "smoothing_scale", low=_SCALES[0], high=_SCALES[1])
        for name in ("exclude_star_forming", "exclude_winds", "exclude_neutral"):
            flag_in(getattr(self, name), name)

    @property
    def reasons(self) -> list[Reason]:
        """Why gas is left out, in the order in which reasons count."""
        asked = {STAR_FORMING: self.exclude_star_forming, WIND: self.exclude_winds, NEUTRAL: self.exclude_neutral}
        return [reason for reason, wanted in asked.items() if wanted]

    def gas_of(self, particles: GasParticles, radius_kpc: float | None) -> Gas:
        """Gas of particles, all or some of those that were read; nothing is logged."""
        mask, excluded = left_out(particles, self.reasons)
        if mask.any():
            particles = particles.select(~mask)
        assumptions = list(particles.assumptions)
        electrons = electrons_of(particles, self.electrons, assumptions)
        temperature = _temperature(particles, electrons)
        check_hot_gas(temperature, electrons, particles.path)
        smoothing_length_kpc = particles.smoothing_length_kpc
        if self.smoothing_scale != 1.0:
            smoothing_length_kpc = smoothing_length_kpc * np.float32(self.smoothing_scale)
            scale = f"times {self.smoothing_scale:g}"
            assumptions.append(Assumption("smoothing length", scale, "the argument smoothing_scale"))
        header = particles.header
        return Gas(
            offset_kpc=particles.offset_kpc,
            mass_msun=particles.mass_msun,
            temperature_k=temperature,
            smoothing_length_kpc=smoothing_length_kpc,
            electrons_per_hydrogen=electrons.per_hydrogen,
            hydrogen_fraction=electrons.hydrogen_fraction,
            origin_kpc=particles.origin_kpc,
            redshift=header.redshift,
            cosmology=header.cosmology,
            kernel=particles.kernel,
            electron_model=electrons.model,
            box_size_kpc=header.box_size_kpc,
            radius_kpc=radius_kpc,
            excluded=excluded,
            assumptions=assumptions,
            path=particles.path,
        )

    def check_some(self, gas: Gas) -> None:
        """Check a few thousand particles, from all over, for what single ones do not show.

        Raises
        ------
        SnapshotError
            If hot gas is not ionised.
        """
        if gas.path is not None:
            some = slice(None, None, max(1, len(gas) // SOME_ROWS))
            electrons = Electrons(gas.electrons_per_hydrogen[some], gas.hydrogen_fraction[some], gas.electron_model)
            check_ionised(gas.temperature_k[some], electrons, gas.path)

    def check(self, gas: GasSource) -> None:
        """Log how all gas of a cluster was treated.

        Raises
        ------
        SnapshotError
            If all of it was left out.
        """
        assert gas.path is not None
        check_left(len(gas), gas.excluded, gas.path)
        if gas.electron_model == ASSUMED_IONISED:
            log.warning("%s: no electron fraction, fully ionised gas is taken", gas.path)
        log.info("%s: %d gas particles, electrons %s", gas.path, len(gas), gas.electron_model)


def treatment_of(electrons: str | float | None, smoothing_scale: float | None) -> Treatment:
    """The treatment where only what is not None differs from the default."""
    given = {"electrons": electrons, "smoothing_scale": smoothing_scale}
    return Treatment(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _temperature(particles: GasParticles, electrons: Electrons) -> NDArray[np.float32]:
    if particles.internal_energy_km2_s2 is not None:
        return temperature_k(particles.internal_energy_km2_s2, electrons)
    if particles.temperature_k is not None:
        return particles.temperature_k
    raise SnapshotError(
        "the gas has neither an internal energy nor a temperature.",
        file=particles.path,
        field="InternalEnergy",
        remedy="write the snapshot with internal energies.",
    )
