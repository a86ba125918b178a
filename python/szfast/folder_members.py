"""Folders of strangers: what lies in them are files and folders, and no link leads out."""

from __future__ import annotations

import os
from pathlib import Path

from szfast.errors import SzfastError


def check_folder(folder: Path, kind: type[SzfastError]) -> None:
    """Refuse a folder with a link that leads out of it, or with anything but files and folders, at any depth.

    A pipe in a file's place would be waited for without end; a link could name any file of the reader's.

    Parameters
    ----------
    folder : Path
        The folder; one that is not there passes.
    kind : type of SzfastError
        What to raise.

    Raises
    ------
    SzfastError
        Of that kind.
    """
    inside = folder.resolve()
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            _check(Path(place) / name, inside, kind)


def member(folder: Path, name: str, kind: type[SzfastError]) -> Path:
    """A file of a folder by its name, as a table or a setting tells it.

    Parameters
    ----------
    folder : Path
        The folder.
    name : str
        The name, which may be a path below the folder.
    kind : type of SzfastError
        What to raise.

    Returns
    -------
    Path
        The file, which need not be there.

    Raises
    ------
    SzfastError
        If the name or a link leads out of the folder, or it is neither a file nor a folder.
    """
    file = folder / name
    _check(file, folder.resolve(), kind)
    return file


def _check(file: Path, inside: Path, kind: type[SzfastError]) -> None:
    try:
        leaves = not file.resolve().is_relative_to(inside)
        odd = not leaves and os.path.lexists(file) and not (file.is_file() or file.is_dir())
    # a link to itself, a name with a zero byte
    except (OSError, RuntimeError, ValueError):
        leaves, odd = False, True
    if leaves:
        raise kind(
            "leads out of its folder.", file=file, field="path", remedy="put the file itself in its place."
        ) from None
    if odd:
        raise kind(
            "is neither a file nor a folder.", file=file, field="path", remedy="put the file itself in its place."
        ) from None
