"""``szfast report``: a page that tells of a run."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.outputs import OutputError
from szfast.cli.reporting import show_json, show_line

EXAMPLES = (
    "Examples:\n\n"
    "szfast report RUN -o report/\n\n"
    "szfast report RUN --masses masses.ecsv --cutouts cutouts/ --lensing lensing/ -o report/\n\n"
    "szfast report RUN --masses DeepPlanck.csv --psz2 HFI_PCCS_SZ-union_R2.08.fits --lensing lensing/ -o report/\n\n"
    "szfast report RUN --cutouts cutouts/ --cluster 'PSZ2 G057.80+88.00' -o report/"
)

LENSING_FILES = "herbonnet2020_wl_masses.csv, clash_umetsu2016.csv or mulroy2019_sample.tsv"


def report(
    run: Path = typer.Argument(
        ..., metavar="RUN", help="Folder of 'szfast train'; that of a demo is DEMO/run.", show_default=False
    ),
    output: Path = typer.Option(..., "--output", "-o", metavar="DIR", help="Folder of the report.", show_default=False),
    masses: Path | None = typer.Option(
        None, metavar="FILE", help="Masses of real clusters: of 'szfast planck mass', or the published ones."
    ),
    psz2: Path | None = typer.Option(None, metavar="PSZ2.fits", help="Gives the published masses their positions."),
    cutouts: Path | None = typer.Option(None, metavar="DIR", help="Folder of 'szfast planck cut'."),
    lensing: Path | None = typer.Option(None, metavar="DIR", help=f"Folder with {LENSING_FILES}."),
    clean: Path | None = typer.Option(
        None, metavar="RUN", help="A run trained without noise: the first column of the published table."
    ),
    cluster: list[str] = typer.Option([], metavar="NAME", help="Write a page of this real cluster; may be repeated."),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a report that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write the report's path as JSON."),
) -> None:
    """Write the report of a run: one HTML page that needs no other file.

    Each part whose input is not given says so.
    """
    if (output / "index.html").exists() and not overwrite:
        raise OutputError("holds a report already.", file=output, field="--output", remedy="add --overwrite.")
    from szfast.report import read_real_clusters, write_report

    real = read_real_clusters(masses, psz2=psz2, cutouts=cutouts, lensing=lensing)
    index = write_report(run, output, real=real, clusters=cluster, clean=clean)
    if as_json:
        show_json({"report": str(index), "clusters": cluster})
        return
    show_line(f"report: {index}")
