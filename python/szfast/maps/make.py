"""From gas to the maps an instrument would make of it, in one call."""

from __future__ import annotations

import hashlib
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, scalar_in
from szfast.engines import device_named
from szfast.errors import ArgumentError
from szfast.gas.particles import Gas
from szfast.gas.read import read_snapshot
from szfast.maps.instrument import PLANCK, Instrument
from szfast.maps.mapset import MapSet
from szfast.maps.method import check_method, see
from szfast.maps.noise import NoiseKey
from szfast.maps.scene import Scene
from szfast.maps.sightlines import sightlines as views_of
from szfast.maps.spectrum import noise_spectrum

log = logging.getLogger("szfast.maps")

LEAST_RADIUS_KPC = 5000.0
"""A cluster's whole depth is read, also where it fills more than the field [physical kpc]."""


def make_maps(
    gas: Gas | None = None,
    *,
    snapshot: Any = None,
    halo: Any = None,
    center: Any = None,
    radius: Any = None,
    redshift: float | None = None,
    sightlines: str | Path | NDArray[Any] = "hemisphere27",
    instrument: Instrument = PLANCK,
    noise: Any = "instrument",
    seed: int = 0,
    cluster: int | None = None,
    realisation: int = 0,
    depth: Any = None,
    cosmology: Any = None,
    method: str = "auto",
    rtol: float = 1e-3,
    electrons: str | float | None = None,
    name: str | None = None,
    threads: int = 0,
    device: str = "cpu",
    on_device: bool = False,
    progress: bool = False,
) -> MapSet:
    """Map a cluster's gas along lines of sight, with an instrument's beam and noise.

    Parameters
    ----------
    gas : Gas, optional
        Gas from `szfast.read_snapshot` or `szfast.Gas.from_arrays`; or give `snapshot`.
    snapshot : str, Path or Snapshot, optional
        A snapshot, read here about the centre.
    halo : Row, optional
        A row of `szfast.read_halos`: centre, name, M500c and R500c.
    center : (3,) Quantity, optional
        Comoving position in the snapshot's frame. Default: the halo's, else the gas's origin.
    radius : Quantity, optional
        With `snapshot`: physical radius to read. Default: out to the corners of the patch, at least 5 Mpc.
    redshift : float, optional
        Redshift at which the cluster is seen; sizes stay physical. Default: the snapshot's.
    sightlines : str, Path or (L, 3, 3) array
        ``hemisphere27``, ``euler27``, a file of Euler angles in degrees, or rotation matrices.
    instrument : Instrument
        Pixel, field, beam and default noise.
    noise : str, Path, NoiseSpectrum or None
        ``milca``, ``nilc``, ``homogeneous``, a table of ell and C_ell, None: clean. Default: the instrument's.
    seed, cluster, realisation : int
        Key of the noise: same key, same noise. Default of `cluster`: a number made of the snapshot's name and the
        halo's id or the centre, so that different clusters have different noise.
    depth : Quantity, optional
        Physical depth along the line of sight, centred on the cluster. Default: everything loaded.
    cosmology : FLRW, optional
        Must agree with the snapshot's to 1e-3; the snapshot's by default.
    method : str
        ``exact``: each kernel integrated along the line of sight, seen through the beam, averaged over each pixel; view
        by view. ``beam``: the same, all views from one pass over the particles; exact where it cannot keep `rtol`.
        ``auto``: the cheaper of the two.
    rtol : float
        Largest error, as a share of each map's largest value without noise. The maps say what was used, and the error
        that it guarantees: ``maps.method``, ``maps.bound``. Where no beam band-limits the pixels (sigma below 1.6
        pixels), values are means over pixels before the beam, each kernel is good to `rtol` of its own peak, and
        ``maps.bound`` is None.
    electrons : str or float
        With `snapshot`: ``from_file`` (default), ``fully_ionised``, or electrons per hydrogen atom.
    name : str, optional
        The cluster's name.
    threads : int
        Zero for all cores; the result does not depend on it.
    device : str
        ``cpu``; ``cuda``, or ``cuda:1`` for the second GPU; ``auto``: a GPU where one can be used, else the CPU. The
        maps agree to 1e-5 of the peak, the noise is the same. See `szfast.backends`.
    on_device : bool
        Leave the maps on the GPU: ``maps.y`` is then an array that NumPy, CuPy and whatever takes DLPack can take.
    progress : bool
        Show a bar while a snapshot is read.

    Returns
    -------
    MapSet
        The maps, (L, size, size), and how they were made.

    Raises
    ------
    ArgumentError
        If an argument has a wrong unit, shape or value, or the redshift is zero.
    SnapshotError
        If the snapshot cannot be read.
    DeviceError
        If a GPU is asked for where none can be used.
    """
    where = device_named(device)
    check_method(method, rtol)
    _check_types(gas, snapshot, instrument)
    halo = _one_halo(halo)
    views = views_of(sightlines)
    spectrum = noise_spectrum(instrument.noise if isinstance(noise, str) and noise == "instrument" else noise)
    depth_kpc = None if depth is None else scalar_in(depth, "kpc", "depth", positive=True)
    if gas is None:
        gas = _read(snapshot, halo, center, radius, redshift, instrument, electrons or "from_file", progress)
    else:
        for field, given in (("radius", radius), ("electrons", electrons)):
            if given is not None:
                raise ArgumentError("expected with a snapshot only; the gas is read already.", field=field)
    if cosmology is not None:
        _check_cosmology(cosmology, gas)
    seen_at = observed_redshift(redshift, gas.redshift)
    pixel_kpc = pixel_size_kpc(instrument, gas.cosmology, seen_at)
    at_kpc, offset_kpc = _center(gas, halo, center)
    number = cluster_number(gas, halo, at_kpc) if cluster is None else cluster
    key = NoiseKey(seed=seed, cluster=number, realisation=realisation)
    scene = Scene(gas, views, instrument, pixel_kpc, offset_kpc, depth_kpc, spectrum, key, threads, where)
    seen = see(scene, method, rtol)
    log.info("%d views at z = %.4f, %.1f kpc a pixel", len(views), seen_at, pixel_kpc)
    from szfast import __version__

    return MapSet(
        y=seen.y if on_device else np.asarray(seen.y),
        views=views,
        instrument=instrument,
        name=name or _name(gas, halo),
        redshift=seen_at,
        snapshot_redshift=gas.redshift,
        pixel_kpc=pixel_kpc,
        noise=None if spectrum is None else spectrum.name,
        key=key,
        sightlines=Path(sightlines).name if isinstance(sightlines, str | Path) else "matrices",
        kernel=gas.kernel,
        electron_model=gas.electron_model,
        method=seen.method,
        bound=seen.bound,
        conserved=seen.conserved,
        center_kpc=at_kpc,
        M500c_msun=None if halo is None else float(halo["M500c"].to_value("Msun")),
        R500c_kpc=None if halo is None else float(halo["R500c"].to_value("kpc")),
        source="arrays" if gas.path is None else gas.path.name,
        depth_kpc=depth_kpc,
        radius_kpc=gas.radius_kpc,
        assumptions=tuple((row.quantity, row.value, row.source) for row in gas.summary()),
        version=__version__,
    )


