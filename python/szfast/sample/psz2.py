"""PSZ2, the second Planck catalogue of SZ sources (Planck 2015 XXVII)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from szfast.arguments import path_in
from szfast.errors import CatalogueError
from szfast.fits_files import opened_fits

if TYPE_CHECKING:
    from astropy.table import QTable

_NEEDED = ("NAME", "GLON", "GLAT", "Y5R500", "Y5R500_ERR", "REDSHIFT", "MSZ", "MSZ_ERR_UP", "MSZ_ERR_LOW", "SNR")
_RANGES = {
    # 0 and -1 stand for unknown; masses in 1e14 Msun
    **dict.fromkeys(("MSZ", "MSZ_ERR_UP", "MSZ_ERR_LOW"), (-1.0, 100.0)),
    "REDSHIFT": (-1.0, 10.0),
    "Y5R500": (0.0, 1e4),
    "Y5R500_ERR": (0.0, 1e4),
    "SNR": (0.0, 1e4),
}
"""What a column may hold beside NaN where that is unknown: beyond, it is damaged or in another unit."""

_REMEDY = "fetch the union catalogue, HFI_PCCS_SZ-union_R2.08.fits: szfast fetch psz2."


def read_psz2(path: str | Path) -> QTable:
    """Read the union catalogue.

    Parameters
    ----------
    path : str or Path
        ``HFI_PCCS_SZ-union_R2.08.fits``.

    Returns
    -------
    QTable
        A row a source, as in the file: ``name``, ``position`` (SkyCoord, Galactic), ``redshift``, ``M_Planck`` with
        ``M_Planck_err_up`` and ``M_Planck_err_low`` [Msun], ``Y5R500`` with ``Y5R500_err`` [arcmin^2], ``snr``.
        Redshift, mass and errors are NaN where the catalogue has none.

    Raises
    ------
    CatalogueError
        If the file is missing or damaged, or a column is absent or holds impossible values.
    """
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    file = path_in(path)
    with opened_fits(file, CatalogueError, _REMEDY) as units:
        data = units[1].data
        missing = [name for name in _NEEDED if name not in data.names]
        columns = {name: np.array(data[name]) for name in _NEEDED if name not in missing}
        # bytes that are no text are found while the file can still be named
        columns = {name: each.astype(str) if each.dtype.kind == "S" else each for name, each in columns.items()}
    if missing:
        raise CatalogueError("is not in the table.", file=file, field=missing[0], remedy=_REMEDY)
    if not len(columns["NAME"]):
        raise CatalogueError("holds no row.", file=file, field="NAME", remedy=_REMEDY)
    for name, column in columns.items():
        if (column.dtype.kind in "SU") != (name == "NAME"):
            wanted = "text" if name == "NAME" else "numbers"
            raise CatalogueError(f"expected {wanted}, found {column.dtype}.", file=file, field=name, remedy=_REMEDY)
    values = {name: np.asarray(columns[name], dtype=np.float64) for name in _NEEDED if name != "NAME"}
    _check_positions(values["GLON"], values["GLAT"], file)
    for name, (low, high) in _RANGES.items():
        _check_range(name, values[name], low, high, file)
    known = {
        # -1 and 0 stand for unknown
        name: np.where(values[name] > 0, values[name], np.nan)
        for name in ("REDSHIFT", "MSZ", "MSZ_ERR_UP", "MSZ_ERR_LOW")
    }
    return QTable(
        {
            "name": np.char.strip(columns["NAME"]),
            "position": SkyCoord(values["GLON"] * u.deg, values["GLAT"] * u.deg, frame="galactic"),
            "redshift": known["REDSHIFT"],
            "M_Planck": known["MSZ"] * 1e14 * u.Msun,
            "M_Planck_err_up": known["MSZ_ERR_UP"] * 1e14 * u.Msun,
            "M_Planck_err_low": known["MSZ_ERR_LOW"] * 1e14 * u.Msun,
            "Y5R500": values["Y5R500"] * 1e-3 * u.arcmin**2,
            "Y5R500_err": values["Y5R500_ERR"] * 1e-3 * u.arcmin**2,
            "snr": values["SNR"],
        },
        meta={"catalogue": file.name},
    )


def psz2_sample(path: str | Path) -> QTable:
    """Read redshift and mass of the PSZ2 clusters that have both.

    Parameters
    ----------
    path : str or Path
        The PSZ2 union catalogue, ``HFI_PCCS_SZ-union_R2.08.fits`` (Planck 2015 XXVII).

    Returns
    -------
    QTable
        name, redshift and M500c [Msun], which is MSZ, of the 1,094 clusters; in the catalogue's order.

    Raises
    ------
    CatalogueError
        If the file is not such a catalogue, or no cluster in it has redshift and mass.
    """
    table = known_clusters(read_psz2(path), path_in(path))
    # as stored: float32's 0.2 is above 0.2, and only so are there 245 clusters in the bin (0.1, 0.2]
    sample = table["name", "redshift"]
    sample["M500c"] = table["M_Planck"]
    sample.meta = {"file": str(path), "format": "PSZ2"}
    return sample


def known_clusters(table: QTable, file: Path) -> QTable:
    """The rows of `read_psz2` with redshift and mass.

    Raises
    ------
    CatalogueError
        If there is none.
    """
    known = table[np.isfinite(table["redshift"]) & np.isfinite(table["M_Planck"].value)]
    if len(known) == 0:
        raise CatalogueError("no cluster has both a redshift and a mass.", file=file, field="MSZ", remedy=_REMEDY)
    return known


def _check_range(name: str, values: np.ndarray, low: float, high: float, file: Path) -> None:
    unknown = np.isnan(values) if low < 0 else np.zeros(len(values), dtype=bool)
    bad = ~(unknown | ((values >= low) & (values <= high)))
    if bad.any():
        row = int(bad.argmax())
        problem = f"expected values from {low:g} to {high:g}, found {values[row]:g} in row {row}."
        raise CatalogueError(problem, file=file, field=name, remedy=_REMEDY)


def _check_positions(lon: np.ndarray, lat: np.ndarray, file: Path) -> None:
    good = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lat) <= 90) & (lon >= 0) & (lon <= 360)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise CatalogueError(
            f"row {row} has Galactic longitude {lon[row]} and latitude {lat[row]}.",
            file=file,
            field="GLON, GLAT",
            remedy=_REMEDY,
        )
