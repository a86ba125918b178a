"""The page of one real cluster: cutout, profile, and every mass that is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.errors import CatalogueError
from szfast.evaluation.figures import sky
from szfast.evaluation.map_mass import map_sz_mass
from szfast.networks import read_cutout
from szfast.planck.catalogue import psz2_cosmology
from szfast.planck.lensing import match
from szfast.planck.masses import read_cutouts
from szfast.report.page import Grid, Picture, Section, write_page
from szfast.report.real_clusters import RealClusters

if TYPE_CHECKING:
    from astropy.table import Row


def write_cluster_page(name: str, real: RealClusters, folder: Path) -> Path:
    """Write the page of one cluster.

    Parameters
    ----------
    name : str
        As in the table of cutouts.
    real : RealClusters
        With cutouts; masses and lensing where they are known.
    folder : Path
        Gets ``NAME.html``.

    Raises
    ------
    CatalogueError
        If there are no cutouts, or none of that name.
    """
    if real.cutouts is None:
        raise CatalogueError(
            "are needed for pages of clusters.", field="cutouts", remedy="give the folder of cutouts=."
        )
    table = read_cutouts(real.cutouts)
    rows = table[np.asarray(table["name"]) == name]
    if len(rows) != 1:
        raise CatalogueError(
            f"there is no cluster '{name}'.",
            file=real.cutouts,
            field="name",
            remedy="name one of the table of cutouts.",
        )
    cutout = rows[0]
    y = read_cutout(real.cutouts / str(cutout["file"])).y
    sz = {method: map_sz_mass(y[None], cutout["redshift"], psz2_cosmology(), method=method)[0] for method in _METHODS}
    profile = sky.profile_table(y)
    theta = float(sz["matched_filter"]["theta_500"].value)
    pictures = [
        Picture("cutout", sky.draw_maps([("", [(name, y)])]), f"Cutout of {table.meta.get('map')}."),
        Picture(
            "profile",
            sky.draw_profile(profile, theta_500_arcmin=theta if np.isfinite(theta) else None),
            "Mean y in rings about the centre; the line is theta500 of the matched filter's mass.",
            profile,
        ),
    ]
    position = cutout["position"].icrs
    facts = [
        ("redshift", f"{cutout['redshift']:.4g}"),
        ("right ascension, declination", f"{position.ra.deg:.4f}, {position.dec.deg:.4f} degrees"),
        ("pixels without data", f"{cutout['masked']}" + (" (flagged)" if cutout["flagged"] else "")),
    ]
    sections = [
        Section("Masses", grids=[Grid(("", "M500c [1e14 Msun]"), _masses(name, cutout, sz, real))]),
        Section("Map", grids=[Grid(("", ""), facts)], pictures=pictures),
    ]
    file = folder / f"{Path(str(cutout['file'])).stem}.html"
    return write_page(file, name, "A cluster of PSZ2 in the real Planck y map.", sections)


_METHODS = {"matched_filter": "M_SZ, matched filter", "aperture": "M_SZ, aperture"}


def _masses(name: str, cutout: Row, sz: dict[str, Any], real: RealClusters) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    own = None if real.masses is None else real.masses[np.asarray(real.masses["name"]) == name]
    if own is not None and len(own) == 1:
        row = own[0]
        log10_mass = float(row["log10_M500c"])
        low, up = log10_mass - float(row["log10_M500c_err_low"]), log10_mass + float(row["log10_M500c_err_up"])
        found.append(("M_CNN and its interval", f"{_e14(log10_mass)} ({_e14(low)} to {_e14(up)})"))
        if "M_Planck" in own.colnames:
            planck = [float(row[f"M_Planck{end}"].to_value("1e14 Msun")) for end in ("", "_err_low", "_err_up")]
            found.append(("M_Planck of PSZ2", f"{planck[0]:.2f} -{planck[1]:.2f} +{planck[2]:.2f}"))
        number = f"{float(row['out_of_domain']):.2f}" if "out_of_domain" in own.colnames else "not in the catalogue"
        found.append(("out-of-domain number (5 % of the maps learnt are above 1)", number))
        flags = [name for name in own.colnames if name.startswith("flag_")]
        raised = [name.removeprefix("flag_").replace("_", " ") for name in flags if row[name]]
        if flags:
            found.append(("flags", ", ".join(raised) or "none"))
    else:
        found.append(("M_CNN", "not in the catalogue of masses that was given"))
    for method, label in _METHODS.items():
        mass, error = (float(sz[method][key].to_value("1e14 Msun")) for key in ("M500c", "M500c_error"))
        found.append((label, f"{mass:.2f} ± {error:.2f}" if np.isfinite(mass) else "no signal at any size"))
    found += _lensing(cutout, real)
    return found


def _lensing(cutout: Row, real: RealClusters) -> list[tuple[str, str]]:
    if real.lensing is None:
        return [("weak lensing", "no samples were given")]
    here = cutout["position"].reshape(1)
    found = match(real.lensing["position"], real.lensing["redshift"], here, [cutout["redshift"]])
    rows = []
    for row in real.lensing[found >= 0]:
        mass, low, up = (row[f"M500c{end}"].to_value("1e14 Msun") for end in ("", "_err_low", "_err_up"))
        rows.append((f"weak lensing, {row['sample']}: {row['name']}", f"{mass:.2f} -{low:.2f} +{up:.2f}"))
    return rows or [("weak lensing", "in none of the samples")]


def _e14(log10_mass: float) -> str:
    return f"{10 ** (log10_mass - 14):.2f}"
