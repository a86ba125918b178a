"""Published cutouts of the real Planck y map: one FITS image a cluster."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from numpy.typing import NDArray

from szfast.arguments import path_in
from szfast.errors import MapFileError
from szfast.fits_files import opened_fits
from szfast.networks.layers import MAP_SIDE, PIXEL

PIXEL_TOLERANCE = 0.01
"""Largest relative difference between a map's pixel and the networks'."""

_REMEDY = "cut the map out again, 96 x 96 pixels of 1.717 arcmin with the cluster at the centre."


@dataclass(frozen=True, eq=False)
class Cutout:
    """One cutout.

    Parameters
    ----------
    name : str
        The cluster: the keyword NAME, else the file's name.
    redshift : float or None
        The keyword Z; None where it is absent or not positive, as catalogues mark an unknown redshift.
    y : ndarray, shape (96, 96)
        Compton y, float32, dimensionless.
    path : Path
        The file.
    """

    name: str
    redshift: float | None
    y: NDArray[np.float32] = field(repr=False)
    path: Path


def read_cutout(path: str | Path) -> Cutout:
    """Read a cutout as de Andres et al. (arXiv:2209.10333) published them.

    Parameters
    ----------
    path : str or Path
        A FITS file whose primary image is the map. Without a WCS, as published, its pixel is taken to be
        1.717 arcmin.

    Raises
    ------
    MapFileError
        If the file is missing, truncated or not FITS, the image is not 96 x 96 finite numbers, or its WCS
        gives a pixel that differs from 1.717 arcmin by more than 1 %.
    """
    file = path_in(path)
    with opened_fits(file, MapFileError, "fetch it again.") as units:
        header, image = units[0].header, units[0].data
    y = _image(image, file)
    _check_pixel(header, file)
    return Cutout(str(header.get("NAME", file.stem)), _redshift(header, file), y, file)


def _image(image: NDArray[np.generic] | None, file: Path) -> NDArray[np.float32]:
    if image is None or image.shape != (MAP_SIDE, MAP_SIDE):
        found = "no image" if image is None else f"shape {image.shape}"
        problem = f"expected a primary image of shape ({MAP_SIDE}, {MAP_SIDE}), found {found}."
        raise MapFileError(problem, file=file, field="primary image", remedy=_REMEDY)
    if not np.isfinite(image).all():
        problem = f"holds {np.count_nonzero(~np.isfinite(image))} pixels that are not finite."
        raise MapFileError(problem, file=file, field="primary image", remedy="fill the masked pixels.")
    return image.astype(np.float32)


def _redshift(header: fits.Header, file: Path) -> float | None:
    value = header.get("Z")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise MapFileError(f"expected a number, found {value!r}.", file=file, field="Z", remedy="correct the keyword.")
    return float(value) if value > 0 else None


def _check_pixel(header: fits.Header, file: Path) -> None:
    try:
        with warnings.catch_warnings(action="ignore", category=AstropyWarning):
            wcs = WCS(header)
    except ValueError as error:
        raise MapFileError(
            f"has a WCS that cannot be read ({error}).", file=file, field="WCS", remedy="correct the header."
        ) from None
    if wcs.has_celestial:
        for scale in proj_plane_pixel_scales(wcs.celestial) * u.deg:
            check_pixel(scale, file)


def check_pixel(pixel: u.Quantity, file: Path) -> None:
    """Refuse a pixel that is not the networks'.

    Raises
    ------
    MapFileError
        If it differs by more than 1 %.
    """
    if abs((pixel / PIXEL).to_value(u.one) - 1) > PIXEL_TOLERANCE:
        raise MapFileError(
            f"expected pixels of {PIXEL}, found {pixel.to(u.arcmin):.4g}.",
            file=file,
            field="pixel",
            remedy="make the maps again with PLANCK's pixel.",
        )
