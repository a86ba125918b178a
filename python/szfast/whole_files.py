"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from szfast.errors import SzfastError

UNFINISHED = ".unfinished-"
"""Part of the name of what a writer that is killed leaves beside its file."""


@contextmanager
def replaced(path: Path, kind: type[SzfastError]) -> Iterator[Path]:
    """A temporary name beside a file; what was written there takes the file's place at the end.

    Parameters
    ----------
    path : Path
        The file.
    kind : type of SzfastError
        What to raise where the disk refuses.

    Raises
    ------
    SzfastError
        Of that kind.
    """
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}{UNFINISHED}") as folder:
            temporary = Path(folder) / path.name
            yield temporary
            os.replace(temporary, path)
    except OSError as error:
        raise kind(
            f"cannot be written ({error.strerror or error}).",
            file=path,
            remedy="check the folder, its rights and space.",
        ) from error


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in a folder and below it; for one who knows that no other writes there now."""
    for left in list(folder.rglob(f".*{UNFINISHED}*")):
        shutil.rmtree(left, ignore_errors=True)
