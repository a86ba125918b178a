"""``szfast fetch``: published files, from their official places."""

from __future__ import annotations

from pathlib import Path

import typer

from szfast.cli.reporting import show_json, show_line

EXAMPLES = (
    "Examples:\n\n"
    "szfast fetch psz2 -o data/\n\n"
    "szfast fetch ymap -o data/     (several GB; goes on where it broke off)\n\n"
    "szfast fetch deepplanck -o data/deepplanck/"
)


def fetch(
    what: str = typer.Argument(..., metavar="psz2|ymap|deepplanck", help="Which files.", show_default=False),
    output: Path = typer.Option(Path("."), "--output", "-o", metavar="DIR", help="Folder for the files."),
    mirror: str | None = typer.Option(
        None, metavar="URL", help="A folder with the same files.", show_default="the official places"
    ),
    as_json: bool = typer.Option(False, "--json", help="Write the files' paths as JSON."),
) -> None:
    """Fetch the PSZ2 catalogue, the Planck 2015 y maps, or the published networks and masses."""
    from szfast.planck import fetch as get

    files = get(what, output, mirror=mirror, progress=True)
    if as_json:
        show_json([str(file) for file in files])
        return
    for file in files:
        show_line(str(file))
