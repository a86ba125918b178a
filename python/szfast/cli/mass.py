"""``szfast mass``: from maps to masses."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.outputs import check_output, write_table
from szfast.cli.reporting import show_json, show_line, show_table, show_warning

if TYPE_CHECKING:
    from astropy.table import QTable

ERROR_BARS = ("lower68", "upper68", "lower95", "upper95")

EXAMPLES = (
    "Examples:\n\n"
    "szfast mass maps.fits --networks weights/ -o masses.ecsv\n\n"
    "szfast mass PSZ2G359.07-32.12.fits --networks weights/ --json\n\n"
    "szfast mass maps.fits --networks training/ --members 10 -o masses.ecsv"
)


def mass(
    files: list[Path] = typer.Argument(
        ..., metavar="FITS", help="Files of 'szfast maps', or published cutouts.", show_default=False
    ),
    networks: Path = typer.Option(
        ...,
        metavar="DIR",
        help="Folder of networks, the file of one, or a run of 'szfast train': then masses have error bars.",
        show_default=False,
    ),
    members: int = typer.Option(1, "--members", min=1, help="Best runs of each bin whose mean is taken; for a run."),
    redshift: float | None = typer.Option(
        None, metavar="Z", help="Redshift of all the clusters.", show_default="what each file says"
    ),
    average: bool = typer.Option(
        True, "--average/--no-average", help="Average over the eight symmetries of the square."
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="ECSV table, a row a map.", show_default=False
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write the masses as JSON."),
) -> None:
    """Predict the masses of clusters from their maps, with trained networks."""
    check_output(output, "--output", (".ecsv",), overwrite=overwrite)
    table = _masses(files, networks, members, redshift, average)
    if output is not None:
        bars = [name for name in ERROR_BARS if name in table.colnames]
        write_table(table[["name", "view", "redshift", "log10_M500c", *bars]], output)
    clusters = _clusters(table)
    if as_json:
        show_json({"output": None if output is None else str(output), "clusters": clusters})
        return
    _show(clusters)
    near = [cluster["name"] for cluster in clusters if cluster["near_lowest"]]
    if near:
        show_warning(
            f"{', '.join(near)}: near the lowest mass that the network has learnt, or below it; "
            "take the mass as an upper limit."
        )
    if output is not None:
        show_line(f"masses: {output}")


def _masses(files: list[Path], networks: Path, members: int, redshift: float | None, average: bool) -> QTable:
    from szfast.errors import ArgumentError

    if (networks / "run.json").is_file():
        from szfast.ensemble.file_masses import masses_of_run

        return masses_of_run(files, networks, members=members, redshift=redshift, average=average, progress=True)
    if members > 1:
        raise ArgumentError(
            "expected a run's folder to choose the best networks from.",
            field="--members",
            remedy="give --networks the folder of 'szfast train', or leave --members out.",
        )
    from szfast.networks import masses_of_files

    return masses_of_files(files, networks, redshift=redshift, average=average, progress=True)


def _clusters(table: QTable) -> list[dict[str, Any]]:
    """One entry a cluster: each begins with its view 0, whatever its name."""
    import numpy as np

    views = np.asarray(table["view"])
    first = np.flatnonzero(views == 0)
    found = []
    for start, stop in zip(first, [*first[1:], len(table)], strict=True):
        log10_mass = np.asarray(table["log10_M500c"][start:stop], dtype=float)
        found.append(
            {
                "name": str(table["name"][start]),
                "redshift": float(table["redshift"][start]),
                "views": len(log10_mass),
                "mean_log10_M500c": float(log10_mass.mean()),
                "scatter_log10_M500c": float(log10_mass.std(ddof=1)) if len(log10_mass) > 1 else None,
                "log10_M500c": log10_mass.tolist(),
                **{
                    name: [_finite(value) for value in table[name][start:stop]]
                    for name in ERROR_BARS
                    if name in table.colnames
                },
                "near_lowest": bool(np.mean(table["near_lowest"][start:stop]) > 0.5),
            }
        )
    return found


def _finite(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _show(clusters: list[dict[str, Any]]) -> None:
    columns = ["name", "redshift", "views", "log10 M500c/Msun", "M500c (1e14 Msun)"]
    if "lower68" in clusters[0]:
        columns.append("68 % of a view")
    show_table("masses: mean and scatter over the views", columns, [_row(cluster) for cluster in clusters])


def _row(cluster: dict[str, Any]) -> tuple[str, ...]:
    mean, scatter = cluster["mean_log10_M500c"], cluster["scatter_log10_M500c"]
    cells = (
        cluster["name"],
        f"{cluster['redshift']:.4g}",
        str(cluster["views"]),
        f"{mean:.4f}" if scatter is None else f"{mean:.4f} ± {scatter:.4f}",
        f"{10 ** (mean - 14):.3f}",
    )
    if "lower68" not in cluster:
        return cells
    if None in cluster["lower68"]:
        return (*cells, "not known")
    low, high = (sum(cluster[name]) / len(cluster[name]) for name in ("lower68", "upper68"))
    return (*cells, f"{low:.3f} to {high:.3f}")
