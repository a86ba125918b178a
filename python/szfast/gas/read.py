"""From a snapshot to the gas of one cluster, or of many in one pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in
from szfast.errors import ArgumentError, SnapshotError
from szfast.gas.electrons import FROM_FILE, Electrons, check_model, electrons_of, temperature_k
from szfast.gas.exclusion import left_out
from szfast.gas.particles import Gas
from szfast.snapshots.header import Assumption, SnapshotHeader
from szfast.snapshots.particles import GasParticles

log = logging.getLogger("szfast.gas")


@dataclass(frozen=True)
class _Treatment:
    """How particles become gas: the options that both readers share."""

    electrons: str | float
    exclude_star_forming: bool
    exclude_winds: bool
    exclude_neutral: bool
    smoothing_scale: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "electrons", check_model(self.electrons))
        scale = self.smoothing_scale
        if not (isinstance(scale, int | float) and np.isfinite(scale) and scale > 0):
            raise ArgumentError(f"expected a positive number, found {scale!r}.", field="smoothing_scale")


def read_snapshot(
    path: Any,
    *,
    center: Any = None,
    radius: Any = None,
    halo: Any = None,
    electrons: str | float = FROM_FILE,
    exclude_star_forming: bool = True,
    exclude_winds: bool = True,
    exclude_neutral: bool = True,
    smoothing_scale: float = 1.0,
    progress: bool = False,
) -> Gas:
    """Read gas from a snapshot: all of it, or what lies within a radius of a centre.

    Parameters
    ----------
    path : str, Path or Snapshot
        A snapshot's file, one part of many, their folder or common stem.
    center : (3,) Quantity, optional
        Comoving position in the snapshot's frame, becomes the origin; kpc/littleh is understood.
    radius : Quantity, optional
        Physical radius about the centre; everything by default.
    halo : Row, optional
        A row of `szfast.read_halos`, instead of `center`.
    electrons : str or float
        ``from_file`` (fully ionised where the file does not tell), ``fully_ionised``, or electrons per
        hydrogen atom.
    exclude_star_forming, exclude_winds, exclude_neutral : bool
        Leave out gas with SFR > 0, wind particles, and gas with a neutral fraction of 0.1 or more.
    smoothing_scale : float
        Multiplies smoothing lengths; (N_full/N)^(1/3) for a random subsample of a snapshot.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Gas
        Particles in physical units; printing it shows what was read and assumed.

    Raises
    ------
    SnapshotError
        If the snapshot cannot be read, or nothing is selected.
    ArgumentError
        If an argument has a wrong unit, shape or value.
    """
    treatment = _Treatment(electrons, exclude_star_forming, exclude_winds, exclude_neutral, smoothing_scale)
    snapshot = _opened(path)
    center = _halo_center(halo, center, snapshot)
    if center is None and radius is not None:
        raise ArgumentError("a radius needs a centre.", field="radius", remedy="give center= or halo= too.")
    center_kpc = None if center is None else _comoving_kpc(center, (3,), snapshot.header)
    radius_kpc = None if radius is None else float(_physical_kpc(radius, (), snapshot.header))
    particles = snapshot.gas(center_kpc=center_kpc, radius_kpc=radius_kpc, progress=progress)
    return _as_gas(particles, radius_kpc, treatment)


def gas_around(
    snapshot: Any,
    halos: Any,
    radius: Any,
    *,
    electrons: str | float = FROM_FILE,
    exclude_star_forming: bool = True,
    exclude_winds: bool = True,
    exclude_neutral: bool = True,
    smoothing_scale: float = 1.0,
    progress: bool = False,
) -> list[Gas]:
    """Read the gas around many centres in one pass over the snapshot.

    Parameters
    ----------
    snapshot : str, Path or Snapshot
        The snapshot.
    halos : QTable or (H, 3) Quantity
        Rows of `szfast.read_halos`, or comoving centres.
    radius : Quantity
        Physical radius, one for all or one a centre.
    electrons, exclude_star_forming, exclude_winds, exclude_neutral, smoothing_scale, progress
        As in `read_snapshot`.

    Returns
    -------
    list of Gas
        In the order of the centres.

    Raises
    ------
    SnapshotError
        If the snapshot cannot be read, or a centre has no gas.
    ArgumentError
        If an argument has a wrong unit, shape or value.
    """
    treatment = _Treatment(electrons, exclude_star_forming, exclude_winds, exclude_neutral, smoothing_scale)
    opened = _opened(snapshot)
    if hasattr(halos, "colnames"):
        _check_halo_redshift(halos["redshift"], opened)
        halos = halos["center"]
    centers_kpc = _comoving_kpc(halos, (None, 3), opened.header)
    shape: tuple[int, ...] = () if np.ndim(radius) == 0 else (len(centers_kpc),)
    radii_kpc = np.broadcast_to(_physical_kpc(radius, shape, opened.header), (len(centers_kpc),))
    selections = opened.gas_around(centers_kpc, radii_kpc, progress=progress)
    return [
        _as_gas(particles, float(radius_kpc), treatment)
        for particles, radius_kpc in zip(selections, radii_kpc, strict=True)
    ]


def _opened(snapshot: Any) -> Any:
    if isinstance(snapshot, str | Path):
        from szfast.snapshots import open_snapshot

        return open_snapshot(snapshot)
    return snapshot


def _halo_center(halo: Any, center: Any, snapshot: Any) -> Any:
    if halo is None:
        return center
    if center is not None:
        raise ArgumentError("expected a halo or a centre, found both.", field="halo")
    try:
        redshift, center = halo["redshift"], halo["center"]
    except (KeyError, TypeError, IndexError):
        raise ArgumentError(
            "expected a row with center and redshift.",
            field="halo",
            remedy="give a row of szfast.read_halos, for example halos[0].",
        ) from None
    _check_halo_redshift(redshift, snapshot)
    return center


def _check_halo_redshift(redshift: Any, snapshot: Any) -> None:
    worst = float(np.max(np.abs(np.asarray(redshift, dtype=float) - snapshot.header.redshift)))
    if worst > 1e-3:
        raise ArgumentError(
            f"the redshifts of halo and snapshot, z = {snapshot.header.redshift:.6g}, differ by {worst:.3g}.",
            field="halo",
            remedy="give the catalogue and the snapshot of one output.",
        )


def _little_h(header: SnapshotHeader) -> Any:
    import astropy.cosmology.units as cu
    import astropy.units as u

    return cu.with_H0(100.0 * header.hubble * u.km / u.s / u.Mpc)


def _comoving_kpc(center: Any, shape: tuple[int | None, ...], header: SnapshotHeader) -> NDArray[np.float64]:
    return array_in(center, "kpc", "center", shape=shape, equivalencies=_little_h(header))


def _physical_kpc(radius: Any, shape: tuple[int, ...], header: SnapshotHeader) -> NDArray[np.float64]:
    radii_kpc = array_in(radius, "kpc", "radius", shape=shape, equivalencies=_little_h(header))
    if not (radii_kpc > 0).all():
        raise ArgumentError(f"expected a positive radius, found {radius}.", field="radius")
    return radii_kpc


def _as_gas(particles: GasParticles, radius_kpc: float | None, treatment: _Treatment) -> Gas:
    mask, excluded = left_out(
        particles,
        star_forming=treatment.exclude_star_forming,
        winds=treatment.exclude_winds,
        neutral=treatment.exclude_neutral,
    )
    if mask.any():
        particles = particles.select(~mask)
    assumptions = list(particles.assumptions)
    electrons = electrons_of(particles, treatment.electrons, assumptions)
    smoothing_length_kpc = particles.smoothing_length_kpc
    if treatment.smoothing_scale != 1.0:
        smoothing_length_kpc = smoothing_length_kpc * np.float32(treatment.smoothing_scale)
        scale = f"times {treatment.smoothing_scale:g}"
        assumptions.append(Assumption("smoothing length", scale, "the argument smoothing_scale"))
    header = particles.header
    gas = Gas(
        offset_kpc=particles.offset_kpc,
        mass_msun=particles.mass_msun,
        temperature_k=_temperature(particles, electrons),
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
    log.info("%s: %d gas particles, electrons %s", gas.path, len(gas), gas.electron_model)
    return gas


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
