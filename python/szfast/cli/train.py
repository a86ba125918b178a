"""``szfast train``: many networks for each redshift bin, and the least biased of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from szfast.cli.reporting import going_on, show_json, show_line, show_table, show_warning

EXAMPLE = (
    "A configuration; paths start at its folder, and all but the first two lines may be left out:\n\n"
    'dataset = "planck.zarr"\n\n'
    'folder = "training"\n\n'
    "runs = 100\n\n"
    r'compare = \["redshift", "filtered"]' + "\n\n"
    r"\[recipe]" + "\n\n"
    'variant = "published"\n\n'
    "epochs = 100\n\n"
    "Variants: published, redshift, one-for-all, asinh, compact, filtered."
)


def train(
    configuration: Path = typer.Argument(..., metavar="CONFIG", help="A TOML file.", show_default=False),
    runs: int | None = typer.Option(None, min=1, help="Networks a bin, instead of the configuration's."),
    workers: int = typer.Option(0, min=0, help="Processes on this machine; 0 for one a core."),
    dask: str | None = typer.Option(
        None,
        metavar="SCHEDULER",
        help="Let the workers of a Dask cluster train: the scheduler's address or its file.",
        show_default=False,
    ),
    stacked: bool = typer.Option(
        False, "--stacked", help="All runs of a bin in one model: filtered ones anywhere, published ones on a GPU."
    ),
    tensorboard: bool = typer.Option(False, "--tensorboard", help="Write the losses for TensorBoard too."),
    as_json: bool = typer.Option(False, "--json", help="Write the choice as JSON."),
) -> None:
    """Train networks and choose the least biased of each bin; started again after a kill, it goes on where it was."""
    from szfast.arguments import require
    from szfast.ensemble.comparison import train_and_compare
    from szfast.ensemble.configuration import read_training
    from szfast.ensemble.training import opened_dataset
    from szfast.run_folder import open_run

    wanted = read_training(configuration)
    # before Keras, which takes many seconds to import
    dataset = opened_dataset(wanted.dataset)
    require("keras", "train", "training")
    with going_on():
        compared = train_and_compare(
            dataset,
            wanted.folder,
            wanted.compare,
            bins=wanted.bins,
            recipe=wanted.recipe,
            runs=runs or wanted.runs,
            workers=workers or None,
            dask=dask,
            stacked=stacked,
            tensorboard=tensorboard,
            progress=True,
        )
    run = open_run(wanted.folder)
    if as_json:
        content = {name: plain_rows(run.read(name)) for name in ("choice", "coverage") if run.has(name)}
        show_json({"folder": str(run.path), **content, "variants": plain_rows(compared)})
        return
    show_choice(run)
    if wanted.compare:
        show_rows("variants on their test maps", compared)
    show_line(f"networks: {run.networks}")


def plain_rows(table: Any) -> list[dict[str, Any]]:
    """A table's rows in Python's own numbers and lists, as JSON takes them."""
    return [
        {name: getattr(row[name], "tolist", lambda value=row[name]: value)() for name in row.colnames} for row in table
    ]


def show_rows(title: str, table: Any) -> None:
    """Write a table of numbers."""
    show_table(title, table.colnames, [[_short(value) for value in row.values()] for row in plain_rows(table)])


def show_choice(run: Any) -> None:
    """Write what was chosen in each bin, and how often the intervals hold the mass."""
    columns = ["bin", "runs", "run", "score", "test_score", "fresh_score", "optimism", "bias", "scatter", "n"]
    show_rows("least biased run of each redshift bin, on its test maps", run.read("choice")[columns])
    if not run.has("coverage"):
        show_warning("too few validation maps for error bars.")
        return
    held = run.read("coverage")
    show_rows(
        "share of test maps whose interval holds the true mass",
        held["bin", "n", "clusters", "held68", "held95"][_whole(held)],
    )


def _whole(held: Any) -> list[int]:
    """The first row of each bin holds all its masses."""
    numbers = [int(number) for number in held["bin"]]
    return [row for row, number in enumerate(numbers) if number not in numbers[:row]]


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
