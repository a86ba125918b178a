"""The table of runs of a training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import path_in
from szfast.dataset import DataSet
from szfast.ensemble.outcome import Outcome, is_finished, read_outcome
from szfast.errors import ArgumentError, RunError
from szfast.folder_members import check_folder
from szfast.run_folder import RunFolder

if TYPE_CHECKING:
    from astropy.table import QTable


def finished_runs(folder: Path) -> list[tuple[Path, Outcome]]:
    """Every finished run below a training's folder, by bin and run.

    Raises
    ------
    RunError
        If there is none, or a link leads out of the folder.
    """
    check_folder(folder, RunError)
    found = [path for path in sorted(folder.glob("training/bin-*/run-*")) if is_finished(path)]
    if not found:
        raise RunError(
            "holds no finished training run.", file=folder, field="path", remedy="train first: szfast train."
        )
    return [(path, read_outcome(path)) for path in found]


def runs_table(folder: str | Path) -> QTable:
    """All that is known of each run, a row a run: see `szfast.ensemble.outcome.Outcome`.

    Beside the outcome: ``weights`` and ``keras``, the files of the trained network relative to the folder, and
    ``split_file`` with the map indices of the three sides. A run without a score has NaN.

    Raises
    ------
    RunError
        If there is no finished run.
    """
    from astropy.table import QTable

    root = path_in(folder, "folder")
    rows = []
    for path, outcome in finished_runs(root):
        row = asdict(outcome)
        row["score"] = np.nan if outcome.score is None else outcome.score
        files = {"weights": "network.npz", "keras": "network.keras", "split_file": "split.npz"}
        rows.append(row | {name: str((path / file).relative_to(root)) for name, file in files.items()})
    table = QTable()
    for name in rows[0]:
        table[name] = _column([row[name] for row in rows])
    return table


def _column(values: list[Any]) -> Any:
    if not isinstance(values[0], tuple):
        return values
    # epochs differ in number from run to run: a column of arrays, which ECSV keeps
    column = np.empty(len(values), dtype=object)
    for row, each in enumerate(values):
        column[row] = np.array(each)
    return column


def best_runs(folder: Path, bin_number: int, count: int) -> list[Path]:
    """Folders of the finished runs of a bin with the smallest scores, the best one first.

    Raises
    ------
    ArgumentError
        If fewer have a score.
    """
    scored = [
        (outcome.score, outcome.run, path)
        for path, outcome in finished_runs(folder)
        if outcome.bin == bin_number and outcome.score is not None
    ]
    if not 1 <= count <= len(scored):
        raise ArgumentError(
            f"expected 1 to {len(scored)} networks in bin {bin_number}, found {count}.",
            field="members",
            remedy="ask for fewer, or train more runs.",
        )
    return [path for _, _, path in sorted(scored)[:count]]


def write_runs(run: RunFolder, dataset: DataSet) -> None:
    """Write the tables ``runs``, ``history`` and ``sample`` of a run's folder."""
    table = runs_table(run.path)
    table["chosen"] = np.zeros(len(table), dtype=bool)
    run.write("runs", table)
    run.write("history", _history(table))
    run.write("sample", _sample(dataset))


def _history(table: QTable) -> QTable:
    from astropy.table import QTable

    rows = [
        (row["bin"], row["run"], epoch, loss, validation_loss)
        for row in table
        for epoch, (loss, validation_loss) in enumerate(zip(row["losses"], row["validation_losses"], strict=True))
    ]
    return QTable(rows=rows, names=("bin", "run", "epoch", "loss", "validation_loss"))


def _sample(dataset: DataSet) -> QTable:
    from astropy.table import QTable

    labels = dataset.labels
    return QTable(
        {
            "cluster": np.asarray(labels["cluster"]),
            "redshift": np.asarray(labels["redshift"]),
            "log10_M500c": np.log10(labels["M500c"].to_value("Msun")),
            "region": np.asarray(labels["region"]),
            "code": np.asarray(labels["code"]),
        }
    )
