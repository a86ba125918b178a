"""What a network is fed: keyed order, keyed noise, keyed symmetries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.ensemble.keys import FIRST_EPOCH, stream
from szfast.ensemble.recipe import Recipe

Maps = NDArray[np.float32]
Indices = NDArray[np.int64]


def maps_of(dataset: DataSet, maps: Indices, recipe: Recipe, realisation: int, run: int) -> Maps:
    """Maps as a run sees them, (n, size, size): with the noise of a realisation, or clean."""
    if recipe.noise == "none":
        return dataset.clean(maps)
    return dataset.noisy(maps, realisation=realisation, run=run, threads=1)


def inputs_of(y: Maps, redshift: NDArray[np.float64], sees_redshift: bool) -> Any:
    """What the Keras model takes: maps with a channel, and the redshift where it is seen."""
    image = y[..., np.newaxis]
    return [image, redshift[:, np.newaxis].astype(np.float32)] if sees_redshift else image


def turned(y: Maps, symmetry: NDArray[np.integer[Any]]) -> Maps:
    """Each map under one of the square's eight symmetries, numbered as `szfast.networks.symmetries` orders them."""
    from szfast._core import pick_and_turn

    rows = np.arange(len(y))
    out: Maps = pick_and_turn(maps=y, rows=rows, noise=None, symmetry=symmetry.astype(np.int64), threads=1)
    return out


def training_batches(
    dataset: DataSet, train: Indices, recipe: Recipe, *, bin_number: int, run: int, epoch: int
) -> Iterator[tuple[Maps, Indices]]:
    """Batches of one epoch: maps (batch, size, size) and their indices.

    Every batch is full, so that a compiled step has one shape; the few maps that are left over differ from epoch to
    epoch. Fewer maps than a batch make one batch.
    """
    key = (recipe.seed, bin_number, run, epoch)
    order = stream("order", *key).permutation(train)
    symmetry = stream("symmetry", *key).integers(0, 8, len(order))
    realisation = FIRST_EPOCH + (epoch if recipe.noise == "fresh" else 0)
    size = min(recipe.batch_size, len(order))
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        y = maps_of(dataset, chosen, recipe, realisation, run)
        yield (turned(y, symmetry[start : start + size]) if recipe.augment else y), chosen


def steps_per_epoch(train: Indices, recipe: Recipe) -> int:
    """Number of batches of an epoch."""
    return max(len(train) // recipe.batch_size, 1)
