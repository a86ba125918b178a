"""Halo catalogues: AHF, FOF+SUBFIND and plain tables, through one entry point."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import path_in, scalar_in
from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos.columns import HaloColumns, critical_density_msun_kpc3, radius_kpc
from szfast.snapshots.halos.consistency import (
    check_centers,
    check_densities,
    check_distinct,
    check_masses,
    check_redshift,
    check_simulation,
)
from szfast.snapshots.header import SnapshotHeader
from szfast.snapshots.parts import accessible

if TYPE_CHECKING:
    from astropy.table import QTable

log = logging.getLogger("szfast.snapshots.halos")

__all__ = ["read_halos"]

_DESCRIPTIONS = {
    "id": "identifier in the catalogue",
    "center": "comoving position of the centre in the snapshot's frame",
    "M500c": "mass within R500c",
    "M200c": "mass within R200c, NaN where unknown",
    "R500c": "physical radius of 500 times the critical density",
    "R200c": "physical radius of 200 times the critical density, NaN where unknown",
    "redshift": "redshift of the snapshot that the halo was found in",
    "fMhires": "share of the mass in high-resolution particles",
}


def read_halos(path: str | Path, *, snapshot: Any = None, min_mass: Any = None) -> QTable:
    """Read a halo catalogue: AHF, FOF+SUBFIND (HDF5), or any table that astropy reads.

    Parameters
    ----------
    path : str or Path
        An ``.AHF_halos`` file; a SUBFIND file, one part of many, their folder or common stem; or a table with
        the columns id, x, y, z, M500c and optionally R500c, M200c, R200c, redshift. In a table, positions
        without a unit are comoving code units, masses Msun, radii comoving code units; a length with a unit
        is comoving for a position and physical for a radius.
    snapshot : str, Path or Snapshot, optional
        The snapshot that the haloes were found in; AHF needs it for h, a table for code units.
    min_mass : Quantity, optional
        Leave out haloes of a smaller M500c.

    Returns
    -------
    QTable
        Columns id, center (N, 3) [comoving kpc], M500c, M200c [Msun], R500c, R200c [physical kpc], redshift,
        and fMhires where AHF gives it; heaviest first. ``meta`` names the file, its format and what was
        assumed.

    Raises
    ------
    HaloCatalogueError
        If the file cannot be read, lacks a column, contradicts itself or the snapshot, or no halo is left.
    ArgumentError
        If `min_mass` is not a mass.
    """
    path = path_in(path)
    header = _header_of(snapshot)
    least_msun = _least_msun(min_mass, header)
    with accessible(path, HaloCatalogueError):
        halos = _reader(path)(path, header)
    if not len(halos):
        raise HaloCatalogueError(
            "holds no halo with an M500c.", file=path, field="M500c", remedy="give a catalogue of haloes."
        )
    check_redshift(halos, header, path)
    check_simulation(halos, header, path)
    _check_positive(halos, path)
    check_centers(halos, path)
    check_distinct(halos, path)
    _complete_radii(halos, path)
    check_densities(halos, path)
    check_masses(halos, path)
    return _heaviest_first(halos, least_msun, path)


def _least_msun(min_mass: Any, header: SnapshotHeader | None) -> float:
    if min_mass is None:
        return 0.0
    import astropy.cosmology.units as cu

    # a mass in Msun/littleh needs the snapshot's h
    little_h = () if header is None else cu.with_H0(header.cosmology.H0)
    return scalar_in(min_mass, "Msun", "min_mass", positive=True, equivalencies=little_h)


def _header_of(snapshot: Any) -> SnapshotHeader | None:
    if snapshot is None:
        return None
    header: SnapshotHeader | None = getattr(snapshot, "header", None)
    if header is not None:
        return header
    from szfast.snapshots import open_snapshot

    return open_snapshot(path_in(snapshot, "snapshot")).header


def _reader(path: Path) -> Any:
    from szfast.snapshots.halos import ahf, subfind, table

    if ahf.looks_like(path):
        return ahf.read
    if subfind.looks_like(path):
        return subfind.read
    if not path.is_file():
        raise HaloCatalogueError(
            "no such file, or a folder without SUBFIND tables.",
            file=path,
            field="path",
            remedy="give an .AHF_halos file, SUBFIND tables (fof_subhalo_tab_*.hdf5), or a table.",
        )
    return table.read


def _check_positive(halos: HaloColumns, path: Path) -> None:
    columns = {
        "M500c": halos.m500c_msun,
        "R500c": halos.r500c_kpc,
        "M200c": halos.m200c_msun,
        "R200c": halos.r200c_kpc,
    }
    for field, values in columns.items():
        if values is None:
            continue
        # An unknown M200c may stay NaN; M500c and R500c may not.
        bad = ~(values > 0) & ~np.isnan(values) if "200" in field else ~(np.isfinite(values) & (values > 0))
        if bad.any():
            first = int(bad.argmax())
            raise HaloCatalogueError(
                f"expected positive numbers, found {values[first]:g} at halo {halos.id[first]}.",
                file=path,
                field=field,
                remedy="correct or remove this halo's row.",
            )


def _complete_radii(halos: HaloColumns, path: Path) -> None:
    if halos.header is None:
        if halos.r500c_kpc is None:
            raise HaloCatalogueError(
                "R500c is absent, and without a cosmology it cannot be computed.",
                file=path,
                field="R500c",
                remedy="give the snapshot too (snapshot=), or a column R500c with a unit.",
            )
        return
    critical = critical_density_msun_kpc3(halos.header.cosmology, halos.redshift)
    if halos.r500c_kpc is None:
        halos.r500c_kpc = radius_kpc(halos.m500c_msun, 500.0, critical)
    if halos.r200c_kpc is None and halos.m200c_msun is not None:
        halos.r200c_kpc = radius_kpc(halos.m200c_msun, 200.0, critical)


def _heaviest_first(halos: HaloColumns, least_msun: float, path: Path) -> QTable:
    order = np.argsort(-halos.m500c_msun, kind="stable")
    kept = order[halos.m500c_msun[order] >= least_msun]
    if not len(kept):
        raise HaloCatalogueError(
            f"no halo has M500c >= {least_msun:.4g} Msun; the heaviest has {float(halos.m500c_msun.max()):.4g} Msun.",
            file=path,
            field="M500c",
            remedy="lower min_mass.",
        )
    log.info("%s: %d of %d haloes (%s)", path, len(kept), len(halos), halos.format)
    return _as_table(halos, kept, path)


def _as_table(halos: HaloColumns, kept: Any, path: Path) -> QTable:
    import astropy.units as u
    from astropy.table import QTable

    def picked(values: Any) -> Any:
        return np.full(len(kept), np.nan) if values is None else values[kept]

    table = QTable(meta={"file": str(path), "format": halos.format, "assumptions": list(halos.assumptions)})
    table["id"] = halos.id[kept]
    table["center"] = halos.center_kpc[kept] * u.kpc
    table["M500c"] = halos.m500c_msun[kept] * u.Msun
    table["M200c"] = picked(halos.m200c_msun) * u.Msun
    table["R500c"] = picked(halos.r500c_kpc) * u.kpc
    table["R200c"] = picked(halos.r200c_kpc) * u.kpc
    table["redshift"] = halos.redshift[kept]
    if halos.high_resolution_fraction is not None:
        table["fMhires"] = halos.high_resolution_fraction[kept]
    for name in table.colnames:
        table[name].info.description = _DESCRIPTIONS[name]
    return table
