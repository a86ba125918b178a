"""Weak-lensing masses of clusters, and SZ masses beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from szfast.arguments import number_in, path_in, scalar_in
from szfast.errors import ArgumentError, CatalogueError
from szfast.evaluation.line_fit import RatioFit, fit_ratio
from szfast.evaluation.mass_pairs import read_catalogue

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable, Table

SAMPLES = {
    "Herbonnet+20": ("herbonnet2020_wl_masses.csv", "CCCP and MENeaCS, aperture masses; MNRAS 497 4684"),
    "CLASH": ("clash_umetsu2016.csv", "Umetsu et al. 2016, ApJ 821 116"),
    "LoCuSS": ("mulroy2019_sample.tsv", "Mulroy et al. 2019, MNRAS 484 60"),
}
"""Samples that are known: their table's file, and where it is from. All give M500c in Msun for h = 0.7."""

HUBBLE = 0.7
"""h for which the samples quote their masses; lensing masses go with 1/h."""

LARGEST_SEPARATION_ARCMIN = 8.0
LARGEST_REDSHIFT_DIFFERENCE = 0.03
"""Two clusters closer than both on the sky and in redshift are one."""

_HEAVIEST_1E14_MSUN = 100.0
"""No cluster is heavier: beyond, a mass is in another unit."""

_REMEDY = "fetch the table again."

_COLUMNS = {
    # position, unit of longitude, redshift, mass and its errors below and above
    "Herbonnet+20": ("cluster", "ra", "dec", "deg", "z", "M500_ap", "em_M500_ap", "ep_M500_ap"),
    "CLASH": ("cluster", "ra_hms", "dec_dms", "hourangle", "z", "M500c", "e_M500c", "e_M500c"),
    "LoCuSS": ("Name", "RAdeg", "DEdeg", "deg", "z", "M_WL", "M_WL_em", "M_WL_ep"),
}


def read_lensing(folder: str | Path, *, hubble: float = HUBBLE) -> QTable:
    """Read the weak-lensing samples of a folder.

    Parameters
    ----------
    folder : str or Path
        Holds the files of `SAMPLES`; those that are absent are left out.
    hubble : float
        h for which masses are wanted.

    Returns
    -------
    QTable
        ``sample``, ``name``, ``position`` (SkyCoord), ``redshift``, ``M500c`` and its errors
        ``M500c_err_low``, ``M500c_err_up`` [Msun].

    Raises
    ------
    CatalogueError
        If no sample is there, or one cannot be read or lacks a column.
    """
    from astropy.table import vstack

    place = path_in(folder, "folder")
    number_in(hubble, "hubble", low=0.3, high=1.5)
    tables = [
        _read_sample(name, place / file, hubble) for name, (file, _) in SAMPLES.items() if (place / file).is_file()
    ]
    if not tables:
        raise CatalogueError(
            "holds no sample of weak-lensing masses.",
            file=place,
            field="path",
            remedy=f"put {', '.join(file for file, _ in SAMPLES.values())} there.",
        )
    return vstack(tables, metadata_conflicts="silent")


def _read_sample(sample: str, file: Path, hubble: float) -> QTable:
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    table: Table = read_catalogue(file)
    name, lon, lat, unit, z, mass, low, up = _COLUMNS[sample]
    for column in _COLUMNS[sample][:3] + _COLUMNS[sample][4:]:
        if column not in table.colnames:
            raise CatalogueError("is not in the table.", file=file, field=column, remedy=_REMEDY)
    factor = HUBBLE / hubble * 1e14
    numbers = {key: _numbers(table, key, file) for key in (z, mass, low, up)}
    kept = ~np.isnan(numbers[mass])
    _check_range(numbers[mass][kept], 0.0, _HEAVIEST_1E14_MSUN, mass, file)
    _check_range(numbers[z][kept], 0.0, 10.0, z, file)
    try:
        position = SkyCoord(table[lon], table[lat], unit=(unit, "deg"), frame="icrs")
    except (ValueError, TypeError) as error:
        said = str(error).splitlines()[0]
        raise CatalogueError(f"holds no position ({said}).", file=file, field=f"{lon}, {lat}", remedy=_REMEDY) from None
    for key in (low, up):
        _check_range(np.abs(numbers[key][kept]), -1.0, _HEAVIEST_1E14_MSUN, key, file)
    for key, angle in ((lon, position.ra), (lat, position.dec)):
        _check_range(np.asarray(angle.deg, dtype=np.float64)[kept], -361.0, 361.0, key, file)
    found = QTable(
        {
            "sample": [sample] * len(table),
            "name": np.asarray(table[name]).astype(str),
            "position": position,
            "redshift": numbers[z],
            "M500c": numbers[mass] * factor * u.Msun,
            "M500c_err_low": np.abs(numbers[low]) * factor * u.Msun,
            "M500c_err_up": np.abs(numbers[up]) * factor * u.Msun,
        }
    )
    return found[kept]


def _numbers(table: Table, name: str, file: Path) -> NDArray[np.float64]:
    """A column as floats, NaN where it has no value."""
    try:
        return np.asarray(np.ma.filled(np.ma.asarray(table[name]).astype(np.float64), np.nan))
    except (ValueError, TypeError):
        problem = f"expected numbers, found {table[name].dtype}."
        raise CatalogueError(problem, file=file, field=name, remedy=_REMEDY) from None


