"""``szfast evaluate``: a run's networks on clusters of another kind than they have learnt from."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.reporting import show_json, show_line, show_table
from szfast.cli.train import plain_rows

EXAMPLES = (
    "Examples, a data set of another simulation code, then the report that shows it:\n\n"
    "szfast dataset build gizmo.toml\n\n"
    "szfast evaluate RUN gizmo.zarr --name GIZMO\n\n"
    "szfast report RUN -o report/"
)


def evaluate(
    run: Path = typer.Argument(..., metavar="RUN", help="Folder of 'szfast train'.", show_default=False),
    store: Path = typer.Argument(
        ..., metavar="STORE", help="A data set of 'szfast dataset build' that the run has not seen.", show_default=False
    ),
    name: str | None = typer.Option(
        None, metavar="NAME", help="What the clusters are called in tables.", show_default="the store's name"
    ),
    as_json: bool = typer.Option(False, "--json", help="Write the tables as JSON."),
) -> None:
    """Weigh clusters of another simulation code or kind than those learnt.

    Bias, scatter and out-of-domain numbers are shown, and kept in the run for its report.
    """
    from szfast.dataset import open_dataset
    from szfast.evaluation import evaluate_on
    from szfast.evaluation.other_clusters import other_table1, shift_rows
    from szfast.run_folder import open_run

    opened = open_run(run)
    called = store.stem if name is None else name
    rows = evaluate_on(opened, open_dataset(store), called)
    table, shift = other_table1(rows), shift_rows(opened)
    shift = shift[shift["dataset"] == called]
    if as_json:
        show_json({"dataset": called, "table1": table.rows(), "bins": plain_rows(shift)})
        return
    show_table(f"{called}, (M_CNN - X) / M_CNN: mean ± standard deviation (N)", *table.cells())
    columns = ("bin", "clusters", "maps", "rms dex", "out of domain", "share outside", "share of masses learnt")
    cells = [
        [
            str(row["bin"]),
            str(row["clusters"]),
            str(row["n"]),
            *(f"{row[key]:.3f}" for key in ("rms_dex", "out_of_domain", "share_outside", "learnt")),
        ]
        for row in shift
    ]
    show_table("out-of-domain number: median, and share of maps above 1 (5 % of the maps learnt are)", columns, cells)
    show_line(f"kept in {opened.path}; 'szfast report' shows it")
