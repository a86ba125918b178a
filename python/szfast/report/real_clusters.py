"""What is known of real clusters, gathered for a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.errors import CatalogueError
from szfast.evaluation.mass_pairs import MassPairs, read_catalogue, read_mass_pairs
from szfast.planck.lensing import read_lensing
from szfast.planck.masses import read_cutouts
from szfast.sample.psz2 import read_psz2

if TYPE_CHECKING:
    from astropy.table import QTable


@dataclass(frozen=True, eq=False)
class RealClusters:
    """Masses of real clusters, and what they are compared with.

    Parameters
    ----------
    pairs : MassPairs or None
        Predicted masses beside Planck's.
    masses : QTable or None
        ``name``, ``position``, ``redshift``, ``log10_M500c`` and its errors; further columns of the catalogue.
    cutouts : Path or None
        Folder of ``szfast planck cut``.
    lensing : QTable or None
        Weak-lensing masses.
    source : str
        Where the masses are from.
    """

    pairs: MassPairs | None = field(default=None, repr=False)
    masses: QTable | None = field(default=None, repr=False)
    cutouts: Path | None = None
    lensing: QTable | None = field(default=None, repr=False)
    source: str = ""


def read_real_clusters(
    masses: str | Path | None = None,
    *,
    psz2: str | Path | None = None,
    cutouts: str | Path | None = None,
    lensing: str | Path | None = None,
) -> RealClusters:
    """Gather what is known of real clusters.

    Parameters
    ----------
    masses : str or Path, optional
        A catalogue of ``szfast planck mass`` made with Planck's masses, or the published ``DeepPlanck.csv``.
    psz2 : str or Path, optional
        The union catalogue; gives the published masses their positions.
    cutouts : str or Path, optional
        Folder of ``szfast planck cut``.
    lensing : str or Path, optional
        Folder of weak-lensing samples (`szfast.planck.read_lensing`).

    Raises
    ------
    CatalogueError
        If a file cannot be read or lacks a column.
    """
    folder = None if cutouts is None else Path(cutouts)
    if folder is not None:
        # what is wrong with it is told before any work is done
        read_cutouts(folder)
    samples = None if lensing is None else read_lensing(lensing)
    if masses is None:
        return RealClusters(cutouts=folder, lensing=samples)
    file = Path(masses)
    table = _catalogue(file, None if psz2 is None else read_psz2(psz2))
    return RealClusters(
        pairs=read_mass_pairs(file),
        masses=table,
        cutouts=folder,
        lensing=samples,
        source=file.name,
    )


def _catalogue(file: Path, psz2: QTable | None) -> QTable | None:
    """The catalogue with positions; None where there are none."""
    import astropy.units as u
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    table = read_catalogue(file)
    if {"ra", "dec", "log10_M500c"} <= set(table.colnames):
        found = QTable(table)
        try:
            found["position"] = SkyCoord(found["ra"], found["dec"], frame="icrs")
        except (ValueError, TypeError) as error:
            raise CatalogueError(
                f"expected angles with their units ({str(error).splitlines()[0]}).",
                file=file,
                field="ra, dec",
                remedy="give the columns a unit, deg.",
            ) from None
        return found
    if psz2 is None or not {"cluster", "CNN_mass", "err+", "err-"} <= set(table.colnames):
        return None
    number = {name.replace(" ", ""): i for i, name in enumerate(psz2["name"].tolist())}
    names = [str(name).removesuffix(".fits").replace(" ", "") for name in table["cluster"]]
    unknown = [name for name in names if name not in number]
    if unknown:
        raise CatalogueError(f"{unknown[0]} is not in PSZ2.", file=file, field="cluster", remedy="check the names.")
    rows = psz2[[number[name] for name in names]]
    columns: dict[str, Any] = {
        "log10_M500c": np.asarray(table["CNN_mass"], dtype=float),
        "log10_M500c_err_low": np.asarray(table["err-"], dtype=float),
        "log10_M500c_err_up": np.asarray(table["err+"], dtype=float),
    }
    found = QTable({"name": rows["name"], "position": rows["position"], "redshift": table["redshift"], **columns})
    for name in ("M_Planck", "M_Planck_err_low", "M_Planck_err_up", "snr"):
        found[name] = rows[name].to(u.Msun) if name.startswith("M_") else rows[name]
    return found
