"""AHF catalogues (``*.AHF_halos``): columns by the names of the header line."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos.ahf_profiles import spherical_overdensity
from szfast.snapshots.halos.ahf_text import column_names, read_columns
from szfast.snapshots.halos.columns import HaloColumns, check_stored_masses, critical_density_msun_kpc3
from szfast.snapshots.halos.consistency import TOLERANCE
from szfast.snapshots.header import Assumption, SnapshotHeader

log = logging.getLogger("szfast.snapshots.halos")

_NAMES = {
    "id": ("ID", "HaloID", "haloid"),
    "host": ("hostHalo", "hostHaloID"),
    "x": ("Xc",),
    "y": ("Yc",),
    "z": ("Zc",),
    "mvir": ("Mvir", "Mhalo"),
    "rvir": ("Rvir", "Rhalo"),
    "m500": ("M500c", "M500", "M_500", "M_500c"),
    "r500": ("R500c", "R500", "R_500", "R_500c"),
    "m200": ("M200c", "M200", "M_200", "M_200c"),
    "r200": ("R200c", "R200", "R_200", "R_200c"),
    "fmhires": ("fMhires",),
    "nbins": ("nbins",),
}
"""What is read, and the names it has had over AHF's versions."""

_REDSHIFT = re.compile(r"\.z(\d+\.\d+)\.")


def looks_like(path: Path) -> bool:
    """Whether `path` is an AHF file, by its name or its header line."""
    if not path.is_file():
        return False
    if path.name.endswith("AHF_halos"):
        return True
    return {"Xc", "Yc", "Zc"} <= set(column_names(path))


def read(path: Path, snapshot: SnapshotHeader | None) -> HaloColumns:
    """Read the distinct haloes (not the subhaloes); see `szfast.snapshots.halos.read_halos`.

    Raises
    ------
    HaloCatalogueError
        If a needed column is absent, the file is damaged, or there is no snapshot to tell h.
    """
    if snapshot is None:
        raise HaloCatalogueError(
            "AHF writes kpc/h and Msun/h but not h itself.",
            file=path,
            field="HubbleParam",
            remedy="give the snapshot that the haloes were found in (snapshot=, or the command's SNAPSHOT).",
        )
    names = column_names(path)
    data = read_columns(path, _present(names, path))
    redshift = _redshift(path, snapshot)
    assumptions = [Assumption("units", "comoving kpc/h, Msun/h", "AHF's convention")]
    position_kpc_h = np.column_stack([data["x"], data["y"], data["z"]])
    if names[0] == "npart":
        # Versions that start with npart, before haloes had an ID, gave positions in Mpc/h.
        position_kpc_h *= 1000.0
        assumptions.append(Assumption("positions", "comoving Mpc/h", "AHF version without halo IDs"))
    halos = HaloColumns(
        format="AHF",
        id=data["id"] if "id" in data else np.arange(len(position_kpc_h)),
        center_kpc=position_kpc_h / snapshot.hubble,
        m500c_msun=np.empty(0),
        r500c_kpc=None,
        m200c_msun=None,
        r200c_kpc=None,
        redshift=np.full(len(position_kpc_h), redshift),
        header=snapshot,
        high_resolution_fraction=data.get("fmhires"),
        assumptions=assumptions,
    )
    _add_masses(halos, data, path)
    return _distinct(halos, data, path)


def _present(names: list[str], path: Path) -> dict[str, int]:
    found = {}
    for key, aliases in _NAMES.items():
        column = next((names.index(alias) for alias in aliases if alias in names), None)
        if column is not None:
            found[key] = column
    for key in ("x", "y", "z"):
        if key not in found:
            raise HaloCatalogueError(
                f"the header line has no column {_NAMES[key][0]}.",
                file=path,
                field=_NAMES[key][0],
                remedy="keep AHF's header line, '#ID(1) hostHalo(2) ...', as the first line.",
            )
    return found


