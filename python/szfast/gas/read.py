"""From a snapshot to the gas of one cluster, or of many in one pass."""

from __future__ import annotations

from typing import Any

from szfast.errors import ArgumentError
from szfast.gas.centers import comoving_kpc, halo_center, opened, physical_kpc, spheres_of
from szfast.gas.electrons import FROM_FILE
from szfast.gas.particles import Gas
from szfast.gas.treatment import Treatment
from szfast.snapshots.particles import GasParticles


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
    treatment = Treatment(electrons, exclude_star_forming, exclude_winds, exclude_neutral, smoothing_scale)
    snapshot = opened(path)
    center = halo_center(halo, center, snapshot)
    if center is None and radius is not None:
        raise ArgumentError("a radius needs a centre.", field="radius", remedy="give center= or halo= too.")
    center_kpc = None if center is None else comoving_kpc(center, (3,), snapshot.header)
    radius_kpc = None if radius is None else float(physical_kpc(radius, (), snapshot.header))
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
    treatment = Treatment(electrons, exclude_star_forming, exclude_winds, exclude_neutral, smoothing_scale)
    source = opened(snapshot)
    centers_kpc, radii_kpc = spheres_of(halos, radius, source)
    selections = source.gas_around(centers_kpc, radii_kpc, progress=progress)
    return [
        _as_gas(particles, float(radius_kpc), treatment)
        for particles, radius_kpc in zip(selections, radii_kpc, strict=True)
    ]


def _as_gas(particles: GasParticles, radius_kpc: float | None, treatment: Treatment) -> Gas:
    gas = treatment.gas_of(particles, radius_kpc)
    treatment.check_some(gas)
    treatment.check(gas)
    return gas
