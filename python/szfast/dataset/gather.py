"""From parts to the store: labels joined, maps gathered into shards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset.parts import LABELS, read_clean, read_labels
from szfast.dataset.store import ATTRIBUTE, FORMAT, create_store, dataset_of, open_group
from szfast.dataset.stored_maps import SHARD_CLUSTERS
from szfast.errors import DataSetError

if TYPE_CHECKING:
    from szfast.dataset.configuration import Configuration


@dataclass(frozen=True)
class Shard:
    """One file of maps that one worker writes.

    Parameters
    ----------
    store : Path
        The store.
    start, stop : int
        Clusters of the shard.
    pieces : tuple of (Path, int)
        Parts that hold them, each with the number of its first cluster.
    realisations : int
        Of noise, stored beside the clean maps.
    """

    store: Path
    start: int
    stop: int
    pieces: tuple[tuple[Path, int], ...]
    realisations: int


def create(store: Path, parts: list[Path], configuration: Configuration, left_out: list[dict[str, str]]) -> list[Shard]:
    """Make a store of parts with everything but its maps.

    Parameters
    ----------
    store : Path
        A folder that does not exist.
    parts : list of Path
        In the order of their clusters.
    configuration : Configuration
        What was built.
    left_out : list of dict
        Snapshots that could not be read, and why.

    Returns
    -------
    list of Shard
        What is left to be written, in any order, by `write_shard`.

    Raises
    ------
    DataSetError
        If there is no cluster, one stands there twice, or a part is damaged.
    """
    from szfast.maps.sightlines import sightlines
    from szfast.maps.spectrum import noise_spectrum

    how = configuration.maps
    columns, counts, inputs = _joined(parts)
    if not counts.sum():
        raise DataSetError(
            "there is no cluster in the data set.",
            file=store,
            field="content",
            remedy="lower least_mass, or see what was left out.",
        )
    views, spectrum = sightlines(how.sightlines), noise_spectrum(how.noise)
    create_store(store, columns, views, spectrum, how.size, configuration.materialise)
    _describe(store, configuration, inputs, left_out)
    return list(_shards(store, parts, counts, configuration.materialise))


def _joined(parts: list[Path]) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64], list[dict[str, str]]]:
    """Labels of all parts, clusters of each, and the inputs."""
    read = [read_labels(part) for part in parts]
    if not read:
        return {}, np.zeros(0, dtype=np.int64), []
    counts = np.array([len(labels["M500c"]) for labels, _ in read], dtype=np.int64)
    columns = {column.name: np.concatenate([labels[column.name] for labels, _ in read]) for column in LABELS}
    columns["cluster"] = np.arange(counts.sum())
    _check_unique(columns)
    inputs = {each["file"]: each for _, files in read for each in files}
    return columns, counts, list(inputs.values())


def _check_unique(columns: dict[str, NDArray[Any]]) -> None:
    """One cluster twice would have the same noise twice."""
    _, first, times = np.unique(columns["noise_cluster"], return_index=True, return_counts=True)
    if (times > 1).any():
        row = first[times > 1].min()
        halo, region, snapshot, code = (columns[name][row] for name in ("halo_id", "region", "snapshot", "code"))
        raise DataSetError(
            f"halo {halo} of region {region}, snapshot {snapshot}, code {code} stands there twice.",
            field="halo_id",
            remedy="give each halo of a catalogue a number of its own.",
        )


def _describe(
    store: Path, configuration: Configuration, inputs: list[dict[str, str]], left_out: list[dict[str, str]]
) -> None:
    from szfast import __version__

    zarr = require("zarr", "dataset", "storing a data set")
    zarr.open_group(store, mode="r+").attrs[ATTRIBUTE] = {
        "format": FORMAT,
        "version": __version__,
        "configuration": configuration.content(),
        "materialised": configuration.materialise,
        "inputs": inputs,
        "left_out": left_out,
    }


def _shards(store: Path, parts: list[Path], counts: NDArray[np.int64], realisations: int) -> Iterator[Shard]:
    ends = np.cumsum(counts)
    starts = ends - counts
    total = int(ends[-1])
    for start in range(0, total, SHARD_CLUSTERS):
        stop = min(start + SHARD_CLUSTERS, total)
        needed = np.flatnonzero((starts < stop) & (ends > start))
        pieces = tuple((parts[number], int(starts[number])) for number in needed)
        yield Shard(store, start, stop, pieces, realisations)


def write_shard(shard: Shard) -> int:
    """Write one shard of clean maps, and of noisy ones where they are asked for; tell how many clean ones."""
    zarr = require("zarr", "dataset", "storing a data set")
    root = zarr.open_group(shard.store, mode="r+")
    clean = np.empty((shard.stop - shard.start, *root["clean"].shape[1:]), dtype=np.float32)
    for part, first in shard.pieces:
        piece = read_clean(part)
        low, high = max(shard.start, first), min(shard.stop, first + len(piece))
        clean[low - shard.start : high - shard.start] = piece[low - first : high - first]
    root["clean"][shard.start : shard.stop] = clean
    if shard.realisations:
        dataset = dataset_of(open_group(shard.store), shard.store)
        views, shape = dataset.n_views, clean.shape
        maps = np.arange(shard.start * views, shard.stop * views)
        for realisation in range(shard.realisations):
            noise = dataset.noise_of(maps, realisation=realisation, threads=1).reshape(shape)
            root["noisy"][realisation, shard.start : shard.stop] = clean + noise
    return int(clean.shape[0] * clean.shape[1])