def observed_redshift(asked: float | None, snapshot_redshift: float) -> float:
    """The redshift at which a cluster is seen: as asked, else the snapshot's.

    Raises
    ------
    ArgumentError
        If it is zero, since a cluster here has no distance.
    """
    if asked is None:
        if snapshot_redshift <= 1e-6:
            raise ArgumentError(
                "the snapshot is at redshift 0, where a cluster has no distance.",
                field="redshift",
                remedy="give the redshift at which to see it, for example redshift=0.1.",
            )
        return float(snapshot_redshift)
    if isinstance(asked, bool) or not isinstance(asked, int | float | np.floating) or not 0 < asked < 20:
        raise ArgumentError(f"expected a number above 0 and below 20, found {asked!r}.", field="redshift")
    return float(asked)


def pixel_size_kpc(instrument: Instrument, cosmology: Any, redshift: float) -> float:
    """Physical side of a pixel at a redshift: angular-diameter distance times angle [kpc]."""
    distance_kpc = float(cosmology.angular_diameter_distance(redshift).to_value("kpc"))
    return distance_kpc * instrument.pixel_arcmin * math.pi / (180 * 60)


def patch_radius_kpc(instrument: Instrument, pixel_kpc: float) -> float:
    """Physical radius of the sphere that reaches the corners of the projected patch, at least `LEAST_RADIUS_KPC`."""
    return max(LEAST_RADIUS_KPC, instrument.padded_size * pixel_kpc * math.sqrt(0.5))


