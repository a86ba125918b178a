"""``szfast plot``: a picture of the views of one cluster."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.outputs import PICTURES, check_drawing, check_output
from szfast.cli.reporting import show_line
from szfast.errors import ArgumentError

EXAMPLES = "Examples:\n\nszfast plot maps.fits -o views.png\n\nszfast plot maps.fits --cluster 3 -o third.pdf"


def plot(
    file: Path = typer.Argument(..., metavar="MAPS.fits", help="A file of 'szfast maps'.", show_default=False),
    output: Path = typer.Option(
        ..., "--output", "-o", metavar="FILE", help="The picture: a .png, .pdf or .svg file.", show_default=False
    ),
    cluster: int = typer.Option(
        1, min=1, metavar="N", help="Which of the file's clusters; 1 is the first and heaviest."
    ),
    overwrite: bool = typer.Option(False, "--overwrite", help="Replace a file that exists."),
) -> None:
    """Draw all views of a cluster on one sheet."""
    check_output(output, "--output", PICTURES, overwrite=overwrite)
    check_drawing(output)
    from szfast.maps.files import read_maps
    from szfast.maps.picture import contact_sheet, save_figure

    sets = read_maps(file)
    if cluster > len(sets):
        raise ArgumentError(
            f"there is no cluster {cluster}, the file holds {len(sets)}.",
            file=file,
            field="cluster",
            remedy=f"give a number from 1 to {len(sets)}.",
        )
    save_figure(contact_sheet(sets[cluster - 1]), output)
    show_line(f"picture of {sets[cluster - 1].name}: {output}")
