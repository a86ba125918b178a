"""Maps in FITS files: one image HDU a cluster, its views in a table HDU behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from szfast.arguments import flag_in, path_in
from szfast.errors import MapFileError
from szfast.maps.instrument import Instrument
from szfast.maps.mapset import Conserved, MapSet
from szfast.maps.noise import NoiseKey
from szfast.whole_files import replaced

_KEYWORDS: dict[str, tuple[str, str]] = {
    "NAME": ("name", "cluster"),
    "SOURCE": ("source", "snapshot"),
    "Z": ("redshift", "redshift at which the cluster is seen"),
    "ZSNAP": ("snapshot_redshift", "redshift of the gas"),
    "PIXKPC": ("pixel_kpc", "[kpc] physical side of a pixel"),
    "NOISE": ("noise", "noise spectrum"),
    "SIGHTLIN": ("sightlines", "set of lines of sight"),
    "KERNEL": ("kernel", "smoothing kernel"),
    "ELECTRON": ("electron_model", "electron model"),
    "METHOD": ("method", "projection"),
    "BOUND": ("bound", "guaranteed error, share of a clean map's peak"),
    "M500C": ("M500c_msun", "[Msun] from the halo catalogue"),
    "R500C": ("R500c_kpc", "[kpc] physical, from the halo catalogue"),
    "DEPTH": ("depth_kpc", "[kpc] along the line of sight, none for all"),
    "RADIUS": ("radius_kpc", "[kpc] gas was read out to, none for all"),
    "VERSION": ("version", "version of szfast"),
}


def write_maps(path: str | Path, maps: MapSet | Sequence[MapSet], *, overwrite: bool = False) -> Path:
    """Write the maps of one or more clusters to a FITS file.

    Parameters
    ----------
    path : str or Path
        The file; written under another name first, then renamed.
    maps : MapSet or sequence of MapSet
        One image HDU each, in this order, shape (views, n, n), and its views' matrices in a table HDU.
    overwrite : bool
        Replace a file that is there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MapFileError
        If the file exists and `overwrite` is not set, or cannot be written.
    """
    from astropy.io import fits

    path = path_in(path)
    flag_in(overwrite, "overwrite")
    sets = list(maps) if isinstance(maps, Sequence) else [maps]
    if not sets or not all(isinstance(each, MapSet) for each in sets):
        raise MapFileError(
            "expected the MapSet of one cluster, or of several.",
            file=path,
            field="maps",
            remedy="see szfast.make_maps.",
        )
    if path.exists() and not overwrite:
        raise MapFileError("exists already.", file=path, field="path", remedy="choose another name, or overwrite=True.")
    hdus = [fits.PrimaryHDU()]
    hdus[0].header["ORIGIN"] = ("szfast", "program that wrote this file")
    for number, each in enumerate(sets, start=1):
        hdus += [_image(each, number), _table(each, number)]
    with replaced(path, MapFileError) as temporary:
        fits.HDUList(hdus).writeto(temporary, checksum=True)
    return path


def _as_ascii(text: str) -> str:
    """A text as FITS can hold it: other letters, as in files' names, are written with a backslash."""
    return text.encode("unicode_escape").decode("ascii")


def _from_ascii(value: Any) -> Any:
    if not (isinstance(value, str) and value.isascii()):
        return value
    try:
        return value.encode("ascii").decode("unicode_escape")
    except UnicodeDecodeError:
        # written by another hand
        return value


def _image(maps: MapSet, number: int) -> Any:
    from astropy.io import fits

    hdu = fits.ImageHDU(np.asarray(maps.y), name=f"MAPS{number}")
    header = hdu.header
    header.extend(maps.wcs.to_header())
    header["BUNIT"] = ("", "dimensionless Compton y")
    header["CONTENT"] = "Compton-y maps: view, image y, image x"
    for keyword, (attribute, comment) in _KEYWORDS.items():
        value = getattr(maps, attribute)
        # a card holds 80 characters: a long text goes without its comment
        value = _as_ascii(value) if isinstance(value, str) else value
        short = not isinstance(value, str) or len(value) + len(comment) < 60
        header[keyword] = ("none" if value is None else value, comment if short else "")
    header["INSTRUME"] = (maps.instrument.name, "instrument")
    header["PIXEL"] = (maps.instrument.pixel_arcmin, "[arcmin] side of a pixel")
    header["BEAMFWHM"] = (float(maps.instrument.beam_fwhm.to_value("arcmin")), "[arcmin] Gaussian beam")
    # as text: FITS integers end at 2^63
    for word in ("seed", "cluster", "realisation", "run"):
        header[f"KEY{word[:5].upper()}"] = (str(getattr(maps.key, word)), f"noise key: {word}")
    for axis, value in zip("XYZ", maps.center_kpc, strict=True):
        header[f"CENTER{axis}"] = (float(value), "[kpc] comoving, in the snapshot's frame")
    for number, row in enumerate(maps.assumptions, start=1):
        header[f"ASSUM{number}"] = " | ".join(_as_ascii(text).replace("|", r"\x7c") for text in row)
    header["YKEPT"] = (
        float(maps.conserved.patch_kpc2.mean()),
        "[kpc2] Compton area on the patch, mean of views",
    )
    return hdu


