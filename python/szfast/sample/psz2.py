"""Redshifts and masses of the Planck clusters that a sample has to cover."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.errors import HaloCatalogueError
from szfast.fits_files import opened_fits

if TYPE_CHECKING:
    from astropy.table import QTable


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
    HaloCatalogueError
        If the file is not such a catalogue, or no cluster in it has redshift and mass.
    """
    import astropy.units as u
    from astropy.table import QTable

    path = Path(path)
    columns = _columns(path)
    # as stored: float32's 0.2 is above 0.2, and only so are there 245 clusters in the bin (0.1, 0.2]
    redshift = np.asarray(columns["REDSHIFT"], dtype=np.float64)
    mass = np.asarray(columns["MSZ"], dtype=np.float64)
    known = (redshift > 0) & (mass > 0)
    if not known.any():
        raise HaloCatalogueError(
            "no cluster has both a redshift and a mass.",
            file=path,
            field="MSZ",
            remedy="give HFI_PCCS_SZ-union_R2.08.fits.",
        )
    table = QTable(meta={"file": str(path), "format": "PSZ2"})
    table["name"] = np.char.strip(np.asarray(columns["NAME"]).astype(str))[known]
    table["redshift"] = redshift[known]
    table["M500c"] = mass[known] * 1e14 * u.Msun
    return table


def _columns(path: Path) -> dict[str, Any]:
    wanted = ("NAME", "REDSHIFT", "MSZ")
    with opened_fits(path, HaloCatalogueError, "give HFI_PCCS_SZ-union_R2.08.fits.") as hdus:
        for hdu in hdus[1:]:
            if set(wanted) <= set(getattr(getattr(hdu, "columns", None), "names", ())):
                return {name: np.array(hdu.data[name]) for name in wanted}
    raise HaloCatalogueError(
        f"no table has the columns {', '.join(wanted)}.",
        file=path,
        field="FITS",
        remedy="give HFI_PCCS_SZ-union_R2.08.fits.",
    )
