"""Many runs: one task each, on this machine's cores or on a Dask client."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from szfast.arguments import require
from szfast.dataset import DataSet
from szfast.dataset.arrays import MapsInMemory
from szfast.dataset.bins import PLANCK_BINS, Bin, bin_numbers
from szfast.dataset.lock import locked
from szfast.ensemble.mapped import mapped
from szfast.ensemble.outcome import is_finished
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.run import STATE, Task, split_of, train_run
from szfast.ensemble.runs import write_runs
from szfast.ensemble.score import LEAST_MAPS
from szfast.errors import ArgumentError, RunError
from szfast.networks.variants import variant_named
from szfast.run_folder import RunFolder, create_run
from szfast.whole_files import remove_unfinished, replaced

log = logging.getLogger("szfast.ensemble")

SETTINGS = "training.json"


def train(
    dataset: DataSet | str | Path,
    folder: str | Path,
    *,
    runs: int = 100,
    bins: Sequence[Bin] = PLANCK_BINS,
    recipe: Recipe | None = None,
    workers: int | None = None,
    dask: str | None = None,
    stacked: bool = False,
    tensorboard: bool = False,
    progress: bool = False,
) -> RunFolder:
    """Train networks for each redshift bin, each with its own split, initial weights, order and noise.

    Runs are independent tasks whose result depends on their keys alone. A training that was stopped, at any moment,
    goes on where it was when it is started again on the same folder: what is lost is at most the epoch under way, and
    the result is the same. More runs may be asked for than before.

    Parameters
    ----------
    dataset : DataSet or path
        The maps, or the store that holds them.
    folder : str or Path
        A run's folder (`szfast.run_folder`); each network's own files go into ``training`` below it.
    runs : int
        Networks for each bin.
    bins : sequence of (low, high)
        Redshift bins, open below and closed above; a variant that is one for all redshifts gets one from the lowest
        edge to the highest.
    recipe : Recipe, optional
        How each is trained.
    workers : int, optional
        Single-threaded processes; default: one for each core that this process may use. Zero: here, one after the
        other, with as many threads as Keras takes, which changes the last bits of the result. A script that uses
        processes needs ``if __name__ == "__main__":``.
    dask : str, optional
        Address or file of a Dask scheduler, whose workers do the runs: one thread each, on a GPU of their own where
        there are any. They must see the folder under the same name.
    stacked : bool
        Train all runs of a bin at once here, in one model with a model axis (`szfast.ensemble.stacked`): the published
        network on one GPU, the filtered one anywhere.
    tensorboard : bool
        Write the losses for TensorBoard too; not of stacked runs.
    progress : bool
        Show a bar where standard error is a terminal.

    Returns
    -------
    RunFolder
        The folder, with the tables ``runs``, ``history`` and ``sample``; `choose` goes on from here.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or a bin holds too few clusters for the split.
    RunError
        If the folder holds a training with other settings, or another process is training there.
    MissingExtraError
        If Keras is not installed.
    """
    from szfast.ensemble.stacked import STACKED
    from szfast.ensemble.workers import on_dask, on_processes

    if find_spec("keras") is None:
        # raises; where it is there, only those that train import it
        require("keras", "train", "training")
    opened = opened_dataset(dataset)
    recipe = recipe or Recipe()
    bins = run_bins(bins, recipe)
    if isinstance(runs, bool) or not isinstance(runs, int) or runs < 1:
        raise ArgumentError(f"expected at least 1, found {runs!r}.", field="runs")
    if stacked and (dask is not None or workers):
        raise ArgumentError("expected without workers: stacked runs are trained here.", field="stacked")
    if stacked and recipe.variant not in STACKED:
        raise ArgumentError(
            f"expected {' or '.join(STACKED)}, found '{recipe.variant}'.", field="stacked", remedy="train it unstacked."
        )
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 0):
        raise ArgumentError(f"expected 0 or more, found {workers!r}.", field="workers")
    for edges in bins:
        # before hours of work on other bins
        held_back = len(split_of(opened, recipe, edges, 0).validation)
        if held_back < LEAST_MAPS:
            log.warning(
                "redshifts %g to %g: %d maps validate, a score needs %d of about one mass: no run can be chosen here",
                *(*edges, held_back, LEAST_MAPS),
            )
    run = create_run(folder, about_training(opened, recipe, bins, runs))
    with locked(run.path / ".lock", run.path):
        remove_unfinished(run.path)
        _check_settings(run.path / SETTINGS, settings_of(opened, recipe, bins) | {"stacked": stacked})
        tasks = [
            Task(run_path(run.path, number, which), number, edges, which, recipe, tensorboard)
            for which in range(runs)
            for number, edges in enumerate(bins, start=1)
        ]
        to_do = [task for task in tasks if not is_finished(task.folder)]
        for task in tasks:
            # of a run that was killed after its outcome
            if is_finished(task.folder):
                (task.folder / STATE).unlink(missing_ok=True)
        log.info("%d runs to do, %d done", len(to_do), len(tasks) - len(to_do))
        alone = stacked or (dask is None and workers == 0)
        shared = _shared(opened, run.path, alone=alone) if to_do else opened
        done: Iterator[Any]
        if stacked:
            done = _stacked(shared, tasks)
        elif dask is not None:
            done = on_dask(dask, shared, to_do)
        elif workers == 0:
            done = _one_by_one(shared, to_do)
        else:
            done = on_processes(workers or 0, shared, to_do)
        for _ in tracked(done, "runs", len(to_do), shown=progress):
            pass
        # as large as the whole set: another training of the folder would write it again
        _flat_file(run.path).unlink(missing_ok=True)
        write_runs(run, opened)
    return run


def _flat_file(folder: Path) -> Path:
    return folder / "training" / "maps.npy"


def _shared(dataset: DataSet, folder: Path, *, alone: bool) -> DataSet:
    """The data set with maps that random batches and other processes can reach quickly."""
    return dataset if alone and isinstance(dataset.source, MapsInMemory) else mapped(dataset, _flat_file(folder))


def _one_by_one(dataset: DataSet, tasks: Sequence[Task]) -> Iterator[Task]:
    for task in tasks:
        train_run(dataset, task)
        yield task


def _stacked(dataset: DataSet, tasks: Sequence[Task]) -> Iterator[Task]:
    from szfast.ensemble.stacked import stack_of, train_stacked

    for number in sorted({task.bin_number for task in tasks}):
        inside = [task for task in tasks if task.bin_number == number]
        while stack := stack_of(inside):
            train_stacked(dataset, stack)
            yield from stack


def opened_dataset(dataset: DataSet | str | Path) -> DataSet:
    """The data set itself, opened where a path is given."""
    if isinstance(dataset, DataSet):
        return dataset
    from szfast.dataset import open_dataset

    return open_dataset(dataset)


def run_bins(bins: Sequence[Bin], recipe: Recipe) -> tuple[Bin, ...]:
    """The bins that get a network each.

    Raises
    ------
    ArgumentError
        If they overlap, or there is no such variant.
    """
    ordered = tuple((float(low), float(high)) for low, high in bins)
    if not ordered:
        raise ArgumentError("expected at least one bin, found none.", field="bins")
    # raises where they overlap
    bin_numbers(np.empty(0), ordered)
    return ((ordered[0][0], ordered[-1][1]),) if variant_named(recipe.variant).one_for_all else ordered


def run_path(folder: Path, bin_number: int, run: int) -> Path:
    """Folder of one network's files."""
    return folder / "training" / f"bin-{bin_number}" / f"run-{run:04d}"