def _table(maps: MapSet, number: int) -> Any:
    from astropy.io import fits

    kept = maps.conserved
    columns = [
        fits.Column("view", "J", array=np.arange(len(maps), dtype=np.int32)),
        fits.Column("rotation", "9D", dim="(3,3)", array=maps.views),
        fits.Column("Y_loaded", "D", unit="kpc2", array=kept.loaded_kpc2),
        fits.Column("Y_patch", "D", unit="kpc2", array=kept.patch_kpc2),
        fits.Column("Y_field", "D", unit="kpc2", array=kept.field_kpc2),
    ]
    hdu = fits.BinTableHDU.from_columns(columns, name=f"VIEWS{number}")
    hdu.header["COMMENT"] = "rotation: rows of a matrix whose columns are image x, image y, line of sight"
    return hdu


def read_maps(path: str | Path) -> list[MapSet]:
    """Read maps that `write_maps` wrote.

    Parameters
    ----------
    path : str or Path
        The FITS file.

    Returns
    -------
    list of MapSet
        One a cluster, in the file's order.

    Raises
    ------
    MapFileError
        If the file is missing, damaged, or not one of szfast's.
    """
    import warnings

    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    path = path_in(path)
    if not path.is_file():
        raise MapFileError("there is no such file.", file=path, field="path", remedy="check the path.")
    try:
        with warnings.catch_warnings():
            # astropy warns of truncation and wrong checksums, and goes on
            warnings.simplefilter("error", AstropyWarning)
            with path.open("rb") as file, fits.open(file, checksum=True) as hdus:
                count = sum(hdu.name.startswith("MAPS") for hdu in hdus)
                sets = [_from_hdus(path, hdus[f"MAPS{i}"], hdus[f"VIEWS{i}"]) for i in range(1, count + 1)]
    except MapFileError:
        raise
    except KeyError as error:
        raise MapFileError(
            "is not as szfast writes it.", file=path, field=str(error.args[0]), remedy="make it again."
        ) from error
    except (OSError, ValueError, TypeError, IndexError, AstropyWarning) as error:
        raise MapFileError(
            f"cannot be read as FITS ({str(error).strip() or type(error).__name__}).",
            file=path,
            field="FITS",
            remedy="make it again.",
        ) from error
    if not sets:
        raise MapFileError("holds no maps of szfast.", file=path, field="MAPS1", remedy="give a file of 'szfast maps'.")
    return sets


def _from_hdus(path: Path, image: Any, table: Any) -> MapSet:
    import astropy.units as u

    header, y = image.header, np.asarray(image.data, dtype=np.float32)
    rows = table.data
    if y.ndim != 3 or y.shape[1] != y.shape[2] or len(rows) != len(y):
        raise MapFileError(
            f"expected maps of shape (views, n, n) and as many rows, found {y.shape} and {len(rows)}.",
            file=path,
            field=image.name,
            remedy="make it again.",
        )
    if not np.isfinite(y).all():
        raise MapFileError("holds values that are not finite.", file=path, field=image.name, remedy="make it again.")
    values = {attribute: _from_ascii(header[keyword]) for keyword, (attribute, _) in _KEYWORDS.items()}
    for optional in ("noise", "bound", "M500c_msun", "R500c_kpc", "depth_kpc", "radius_kpc"):
        values[optional] = None if values[optional] == "none" else values[optional]
    words = {word: int(header[f"KEY{word[:5].upper()}"]) for word in ("seed", "cluster", "realisation", "run")}
    instrument = Instrument(
        header["INSTRUME"],
        header["PIXEL"] * u.arcmin,
        y.shape[1],
        header["BEAMFWHM"] * u.arcmin,
        values["noise"],
    )
    kept = [np.asarray(rows[name], dtype=np.float64) for name in ("Y_loaded", "Y_patch", "Y_field")]
    return MapSet(
        y=y,
        views=np.asarray(rows["rotation"], dtype=np.float64),
        instrument=instrument,
        key=NoiseKey(**words),
        conserved=Conserved(*kept),
        center_kpc=np.array([header[f"CENTER{axis}"] for axis in "XYZ"]),
        assumptions=_assumptions(header),
        **values,
    )


def _assumptions(header: Any) -> tuple[tuple[str, str, str], ...]:
    rows: list[tuple[str, str, str]] = []
    while (keyword := f"ASSUM{len(rows) + 1}") in header:
        quantity, value, source = (_from_ascii(text) for text in header[keyword].split(" | "))
        rows.append((quantity, value, source))
    return tuple(rows)
