"""The text files of AHF: a header line of numbered names, then one row a halo or radius."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import HaloCatalogueError

_NUMBER = re.compile(r"\(\d+\)$")


def column_names(path: Path) -> list[str]:
    """Names of the header line ``#ID(1) hostHalo(2) ...`` without their numbers; empty if there is none."""
    with path.open("rb") as file:
        first = file.readline(65536)
    if not first.startswith(b"#"):
        return []
    words = first.decode("ascii", errors="replace").lstrip("# \t").split()
    return [_NUMBER.sub("", word) for word in words]


def read_columns(path: Path, columns: dict[str, int]) -> dict[str, NDArray[np.float64]]:
    """Read the columns of the given 0-based numbers; ``id`` as integers, the others as floats.

    Raises
    ------
    HaloCatalogueError
        If a row is short or holds something that is not a number.
    """
    # AHF's IDs are hashes of up to 64 bits, beyond what a float carries.
    kinds = [(key, np.uint64 if key == "id" else np.float64) for key in columns]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*input contained no data.*")
            table = np.loadtxt(path, dtype=kinds, usecols=list(columns.values()), ndmin=1)
    except (ValueError, OverflowError) as error:
        raise HaloCatalogueError(
            f"a row cannot be read ({error}).",
            file=path,
            field="rows",
            remedy="the file is truncated or damaged: copy it again.",
        ) from None
    return {key: np.ascontiguousarray(table[key]) for key in columns}
