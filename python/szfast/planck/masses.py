"""A catalogue of masses of real clusters, from their cutouts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import path_in
from szfast.errors import ArgumentError, CatalogueError
from szfast.folder_members import member
from szfast.maps.instrument import PLANCK
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.networks import read_cutout
from szfast.networks.network_set import NetworkSet
from szfast.planck.cutout_files import TABLE
from szfast.planck.predicted import PredictedMasses, predicted_masses
from szfast.table_files import check_table, write_ecsv
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.run_folder import RunFolder

UCDS = {
    "name": "meta.id;meta.main",
    "ra": "pos.eq.ra;meta.main",
    "dec": "pos.eq.dec;meta.main",
    "glon": "pos.galactic.lon",
    "glat": "pos.galactic.lat",
    "redshift": "src.redshift",
    "log10_M500c": "phys.mass;stat.mean",
    "log10_M500c_err_low": "stat.error;phys.mass;stat.min",
    "log10_M500c_err_up": "stat.error;phys.mass;stat.max",
    "M500c": "phys.mass",
    "M500c_err_low": "stat.error;phys.mass;stat.min",
    "M500c_err_up": "stat.error;phys.mass;stat.max",
    "out_of_domain": "stat.value",
    "M_Planck": "phys.mass",
    "M_Planck_err_low": "stat.error;phys.mass;stat.min",
    "M_Planck_err_up": "stat.error;phys.mass;stat.max",
    "snr": "stat.snr",
    "masked": "meta.number;instr.pixel",
    "flag_masked": "meta.code.qual",
    "flag_near_lowest": "meta.code.qual",
    "flag_noise_error_only": "meta.code.qual",
    "flag_out_of_domain": "meta.code.qual",
}
"""IVOA's unified content descriptors of the catalogue's columns."""

_DESCRIPTIONS = {
    "log10_M500c": "log10 of M500c in Msun, mean over the square's symmetries",
    "out_of_domain": "above 1 the map is farther out than 95 % of the maps that the network has learnt",
    "masked": "pixels of the cutout without data",
    "flag_masked": "over 5 % of the cutout is without data",
    "flag_near_lowest": "near or below the lowest mass that the network has learnt: an upper limit",
    "flag_noise_error_only": "the error is that by the map's noise alone",
    "flag_out_of_domain": "out_of_domain is above 1",
}


def mass_catalogue(
    folder: str | Path,
    networks: NetworkSet | RunFolder | str | Path,
    *,
    psz2: QTable | None = None,
    noise: Any = "milca",
    draws: int = 8,
    seed: int = 0,
    progress: bool = False,
) -> QTable:
    """Predict the masses of real clusters from a folder of cutouts.

    Parameters
    ----------
    folder : str or Path
        What `szfast.planck.cut_clusters` has written, complete.
    networks : NetworkSet, RunFolder or path
        Published networks, one a redshift bin; or a run, whose chosen networks come with calibrated error bars and tell
        how far each map is from what they have learnt.
    psz2 : QTable, optional
        `szfast.planck.read_psz2`: adds Planck's masses and signal-to-noise.
    noise : str, Path or NoiseSpectrum
        Of the y map. Networks without error bars get the scatter that another draw of it would make, flagged so.
    draws : int
        Noise maps added to each cutout for that, 2 or more.
    seed : int
        Same seed, same draws.
    progress : bool
        Show a bar where standard error is a terminal.

    Returns
    -------
    QTable
        A row a cluster, in the order of the cutouts; columns as in `UCDS`, ``out_of_domain`` for a run alone. Errors
        are 68 %.

    Raises
    ------
    CatalogueError
        If the folder holds no complete set of cutouts, or `psz2` lacks a cluster.
    MapFileError, NetworkError, RunError
        If a file cannot be read.
    ArgumentError
        If no network has learnt a redshift.
    MissingExtraError
        If a run is given and Keras is not installed.
    """
    from astropy.table import QTable

    cutouts = read_cutouts(folder)
    files = [Path(folder) / name for name in cutouts["file"].tolist()]
    redshift = np.asarray(cutouts["redshift"], dtype=np.float64)
    found = predicted_masses(files, redshift, networks, progress=progress)
    low, up = found.lower, found.upper
    if low is None or up is None:
        error = _noise_errors(files, redshift, found, noise, draws, seed, progress)
        low, up = found.log10_mass - error, found.log10_mass + error
    table = QTable(_positions(cutouts))
    table["redshift"] = redshift
    _add_masses(table, found.log10_mass, low, up)
    if found.out_of_domain is not None:
        table["out_of_domain"] = found.out_of_domain
    if psz2 is not None:
        _add_psz2(table, psz2)
    table["masked"] = cutouts["masked"]
    table["flag_masked"] = cutouts["flagged"]
    table["flag_near_lowest"] = found.near_lowest
    table["flag_noise_error_only"] = np.full(len(table), found.lower is None)
    if found.out_of_domain is not None:
        table["flag_out_of_domain"] = found.out_of_domain > 1
    for name in table.colnames:
        table[name].info.meta = {"ucd": UCDS[name]}
        table[name].info.description = _DESCRIPTIONS.get(name)
    table.meta = {
        "map": cutouts.meta.get("map"),
        "networks": found.provenance,
        "errors": "map noise alone" if found.lower is None else "68 %, calibrated on the run's validation maps",
    }
    return table


def read_cutouts(folder: str | Path) -> QTable:
    """Read the table of a folder of cutouts.

    Raises
    ------
    CatalogueError
        If it is absent, as when cutting was interrupted, or damaged, or names a file out of the folder.
    """
    from astropy.table import QTable

    file = Path(folder) / TABLE
    if not file.is_file():
        raise CatalogueError(
            "is not there.", file=file, field="path", remedy="cut the map first, to the end: szfast planck cut."
        )
    try:
        check_table(file, CatalogueError)
        table = QTable.read(file, format="ascii.ecsv", encoding="utf-8")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CatalogueError(
            f"cannot be read ({error}).", file=file, field="content", remedy="cut the map again."
        ) from None
    missing = {"name", "file", "position", "redshift", "masked", "flagged"} - set(table.colnames)
    if missing:
        raise CatalogueError("is not in the table.", file=file, field=min(missing), remedy="cut the map again.")
    if len(table) == 0:
        raise CatalogueError(
            "holds no cutout.", file=file, field="file", remedy="cut the map at a catalogue of clusters."
        )
    for name in table["file"].tolist():
        member(Path(folder), str(name), CatalogueError)
    return table


def write_catalogue(table: QTable, path: str | Path) -> Path:
    """Write a catalogue as ECSV or FITS, with units, descriptions and UCDs.

    Parameters
    ----------
    table : QTable
        From `mass_catalogue`.
    path : str or Path
        A name in .ecsv or .fits; FITS has the UCDs as keywords TUCDn.

    Raises
    ------
    ArgumentError
        If the name ends otherwise.
    CatalogueError
        If it cannot be written.
    """
    from astropy.io import fits

    file = path_in(path)
    if file.suffix not in (".ecsv", ".fits"):
        raise ArgumentError(f"expected a name in .ecsv or .fits, found '{file.name}'.", field="path")
    with replaced(file, CatalogueError) as temporary:
        if file.suffix == ".ecsv":
            write_ecsv(table, temporary)
            return file
        plain = table.copy()
        plain.meta = {}
        hdu = fits.table_to_hdu(plain)
        for number, name in enumerate(table.colnames, start=1):
            hdu.header[f"TUCD{number}"] = UCDS.get(name, "meta.note")
            if table[name].info.description:
                hdu.header[f"TCOMM{number}"] = table[name].info.description
        for line in (f"{key}: {value}" for key, value in table.meta.items()):
            hdu.header.add_history(line)
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(temporary, checksum=True)
    return file


def _positions(cutouts: QTable) -> dict[str, Any]:
    sky, galactic = cutouts["position"].icrs, cutouts["position"].galactic
    return {"name": cutouts["name"], "ra": sky.ra, "dec": sky.dec, "glon": galactic.l, "glat": galactic.b}


def _add_masses(
    table: QTable, log10_mass: NDArray[np.float64], low: NDArray[np.float64], up: NDArray[np.float64]
) -> None:
    import astropy.units as u

    table["log10_M500c"] = log10_mass
    table["log10_M500c_err_low"], table["log10_M500c_err_up"] = log10_mass - low, up - log10_mass
    table["M500c"] = 10**log10_mass * u.Msun
    table["M500c_err_low"] = (10**log10_mass - 10**low) * u.Msun
    table["M500c_err_up"] = (10**up - 10**log10_mass) * u.Msun


def _add_psz2(table: QTable, psz2: QTable) -> None:
    number = {name: i for i, name in enumerate(psz2["name"].tolist())}
    try:
        rows = psz2[[number[name] for name in table["name"].tolist()]]
    except KeyError as error:
        raise CatalogueError(
            f"there is no cluster {error.args[0]}.", field="psz2", remedy="give the catalogue the map was cut with."
        ) from None
    for name in ("M_Planck", "M_Planck_err_low", "M_Planck_err_up", "snr"):
        table[name] = rows[name]


def _noise_errors(
    files: Sequence[Path],
    redshift: NDArray[np.float64],
    found: PredictedMasses,
    noise: Any,
    draws: int,
    seed: int,
    progress: bool,
) -> NDArray[np.float64]:
    """Standard deviation of log10 M over draws of noise that are added to each cutout."""
    from rich.console import Console
    from rich.progress import track

    if draws < 2:
        raise ArgumentError(f"expected 2 or more, found {draws}.", field="draws")
    errors = np.empty(len(files))
    quiet = not (progress and sys.stderr.isatty())
    for i, file in enumerate(track(files, "errors", console=Console(stderr=True), disable=quiet)):
        added = noise_maps(PLANCK, noise, NoiseKey(seed=seed, cluster=i), views=draws)
        errors[i] = found.predict(read_cutout(file).y + added, float(redshift[i])).std(ddof=1)
    return errors
