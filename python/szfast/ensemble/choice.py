"""The choice among the runs of each redshift bin: made on validation, told on test."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset import DataSet
from szfast.dataset.lock import locked
from szfast.ensemble.chosen import COLUMNS, ChosenNetwork, ChosenNetworks, predict_with_units
from szfast.ensemble.domain import learnt_domain, with_units
from szfast.ensemble.feed import maps_of
from szfast.ensemble.intervals import LEAST_NEIGHBOURS, Intervals, calibrate, coverage
from szfast.ensemble.keys import FRESH_TEST, TEST, VALIDATION, stream
from szfast.ensemble.outcome import FRAMEWORK_FREE, Outcome, read_keras, read_split
from szfast.ensemble.prediction import averages
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.runs import finished_runs
from szfast.ensemble.score import LEAST_MAPS, bias_score, relative_error
from szfast.ensemble.training import opened_dataset, recipe_of
from szfast.errors import RunError
from szfast.networks.variants import variant_named
from szfast.run_folder import RunFolder, open_run
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from astropy.table import QTable

LARGEST_DOMAIN = 2048
"""Training maps from which a network's domain is measured, at most."""

log = logging.getLogger("szfast.ensemble")

Member = tuple[Path, Outcome]


@dataclass(frozen=True, eq=False)
class Choice:
    """What was chosen, and how it does on maps that it had never seen.

    Parameters
    ----------
    bins : QTable
        A row a redshift bin with a choice: bin, z_low, z_high, runs, run and biased_run (the runs with the smallest and
        the largest score), score and biased_score on validation, test_score, fresh_score on the same test maps with
        other noise, optimism (fresh_score - score), bias and scatter on test, biased_bias, biased_scatter, n (test
        maps), clusters.
    predictions : QTable
        Test maps of chosen and most biased runs, as `szfast.run_folder` describes them.
    coverage : QTable or None
        See `szfast.ensemble.intervals.coverage`; None where a bin has too few validation maps for intervals.
    """

    bins: QTable
    predictions: QTable
    coverage: QTable | None


def choose(dataset: DataSet | str | Path, folder: str | Path) -> Choice:
    """Choose the least biased run of each redshift bin, and test it.

    The score is read from validation (`szfast.ensemble.bias_score`); only then are the test maps of the chosen and of
    the most biased run looked at, once with the noise of their key and once with fresh noise, which tells whether the
    choice was luck. Intervals come from the validation maps of the better half of the runs, without those of the
    chosen run's test groups. A bin none of whose runs has a score is left without a choice, with a warning.

    Parameters
    ----------
    dataset : DataSet or path
        What the runs were trained on.
    folder : str or Path
        The run's folder.

    Returns
    -------
    Choice
        Its tables are in the folder too: ``runs`` (column chosen), ``predictions``, ``choice``, ``intervals``,
        ``coverage``; the chosen networks in ``networks``.

    Raises
    ------
    RunError
        If there is no finished run, or no run of any bin has a score.
    """
    from astropy.table import QTable, vstack

    opened, run = opened_dataset(dataset), open_run(folder)
    recipe = recipe_of(run.path)
    with locked(run.path / ".lock", run.path):
        members = finished_runs(run.path)
        chosen, rows, tables, knots, without = {}, [], [], [], []
        for number in sorted({outcome.bin for _, outcome in members}):
            inside = [member for member in members if member[1].bin == number]
            try:
                best, worst = unbiased_and_biased(inside)
            except RunError as error:
                # hours of work on the other bins are not lost
                log.warning("no choice: %s", error)
                without.append(error)
                continue
            chosen[number] = best
            intervals = _intervals(opened, recipe, inside, best)
            row, predictions = _tested(opened, recipe, run.path, best, worst, intervals)
            rows.append(row | {"runs": len(inside)})
            tables.append(predictions)
            if intervals is not None:
                table = intervals.table()
                table.add_column(np.full(len(table), number), index=0, name="bin")
                knots.append(table)
            _copy_network(run, best)
        if not chosen:
            raise without[0]
        predictions, bins = vstack(tables), QTable(rows=rows)
        run.write("predictions", predictions)
        run.write("choice", bins)
        held = None
        if len(knots) == len(chosen):
            held = coverage(predictions[_of_chosen(predictions, chosen)])
            run.write("intervals", vstack(knots))
            run.write("coverage", held)
        runs = run.read("runs")
        runs["chosen"] = _of_chosen(runs, chosen)
        run.write("runs", runs)
    return Choice(bins, predictions, held)


def unbiased_and_biased(members: Sequence[Member]) -> tuple[Member, Member]:
    """The runs with the smallest and the largest score.

    Raises
    ------
    RunError
        If no run has a score.
    """
    scored = [member for member in members if member[1].score is not None]
    if not scored:
        outcome = members[0][1]
        raise RunError(
            f"no run of bin {outcome.bin} has a score, which takes {LEAST_MAPS} validation maps with predictions "
            f"within 0.1 dex of each other; the bin has {outcome.n_validation}.",
            file=members[0][0],
            field="score",
            remedy="give the bin more maps or longer training.",
        )
    ordered = sorted(scored, key=lambda member: (member[1].score, member[1].run))
    return ordered[0], ordered[-1]


def _of_chosen(table: QTable, chosen: dict[int, Member]) -> NDArray[np.bool_]:
    runs = {number: outcome.run for number, (_, outcome) in chosen.items()}
    return np.array([runs.get(int(row["bin"])) == int(row["run"]) for row in table])


