"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from szfast.errors import SzfastError

UNFINISHED = ".unfinished-"
"""Part of the name of what a writer that is killed leaves beside its file."""

DAMAGED_NPZ = (
    OSError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    RuntimeError,
    MemoryError,
    SyntaxError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Whatever NumPy raises at a damaged archive; the header of an array is a piece of Python, which it parses."""


@contextmanager
def replaced(path: Path, kind: type[SzfastError]) -> Iterator[Path]:
    """A temporary name beside a file; what was written there takes the file's place at the end.

    Parameters
    ----------
    path : Path
        The file.
    kind : type of SzfastError
        What to raise where the disk refuses, or something else than a file is there.

    Raises
    ------
    SzfastError
        Of that kind.
    """
    if path.exists() and not path.is_file():
        raise kind(
            "is a folder, a device or a pipe.", file=path, field="path", remedy="give the name of an ordinary file."
        )
    try:
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}{UNFINISHED}") as folder:
            temporary = Path(folder) / path.name
            yield temporary
            # on the disk before it has the name: a loss of power leaves the old file or the new one
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            os.replace(temporary, path)
    except OSError as error:
        raise kind(
            f"cannot be written ({error.strerror or error}).",
            file=path,
            field="path",
            remedy="check the folder, its rights and space.",
        ) from error


def remove_unfinished(folder: Path) -> None:
    """Remove what killed writers left in a folder and below it; for one who knows that no other writes there now."""
    for left in list(folder.rglob(f".*{UNFINISHED}*")):
        shutil.rmtree(left, ignore_errors=True)
