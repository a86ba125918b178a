"""``szfast planck``: cutouts of the real Planck y map, and the masses of its clusters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from szfast.cli.outputs import OutputError, check_output
from szfast.cli.reporting import show_json, show_line, show_table, show_warning

if TYPE_CHECKING:
    from astropy.table import Row

MOST_SHOWN = 20

app = typer.Typer(help="Cut the real Planck y map at its clusters, and predict their masses.", no_args_is_help=True)

CUT_EXAMPLES = (
    "Examples:\n\n"
    "szfast planck cut milca_ymaps.fits --catalogue HFI_PCCS_SZ-union_R2.08.fits -o cutouts/\n\n"
    "szfast planck cut map.fits --catalogue PSZ2.fits --order nested --frame galactic --scale 1 -o cutouts/"
)
MASS_EXAMPLES = (
    "Examples:\n\n"
    "szfast planck mass cutouts/ --networks weights/ --catalogue HFI_PCCS_SZ-union_R2.08.fits -o masses.ecsv\n\n"
    "szfast planck mass cutouts/ --run RUN -o masses.fits"
)


@app.command("cut", epilog=CUT_EXAMPLES)
def cut(
    ymap: Path = typer.Argument(..., metavar="YMAP.fits", help="A HEALPix map of Compton y.", show_default=False),
    catalogue: Path = typer.Option(..., metavar="PSZ2.fits", help="The PSZ2 union catalogue.", show_default=False),
    output: Path = typer.Option(
        ..., "--output", "-o", metavar="DIR", help="Folder of the cutouts.", show_default=False
    ),
    nearest: bool = typer.Option(False, "--nearest", help="Take the nearest pixel, as the published cutouts do."),
    column: str | None = typer.Option(None, metavar="NAME", help="Column of the map.", show_default="the first"),
    order: str | None = typer.Option(None, metavar="ORDER", help="ring or nested, if the header is mute."),
    frame: str | None = typer.Option(None, metavar="FRAME", help="galactic, icrs or ecliptic, if the header is mute."),
    scale: float | None = typer.Option(
        None, metavar="NUMBER", help="Unit of the map's values, 1 for y itself, if the header is mute."
    ),
    zeros_are_data: bool = typer.Option(
        False,
        "--zeros-are-data",
        help="Runs of exact zeros are a simulated sky without noise, and not pixels without data.",
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace the cutouts of a folder that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write what was cut as JSON."),
) -> None:
    """Cut the y map at each cluster of PSZ2 with known redshift and mass."""
    _check_folder(output, overwrite=overwrite)
    from szfast.planck import cut_clusters, psz2_clusters, read_sky

    clusters = psz2_clusters(catalogue)
    sky = read_sky(
        ymap,
        column=0 if column is None else column,
        order=order,
        frame=frame,
        scale=scale,
        zeros_are_data=zeros_are_data,
    )
    table = cut_clusters(sky, clusters, output, method="nearest" if nearest else "bilinear", progress=True)
    flagged = table["name"][table["flagged"]].tolist()
    if as_json:
        show_json({"output": str(output), "cutouts": len(table), "flagged": flagged})
        return
    show_line(f"{len(table)} cutouts: {output}")
    if flagged:
        show_warning(f"{len(flagged)} of them lack data in over 5 % of their pixels: {', '.join(flagged)}.")


@app.command("mass", epilog=MASS_EXAMPLES)
def mass(
    cutouts: Path = typer.Argument(..., metavar="DIR", help="Folder of 'szfast planck cut'.", show_default=False),
    networks: Path | None = typer.Option(
        None, metavar="DIR", help="Folder of published networks; errors by noise alone.", show_default=False
    ),
    run: Path | None = typer.Option(
        None,
        metavar="RUN",
        help="Or a run of 'szfast train': its chosen networks, with error bars and out-of-domain numbers.",
        show_default=False,
    ),
    catalogue: Path | None = typer.Option(
        None, metavar="PSZ2.fits", help="Adds Planck's own masses.", show_default=False
    ),
    output: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="The catalogue: .ecsv or .fits.", show_default=False
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
    as_json: bool = typer.Option(False, "--json", help="Write the masses as JSON."),
) -> None:
    """Predict the masses of real clusters, with errors and flags."""
    check_output(output, "--output", (".ecsv", ".fits"), overwrite=overwrite)
    if (networks is None) == (run is None):
        raise typer.BadParameter("give either networks or a run.", param_hint="--networks")
    from szfast.planck import mass_catalogue, read_psz2, write_catalogue
    from szfast.run_folder import open_run

    psz2 = None if catalogue is None else read_psz2(catalogue)
    source = networks if run is None else open_run(run)
    assert source is not None  # one of both is given
    table = mass_catalogue(cutouts, source, psz2=psz2, progress=True)
    if output is not None:
        write_catalogue(table, output)
    if as_json:
        show_json({"output": None if output is None else str(output), "clusters": [_plain(row) for row in table]})
        return
    shown = [_shown(_plain(row)) for row in table[:MOST_SHOWN]]
    title = f"masses of {len(table)} clusters" + (f", the first {MOST_SHOWN}" if len(table) > MOST_SHOWN else "")
    show_table(title, ("name", "redshift", "log10 M500c/Msun", "out of domain", "flags"), shown)
    if output is not None:
        show_line(f"catalogue: {output}")


def _plain(row: Row) -> dict[str, Any]:
    return {
        "name": str(row["name"]),
        "redshift": float(row["redshift"]),
        "log10_M500c": float(row["log10_M500c"]),
        "err_low": float(row["log10_M500c_err_low"]),
        "err_up": float(row["log10_M500c_err_up"]),
        "out_of_domain": float(row["out_of_domain"]) if "out_of_domain" in row.colnames else None,
        "flags": [name.removeprefix("flag_") for name in row.colnames if name.startswith("flag_") and row[name]],
    }


def _shown(row: dict[str, Any]) -> tuple[str, ...]:
    mass = f"{row['log10_M500c']:.3f} -{row['err_low']:.3f} +{row['err_up']:.3f}"
    far = "-" if row["out_of_domain"] is None else f"{row['out_of_domain']:.2f}"
    return row["name"], f"{row['redshift']:.4g}", mass, far, ", ".join(row["flags"])


def _check_folder(folder: Path, *, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError("is a file.", file=folder, field="--output", remedy="name a folder.")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise OutputError("holds files already.", file=folder, field="--output", remedy="add --overwrite.")
