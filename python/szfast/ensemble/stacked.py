"""All runs of a redshift bin trained at once, in one model, where a single small network leaves the machine idle.

The runs have their own splits, as weights of 0 and 1, their own initial weights and dropout; order, symmetries and
noise are those of the first run, since all see the same batches. The published network is stacked for one GPU, on a CPU
its single runs are faster; of the filtered one a step is so short that a stack is faster anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from szfast.arguments import require
from szfast.dataset import DataSet, Split
from szfast.ensemble.checkpoint import Progress, load_checkpoint, save_checkpoint
from szfast.ensemble.feed import steps_per_epoch
from szfast.ensemble.feeds import Feed, feed_of, target_of, trained_model, validated
from szfast.ensemble.initial import initialise
from szfast.ensemble.outcome import is_finished, outcome_of, write_outcome
from szfast.ensemble.prediction import averages
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.run import Task, compile_for_training, split_of
from szfast.ensemble.scaling import measured_scaling
from szfast.networks.filtered import FILTERED_DENSE
from szfast.networks.layers import LAYERS
from szfast.networks.stacked import masked_squared_error, stack_weights, unstack_weights

STACKED = {"published": LAYERS, "filtered": FILTERED_DENSE}
"""Variants that can be stacked, with the layers that are trained."""


def stack_of(tasks: Sequence[Task]) -> list[Task]:
    """Which runs of a bin make the next stack: that of a stack that was broken off, else all that are not finished."""
    begun = sorted(tasks[0].folder.parent.glob("stack-*.npz"))
    if begun:
        _, first, last = begun[0].stem.split("-")
        return [task for task in tasks if int(first) <= task.run <= int(last)]
    return [task for task in tasks if not is_finished(task.folder)]


def train_stacked(dataset: DataSet, tasks: Sequence[Task]) -> None:
    """Train some runs of one bin at once; each leaves what `train_run` leaves.

    Input and target are standardised with the numbers of the first run's training set.

    Parameters
    ----------
    dataset : DataSet
        The maps.
    tasks : sequence of Task
        Runs of one bin, by number, with one recipe whose variant is in `STACKED`: a stack of `stack_of`.
    """
    first, recipe = tasks[0], tasks[0].recipe
    begun = time.monotonic()
    require("keras", "train", "training").backend.clear_session()
    splits = [split_of(dataset, recipe, task.edges, task.run) for task in tasks]
    maps = np.concatenate(list(splits[0].sides.values()))
    scaling = measured_scaling(dataset, splits[0].train, recipe, first.run)
    model = trained_model(recipe, scaling, len(tasks))
    compile_for_training(model, recipe, steps_per_epoch(maps, recipe), loss=masked_squared_error)
    single = trained_model(recipe, scaling)
    _initialise(model, single, tasks)
    # one split of them all: each run's own is a mask
    feed = feed_of(dataset, replace(splits[0], train=maps, validation=maps), first, scaling, model)
    first.folder.parent.mkdir(parents=True, exist_ok=True)
    state = first.folder.parent / f"stack-{first.run:04d}-{tasks[-1].run:04d}.npz"
    total = load_checkpoint(state, model)
    while not all(
        _of_model(total, number, recipe).is_over(recipe.epochs, recipe.patience) for number in range(len(tasks))
    ):
        _epoch(dataset, splits, feed, recipe, total)
        save_checkpoint(state, model, total)
    for number, (task, split) in enumerate(zip(tasks, splits, strict=True)):
        if is_finished(task.folder):
            continue
        progress = _of_model(total, number, recipe)
        single.set_weights(progress.best)
        own = feed_of(dataset, split, task, scaling, single)
        predicted = validated(own, average=averages(recipe))[:, 0]
        outcome = outcome_of(task, dataset, split, progress, predicted, (time.monotonic() - begun) / len(tasks))
        task.folder.mkdir(parents=True, exist_ok=True)
        write_outcome(task.folder, own.whole_model(), outcome, split, predicted)
    state.unlink()


def _initialise(model: Any, single: Any, tasks: Sequence[Task]) -> None:
    recipe = tasks[0].recipe
    # dropout's state of the whole stack, then the weights of each run as if it were trained alone
    initialise(model, recipe.seed, tasks[0].bin_number, tasks[0].run)
    weights = []
    for task in tasks:
        initialise(single, recipe.seed, task.bin_number, task.run)
        weights.append(single.get_weights())
    model.set_weights(stack_weights(weights, STACKED[recipe.variant]))


def _epoch(dataset: DataSet, splits: Sequence[Split], feed: Feed, recipe: Recipe, total: Progress) -> None:
    model = feed.model
    model.reset_metrics()
    # where a map is in a run's training set
    masks = np.zeros((len(dataset), len(splits)), dtype=np.float32)
    for number, split in enumerate(splits):
        masks[split.train, number] = 1
    loss = float("nan")
    for inputs, chosen in feed.batches(total.epoch):
        loss = float(model.train_on_batch(inputs, np.hstack([target_of(dataset, chosen), masks[chosen]])))
    validation = _validation_losses(dataset, splits, feed)
    weights = model.get_weights()
    best = total.best or [array.copy() for array in weights]
    for number in range(len(splits)):
        before = _of_model(total, number, recipe)
        lowest = min(before.validation_losses, default=np.inf)
        if validation[number] < lowest and not before.is_over(recipe.epochs, recipe.patience):
            for kept, array in zip(best, weights, strict=True):
                kept[number] = array[number]
    total.best = best
    # Keras tells the sum over the models: its mean stands for each
    total.losses.append([loss / len(splits)] * len(splits))
    total.validation_losses.append(validation)


def _validation_losses(dataset: DataSet, splits: Sequence[Split], feed: Feed) -> list[float]:
    maps = np.concatenate(list(splits[0].sides.values()))
    squares = (validated(feed, average=False) - dataset.log10_mass_of(maps)[:, np.newaxis]) ** 2
    return [float(squares[np.isin(maps, split.validation), number].mean()) for number, split in enumerate(splits)]


def _of_model(total: Progress, number: int, recipe: Recipe) -> Progress:
    """How far one model has come: until its own early stopping."""
    one = Progress(best=unstack_weights(total.best, number, STACKED[recipe.variant]) if total.best else [])
    for loss, validation_loss in zip(total.losses, total.validation_losses, strict=True):
        if one.is_over(recipe.epochs, recipe.patience):
            break
        one.losses.append(loss[number])
        one.validation_losses.append(validation_loss[number])
    return one
