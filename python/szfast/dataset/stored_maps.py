"""Clean maps of a store, read when they are asked for."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from szfast.dataset.maps import Indices, Maps
from szfast.dataset.packed_sizes import blosc_sizes
from szfast.errors import DataSetError

SHARD_CLUSTERS = 64
"""Clusters in a file: 64 MB of 27 maps of 96 x 96 each before compression."""

DAMAGED = "see 'szfast dataset verify'; build the data set again."


class StoredMaps:
    """Clean maps in a Zarr array.

    Parameters
    ----------
    array : zarr.Array
        (clusters, V, n, n) float32.
    path : Path
        The store, for errors.
    """

    def __init__(self, array: Any, path: Path) -> None:
        self.array, self.path = array, path
        clusters, views, height, width = array.shape
        self.shape = (int(clusters), int(views), int(height), int(width))
        self._looked_at: set[int] = set()

    def take(self, maps: Indices) -> Maps:
        """Maps by their indices, (n, size, size), all finite."""
        taken = self.take_any(maps)
        # a sum keeps NaN and infinity
        if taken.size and not np.isfinite(taken.sum()) and not np.isfinite(taken).all():
            cluster, view = divmod(int(maps[~np.isfinite(taken).all(axis=(1, 2))][0]), self.shape[1])
            raise self._damaged(cluster, cluster + 1, f"view {view} holds values that are not finite")
        return taken

    def take_any(self, maps: Indices) -> Maps:
        """Maps by their indices, (n, size, size), as they are: each cluster's chunk is read once."""
        taken = np.empty((len(maps), *self.shape[2:]), dtype=np.float32)
        cluster, view = np.divmod(maps, self.shape[1])
        order = np.argsort(cluster, kind="stable")
        wanted = np.unique(cluster)
        for start, stop in _runs(wanted):
            read = self._read(start, stop)
            here = order[np.searchsorted(cluster[order], start) : np.searchsorted(cluster[order], stop)]
            taken[here] = read[cluster[here] - start, view[here]]
        return taken

    def _check_sizes(self, start: int, stop: int) -> None:
        """Refuse shards whose chunks would unpack to more than their maps."""
        clusters = int(self.array.shards[0])
        for number in {start // clusters, (stop - 1) // clusters} - self._looked_at:
            shard = self.path / "clean" / "c" / str(number) / "0" / "0" / "0"
            sizes = blosc_sizes(shard, clusters) if shard.is_file() else []
            if any(size != 4 * math.prod(self.shape[1:]) for size in sizes):
                raise self._damaged(start, stop, f"a chunk holds {max(sizes)} bytes")
            self._looked_at.add(number)

    def _read(self, start: int, stop: int) -> Maps:
        try:
            self._check_sizes(start, stop)
            read: Maps = np.asarray(self.array[start:stop])
        except (OSError, ArithmeticError, ValueError, TypeError, KeyError, RuntimeError) as error:
            problem = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise self._damaged(start, stop, problem) from error
        if np.isnan(read[:, 0, 0, 0]).any():
            raise self._damaged(start, stop, "maps are missing")
        return read

    def _damaged(self, start: int, stop: int, problem: str) -> DataSetError:
        where = f"clusters {start} to {stop - 1}" if stop - start > 1 else f"cluster {start}"
        return DataSetError(
            f"the maps of {where} cannot be read ({problem}).", file=self.path, field="clean", remedy=DAMAGED
        )


def _runs(clusters: Indices) -> list[tuple[int, int]]:
    """Neighbouring clusters as ranges that stay within a shard."""
    if not len(clusters):
        return []
    new = (np.diff(clusters) != 1) | (clusters[1:] % SHARD_CLUSTERS == 0)
    edges = np.concatenate([[0], np.flatnonzero(new) + 1, [len(clusters)]])
    return [(int(clusters[a]), int(clusters[b - 1]) + 1) for a, b in pairwise(edges)]
