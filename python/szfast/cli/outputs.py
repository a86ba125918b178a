"""Files that the command writes: checked before the work, complete or absent after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from szfast.errors import SzfastError
from szfast.table_files import write_ecsv
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from astropy.table import QTable

PICTURES = (".png", ".pdf", ".svg")


class OutputError(SzfastError):
    """A file that was asked for cannot be written."""


def check_output(path: Path | None, option: str, suffixes: tuple[str, ...], *, overwrite: bool) -> None:
    """Refuse a file before any work is done for it.

    Raises
    ------
    typer.BadParameter
        If its name does not end as its format does.
    OutputError
        If it exists and may not be replaced, or its folder does not exist.
    """
    if path is None:
        return
    if path.suffix.lower() not in suffixes:
        raise typer.BadParameter(
            f"expected a name that ends in {' or '.join(suffixes)}, found '{path}'.", param_hint=option
        )
    try:
        path.lstat()
    except OSError as error:
        # that there is none, or no folder of it, is told below or is as it should be
        if not isinstance(error, FileNotFoundError | NotADirectoryError | PermissionError):
            problem = f"it cannot be written ({error.strerror})."
            raise OutputError(problem, file=path, field=option, remedy="choose another name.") from None
    if path.is_dir() or not path.parent.is_dir():
        problem = "is a folder." if path.is_dir() else f"there is no folder '{path.parent}'."
        raise OutputError(problem, file=path, field=option, remedy="name a file in a folder that exists.")
    if not os.access(path.parent, os.W_OK):
        raise OutputError("its folder cannot be written to.", file=path, field=option, remedy="choose another folder.")
    if path.exists() and not overwrite:
        raise OutputError("exists already.", file=path, field=option, remedy="choose another name, or add --overwrite.")


def check_drawing(path: Path | None) -> None:
    """Refuse a picture before any work is done for it, where nothing can draw.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    from szfast.arguments import require

    if path is not None:
        require("matplotlib", "report", "drawing maps")


def write_table(table: QTable, path: Path) -> None:
    """Write a table as ECSV, under another name first.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replaced(path, OutputError) as temporary:
        write_ecsv(table, temporary)


def write_text(text: str, path: Path) -> None:
    """Write text, under another name first.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    with replaced(path, OutputError) as temporary:
        temporary.write_text(text, encoding="utf-8")