def _redshift(path: Path, snapshot: SnapshotHeader) -> float:
    match = _REDSHIFT.search(path.name)
    if match is None:
        return snapshot.redshift
    named = float(match[1])
    # The name is rounded to three digits; a difference beyond that is the reader's to refuse.
    return snapshot.redshift if abs(named - snapshot.redshift) <= 5.01e-4 else named


def _add_masses(halos: HaloColumns, data: dict[str, NDArray[np.float64]], path: Path) -> None:
    """Fill masses and radii from columns, from Mvir where it is the mass wanted, or from the profiles."""
    assert halos.header is not None
    hubble = halos.header.hubble
    kpc = 1.0 / (hubble * (1.0 + halos.redshift))
    critical = critical_density_msun_kpc3(halos.header.cosmology, halos.redshift)
    sources = {}
    for overdensity in (500, 200):
        mass, radius = data.get(f"m{overdensity}"), data.get(f"r{overdensity}")
        source = f"columns M{overdensity}, R{overdensity}"
        if mass is None and _virial_overdensity_is(data, overdensity, critical, kpc, hubble):
            mass, radius, source = data["mvir"], data["rvir"], "columns Mvir, Rvir"
        if mass is not None:
            check_stored_masses(mass, f"M{overdensity}", path)
            sources[overdensity] = (mass / hubble, None if radius is None else radius * kpc)
        elif (found := spherical_overdensity(path, data, overdensity, critical, kpc, hubble)) is not None:
            sources[overdensity] = found
            source = "mass profiles of the .AHF_profiles file"
        if overdensity in sources:
            halos.assumptions.append(Assumption(f"M{overdensity}c", "Msun/h", source))
    if 500 not in sources:
        raise HaloCatalogueError(
            "there is no M500c: neither a column M500 (or M500c), nor an Mvir of 500 times the critical "
            "density, nor the .AHF_profiles file that belongs to this one.",
            file=path,
            field="M500",
            remedy="put the .AHF_profiles file beside it, or add M500 [Msun/h] and R500 [comoving kpc/h].",
        )
    halos.m500c_msun, halos.r500c_kpc = sources[500]
    halos.m200c_msun, halos.r200c_kpc = sources.get(200, (None, None))


def _virial_overdensity_is(
    data: dict[str, NDArray[np.float64]],
    overdensity: int,
    critical: NDArray[np.float64],
    kpc: NDArray[np.float64],
    hubble: float,
) -> bool:
    """Whether the run's virial overdensity, which AHF does not write, is this one."""
    if "mvir" not in data or "rvir" not in data or not len(critical):
        return False
    heaviest = np.argsort(-data["mvir"])[:100]
    density = data["mvir"] / hubble / (4.0 / 3.0 * np.pi * (data["rvir"] * kpc) ** 3)
    return bool(abs(np.median((density / critical)[heaviest]) / overdensity - 1.0) <= TOLERANCE)


def _distinct(halos: HaloColumns, data: dict[str, NDArray[np.float64]], path: Path) -> HaloColumns:
    # 0 or -1, by version, stands for "in no other halo".
    keep = data["host"] <= 0 if "host" in data else np.ones(len(halos.id), dtype=bool)
    subhaloes = int(np.count_nonzero(~keep))
    unresolved = int(np.count_nonzero(keep & ~np.isfinite(halos.m500c_msun)))
    keep &= np.isfinite(halos.m500c_msun)
    for count, what in ((subhaloes, "subhaloes"), (unresolved, "haloes whose profile does not reach R500c")):
        if count:
            log.info("%s: %d %s left out", path, count, what)
            halos.assumptions.append(Assumption(what, "left out", f"{count} of {len(keep)} rows"))
    for name in ("id", "center_kpc", "m500c_msun", "r500c_kpc", "m200c_msun", "r200c_kpc", "redshift"):
        values = getattr(halos, name)
        setattr(halos, name, None if values is None else values[keep])
    if halos.high_resolution_fraction is not None:
        halos.high_resolution_fraction = halos.high_resolution_fraction[keep]
    return halos
