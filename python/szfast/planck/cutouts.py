"""Square maps about positions on the sky, cut from a HEALPix map in gnomonic projection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in, require, whole_in
from szfast.errors import ArgumentError
from szfast.maps.instrument import PLANCK, Instrument
from szfast.planck.sky import SkyMap

if TYPE_CHECKING:
    from astropy.coordinates import SkyCoord
    from astropy.wcs import WCS

METHODS = ("bilinear", "nearest")

MASKED_FLAG = 0.05
"""A cutout with a larger share of pixels without data is flagged."""

_CTYPES = {
    "galactic": ("GLON-TAN", "GLAT-TAN"),
    "icrs": ("RA---TAN", "DEC--TAN"),
    "barycentricmeanecliptic": ("ELON-TAN", "ELAT-TAN"),
}


@dataclass(frozen=True, eq=False)
class SkyCutout:
    """A cutout of a sky map.

    Parameters
    ----------
    y : (n, n) float32 array
        Compton y, row 0 lowest; pixels without data hold the median of the others.
    masked : int
        How many pixels are without data.
    position : SkyCoord
        Its centre, in the map's frame; between the four central pixels.
    wcs : WCS
        Gnomonic world coordinates in the map's frame, longitude growing to the left.
    """

    y: NDArray[np.float32] = field(repr=False)
    masked: int
    position: SkyCoord
    wcs: WCS

    @property
    def flagged(self) -> bool:
        """True where over `MASKED_FLAG` of the pixels are without data."""
        return self.masked > MASKED_FLAG * self.y.size


def cut(
    sky: SkyMap,
    positions: SkyCoord,
    *,
    instrument: Instrument = PLANCK,
    method: str = "bilinear",
    threads: int = 0,
) -> Iterator[SkyCutout]:
    """Cut a sky map at positions.

    The cutouts are made in parallel and handed over one by one in the order of the positions, so that memory holds the
    sky map and a few cutouts.

    Parameters
    ----------
    sky : SkyMap
        The map.
    positions : SkyCoord
        One, or an array of them, in any frame.
    instrument : Instrument
        Pixel and size.
    method : str
        ``bilinear``: between the four nearest pixels of the sky map; ``nearest``: that pixel, as the published cutouts.
    threads : int
        Zero for all cores; the result does not depend on it.

    Yields
    ------
    SkyCutout
        For each position.

    Raises
    ------
    ArgumentError
        If the method is unknown or the positions are no SkyCoord.
    MissingExtraError
        If healpy is not installed.
    """
    from astropy.coordinates import SkyCoord

    require("healpy", "planck", "cutting a HEALPix map")
    if not isinstance(positions, SkyCoord):
        raise ArgumentError(
            f"expected a SkyCoord, found {type(positions).__name__}.",
            field="positions",
            remedy="give astropy.coordinates.SkyCoord(...).",
        )
    if not isinstance(sky, SkyMap):
        raise ArgumentError(
            f"expected a SkyMap, found {type(sky).__name__}.",
            field="sky",
            remedy="read it with szfast.planck.read_sky.",
        )
    whole_in(threads, "threads", most=1024)
    choice_in(method, METHODS, "method")
    centers = positions.transform_to(sky.frame).reshape(-1)
    if not np.isfinite([centers.spherical.lon.rad, centers.spherical.lat.rad]).all():
        raise ArgumentError(
            "holds positions that are not finite.", field="positions", remedy="leave out clusters without one."
        )
    return _cut_all(sky, centers, instrument, method, threads or os.cpu_count() or 1)


def _cut_all(sky: SkyMap, centers: SkyCoord, instrument: Instrument, method: str, threads: int) -> Iterator[SkyCutout]:
    lon, lat = centers.spherical.lon.rad, centers.spherical.lat.rad
    block = 8 * threads
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(lon), block):
            inside = range(first, min(first + block, len(lon)))
            found = pool.map(lambda i: _values(sky, lon[i], lat[i], instrument, method), inside)
            for i, (y, masked) in zip(inside, found, strict=True):
                wcs = cutout_wcs(sky.frame, float(np.degrees(lon[i])), float(np.degrees(lat[i])), instrument)
                yield SkyCutout(y, masked, centers[i], wcs)


def cutout_wcs(frame: str, lon_deg: float, lat_deg: float, instrument: Instrument) -> WCS:
    """Gnomonic world coordinates of a cutout."""
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = list(_CTYPES[frame])
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crpix = [(instrument.size + 1) / 2] * 2
    wcs.wcs.crval = [lon_deg, lat_deg]
    # by default the map would turn over where the centre is the pole itself
    wcs.wcs.lonpole = 180.0
    wcs.wcs.cdelt = [-instrument.pixel_arcmin / 60, instrument.pixel_arcmin / 60]
    if frame == "icrs":
        wcs.wcs.radesys = "ICRS"
    return wcs


def directions(lon_rad: float, lat_rad: float, instrument: Instrument) -> NDArray[np.float64]:
    """Unit vectors to the centres of a cutout's pixels, (n, n, 3), from its tangent plane: no pole and no seam."""
    offset = np.radians((np.arange(instrument.size) - (instrument.size - 1) / 2) * instrument.pixel_arcmin / 60)
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon_rad), np.cos(lon_rad), np.sin(lat_rad), np.cos(lat_rad)
    center = np.array([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat])
    east = np.array([-sin_lon, cos_lon, 0.0])
    north = np.array([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat])
    plane = center - offset[None, :, None] * east + offset[:, None, None] * north
    unit: NDArray[np.float64] = plane / np.linalg.norm(plane, axis=2, keepdims=True)
    return unit


def _values(
    sky: SkyMap, lon_rad: float, lat_rad: float, instrument: Instrument, method: str
) -> tuple[NDArray[np.float32], int]:
    import healpy

    x, y, z = directions(lon_rad, lat_rad, instrument).reshape(-1, 3).T
    values: Any
    if method == "nearest":
        values = sky.y[healpy.vec2pix(sky.nside, x, y, z, nest=sky.nested)].astype(np.float64)
    else:
        theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
        pixels, weights = healpy.get_interp_weights(sky.nside, theta, phi, nest=sky.nested)
        near = sky.y[pixels].astype(np.float64)
        seen = np.isfinite(near)
        share = np.where(seen, weights, 0.0).sum(axis=0)
        total = np.where(seen, weights * np.where(seen, near, 0.0), 0.0).sum(axis=0)
        # a pixel counts as seen where most of it is
        values = np.where(share > 0.5, total / np.maximum(share, 0.5), np.nan)
    masked = np.isnan(values)
    fill = float(np.median(values[~masked])) if not masked.all() else 0.0
    shape = (instrument.size, instrument.size)
    return np.where(masked, fill, values).reshape(shape).astype(np.float32), int(masked.sum())
