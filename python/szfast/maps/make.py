"""From gas to the maps an instrument would make of it, in one call."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import cosmology_in, flag_in, whole_in
from szfast.errors import ArgumentError
from szfast.gas.centers import comoving_kpc, halo_center, opened, physical_kpc
from szfast.gas.on_device import GasOnDevice
from szfast.gas.particles import Gas, check_particles
from szfast.gas.source import GasSource
from szfast.gas.stream import GasStream
from szfast.gas.treatment import treatment_of
from szfast.maps.batches import see_stream
from szfast.maps.instrument import PLANCK, Instrument
from szfast.maps.mapset import MapSet
from szfast.maps.method import see
from szfast.maps.observation import Observation
from szfast.maps.profile import stage

log = logging.getLogger("szfast.maps")


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
    smoothing_scale: float | None = None,
    name: str | None = None,
    threads: int = 0,
    device: str = "cpu",
    on_device: bool = False,
    progress: bool = False,
    watch: Callable[[Gas], None] | None = None,
) -> MapSet:
    """Map a cluster's gas along lines of sight, with an instrument's beam and noise.

    Parameters
    ----------
    gas : Gas, optional
        Gas from `szfast.read_snapshot` or `szfast.Gas.from_arrays`; or give `snapshot`.
    snapshot : str, Path or Snapshot, optional
        A snapshot, read here about the centre: in bounded memory, the next particles while others are projected.
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
    smoothing_scale : float, optional
        With `snapshot`: multiplies smoothing lengths; (N_full/N)^(1/3) for a random subsample of a snapshot.
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
    watch : callable, optional
        With `snapshot`: is given the Gas of every block of particles that is kept.

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
    _check_types(gas, snapshot, name)
    halo = _one_halo(halo)
    observation = Observation.of(
        redshift=redshift,
        sightlines=sightlines,
        instrument=instrument,
        noise=noise,
        seed=seed,
        cluster=cluster,
        realisation=realisation,
        depth=depth,
        method=method,
        rtol=rtol,
        threads=whole_in(threads, "threads", most=2**31 - 1),
        device=device,
        on_device=flag_in(on_device, "on_device"),
    )
    source: GasSource
    if gas is None:
        stream = _stream(snapshot, halo, center, radius, observation, electrons, smoothing_scale, watch)
        if cosmology is not None:
            _check_cosmology(cosmology, stream.snapshot.header, stream.snapshot.path)
        scenes = see_stream(
            stream, lambda _, gas: observation.scene(gas, halo, center), method, rtol, progress=progress
        )
        ((_, seen),) = scenes
        source = stream.read[0]
    else:
        given = {"radius": radius, "electrons": electrons, "smoothing_scale": smoothing_scale}
        for field, value in given.items():
            if value is not None:
                raise ArgumentError("expected with a snapshot only; the gas is read already.", field=field)
        if cosmology is not None:
            _check_cosmology(cosmology, gas, gas.path)
        scene, source = observation.scene(gas, halo, center), gas
        with stage("projection"):
            seen = see(scene, method, rtol)
    maps = observation.maps(seen, source, halo, center, name)
    log.info("%d views at z = %.4f, %.1f kpc a pixel", len(maps), maps.redshift, maps.pixel_kpc)
    return maps


def _check_types(gas: Any, snapshot: Any, name: Any) -> None:
    if (gas is None) == (snapshot is None):
        raise ArgumentError("expected gas or a snapshot, one of them.", field="gas")
    if name is not None and not isinstance(name, str):
        raise ArgumentError(f"expected text, found {type(name).__name__}.", field="name")
    if isinstance(gas, Gas) and not isinstance(gas, GasOnDevice):
        check_particles(gas)
    elif gas is not None and not isinstance(gas, Gas):
        raise ArgumentError(
            f"expected a Gas, found {type(gas).__name__}.",
            field="gas",
            remedy="give what szfast.read_snapshot returns, or snapshot= with a path.",
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


def _stream(
    snapshot: Any,
    halo: Any,
    center: Any,
    radius: Any,
    observation: Observation,
    electrons: str | float | None,
    smoothing_scale: float | None,
    watch: Callable[[Gas], None] | None,
) -> GasStream:
    opened_snapshot = opened(snapshot)
    if halo is None and center is None:
        raise ArgumentError(
            "a snapshot needs a centre.",
            field="center",
            remedy="give center= or halo=, a row of szfast.read_halos.",
        )
    header = opened_snapshot.header
    at_kpc = comoving_kpc(halo_center(halo if center is None else None, center, opened_snapshot), (3,), header)
    reach_kpc = observation.reach_kpc(header) if radius is None else float(physical_kpc(radius, (), header))
    treatment = treatment_of(electrons, smoothing_scale)
    watched = None if watch is None else lambda _, gas: watch(gas)
    return GasStream(opened_snapshot, at_kpc[None], np.array([reach_kpc]), treatment, watch=watched)


def _check_cosmology(cosmology: Any, source: Any, path: Path | None) -> None:
    cosmology_in(cosmology)
    for parameter in ("Om0", "Ode0", "h"):
        given, found = float(getattr(cosmology, parameter)), float(getattr(source.cosmology, parameter))
        if abs(given - found) > 1e-3:
            raise ArgumentError(
                f"the cosmology given has {parameter} = {given:g}, the snapshot's {found:g}.",
                file=path,
                field="cosmology",
                remedy="leave it out: the snapshot's own is used.",
            )
