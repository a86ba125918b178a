"""Arrays that lie in a file as they do in memory: read by one system call, into the array that is given away."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError


@dataclass(frozen=True)
class PlainArray:
    """Where an array starts in its file, and how it is stored.

    Parameters
    ----------
    start : int
        First byte.
    dtype : dtype
        Of its values, in the file's byte order.
    row_shape : tuple of int
        Shape of one row: empty where a row is one value.
    """

    start: int
    dtype: np.dtype[Any]
    row_shape: tuple[int, ...] = ()

    def rows(self, file: FileIO, name: str, start: int, stop: int) -> NDArray[Any]:
        """Read rows [start, stop), in this machine's byte order.

        Parameters
        ----------
        file : FileIO
            From `opened_plain`.
        name : str
            The array's name, for errors.
        start, stop : int
            Rows.

        Raises
        ------
        SnapshotError
            If the file ends before, or cannot be read.
        """
        values = np.empty((stop - start, *self.row_shape), dtype=self.dtype)
        left = values.reshape(-1).view(np.uint8).data
        row_bytes = self.dtype.itemsize * math.prod(self.row_shape)
        try:
            file.seek(self.start + start * row_bytes)
            # One call may give less than was asked for.
            while left and (count := file.readinto(left)):
                left = left[count:]
        except OSError as error:
            raise _unreadable(file, name, f"it cannot be read ({error})") from error
        if left:
            raise _unreadable(file, name, f"the file ends {len(left)} bytes before row {stop}")
        return values.astype(self.dtype.newbyteorder("="), copy=False)


def _unreadable(file: FileIO, name: str, problem: str) -> SnapshotError:
    return SnapshotError(
        f"{problem}.",
        file=Path(str(file.name)),
        field=name,
        remedy="the file is truncated or damaged, or was changed meanwhile: fetch it again.",
    )


@contextmanager
def opened_plain(path: Path) -> Iterator[FileIO]:
    """Open a file whose plain arrays are to be read.

    Raises
    ------
    SnapshotError
        If it cannot be opened.
    """
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        problem = "no such file" if isinstance(error, FileNotFoundError) else f"it cannot be opened ({error})"
        raise SnapshotError(
            f"{problem}.", file=path, field="path", remedy="check the path's spelling and rights."
        ) from error
    with file:
        yield file