def _intervals(dataset: DataSet, recipe: Recipe, members: Sequence[Member], best: Member) -> Intervals | None:
    """Intervals from other clusters than those on which the chosen run is tested."""
    scored = sorted((one for one in members if one[1].score is not None), key=lambda one: one[1].score or 0.0)
    test = read_split(best[0])["test"]
    predicted, true = [], []
    for path, _ in scored[: (len(scored) + 1) // 2]:
        side = read_split(path)
        apart = ~np.isin(_groups(dataset, recipe, side["validation"]), _groups(dataset, recipe, test))
        predicted.append(side["predicted"][apart])
        true.append(dataset.log10_mass_of(side["validation"][apart]))
    if sum(map(len, predicted)) < LEAST_NEIGHBOURS:
        log.warning("bin %d: too few validation maps for error bars", best[1].bin)
        return None
    return calibrate(np.concatenate(predicted), np.concatenate(true))


def _groups(dataset: DataSet, recipe: Recipe, maps: NDArray[np.int64]) -> NDArray[Any]:
    if recipe.split_by == "map":
        return maps
    clusters = dataset.cluster_of(maps)
    return np.asarray(dataset.labels["region"])[clusters] if recipe.split_by == "region" else clusters


def _tested(
    dataset: DataSet, recipe: Recipe, folder: Path, best: Member, worst: Member, intervals: Intervals | None
) -> tuple[dict[str, Any], QTable]:
    from astropy.table import vstack

    outcome = best[1]
    network = _as_chosen(dataset, recipe, best, intervals)
    (folder / "domain").mkdir(exist_ok=True)
    network.domain.save(folder / "domain" / f"bin-{outcome.bin}.npz")
    tables = [_predictions(dataset, recipe, best[0], network, outcome.run, TEST)]
    fresh = _predictions(dataset, recipe, best[0], network, outcome.run, FRESH_TEST)
    if worst is not best:
        other = _as_chosen(dataset, recipe, worst, intervals)
        tables.append(_predictions(dataset, recipe, worst[0], other, worst[1].run, TEST))
    errors = [relative_error(table["log10_M_pred"], table["log10_M_true"]) for table in (tables[0], tables[-1])]
    score = float(outcome.score or 0.0)
    fresh_score = bias_score(fresh["log10_M_pred"], fresh["log10_M_true"])
    row = {
        "bin": outcome.bin,
        "z_low": outcome.z_low,
        "z_high": outcome.z_high,
        "run": outcome.run,
        "biased_run": worst[1].run,
        "score": score,
        "biased_score": float(worst[1].score or 0.0),
        "test_score": bias_score(tables[0]["log10_M_pred"], tables[0]["log10_M_true"]),
        "fresh_score": fresh_score,
        "optimism": fresh_score - score,
        "bias": float(errors[0].mean()),
        "scatter": float(errors[0].std()),
        "biased_bias": float(errors[1].mean()),
        "biased_scatter": float(errors[1].std()),
        "n": len(tables[0]),
        "clusters": len(np.unique(tables[0]["cluster"])),
    }
    return row, vstack(tables)


def _predictions(
    dataset: DataSet, recipe: Recipe, path: Path, network: ChosenNetwork, run: int, realisation: int
) -> QTable:
    from astropy.table import QTable

    maps = read_split(path)["test"]
    table = ChosenNetworks((network,), recipe).masses_in(dataset, maps, realisation=realisation, run=run)
    clusters = dataset.cluster_of(maps)
    return QTable(
        {
            "bin": np.full(len(maps), network.bin_number),
            "run": np.full(len(maps), run),
            "maps": ["clean" if recipe.noise == "none" else "planck-like"] * len(maps),
            "cluster": clusters,
            "view": maps % dataset.n_views,
            "redshift": dataset.redshift_of(maps),
            "log10_M_true": dataset.log10_mass_of(maps),
            "code": np.asarray(dataset.labels["code"])[clusters],
            # what is NaN, for want of maps to calibrate with, is no column
            **{
                name: table[name]
                for name in COLUMNS
                if network.intervals is not None or name[:5] not in ("lower", "upper")
            },
        }
    )


def _as_chosen(dataset: DataSet, recipe: Recipe, member: Member, intervals: Intervals | None) -> ChosenNetwork:
    """A run's network with what it has learnt: its units over training and validation maps."""
    path, outcome = member
    require("keras", "train", "a trained network").backend.clear_session()
    model, side = with_units(read_keras(path / "network.keras")), read_split(path)
    train = side["train"]
    if len(train) > LARGEST_DOMAIN:
        key = (recipe.seed, outcome.bin, outcome.run)
        train = np.sort(stream("domain", *key).choice(train, LARGEST_DOMAIN, replace=False))
    units = [_units(dataset, recipe, model, maps, outcome.run) for maps in (train, side["validation"])]
    return ChosenNetwork(outcome.bin, (outcome.z_low, outcome.z_high), model, intervals, learnt_domain(*units))


def _units(dataset: DataSet, recipe: Recipe, model: Any, maps: NDArray[np.int64], run: int) -> NDArray[np.float64]:
    sees_redshift = variant_named(recipe.variant).sees_redshift
    units = [
        predict_with_units(
            model,
            maps_of(dataset, block, recipe, VALIDATION, run),
            dataset.redshift_of(block),
            sees_redshift=sees_redshift,
            average=averages(recipe),
        )[1]
        for block in np.array_split(maps, max(len(maps) // 256, 1))
    ]
    return np.concatenate(units)


def _copy_network(run: RunFolder, best: Member) -> None:
    path, outcome = best
    # the framework-free file is read by `szfast mass`
    names = ("network.npz", "network.keras") if outcome.variant in FRAMEWORK_FREE else ("network.keras",)
    for name in names:
        with replaced(run.networks / f"bin-{outcome.bin}{Path(name).suffix}", RunError) as temporary:
            shutil.copyfile(path / name, temporary)
