"""How clusters are observed: from where, with what, at what redshift; and from their gas to scenes and maps."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import MOST_REDSHIFT, array_in, number_in, scalar_in
from szfast.engines import device_named
from szfast.errors import ArgumentError
from szfast.gas.columns import GasColumns
from szfast.gas.particles import Gas
from szfast.gas.source import GasSource
from szfast.maps.instrument import Instrument
from szfast.maps.mapset import MapSet
from szfast.maps.method import check_method
from szfast.maps.noise import NoiseKey
from szfast.maps.scene import Scene, Seen
from szfast.maps.sightlines import sightlines as views_of
from szfast.maps.spectrum import NoiseSpectrum, noise_spectrum

LEAST_RADIUS_KPC = 5000.0
"""A cluster's whole depth is read, also where it fills more than the field [physical kpc]."""


@dataclass(frozen=True, eq=False)
class Observation:
    """How clusters are observed, whatever their gas.

    Parameters
    ----------
    views : (L, 3, 3) float64 array
        Rotation matrices.
    sightlines : str
        Name of the views' set.
    instrument : Instrument
        Pixel, field and beam.
    spectrum : NoiseSpectrum or None
        Noise, or none.
    redshift : float or None
        At which the cluster is seen; None for the snapshot's.
    seed, realisation : int
        Of the noise.
    cluster : int or None
        Number in the noise's key; None for one made of the snapshot's name and the cluster's.
    depth_kpc : float or None
        Depth along the line of sight.
    method : str
        How to project.
    rtol : float
        Largest error.
    threads : int
        Zero for all cores.
    device : szfast._cuda.Device or None
        The GPU that computes; None for the CPU.
    on_device : bool
        Whether the maps stay on the GPU.
    """

    views: NDArray[np.float64]
    sightlines: str
    instrument: Instrument
    spectrum: NoiseSpectrum | None
    redshift: float | None
    seed: int
    realisation: int
    cluster: int | None
    depth_kpc: float | None
    method: str
    rtol: float
    threads: int
    device: Any = None
    on_device: bool = False

    @classmethod
    def of(
        cls,
        *,
        redshift: float | None,
        sightlines: str | Path | NDArray[Any],
        instrument: Instrument,
        noise: Any,
        seed: int,
        cluster: int | None,
        realisation: int,
        depth: Any,
        method: str,
        rtol: float,
        threads: int,
        device: str = "cpu",
        on_device: bool = False,
    ) -> Observation:
        """Check the arguments of `szfast.make_maps`.

        Raises
        ------
        ArgumentError
            If one has a wrong unit, shape or value.
        DeviceError
            If a GPU is asked for where none can be used.
        """
        where = device_named(device)
        check_method(method, rtol)
        if not isinstance(instrument, Instrument):
            raise ArgumentError(
                f"expected an Instrument, found {type(instrument).__name__}.",
                field="instrument",
                remedy="give szfast.PLANCK, or a szfast.Instrument of your own.",
            )
        views = views_of(sightlines)
        own = isinstance(noise, str) and noise == "instrument"
        return cls(
            views=views,
            sightlines=Path(sightlines).name if isinstance(sightlines, str | Path) else "matrices",
            instrument=instrument,
            spectrum=noise_spectrum(instrument.noise if own else noise),
            redshift=redshift,
            seed=seed,
            realisation=realisation,
            cluster=cluster,
            depth_kpc=None if depth is None else scalar_in(depth, "kpc", "depth", positive=True),
            method=method,
            rtol=rtol,
            threads=threads,
            device=where,
            on_device=on_device,
        )

    def pixel_kpc(self, source: Any) -> float:
        """Physical side of a pixel at a cluster whose gas or header is given."""
        return pixel_size_kpc(self.instrument, source.cosmology, observed_redshift(self.redshift, source.redshift))

    def reach_kpc(self, header: Any) -> float:
        """Physical radius to read of a snapshot."""
        return patch_radius_kpc(self.instrument, self.pixel_kpc(header))

    def key(self, source: GasSource, halo: Any, at_kpc: NDArray[np.float64]) -> NoiseKey:
        """The key of a cluster's noise."""
        number = cluster_number(source, halo, at_kpc) if self.cluster is None else self.cluster
        return NoiseKey(seed=self.seed, cluster=number, realisation=self.realisation)

    def scene(self, gas: Gas | GasColumns, halo: Any, center: Any) -> Scene:
        """What is mapped of a cluster, or of a batch of its gas."""
        at_kpc, offset_kpc = center_of(gas, halo, center)
        return Scene(
            gas,
            self.views,
            self.instrument,
            self.pixel_kpc(gas),
            offset_kpc,
            self.depth_kpc,
            self.spectrum,
            self.key(gas, halo, at_kpc),
            self.threads,
            self.device,
        )

    def maps(self, seen: Seen, source: GasSource, halo: Any, center: Any, name: str | None) -> MapSet:
        """The maps of a cluster with all that says how they were made."""
        from szfast import __version__

        at_kpc, _ = center_of(source, halo, center)
        return MapSet(
            y=seen.y if self.on_device else np.asarray(seen.y),
            views=self.views,
            instrument=self.instrument,
            name=name or _name(source, halo),
            redshift=observed_redshift(self.redshift, source.redshift),
            snapshot_redshift=source.redshift,
            pixel_kpc=self.pixel_kpc(source),
            noise=None if self.spectrum is None else self.spectrum.name,
            key=self.key(source, halo, at_kpc),
            sightlines=self.sightlines,
            kernel=source.kernel,
            electron_model=source.electron_model,
            method=seen.method,
            bound=seen.bound,
            conserved=seen.conserved,
            center_kpc=at_kpc,
            M500c_msun=None if halo is None else float(halo["M500c"].to_value("Msun")),
            R500c_kpc=None if halo is None else float(halo["R500c"].to_value("kpc")),
            source="arrays" if source.path is None else source.path.name,
            depth_kpc=self.depth_kpc,
            radius_kpc=source.radius_kpc,
            assumptions=tuple((row.quantity, row.value, row.source) for row in source.summary()),
            version=__version__,
        )


