"""A folder of cutouts: one FITS image a cluster, and a table of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from szfast.arguments import path_in
from szfast.errors import CatalogueError, MapFileError
from szfast.maps.instrument import PLANCK
from szfast.planck.cutouts import MASKED_FLAG, SkyCutout, cut
from szfast.planck.sky import SkyMap
from szfast.table_files import write_ecsv
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from astropy.table import QTable

TABLE = "cutouts.ecsv"
"""The folder's table, written last: a folder without it is not complete."""


def cut_clusters(
    sky: SkyMap,
    clusters: QTable,
    folder: str | Path,
    *,
    method: str = "bilinear",
    threads: int = 0,
    progress: bool = False,
) -> QTable:
    """Cut a sky map at each cluster of a catalogue, into one file a cluster.

    Parameters
    ----------
    sky : SkyMap
        The map.
    clusters : QTable
        ``name``, ``position`` and ``redshift``, as `szfast.planck.psz2_clusters` gives them.
    folder : str or Path
        Made if need be; gets a FITS file a cluster, as `szfast.networks.read_cutout` reads them, and ``cutouts.ecsv``.
    method, threads
        See `szfast.planck.cut`.
    progress : bool
        Show a bar where standard error is a terminal.

    Returns
    -------
    QTable
        ``name``, ``file``, ``position``, ``redshift``, ``masked`` (pixels without data) and ``flagged``.

    Raises
    ------
    CatalogueError
        If the catalogue is empty or lacks a column, or two clusters have one name.
    MapFileError
        If a file cannot be written.
    """
    from astropy.table import QTable
    from rich.console import Console
    from rich.progress import track

    place = path_in(folder, "folder")
    missing = [name for name in ("name", "position", "redshift") if name not in clusters.colnames]
    if missing:
        raise CatalogueError("is not in the table.", field=missing[0], remedy="give what psz2_clusters returns.")
    if len(clusters) == 0:
        raise CatalogueError("holds no cluster.", field="clusters", remedy="give a catalogue of clusters.")
    files = [f"{name.replace(' ', '_').replace('/', '_')}.fits" for name in clusters["name"].tolist()]
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise CatalogueError("two clusters have one name.", field=twice, remedy="name them apart.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / TABLE).unlink(missing_ok=True)
    except OSError as error:
        raise MapFileError(
            f"cannot be made ({error.strerror}).", file=place, field="folder", remedy="choose another folder."
        ) from None
    quiet = not (progress and sys.stderr.isatty())
    cutouts = track(
        cut(sky, clusters["position"], method=method, threads=threads),
        "cutouts",
        total=len(files),
        console=Console(stderr=True),
        disable=quiet,
    )
    masked = np.empty(len(files), dtype=np.int64)
    for number, cutout in enumerate(cutouts):
        row = clusters[number]
        _write(place / files[number], cutout, str(row["name"]), float(row["redshift"]), sky.name, method)
        masked[number] = cutout.masked
    table = QTable(
        {
            "name": clusters["name"],
            "file": files,
            "position": clusters["position"],
            "redshift": clusters["redshift"],
            "masked": masked,
            "flagged": masked > MASKED_FLAG * PLANCK.size**2,
        },
        meta={"map": sky.name, "method": method, "pixel_arcmin": PLANCK.pixel_arcmin},
    )
    with replaced(place / TABLE, MapFileError) as temporary:
        write_ecsv(table, temporary)
    return table


def _write(file: Path, cutout: SkyCutout, name: str, redshift: float, source: str, method: str) -> None:
    from astropy.io import fits

    hdu = fits.PrimaryHDU(cutout.y)
    hdu.header.extend(cutout.wcs.to_header())
    hdu.header["BUNIT"] = ("", "dimensionless Compton y")
    hdu.header["NAME"] = (name, "cluster")
    if np.isfinite(redshift):
        hdu.header["Z"] = (redshift, "redshift")
    hdu.header["MASKED"] = (cutout.masked, "pixels without data, filled with the median")
    hdu.header["SKYMAP"] = (source[:60], "map it was cut from")
    hdu.header["INTERPOL"] = (method, "interpolation")
    with replaced(file, MapFileError) as temporary:
        hdu.writeto(temporary, checksum=True)
