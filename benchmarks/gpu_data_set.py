"""A full data set on a GPU: clusters made on the device, so that disk does not count, and mapped some at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import numpy as np
from gpu_work import REDSHIFT, SEED, Case, Row

import szfast
from szfast.maps.many import STREAMS

_own = threading.local()


def particles_on(xp: Any, case: Case, cluster: int, particles: int) -> tuple[Any, ...]:
    """The columns of a cluster that is made on the device, each time the same for its number."""
    random = xp.random.default_rng(cluster)
    # mass within a radius grows with its logarithm: dense inside, out to 5 beam sigma
    radius = 0.1 * case.sigma_kpc * xp.exp(4.0 * random.random(particles, dtype=np.float32))
    direction = random.standard_normal((3, particles), dtype=np.float32)
    x, y, z = direction / xp.sqrt((direction**2).sum(axis=0)) * radius
    area = random.random(particles, dtype=np.float32)
    return tuple(xp.ascontiguousarray(column, dtype=np.float32) for column in (x, y, z, 0.1 * radius, area))


def data_set(device_of: Callable[[], Any], xp: Any, case: Case, clusters: int, particles: int) -> Row:
    """A full data set by the engine's operations, the mesh given: all views, beam and noise; maps stay there."""
    given = case.spectra

    def make(cluster: int) -> int:
        device = device_of()
        with _stream(xp):
            columns = particles_on(xp, case, cluster, particles)
            spectra, _, _ = device.mesh_spectra(*columns, **given)
            maps = device.observe(maps=None, spectra=spectra, **case.observation(len(case.views), cluster))
            return int(maps.shape[0])

    return _of_many(make, f"data set, engine: {_size(case, clusters, particles)}", clusters, "beam")


def data_set_by_library(xp: Any, case: Case, clusters: int, particles: int) -> Row:
    """The same by `szfast.make_maps`, which looks for a mesh, bounds the error and tells how the maps were made."""
    names = ("x_kpc", "y_kpc", "z_kpc", "smoothing_length_kpc", "compton_area_kpc2")
    options = {"instrument": case.instrument, "sightlines": case.views, "rtol": case.rtol, "seed": SEED}

    def make(cluster: int) -> int:
        with _stream(xp):
            columns = particles_on(xp, case, cluster, particles)
            gas = szfast.gas_on_device(
                **dict(zip(names, columns, strict=True)), redshift=REDSHIFT, cosmology=case.cosmology
            )
            return len(szfast.make_maps(gas, cluster=cluster, device="cuda", on_device=True, **options))

    return _of_many(make, f"data set, make_maps: {_size(case, clusters, particles)}", clusters, "beam")


def _size(case: Case, clusters: int, particles: int) -> str:
    return f"{clusters} clusters of {particles:.0e} particles, {len(case.views)} views"


def _of_many(make: Callable[[int], int], what: str, clusters: int, demand: str) -> Row:
    with ThreadPoolExecutor(STREAMS) as pool:
        # each thread makes its device and plans first
        list(pool.map(make, range(STREAMS)))
        start = time.perf_counter()
        made = sum(pool.map(make, range(clusters)))
        passed = time.perf_counter() - start
    return Row(what, "szfast, GPU", passed, "maps", float(made), demand=demand, of_demand=clusters)


def _stream(xp: Any) -> Any:
    """A stream of this thread's own for an array library that has streams, which keeps memory for each."""
    if not hasattr(xp, "cuda"):
        return nullcontext()
    if not hasattr(_own, "stream"):
        _own.stream = xp.cuda.Stream(non_blocking=True)
    return _own.stream
