"""Maps of one cluster along its lines of sight, with everything that says how they were made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.maps.instrument import Instrument
from szfast.maps.noise import NoiseKey

if TYPE_CHECKING:
    from astropy.units import Quantity
    from astropy.wcs import WCS


@dataclass(frozen=True)
class Conserved:
    """Compton area of each view at the stages of its making, (L,) float64 arrays in kpc^2.

    Parameters
    ----------
    loaded_kpc2 : array
        Sum over the particles within the depth.
    patch_kpc2 : array
        Sum over what was projected, before the beam: the patch, or all that a wide beam brings into the field.
    field_kpc2 : array
        Sum over the map's field; behind the beam where it band-limits the pixels, else before it.
    """

    loaded_kpc2: NDArray[np.float64]
    patch_kpc2: NDArray[np.float64]
    field_kpc2: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MapSet:
    """Compton-y maps of one cluster.

    Parameters
    ----------
    y : (L, n, n) float32 array
        Dimensionless Compton parameter; rows run along the image's y axis from the lowest. Where it was asked for, an
        array that is left on the GPU: `to_host`, `numpy.asarray`, DLPack and ``__cuda_array_interface__`` take it.
    views : (L, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    instrument : Instrument
        What the maps are seen with.
    name : str
        The cluster's name.
    redshift : float
        Redshift at which the cluster is seen.
    snapshot_redshift : float
        Redshift of the gas.
    pixel_kpc : float
        Physical side of a pixel.
    noise : str or None
        Name of the noise spectrum; None for clean maps.
    key : NoiseKey
        Key of the noise.
    sightlines : str
        Name of the set of lines of sight.
    kernel, electron_model, method : str
        How the gas was treated.
    conserved : Conserved
        Compton area at the stages of the projection.
    center_kpc : (3,) float64 array
        Centre in the snapshot's frame [comoving kpc].
    M500c_msun, R500c_kpc : float or None
        From the halo catalogue, where one was given.
    source : str
        Name of the snapshot, or what stands for it.
    depth_kpc, radius_kpc : float or None
        Depth along the line of sight, and radius out to which gas was read [physical kpc]; None for everything.
    assumptions : tuple of (quantity, value, source)
        What was read, left out and assumed.
    version : str
        Version of szfast.
    bound : float or None
        Guaranteed error, as a share of each map's largest value without noise; None where no beam band-limits the
        pixels.
    """

    y: NDArray[np.float32]
    views: NDArray[np.float64]
    instrument: Instrument
    name: str
    redshift: float
    snapshot_redshift: float
    pixel_kpc: float
    noise: str | None
    key: NoiseKey
    sightlines: str
    kernel: str
    electron_model: str
    method: str
    conserved: Conserved
    center_kpc: NDArray[np.float64]
    M500c_msun: float | None = None
    R500c_kpc: float | None = None
    source: str = ""
    depth_kpc: float | None = None
    radius_kpc: float | None = None
    assumptions: tuple[tuple[str, str, str], ...] = ()
    version: str = field(default="")
    bound: float | None = None

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        n = self.y.shape[-1]
        kind = "clean" if self.noise is None else f"noise {self.noise}"
        seen = f"{len(self)} views of {n} x {n}, {self.instrument.name}, z = {self.redshift:g}"
        return f"<MapSet {self.name}: {seen}, {kind}>"

    def to_host(self) -> MapSet:
        """The same with ``y`` as a NumPy array; itself where it is one."""
        return self if isinstance(self.y, np.ndarray) else replace(self, y=np.asarray(self.y))

    @property
    def pixel_size(self) -> Quantity:
        """Physical side of a pixel [kpc]."""
        import astropy.units as u

        return self.pixel_kpc * u.kpc

    @property
    def compton_y_area(self) -> Quantity:
        """Sum of each map times the pixel's area, (L,) [kpc^2]."""
        import astropy.units as u

        return np.asarray(self.y).sum(axis=(1, 2), dtype=np.float64) * self.pixel_kpc**2 * u.kpc**2

    @property
    def wcs(self) -> WCS:
        """World coordinates: gnomonic, the cluster at (0, 0), between the four central pixels."""
        from astropy.wcs import WCS

        n = self.y.shape[-1]
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.cunit = ["deg", "deg"]
        wcs.wcs.crpix = [(n + 1) / 2, (n + 1) / 2]
        wcs.wcs.crval = [0.0, 0.0]
        wcs.wcs.cdelt = [-self.instrument.pixel_arcmin / 60, self.instrument.pixel_arcmin / 60]
        return wcs

    def provenance(self) -> dict[str, Any]:
        """What the maps were made of and how, as plain values."""
        return {
            "name": self.name,
            "source": self.source,
            "redshift": self.redshift,
            "snapshot_redshift": self.snapshot_redshift,
            "sightlines": self.sightlines,
            "noise": self.noise,
            "seed": self.key.seed,
            "cluster": self.key.cluster,
            "realisation": self.key.realisation,
            "run": self.key.run,
            "kernel": self.kernel,
            "electron_model": self.electron_model,
            "method": self.method,
            "depth_kpc": self.depth_kpc,
            "radius_kpc": self.radius_kpc,
            "bound": self.bound,
            "version": self.version,
        }
