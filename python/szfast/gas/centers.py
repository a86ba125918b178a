"""Centres and radii as users give them: of haloes, or with units, in the snapshot's frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, path_in
from szfast.errors import ArgumentError
from szfast.snapshots.header import SnapshotHeader


def opened(snapshot: Any) -> Any:
    """A snapshot that is open, from one or from its path."""
    from szfast.snapshots import open_snapshot

    return snapshot if hasattr(snapshot, "header") else open_snapshot(path_in(snapshot, "snapshot"))


def halo_center(halo: Any, center: Any, snapshot: Any) -> Any:
    """The centre of a halo's row or the one given, which may be none.

    Raises
    ------
    ArgumentError
        If both are given, or the halo is of another time.
    """
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


def comoving_kpc(center: Any, shape: tuple[int | None, ...], header: SnapshotHeader) -> NDArray[np.float64]:
    """Centres in the snapshot's frame [comoving kpc]; kpc/littleh is understood."""
    return array_in(center, "kpc", "center", shape=shape, equivalencies=_little_h(header))


def physical_kpc(radius: Any, shape: tuple[int, ...], header: SnapshotHeader) -> NDArray[np.float64]:
    """Radii [physical kpc]; kpc/littleh is understood.

    Raises
    ------
    ArgumentError
        If one is not positive.
    """
    radii_kpc = array_in(radius, "kpc", "radius", shape=shape, equivalencies=_little_h(header))
    if not (radii_kpc > 0).all():
        raise ArgumentError(f"expected a positive radius, found {radius}.", field="radius")
    return radii_kpc


def spheres_of(halos: Any, radius: Any, snapshot: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres [comoving kpc] and radii [physical kpc] about rows of haloes, or (H, 3) centres.

    Raises
    ------
    ArgumentError
        If a unit, shape or value is wrong, or the haloes are of another time.
    """
    if hasattr(halos, "colnames"):
        _check_halo_redshift(halos["redshift"], snapshot)
        halos = halos["center"]
    centers_kpc = comoving_kpc(halos, (None, 3), snapshot.header)
    shape: tuple[int, ...] = () if np.ndim(radius) == 0 else (len(centers_kpc),)
    return centers_kpc, np.broadcast_to(physical_kpc(radius, shape, snapshot.header), (len(centers_kpc),))
