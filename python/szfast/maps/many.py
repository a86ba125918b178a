"""Maps of many clusters, one after the other or, on a GPU, some at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Any

from szfast.engines import device_named
from szfast.gas.particles import Gas
from szfast.maps.make import make_maps
from szfast.maps.mapset import MapSet

STREAMS = 3
"""Clusters on a GPU at a time: while one is computed, others are on their way there and back."""


def make_maps_of(
    clusters: Iterable[Gas], *, device: str = "cpu", streams: int = STREAMS, **options: Any
) -> Iterator[MapSet]:
    """Map many clusters, in their order.

    On the CPU each cluster has all cores. On a GPU as many threads as `streams` have a stream each, so that copies and
    work overlap; no more clusters than that are held.

    Parameters
    ----------
    clusters : iterable of Gas
        Clusters; read as they are needed.
    device : str
        As for `szfast.make_maps`.
    streams : int
        Clusters on a GPU at a time.
    **options
        The other arguments of `szfast.make_maps`, the same for all clusters.

    Yields
    ------
    MapSet
        The maps of each cluster: the same as `szfast.make_maps` makes.

    Raises
    ------
    DeviceError
        If a GPU is asked for where none can be used.
    """
    if device_named(device) is None:
        for gas in clusters:
            yield make_maps(gas, device="cpu", **options)
        return
    waiting: deque[Future[MapSet]] = deque()
    each = iter(clusters)
    with ThreadPoolExecutor(streams, thread_name_prefix="szfast-stream") as pool:
        try:
            for gas in islice(each, streams):
                waiting.append(pool.submit(make_maps, gas, device=device, **options))
            while waiting:
                made = waiting.popleft().result()
                for gas in islice(each, 1):
                    waiting.append(pool.submit(make_maps, gas, device=device, **options))
                yield made
        finally:
            for future in waiting:
                future.cancel()
