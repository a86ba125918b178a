"""``szfast dataset``: build, info, verify and show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.outputs import PICTURES, check_drawing, check_output
from szfast.cli.reporting import ReportingGroup, going_on, show_json, show_line, show_table, show_warning

if TYPE_CHECKING:
    from szfast.dataset import DataSet

EXAMPLE = (
    "A configuration, all that is needed for synthetic clusters; paths start at its folder:\n\n"
    'path = "planck.zarr"\n\n'
    r"\[synthetic]" + "\n\n"
    "clusters = 7106\n\n"
    "For simulations, as often as there are codes:\n\n"
    r"\[\[simulations]]" + "\n\n"
    'code = "GIZMO-SIMBA"\n\n'
    'snapshots = "sims/{region}/snap_{snapshot}.hdf5"\n\n'
    'halos = "sims/{region}/snap_{snapshot}*.AHF_halos"\n\n'
    'least_mass = "1e14 Msun"'
)

app = typer.Typer(
    cls=ReportingGroup,
    help="Data sets of maps: build, look into, check.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)

STORE = typer.Argument(..., metavar="STORE", help="A data set that 'szfast dataset build' has made.")


@app.command("build", epilog=EXAMPLE)
def build(
    configuration: Path = typer.Argument(..., metavar="CONFIG", help="A TOML file."),
    workers: int = typer.Option(0, min=0, help="Processes on this machine; 0 for one a core."),
    dask: str | None = typer.Option(
        None,
        metavar="SCHEDULER",
        help="Let the workers of a Dask cluster do the work: the scheduler's address or its file.",
        show_default=False,
    ),
    materialise: int | None = typer.Option(
        None, min=0, metavar="K", help="Store K realisations of noisy maps too, for other programs.", show_default="0"
    ),
    bad_snapshots: str | None = typer.Option(
        None, metavar="WHAT", help="'stop' at a snapshot that cannot be read, or 'leave out' such.", show_default="stop"
    ),
    as_json: bool = typer.Option(False, "--json", help="Write what was made as JSON."),
) -> None:
    """Build a data set; started again after a kill, it goes on where it was."""
    from szfast import dataset

    with going_on():
        made = dataset.build(
            configuration,
            workers=workers,
            dask=dask,
            materialise=materialise,
            bad_snapshots=bad_snapshots,
            progress=True,
        )
    _show_info(made, as_json)


@app.command("info")
def info(store: Path = STORE, as_json: bool = typer.Option(False, "--json", help="Write JSON.")) -> None:
    """Show what a data set holds, and how it was made."""
    from szfast.dataset import open_dataset

    _show_info(open_dataset(store), as_json)


@app.command("verify")
def verify(store: Path = STORE, as_json: bool = typer.Option(False, "--json", help="Write JSON.")) -> None:
    """Check every file, map and label of a data set; exit status 1 where something is wrong."""
    from szfast.dataset import verify as verified

    found = verified(store, progress=True)
    table = found.statistics
    statistics = [] if table is None else [{name: row[name] for name in table.colnames} for row in table]
    if as_json:
        plain = [{name: getattr(value, "value", value) for name, value in row.items()} for row in statistics]
        show_json({"files": found.files, "maps": found.maps, "problems": found.problems, "bins": _native(plain)})
    else:
        if statistics:
            rows = [[_short(value) for value in row.values()] for row in statistics]
            show_table("clean maps by redshift", list(statistics[0]), rows)
        for problem in found.problems:
            show_line(problem)
        show_line(f"{found.files} files, {found.maps} maps: {len(found.problems) or 'no'} problems")
    if found.problems:
        raise typer.Exit(1)


@app.command("show")
def show(
    store: Path = STORE,
    output: Path = typer.Option(..., "--output", "-o", metavar="FILE", help="A .png, .pdf or .svg file."),
    cluster: int = typer.Option(0, min=0, help="Row of the cluster whose views are drawn."),
    clean: bool = typer.Option(False, "--clean", help="Without noise."),
    realisation: int = typer.Option(0, min=0, help="Number of the draw of noise."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
) -> None:
    """Draw all views of a cluster on one sheet."""
    check_output(output, "--output", PICTURES, overwrite=overwrite)
    check_drawing(output)
    from szfast.dataset import open_dataset
    from szfast.maps.picture import contact_sheet, save_figure

    maps = open_dataset(store).map_set(cluster, noise=not clean, realisation=realisation)
    save_figure(contact_sheet(maps), output)
    show_line(f"picture: {output}")


def _show_info(dataset: DataSet, as_json: bool) -> None:
    from szfast.dataset.summary import summary

    content = summary(dataset)
    if as_json:
        show_json(content)
        return
    left_out = content.pop("left_out")
    bins = content.pop("bins")
    configuration = content.pop("configuration")
    rows = [(name.replace("_", " "), _short(value)) for name, value in content.items()]
    rows += [(f"maps.{name}", _short(value)) for name, value in configuration["maps"].items()]
    show_table(str(dataset.path), ("quantity", "value"), rows)
    show_table("clusters by redshift", list(bins[0]), [[_short(value) for value in row.values()] for row in bins])
    for failure in left_out:
        where = f"{failure['code']}, region {failure['region']}, snapshot {failure['snapshot']}"
        show_warning(f"left out: {where}: {failure['problem']}")


def _short(value: Any) -> str:
    value = getattr(value, "value", value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _native(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """NumPy's scalars as Python's, which JSON knows."""
    return [{name: getattr(value, "item", lambda value=value: value)() for name, value in row.items()} for row in rows]