def settings_of(dataset: DataSet, recipe: Recipe, bins: Sequence[Bin]) -> dict[str, Any]:
    """What a run's result depends on, as JSON."""
    labels = hashlib.sha256()
    for values in (dataset.redshift_of(), dataset.log10_mass_of(), dataset.noise_keys()):
        labels.update(np.ascontiguousarray(values).tobytes())
    for region in np.asarray(dataset.labels["region"]):
        labels.update(str(region).encode() + b"\0")
    noise = None if dataset.noise is None else dataset.noise.name
    recipe_json = recipe.model_dump(mode="json")
    return {
        "recipe": recipe_json,
        "bins": [list(edges) for edges in bins],
        "labels": labels.hexdigest(),
        "noise": noise,
    }


def about_training(dataset: DataSet, recipe: Recipe, bins: Sequence[Bin], runs: int) -> dict[str, Any]:
    """What the report says of a training."""
    from szfast import __version__

    return {
        "data set": str(dataset.path) if dataset.path else "in memory",
        "clusters": len(dataset.labels),
        "maps": len(dataset),
        "noise": None if dataset.noise is None else dataset.noise.name,
        "runs per bin": runs,
        "bins": [list(edges) for edges in bins],
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "szfast": __version__,
    }


def recipe_of(folder: Path) -> Recipe:
    """The recipe of a training's folder.

    Raises
    ------
    RunError
        If there is none, or it is damaged.
    """
    file = folder / SETTINGS
    try:
        return Recipe.model_validate(json.loads(file.read_text())["recipe"])
    except FileNotFoundError:
        raise RunError("holds no training.", file=folder, field="path", remedy="train first: szfast train.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"is damaged ({error}).", file=file, field="content", remedy="train into another folder."
        ) from None


def _check_settings(file: Path, settings: dict[str, Any]) -> None:
    if not file.exists():
        with replaced(file, RunError) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n")
        return
    try:
        before = json.loads(file.read_text())
        changed = sorted(key for key in settings if before.get(key) != settings[key])
    except (ValueError, AttributeError) as error:
        raise RunError(
            f"is damaged ({error}).", file=file, field="content", remedy="train into another folder."
        ) from None
    if changed:
        raise RunError(
            f"the folder holds a training with other settings: {', '.join(changed)}.",
            file=file,
            field="content",
            remedy="train into another folder, or with the settings of that file.",
        )


def tracked(done: Iterator[Any], what: str, total: int, *, shown: bool) -> Iterator[Any]:
    """The same steps with a bar on standard error, where that is a terminal."""
    import sys

    from rich.console import Console
    from rich.progress import track

    visible = shown and sys.stderr.isatty()
    yield from track(done, what, total=total, console=Console(stderr=True), disable=not visible)
