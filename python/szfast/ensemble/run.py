"""One training run: from its key to a trained network."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset import DataSet, Split
from szfast.dataset.bins import Bin, within_bin
from szfast.ensemble.checkpoint import Progress, load_checkpoint, save_checkpoint
from szfast.ensemble.feed import inputs_of, maps_of, steps_per_epoch, training_batches
from szfast.ensemble.initial import initialise
from szfast.ensemble.keys import VALIDATION
from szfast.ensemble.outcome import is_finished, outcome_of, write_outcome
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.scaling import measured_scaling
from szfast.errors import ArgumentError
from szfast.networks.square import symmetries
from szfast.networks.variants import variant_named

log = logging.getLogger("szfast.ensemble")

PREDICTED_AT_ONCE = 256


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
    model = _model(dataset, split, task)
    state = task.folder / "state.npz"
    progress = load_checkpoint(state, model)
    report = _tensorboard(task) if task.tensorboard else None
    while not progress.is_over(recipe.epochs, recipe.patience):
        _epoch(dataset, split, task, model, progress)
        save_checkpoint(state, model, progress)
        if report is not None:
            report(progress)
        if after_epoch is not None:
            after_epoch(progress)
    model.set_weights(progress.best)
    predicted = predict(model, dataset, split.validation, recipe, VALIDATION, task.run)
    seconds = time.monotonic() - begun
    outcome = outcome_of(task, dataset, split, progress, predicted, seconds)
    write_outcome(task.folder, model, outcome, split, predicted)
    state.unlink()
    log.info("bin %d run %d: %d epochs, %.0f s", task.bin_number, task.run, progress.epoch, seconds)


def _model(dataset: DataSet, split: Split, task: Task) -> Any:
    recipe = task.recipe
    model = variant_named(recipe.variant).build(measured_scaling(dataset, split.train, recipe, task.run))
    compile_for_training(model, recipe, steps_per_epoch(split.train, recipe))
    initialise(model, recipe.seed, task.bin_number, task.run)
    return model


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


def _epoch(dataset: DataSet, split: Split, task: Task, model: Any, progress: Progress) -> None:
    recipe = task.recipe
    sees_redshift = variant_named(recipe.variant).sees_redshift
    model.reset_metrics()
    loss = float("nan")
    for y, maps in training_batches(
        dataset, split.train, recipe, bin_number=task.bin_number, run=task.run, epoch=progress.epoch
    ):
        target = dataset.log10_mass_of(maps).astype(np.float32)[:, np.newaxis]
        # the mean since reset_metrics
        loss = float(model.train_on_batch(inputs_of(y, dataset.redshift_of(maps), sees_redshift), target))
    plain = recipe.model_copy(update={"augment": False})
    predicted = predict(model, dataset, split.validation, plain, VALIDATION, task.run)
    validation_loss = float(np.mean((predicted - dataset.log10_mass_of(split.validation)) ** 2))
    if not progress.validation_losses or validation_loss < min(progress.validation_losses):
        progress.best = model.get_weights()
    progress.losses.append(loss)
    progress.validation_losses.append(validation_loss)


def predict(
    model: Any, dataset: DataSet, maps: NDArray[np.int64], recipe: Recipe, realisation: int, run: int
) -> NDArray[np.float64]:
    """Predict log10 M500c [Msun] of maps with a realisation of the noise, (n,).

    Parameters
    ----------
    model : keras.Model
        The network.
    dataset : DataSet
        The maps.
    maps : (n,) int array
        Which.
    recipe : Recipe
        Which noise they carry, and whether the eight symmetries are averaged.
    realisation, run : int
        Key of the noise.
    """
    sees_redshift = variant_named(recipe.variant).sees_redshift
    log10_mass = np.empty(len(maps))
    for start in range(0, len(maps), PREDICTED_AT_ONCE):
        block = slice(start, start + PREDICTED_AT_ONCE)
        y, redshift = maps_of(dataset, maps[block], recipe, realisation, run), dataset.redshift_of(maps[block])
        log10_mass[block] = predict_maps(model, y, redshift, sees_redshift=sees_redshift, average=recipe.augment)
    return log10_mass


def predict_maps(
    model: Any, y: NDArray[np.float32], redshift: NDArray[np.float64], *, sees_redshift: bool, average: bool
) -> NDArray[np.float64]:
    """Predict log10 M500c [Msun] of maps that are in memory, (n,)."""
    images = symmetries(y) if average else y[np.newaxis]
    each = [
        np.asarray(model.predict_on_batch(inputs_of(image, redshift, sees_redshift)), dtype=np.float64)[:, 0]
        for image in images
    ]
    mean: NDArray[np.float64] = np.mean(each, axis=0)
    return mean


def _tensorboard(task: Task) -> Callable[[Progress], None]:
    tensorflow = require("tensorflow", "train", "TensorBoard's files")
    writer = tensorflow.summary.create_file_writer(str(task.folder / "tensorboard"))

    def report(progress: Progress) -> None:
        with writer.as_default(step=progress.epoch):
            tensorflow.summary.scalar("loss", progress.losses[-1])
            tensorflow.summary.scalar("validation_loss", progress.validation_losses[-1])
        writer.flush()

    return report