def cluster_number(gas: Gas, halo: Any, center_kpc: NDArray[np.float64]) -> int:
    """Number of a cluster in the noise key, from its snapshot's name and redshift, and its halo's id or its centre."""
    which = [f"{x:.1f}" for x in center_kpc] if halo is None else [str(halo["id"])]
    source = "arrays" if gas.path is None else gas.path.name
    text = "|".join([source, f"{gas.redshift:.4f}", *which])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _check_types(gas: Any, snapshot: Any, instrument: Any) -> None:
    if (gas is None) == (snapshot is None):
        raise ArgumentError("expected gas or a snapshot, one of them.", field="gas")
    if gas is not None and not isinstance(gas, Gas):
        raise ArgumentError(
            f"expected a Gas, found {type(gas).__name__}.",
            field="gas",
            remedy="give what szfast.read_snapshot returns, or snapshot= with a path.",
        )
    if not isinstance(instrument, Instrument):
        raise ArgumentError(
            f"expected an Instrument, found {type(instrument).__name__}.",
            field="instrument",
            remedy="give szfast.PLANCK, or a szfast.Instrument of your own.",
        )


def _one_halo(halo: Any) -> Any:
    if halo is None:
        return None
    try:
        single = np.shape(halo["center"]) == (3,)
    except (TypeError, KeyError, IndexError):
        single = False
    if not single:
        raise ArgumentError(
            f"expected one row of a halo table, found {type(halo).__name__}.",
            field="halo",
            remedy="give a row of szfast.read_halos, for example halos[0].",
        )
    return halo


def _read(
    snapshot: Any,
    halo: Any,
    center: Any,
    radius: Any,
    redshift: float | None,
    instrument: Instrument,
    electrons: str | float,
    progress: bool,
) -> Gas:
    from szfast.snapshots import open_snapshot

    opened = open_snapshot(snapshot) if isinstance(snapshot, str | Path) else snapshot
    if halo is None and center is None:
        raise ArgumentError(
            "a snapshot needs a centre.",
            field="center",
            remedy="give center= or halo=, a row of szfast.read_halos.",
        )
    header = opened.header
    seen_at = observed_redshift(redshift, header.redshift)
    if radius is None:
        import astropy.units as u

        pixel_kpc = pixel_size_kpc(instrument, header.cosmology, seen_at)
        radius = patch_radius_kpc(instrument, pixel_kpc) * u.kpc
    return read_snapshot(
        opened,
        center=center,
        halo=halo if center is None else None,
        radius=radius,
        electrons=electrons,
        progress=progress,
    )


def _center(gas: Gas, halo: Any, center: Any) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
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


def _check_cosmology(cosmology: Any, gas: Gas) -> None:
    for parameter in ("Om0", "Ode0", "h"):
        given, found = float(getattr(cosmology, parameter)), float(getattr(gas.cosmology, parameter))
        if abs(given - found) > 1e-3:
            raise ArgumentError(
                f"the cosmology given has {parameter} = {given:g}, the snapshot's {found:g}.",
                file=gas.path,
                field="cosmology",
                remedy="leave it out: the snapshot's own is used.",
            )


def _name(gas: Gas, halo: Any) -> str:
    source = "gas" if gas.path is None else gas.path.stem
    return source if halo is None else f"{source} halo {halo['id']}"