# Nearer, each particle covers the whole map.
_NEAREST = 1e-3


def observed_redshift(asked: float | None, snapshot_redshift: float) -> float:
    """The redshift at which a cluster is seen: as asked, else the snapshot's.

    Raises
    ------
    ArgumentError
        If it is below 0.001, since a cluster here has no distance.
    """
    if asked is None:
        if snapshot_redshift < _NEAREST:
            raise ArgumentError(
                f"the snapshot is at redshift {snapshot_redshift:g}, where a cluster has no distance.",
                field="redshift",
                remedy="give the redshift at which to see it, for example redshift=0.1.",
            )
        return float(snapshot_redshift)
    return number_in(asked, "redshift", low=_NEAREST, high=MOST_REDSHIFT)


def pixel_size_kpc(instrument: Instrument, cosmology: Any, redshift: float) -> float:
    """Physical side of a pixel at a redshift: angular-diameter distance times angle [kpc]."""
    distance_kpc = float(cosmology.angular_diameter_distance(redshift).to_value("kpc"))
    return distance_kpc * instrument.pixel_arcmin * math.pi / (180 * 60)


def patch_radius_kpc(instrument: Instrument, pixel_kpc: float) -> float:
    """Physical radius of the sphere that reaches the corners of the projected patch, at least `LEAST_RADIUS_KPC`."""
    return max(LEAST_RADIUS_KPC, instrument.padded_size * pixel_kpc * math.sqrt(0.5))


def cluster_number(gas: GasSource, halo: Any, center_kpc: NDArray[np.float64]) -> int:
    """Number of a cluster in the noise key, from its snapshot's name and redshift, and its halo's id or its centre."""
    which = [f"{x:.1f}" for x in center_kpc] if halo is None else [str(halo["id"])]
    source = "arrays" if gas.path is None else gas.path.name
    text = "|".join([source, f"{gas.redshift:.4f}", *which])
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest(), "little")


def center_of(gas: GasSource, halo: Any, center: Any) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """The centre in the snapshot's frame [comoving kpc], and relative to the gas's origin [physical kpc]."""
    if center is None and halo is not None:
        center = halo["center"]
    if center is None:
        return gas.origin_kpc, None
    import astropy.cosmology.units as cu

    at_kpc = array_in(center, "kpc", "center", shape=(3,), equivalencies=cu.with_H0(gas.cosmology.H0))
    offset_kpc = at_kpc - gas.origin_kpc
    if gas.box_size_kpc is not None:
        offset_kpc -= gas.box_size_kpc * np.round(offset_kpc / gas.box_size_kpc)
    offset_kpc = offset_kpc / (1 + gas.redshift)
    return at_kpc, (offset_kpc if np.any(offset_kpc) else None)


def _name(gas: GasSource, halo: Any) -> str:
    source = "gas" if gas.path is None else gas.path.stem
    return source if halo is None else f"{source} halo {halo['id']}"
