"""``szfast mass``: from maps to masses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.outputs import check_output, write_table
from szfast.cli.reporting import show_json, show_line, show_table, show_warning

if TYPE_CHECKING:
    from astropy.table import QTable

EXAMPLES = (
    "Examples:\n\n"
    "szfast mass maps.fits --networks weights/ -o masses.ecsv\n\n"
    "szfast mass PSZ2G359.07-32.12.fits --networks weights/ --json"
)


def mass(
    files: list[Path] = typer.Argument(
        ..., metavar="FITS", help="Files of 'szfast maps', or published cutouts.", show_default=False
    ),
    networks: Path = typer.Option(
        ..., metavar="DIR", help="Folder of networks, or the file of one.", show_default=False
    ),
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
    from szfast.networks import masses_of_files

    table = masses_of_files(files, networks, redshift=redshift, average=average, progress=True)
    if output is not None:
        write_table(table["name", "view", "redshift", "log10_M500c"], output)
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
                "near_lowest": bool(np.mean(table["near_lowest"][start:stop]) > 0.5),
            }
        )
    return found


def _show(clusters: list[dict[str, Any]]) -> None:
    columns = ("name", "redshift", "views", "log10 M500c/Msun", "M500c (1e14 Msun)")
    show_table("masses: mean and scatter over the views", columns, [_row(cluster) for cluster in clusters])


def _row(cluster: dict[str, Any]) -> tuple[str, ...]:
    mean, scatter = cluster["mean_log10_M500c"], cluster["scatter_log10_M500c"]
    return (
        cluster["name"],
        f"{cluster['redshift']:.4g}",
        str(cluster["views"]),
        f"{mean:.4f}" if scatter is None else f"{mean:.4f} ± {scatter:.4f}",
        f"{10 ** (mean - 14):.3f}",
    )
