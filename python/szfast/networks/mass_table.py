"""A table of masses from files of maps."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import QTable, vstack
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from szfast.arguments import path_in
from szfast.errors import ArgumentError, MapFileError
from szfast.fits_files import opened_fits
from szfast.networks.cutouts import check_pixel, read_cutout
from szfast.networks.mass import predict_log10_mass
from szfast.networks.network_set import NetworkSet, read_networks

NEAR_LOWEST_DEX = 0.1


@dataclass(frozen=True)
class _Cluster:
    file: Path
    name: str
    redshift: float
    y: NDArray[np.float32]


def masses_of_files(
    paths: Sequence[str | Path] | str | Path,
    networks: NetworkSet | str | Path,
    *,
    redshift: float | None = None,
    average: bool = True,
    progress: bool = False,
) -> QTable:
    """Predict the mass of every map in some files.

    Parameters
    ----------
    paths : path or sequence of paths
        Files of maps that szfast wrote, or published cutouts (`szfast.networks.read_cutout`).
    networks : NetworkSet or path
        Networks, one a redshift bin, or the folder that holds them (`szfast.networks.read_networks`).
    redshift : float, optional
        Of all the clusters, instead of what the files say.
    average : bool, optional
        Average over the square's eight symmetries; see `szfast.networks.predict_log10_mass`.
    progress : bool, optional
        Show a bar where standard error is a terminal.

    Returns
    -------
    QTable
        One row a map: ``name``, ``view``, ``redshift``, ``log10_M500c`` (of M500c in Msun), ``M500c``, and
        ``near_lowest``, true within `NEAR_LOWEST_DEX` of the lowest mass that the network has learnt or below it, where
        it gives fainter clusters about the same mass.

    Raises
    ------
    MapFileError
        If a file cannot be read, its maps are not 96 x 96 pixels of 1.717 arcmin (1 %), its values cannot be
        Compton y, or it tells no redshift and none is given.
    NetworkError
        If the networks cannot be read.
    ArgumentError
        If no file is given, or no network has learnt a redshift.
    """
    several = paths if isinstance(paths, Sequence) and not isinstance(paths, str) else [paths]
    files = [path_in(path, "paths") for path in several]
    if not files:
        raise ArgumentError("holds no file.", field="paths", remedy="give at least one file of maps.")
    chosen = networks if isinstance(networks, NetworkSet) else read_networks(networks)
    quiet = not (progress and sys.stderr.isatty())
    console = Console(stderr=True)
    tables = [
        _masses(cluster, chosen, average)
        for file in track(files, "masses", console=console, disable=quiet)
        for cluster in _clusters(file, redshift)
    ]
    table = vstack(tables, metadata_conflicts="error")
    table["log10_M500c"].info.description = "log10 of M500c in Msun"
    table["M500c"].info.description = "mass inside R500c"
    table.meta["networks"] = [network.provenance for network in chosen]
    table.meta["symmetries averaged"] = 8 if average else 1
    return QTable(table)


def _masses(cluster: _Cluster, networks: NetworkSet, average: bool) -> QTable:
    try:
        log10_mass = predict_log10_mass(cluster.y, networks, redshift=cluster.redshift, average=average)
    except ArgumentError as error:
        kind = ArgumentError if error.field == "redshift" else MapFileError
        raise kind(
            f"{cluster.name}: {error.problem}", file=cluster.file, field=error.field, remedy=error.remedy
        ) from None
    views = len(log10_mass)
    lowest = networks.at_redshift(cluster.redshift).lowest_log10_mass
    return QTable(
        {
            "name": [cluster.name] * views,
            "view": np.arange(views),
            "redshift": np.full(views, cluster.redshift),
            "log10_M500c": log10_mass,
            "M500c": 10**log10_mass * u.Msun,
            "near_lowest": log10_mass < lowest + NEAR_LOWEST_DEX,
        }
    )


def _clusters(file: Path, redshift: float | None) -> Iterator[_Cluster]:
    if _is_cutout(file):
        cutout = read_cutout(file)
        found = cutout.redshift if redshift is None else redshift
        if found is None:
            raise MapFileError("does not tell the cluster's redshift.", file=file, field="Z", remedy="give redshift=.")
        yield _Cluster(file, cutout.name, found, cutout.y[np.newaxis])
        return
    from szfast.maps.files import read_maps

    for maps in read_maps(file):
        check_pixel(u.Quantity(maps.instrument.pixel), file)
        yield _Cluster(file, maps.name, maps.redshift if redshift is None else redshift, maps.y)


def _is_cutout(file: Path) -> bool:
    # szfast's own files keep their images in extensions; a cutout is a primary image.
    with opened_fits(file, MapFileError, "give a file of maps.", checksum=False) as units:
        return int(units[0].header.get("NAXIS", 0)) > 0
