"""All runs of a redshift bin trained at once, in one model: for one GPU, which a single small network cannot fill.

The runs have their own splits, as weights of 0 and 1, their own initial weights and dropout; order, symmetries and
noise are those of the first run, since all see the same batches. On a CPU single runs are faster.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset import DataSet, Split
from szfast.ensemble.checkpoint import Progress, load_checkpoint, save_checkpoint
from szfast.ensemble.feed import inputs_of, maps_of, steps_per_epoch, training_batches
from szfast.ensemble.initial import initialise
from szfast.ensemble.keys import VALIDATION
from szfast.ensemble.outcome import is_finished, outcome_of, write_outcome
from szfast.ensemble.prediction import PREDICTED_AT_ONCE, predict
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.run import Task, compile_for_training, split_of
from szfast.ensemble.scaling import measured_scaling
from szfast.networks.stacked import masked_squared_error, stack_weights, stacked_vgg, unstack_weights
from szfast.networks.variants import Scaling, variant_named


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
        Runs of the published network in one bin, by number, with one recipe: a stack of `stack_of`.
    """
    first, recipe = tasks[0], tasks[0].recipe
    begun = time.monotonic()
    require("keras", "train", "training").backend.clear_session()
    splits = [split_of(dataset, recipe, task.edges, task.run) for task in tasks]
    maps = np.concatenate(list(splits[0].sides.values()))
    scaling = measured_scaling(dataset, splits[0].train, recipe, first.run)
    model = stacked_vgg(len(tasks), scaling)
    compile_for_training(model, recipe, steps_per_epoch(maps, recipe), loss=masked_squared_error)
    _initialise(model, scaling, tasks)
    first.folder.parent.mkdir(parents=True, exist_ok=True)
    state = first.folder.parent / f"stack-{first.run:04d}-{tasks[-1].run:04d}.npz"
    total = load_checkpoint(state, model)
    while not all(
        _of_model(total, number, recipe).is_over(recipe.epochs, recipe.patience) for number in range(len(tasks))
    ):
        _epoch(dataset, splits, maps, first, model, total)
        save_checkpoint(state, model, total)
    for number, (task, split) in enumerate(zip(tasks, splits, strict=True)):
        if is_finished(task.folder):
            continue
        single = variant_named(recipe.variant).build(scaling)
        progress = _of_model(total, number, recipe)
        single.set_weights(progress.best)
        predicted = predict(single, dataset, split.validation, recipe, VALIDATION, task.run)
        outcome = outcome_of(task, dataset, split, progress, predicted, (time.monotonic() - begun) / len(tasks))
        task.folder.mkdir(parents=True, exist_ok=True)
        write_outcome(task.folder, single, outcome, split, predicted)
    state.unlink()


def _initialise(model: Any, scaling: Scaling, tasks: Sequence[Task]) -> None:
    recipe = tasks[0].recipe
    # dropout's state of the whole stack, then the weights of each run as if it were trained alone
    initialise(model, recipe.seed, tasks[0].bin_number, tasks[0].run)
    weights = []
    single = variant_named(recipe.variant).build(scaling)
    for task in tasks:
        initialise(single, recipe.seed, task.bin_number, task.run)
        weights.append(single.get_weights())
    model.set_weights(stack_weights(weights))


def _epoch(
    dataset: DataSet, splits: Sequence[Split], maps: NDArray[np.int64], first: Task, model: Any, total: Progress
) -> None:
    recipe = first.recipe
    model.reset_metrics()
    # where a map is in a run's training set
    masks = np.zeros((len(dataset), len(splits)), dtype=np.float32)
    for number, split in enumerate(splits):
        masks[split.train, number] = 1
    loss = float("nan")
    for y, chosen in training_batches(
        dataset, maps, recipe, bin_number=first.bin_number, run=first.run, epoch=total.epoch
    ):
        target = dataset.log10_mass_of(chosen).astype(np.float32)[:, np.newaxis]
        loss = float(
            model.train_on_batch(inputs_of(y, dataset.redshift_of(chosen), False), np.hstack([target, masks[chosen]]))
        )
    validation = _validation_losses(dataset, splits, maps, first, model)
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


def _validation_losses(
    dataset: DataSet, splits: Sequence[Split], maps: NDArray[np.int64], first: Task, model: Any
) -> list[float]:
    predicted = np.empty((len(maps), len(splits)))
    for start in range(0, len(maps), PREDICTED_AT_ONCE):
        block = slice(start, start + PREDICTED_AT_ONCE)
        y = maps_of(dataset, maps[block], first.recipe, VALIDATION, first.run)
        predicted[block] = np.asarray(model.predict_on_batch(y[..., np.newaxis]))
    squares = (predicted - dataset.log10_mass_of(maps)[:, np.newaxis]) ** 2
    return [float(squares[np.isin(maps, split.validation), number].mean()) for number, split in enumerate(splits)]


def _of_model(total: Progress, number: int, recipe: Recipe) -> Progress:
    """How far one model has come: until its own early stopping."""
    one = Progress(best=unstack_weights(total.best, number) if total.best else [])
    for loss, validation_loss in zip(total.losses, total.validation_losses, strict=True):
        if one.is_over(recipe.epochs, recipe.patience):
            break
        one.losses.append(loss[number])
        one.validation_losses.append(validation_loss[number])
    return one
