"""``szfast shift``: networks on other kinds of clusters or noise than they have learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from szfast.cli.reporting import show_json, show_line
from szfast.cli.train import plain_rows, show_rows

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet

EXAMPLES = (
    "Example, a run on one profile, another run on a second one, and both tested on both and on other noise:\n\n"
    "szfast shift RUN A10=a10.zarr B12=b12.zarr 'A10, less noise=a10.zarr@homogeneous' --trained B12=RUN2"
)


def shift(
    run: Path = typer.Argument(..., metavar="RUN", help="Folder of 'szfast train'.", show_default=False),
    tested: list[str] = typer.Argument(
        ...,
        metavar="NAME=STORE[@NOISE]",
        help="Data sets that no run has seen, each with a name; @NOISE instead of their own noise.",
        show_default=False,
    ),
    name: str = typer.Option("this run", "--name", help="What the run was trained on, in words."),
    trained: list[str] = typer.Option(
        [], "--trained", metavar="NAME=RUN", help="Further runs, named after what they were trained on."
    ),
    members: int = typer.Option(1, "--members", min=1, help="Best runs of each bin whose mean mass is predicted."),
    as_json: bool = typer.Option(False, "--json", help="Write the table as JSON."),
) -> None:
    """Test runs on other kinds of clusters or noise: bias, scatter, out-of-domain numbers; kept in RUN for a report."""
    from szfast.arguments import require
    from szfast.ensemble import read_chosen, shift_table
    from szfast.run_folder import open_run

    require("keras", "train", "predicting with a run's networks")
    opened = open_run(run)
    runs = {name: run} | {key: Path(value) for key, value in (_named(each, "--trained") for each in trained)}
    networks = {key: read_chosen(folder, members=members) for key, folder in runs.items()}
    sets = {key: _opened(value) for key, value in (_named(each, "NAME=STORE") for each in tested)}
    bins = [(float(row["z_low"]), float(row["z_high"])) for row in opened.read("choice")]
    table = shift_table(networks, sets, bins)
    opened.write("domain_shift", table)
    if as_json:
        show_json({"folder": str(opened.path), "domain_shift": plain_rows(table)})
        return
    columns = ["trained_on", "tested_on", "bin", "n", "clusters", "bias_dex", "scatter_dex", "held68"]
    show_rows("clusters of another kind than learnt", table[[*columns, "out_of_domain", "share_outside"]])
    show_line(f"kept in {opened.path}; 'szfast report' shows it")


def _named(text: str, field: str) -> tuple[str, str]:
    from szfast.errors import ArgumentError

    key, equals, value = text.partition("=")
    if not (key.strip() and equals and value):
        raise ArgumentError(
            f"expected NAME=PATH, found '{text}'.", field=field, remedy="name each, as in A10=a10.zarr."
        )
    return key.strip(), value


def _opened(text: str) -> DataSet:
    from dataclasses import replace

    from szfast.dataset import open_dataset
    from szfast.maps.spectrum import noise_spectrum

    store, at, noise = text.partition("@")
    dataset = open_dataset(store)
    return replace(dataset, noise=noise_spectrum(noise)) if at else dataset