def _check_range(values: NDArray[np.float64], low: float, high: float, name: str, file: Path) -> None:
    bad = ~((values > low) & (values <= high))
    if bad.any():
        problem = f"expected values from {low:g} to {high:g}, found {values[bad.argmax()]:g}."
        raise CatalogueError(problem, file=file, field=name, remedy=_REMEDY)


def match(positions: SkyCoord, redshifts: ArrayLike, others: SkyCoord, other_redshifts: ArrayLike) -> NDArray[np.intp]:
    """For each cluster the number of the nearest other one that is the same, or -1.

    The same: closer than `LARGEST_SEPARATION_ARCMIN` on the sky and `LARGEST_REDSHIFT_DIFFERENCE` in redshift.
    """
    import astropy.units as u

    here, there = np.asarray(redshifts, dtype=np.float64), np.asarray(other_redshifts, dtype=np.float64)
    mine, theirs, separation, _ = others.search_around_sky(positions, LARGEST_SEPARATION_ARCMIN * u.arcmin)
    near = np.abs(here[mine] - there[theirs]) < LARGEST_REDSHIFT_DIFFERENCE
    found = np.full(len(here), -1, dtype=np.intp)
    # from the farthest to the nearest: the nearest is written last
    for i in np.argsort(-separation.arcmin, kind="stable"):
        if near[i]:
            found[mine[i]] = theirs[i]
    return found


def compare_with_lensing(clusters: QTable, lensing: QTable) -> tuple[QTable, dict[str, RatioFit]]:
    """SZ masses over weak-lensing masses of the clusters that have both.

    Parameters
    ----------
    clusters : QTable
        ``name``, ``position``, ``redshift``, ``log10_M500c`` [log10 Msun], ``log10_M500c_err_low`` and
        ``log10_M500c_err_up`` [dex].
    lensing : QTable
        As `read_lensing` gives it, for the same h.

    Returns
    -------
    table : QTable
        A row a match: the cluster, the lensing sample and name, both masses as log10 with errors in dex, and ``first``,
        true for one match of each cluster, that with the smallest lensing error.
    fits : dict
        The ratio of both masses for each sample and, one match a cluster, for ``all``; fewer than 3 have none.

    Raises
    ------
    CatalogueError
        If a column is missing.
    """
    from astropy.table import QTable

    for name in ("name", "position", "redshift", "log10_M500c", "log10_M500c_err_low", "log10_M500c_err_up"):
        if name not in clusters.colnames:
            raise CatalogueError(
                "is needed beside lensing masses.", field=name, remedy="give a catalogue of szfast planck mass."
            )
    found = match(lensing["position"], lensing["redshift"], clusters["position"], clusters["redshift"])
    rows, of = np.flatnonzero(found >= 0), found[found >= 0]
    wl = lensing[rows]
    mass = wl["M500c"].to_value("Msun")
    # an error bar that reaches zero is cut at 90 % of the mass
    low = -np.log10(1 - np.minimum(wl["M500c_err_low"].to_value("Msun") / mass, 0.9))
    up = np.log10(1 + wl["M500c_err_up"].to_value("Msun") / mass)
    table = QTable(
        {
            "name": clusters["name"][of],
            "redshift": clusters["redshift"][of],
            "log10_M500c": clusters["log10_M500c"][of],
            "log10_M500c_err_low": clusters["log10_M500c_err_low"][of],
            "log10_M500c_err_up": clusters["log10_M500c_err_up"][of],
            "sample": wl["sample"],
            "lensing_name": wl["name"],
            "log10_M_WL": np.log10(mass),
            "log10_M_WL_err_low": low,
            "log10_M_WL_err_up": up,
        }
    )
    order = np.argsort(low + up, kind="stable")
    first = np.zeros(len(table), dtype=bool)
    first[order[np.unique(np.asarray(of)[order], return_index=True)[1]]] = True
    table["first"] = first
    kept = {name: np.asarray(table["sample"]) == name for name in SAMPLES} | {"all": first}
    return table, {name: _ratio(table[rows]) for name, rows in kept.items() if rows.sum() >= 3}


def _ratio(table: QTable) -> RatioFit:
    errors = [
        0.5 * (np.asarray(table[f"{name}_err_low"]) + np.asarray(table[f"{name}_err_up"]))
        for name in ("log10_M_WL", "log10_M500c")
    ]
    return fit_ratio(table["log10_M_WL"], table["log10_M500c"], *errors)


def nfw_mass(mass: Any, concentration: float, overdensity: float, wanted: float) -> Any:
    """Mass at another overdensity of the same NFW halo, both against the critical density.

    Parameters
    ----------
    mass : Quantity
        M at `overdensity`, for example M200c.
    concentration : float
        Radius of that overdensity over scale radius.
    overdensity, wanted : float
        For example 200 and 500.

    Returns
    -------
    Quantity
        [Msun].

    Raises
    ------
    ArgumentError
        If a value is out of range.
    """
    import astropy.units as u

    known = scalar_in(mass, "Msun", "mass", positive=True)
    if not (0.1 < concentration < 100 and overdensity > 0 and wanted > 0):
        raise ArgumentError(
            "expected a concentration from 0.1 to 100 and overdensities above 0.", field="concentration"
        )

    def mean_density(c: float) -> float:
        return float((np.log1p(c) - c / (1 + c)) / c**3)

    # mean density within c r_s goes with m(c) / c^3
    target = mean_density(concentration) * wanted / overdensity
    other = brentq(lambda c: mean_density(c) - target, 1e-4, 1e4)
    return known * wanted / overdensity * (other / concentration) ** 3 * u.Msun
