"""``szfast runs``: what was trained, and how biased each run is."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.outputs import check_output, write_table
from szfast.cli.reporting import show_json, show_line, show_table
from szfast.cli.train import plain_rows, show_choice, show_rows

COLUMNS = ("bin", "run", "epochs", "best_epoch", "validation_loss", "score", "bias", "scatter", "seconds", "chosen")
THRESHOLDS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)


def runs(
    folder: Path = typer.Argument(..., metavar="RUN", help="Folder of 'szfast train'.", show_default=False),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="All that is known of each run, as ECSV.", show_default=False
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write JSON."),
) -> None:
    """List the finished runs, and how many score below some thresholds; while a training goes on, too."""
    import numpy as np

    from szfast.ensemble.runs import runs_table
    from szfast.ensemble.score import runs_below
    from szfast.run_folder import open_run

    check_output(output, "--output", (".ecsv",), overwrite=overwrite)
    run = open_run(folder)
    table = runs_table(run.path)
    table["chosen"] = np.zeros(len(table), dtype=bool)
    if run.has("choice"):
        chosen = {(row["bin"], row["run"]) for row in run.read("choice")}
        table["chosen"] = [(row["bin"], row["run"]) in chosen for row in table]
    below = {
        int(number): runs_below(table["score"][table["bin"] == number], THRESHOLDS).tolist()
        for number in np.unique(table["bin"])
    }
    if output is not None:
        write_table(table, output)
    if as_json:
        show_json({"runs": plain_rows(table), "thresholds": THRESHOLDS, "runs_below": below})
        return
    show_rows(f"runs of {folder}", table[list(COLUMNS)])
    show_table(
        "number of runs whose score is below",
        ["bin", *map(str, THRESHOLDS)],
        [[str(number), *map(str, counts)] for number, counts in below.items()],
    )
    if run.has("choice"):
        show_choice(run)
    if output is not None:
        show_line(f"runs: {output}")
