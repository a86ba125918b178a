"""What a finished run leaves in its folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset import DataSet, Split
from szfast.dataset.split import SIDES
from szfast.ensemble.checkpoint import Progress
from szfast.ensemble.score import bias_score, relative_error
from szfast.errors import NetworkError, RunError
from szfast.networks.filtered_keras import from_filtered_keras
from szfast.networks.keras_model import from_keras
from szfast.networks.keras_safety import check_keras_file
from szfast.networks.npz import save
from szfast.whole_files import DAMAGED_NPZ, replaced

if TYPE_CHECKING:
    from szfast.ensemble.run import Task

_LAST = "outcome.json"

FRAMEWORK_FREE = ("published", "filtered")
"""Variants whose network.npz predicts without Keras."""


@dataclass(frozen=True)
class Outcome:
    """A finished run: what stands in the table of runs, and its arrays.

    Parameters
    ----------
    bin, run : int
        Number of the redshift bin from 1, number of the run.
    z_low, z_high : float
        The bin.
    variant, noise, split_by : str
        As in the recipe.
    seed : int
        The recipe's.
    epochs, best_epoch : int
        Epochs done, and the one whose weights were kept, from 0.
    score, bias, scatter : float
        On validation: the score; mean and standard deviation of (M_CNN - M_true) / M_CNN.
    loss, validation_loss : float
        At the best epoch: mean squared error of log10 M.
    lowest_log10_mass : float
        Of the training set.
    seconds : float
        Wall time of the last session that worked on the run.
    backend, version : str
        Keras's backend, szfast's version.
    losses, validation_losses : tuple of float
        An entry an epoch.
    n_train, n_validation, n_test : int
        Maps on each side.
    split_sha256, weights_sha256 : str
        Of the map indices of the three sides, and of the weights.
    """

    bin: int
    run: int
    z_low: float
    z_high: float
    variant: str
    noise: str
    split_by: str
    seed: int
    epochs: int
    best_epoch: int
    score: float | None
    bias: float
    scatter: float
    loss: float
    validation_loss: float
    lowest_log10_mass: float
    seconds: float
    backend: str
    version: str
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    n_train: int
    n_validation: int
    n_test: int
    split_sha256: str
    weights_sha256: str


def outcome_of(
    task: Task,
    dataset: DataSet,
    split: Split,
    progress: Progress,
    predicted: NDArray[np.float64],
    seconds: float,
) -> Outcome:
    """Sum up a run whose best weights have predicted its validation maps."""
    from szfast import __version__

    true = dataset.log10_mass_of(split.validation)
    score, error = bias_score(predicted, true), relative_error(predicted, true)
    best = progress.best_epoch
    return Outcome(
        bin=task.bin_number,
        run=task.run,
        z_low=task.edges[0],
        z_high=task.edges[1],
        variant=task.recipe.variant,
        noise=task.recipe.noise,
        split_by=split.by,
        seed=task.recipe.seed,
        epochs=progress.epoch,
        best_epoch=best,
        score=score if np.isfinite(score) else None,
        bias=float(error.mean()),
        scatter=float(error.std()),
        loss=progress.losses[best],
        validation_loss=progress.validation_losses[best],
        lowest_log10_mass=float(dataset.log10_mass_of(split.train).min()),
        seconds=seconds,
        backend=str(require("keras", "train", "training").backend.backend()),
        version=__version__,
        losses=tuple(progress.losses),
        validation_losses=tuple(progress.validation_losses),
        **{f"n_{side}": len(maps) for side, maps in split.sides.items()},
        split_sha256=_digest(split.sides.values()),
        weights_sha256=_digest(progress.best),
    )


def write_outcome(folder: Path, model: Any, outcome: Outcome, split: Split, predicted: NDArray[np.float64]) -> None:
    """Write network.keras, network.npz, split.npz with the predictions on validation, and outcome.json, the last.

    ``network.npz`` of the published and the filtered network is what `szfast.networks.load` reads; of other variants it
    holds each weight under its path in the model.
    """
    with replaced(folder / "network.keras", RunError) as temporary:
        model.save(temporary)
    if outcome.variant in FRAMEWORK_FREE:
        provenance = f"szfast {outcome.version}, bin {outcome.bin}, run {outcome.run}, seed {outcome.seed}"
        take: Any = from_keras if outcome.variant == "published" else from_filtered_keras
        network = take(model, redshift_bin=(outcome.z_low, outcome.z_high), provenance=provenance)
        save(replace(network, lowest_log10_mass=outcome.lowest_log10_mass), folder / "network.npz")
    else:
        weights = {variable.path: np.asarray(variable) for variable in model.weights}
        with replaced(folder / "network.npz", RunError) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **weights)
    with replaced(folder / "split.npz", RunError) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, predicted=predicted, **split.sides)
    with replaced(folder / _LAST, RunError) as temporary:
        temporary.write_text(json.dumps(asdict(outcome), indent=1, allow_nan=False) + "\n")


def is_finished(folder: Path) -> bool:
    """Whether a run's folder holds its outcome."""
    return (folder / _LAST).is_file()


def read_outcome(folder: Path) -> Outcome:
    """Read what a finished run is summed up in.

    Raises
    ------
    RunError
        If it is not finished or damaged.
    """
    try:
        content: dict[str, Any] = json.loads((folder / _LAST).read_text())
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
        return Outcome(**values)
    except FileNotFoundError:
        raise RunError("is not finished.", file=folder, field="path", remedy="train it: szfast train.") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RunError(
            f"is damaged ({error}).",
            file=folder / _LAST,
            field="content",
            remedy="delete the run's folder, and train it again.",
        ) from None


def read_split(folder: Path) -> dict[str, NDArray[Any]]:
    """Map indices of a run's train, validation and test, and ``predicted``, log10 M500c [Msun] on validation."""
    file = folder / "split.npz"
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in (*SIDES, "predicted")}
    except DAMAGED_NPZ as error:
        raise RunError(
            f"is damaged ({error}).", file=file, field="content", remedy="delete the run's folder, and train it again."
        ) from None


def read_keras(file: Path) -> Any:
    """A trained Keras model; it takes Compton y and gives log10 M500c [Msun].

    Raises
    ------
    RunError
        If it is damaged, or anything but a network of szfast.
    """
    keras = require("keras", "train", "a trained network")
    try:
        check_keras_file(file)
    except NetworkError as error:
        raise RunError(error.problem, file=file, field=error.field, remedy=error.remedy) from None
    try:
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"is damaged ({error}).", file=file, field="content", remedy="delete the run's folder, and train it again."
        ) from None


def _digest(arrays: Iterable[NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
