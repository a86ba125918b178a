"""One training run: from its key to a trained network."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from szfast.arguments import require
from szfast.dataset import DataSet, Split
from szfast.dataset.bins import Bin, within_bin
from szfast.ensemble.checkpoint import Progress, load_checkpoint, save_checkpoint
from szfast.ensemble.feed import steps_per_epoch
from szfast.ensemble.feeds import Feed, feed_of, target_of, trained_model, validated
from szfast.ensemble.initial import initialise
from szfast.ensemble.outcome import is_finished, outcome_of, write_outcome
from szfast.ensemble.prediction import averages
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.scaling import measured_scaling
from szfast.errors import ArgumentError

log = logging.getLogger("szfast.ensemble")

STATE = "state.npz"
"""What a run that is under way keeps in its folder."""


@dataclass(frozen=True)
class Task:
    """One run to do.

    Parameters
    ----------
    folder : Path
        Where the run keeps its state and leaves its outcome.
    bin_number : int
        Number of the redshift bin, from 1.
    edges : (low, high)
        The bin.
    run : int
        The run's number.
    recipe : Recipe
        How it trains.
    tensorboard : bool
        Write the losses for TensorBoard too.
    """

    folder: Path
    bin_number: int
    edges: Bin
    run: int
    recipe: Recipe
    tensorboard: bool = False


def split_of(dataset: DataSet, recipe: Recipe, edges: Bin, run: int) -> Split:
    """The run's own training, validation and test maps in a redshift bin.

    Raises
    ------
    ArgumentError
        If the bin holds too few groups.
    """
    within = np.flatnonzero(within_bin(dataset.redshift_of(), edges))
    if not len(within):
        raise ArgumentError(
            f"the data set has no cluster at {edges[0]:g} < z <= {edges[1]:g}.",
            field="bins",
            remedy="leave this bin out, or add clusters.",
        )
    return dataset.split(recipe.split_by, recipe.fractions, seed=recipe.seed, run=run, within=within)


def train_run(dataset: DataSet, task: Task, *, after_epoch: Callable[[Progress], None] | None = None) -> None:
    """Train one network, from where its folder says it was left; do nothing where it is finished.

    Parameters
    ----------
    dataset : DataSet
        The maps of all bins.
    task : Task
        What to do.
    after_epoch : callable, optional
        Called when an epoch's state is on disk.
    """
    if is_finished(task.folder):
        return
    task.folder.mkdir(parents=True, exist_ok=True)
    require("keras", "train", "training").backend.clear_session()
    begun = time.monotonic()
    recipe = task.recipe
    split = split_of(dataset, recipe, task.edges, task.run)
    feed = _compiled(dataset, split, task)
    model = feed.model
    state = task.folder / STATE
    progress = load_checkpoint(state, model)
    report = _tensorboard(task) if task.tensorboard else None
    while not progress.is_over(recipe.epochs, recipe.patience):
        _epoch(dataset, split, feed, progress)
        save_checkpoint(state, model, progress)
        if report is not None:
            report(progress)
        if after_epoch is not None:
            after_epoch(progress)
    model.set_weights(progress.best)
    predicted = validated(feed, average=averages(recipe))[:, 0]
    seconds = time.monotonic() - begun
    outcome = outcome_of(task, dataset, split, progress, predicted, seconds)
    write_outcome(task.folder, feed.whole_model(), outcome, split, predicted)
    state.unlink()
    log.info("bin %d run %d: %d epochs, %.0f s", task.bin_number, task.run, progress.epoch, seconds)


def _compiled(dataset: DataSet, split: Split, task: Task) -> Feed:
    recipe = task.recipe
    scaling = measured_scaling(dataset, split.train, recipe, task.run)
    feed = feed_of(dataset, split, task, scaling, trained_model(recipe, scaling))
    compile_for_training(feed.model, recipe, steps_per_epoch(split.train, recipe))
    initialise(feed.model, recipe.seed, task.bin_number, task.run)
    return feed


def compile_for_training(model: Any, recipe: Recipe, steps: int, *, loss: Any = "mse") -> None:
    """Give a model its loss and its optimiser: Adam with a warm-up of one epoch and a cosine."""
    keras = require("keras", "train", "training")
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=recipe.learning_rate / 10,
        decay_steps=max(recipe.epochs - 1, 1) * steps,
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=steps,
    )
    # XLA is slower for these networks on a CPU; JAX has no other way
    jit = "auto" if keras.backend.backend() == "jax" else False
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss=loss, jit_compile=jit)
    model.optimizer.build(model.trainable_variables)


def _epoch(dataset: DataSet, split: Split, feed: Feed, progress: Progress) -> None:
    model = feed.model
    model.reset_metrics()
    loss = float("nan")
    for inputs, maps in feed.batches(progress.epoch):
        # the mean since reset_metrics
        loss = float(model.train_on_batch(inputs, target_of(dataset, maps)))
    off = validated(feed, average=False)[:, 0] - dataset.log10_mass_of(split.validation)
    validation_loss = float(np.mean(off**2))
    if not progress.validation_losses or validation_loss < min(progress.validation_losses):
        progress.best = model.get_weights()
    progress.losses.append(loss)
    progress.validation_losses.append(validation_loss)


def _tensorboard(task: Task) -> Callable[[Progress], None]:
    tensorflow = require("tensorflow", "train", "TensorBoard's files")
    writer = tensorflow.summary.create_file_writer(str(task.folder / "tensorboard"))

    def report(progress: Progress) -> None:
        with writer.as_default(step=progress.epoch):
            tensorflow.summary.scalar("loss", progress.losses[-1])
            tensorflow.summary.scalar("validation_loss", progress.validation_losses[-1])
        writer.flush()

    return report
