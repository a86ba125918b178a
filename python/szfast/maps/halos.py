"""Maps of many haloes of a snapshot, in one pass over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from szfast.gas.centers import opened, spheres_of
from szfast.gas.particles import Gas
from szfast.gas.stream import GasStream
from szfast.gas.treatment import treatment_of
from szfast.maps.batches import see_stream
from szfast.maps.instrument import PLANCK, Instrument
from szfast.maps.mapset import MapSet
from szfast.maps.observation import Observation

MOST_BYTES = 1 << 29
"""Of maps that are added up while a snapshot is read: haloes for which they would be more take another pass."""


def make_halo_maps(
    snapshot: Any,
    halos: Any,
    *,
    radius: Any = None,
    redshift: float | None = None,
    sightlines: str | Path | NDArray[Any] = "hemisphere27",
    instrument: Instrument = PLANCK,
    noise: Any = "instrument",
    seed: int = 0,
    realisation: int = 0,
    depth: Any = None,
    method: str = "exact",
    rtol: float = 1e-3,
    electrons: str | float | None = None,
    smoothing_scale: float | None = None,
    threads: int = 0,
    progress: bool = False,
    watch: Callable[[int, Gas], None] | None = None,
) -> Iterator[tuple[int, MapSet]]:
    """Map the haloes of a catalogue in one pass over the snapshot, in bounded memory.

    The gas that is in memory at a time is bounded, whatever the number and size of the haloes: 340 MB wait to be
    projected. More than 269 haloes of 27 Planck maps take another pass each 269 haloes.

    Parameters
    ----------
    snapshot : str, Path or Snapshot
        The snapshot.
    halos : QTable
        Rows of `szfast.read_halos`.
    radius, redshift, sightlines, instrument, noise, seed, realisation, depth, method, rtol, electrons, smoothing_scale
        As in `szfast.make_maps`, the same for all.
    threads, progress
        As in `szfast.make_maps`.
    watch : callable, optional
        Is given (row of the halo, Gas) of every block of particles that is kept.

    Yields
    ------
    tuple of (int, MapSet)
        Row of the halo and its maps, as they are done: not in the order of the rows.

    Raises
    ------
    ArgumentError
        If an argument has a wrong unit, shape or value, or the redshift is zero.
    SnapshotError
        If the snapshot cannot be read, or a halo has no gas.
    """
    observation = Observation.of(
        redshift=redshift,
        sightlines=sightlines,
        instrument=instrument,
        noise=noise,
        seed=seed,
        cluster=None,
        realisation=realisation,
        depth=depth,
        method=method,
        rtol=rtol,
        threads=threads,
    )
    treatment = treatment_of(electrons, smoothing_scale)
    source = opened(snapshot)
    if radius is None:
        import astropy.units as u

        radius = observation.reach_kpc(source.header) * u.kpc
    centers_kpc, radii_kpc = spheres_of(halos, radius, source)
    of_one = 8 * len(observation.views) * instrument.size**2
    together = max(1, MOST_BYTES // of_one)
    for first in range(0, len(centers_kpc), together):
        rows = slice(first, first + together)
        some = halos[rows]
        seen_by = None if watch is None else _shifted(watch, first)
        stream = GasStream(source, centers_kpc[rows], radii_kpc[rows], treatment, watch=seen_by)
        scenes = see_stream(
            stream,
            lambda k, gas, some=some: observation.scene(gas, some[k], None),  # type: ignore[misc]
            method,
            rtol,
            progress=progress,
        )
        for k, seen in scenes:
            yield first + k, observation.maps(seen, stream.read[k], some[k], None, None)


def _shifted(watch: Callable[[int, Gas], None], first: int) -> Callable[[int, Gas], None]:
    return lambda k, gas: watch(first + k, gas)
