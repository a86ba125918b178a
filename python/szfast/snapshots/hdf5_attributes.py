"""Attributes of HDF5 files as numbers, and what HDF5 raises as errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py as untyped_h5py
import numpy as np

from szfast.errors import SnapshotError, SzfastError

h5py: Any = untyped_h5py


class Unread:
    """What stands for values on HDF5's heap, texts of any length above all.

    Where the heap is damaged HDF5 reads forever, or takes as much memory as a wrong length says.
    """

    def __repr__(self) -> str:
        return "values of any length"


UNREAD = Unread()


def as_number(value: Any, name: str, path: Path, kind: type[SzfastError] = SnapshotError) -> float:
    """Convert an attribute (scalar, or array of one repeated value) to a float.

    Raises
    ------
    SzfastError
        Of the given kind, if it is no number, or several different ones.
    """
    try:
        given = np.ravel(np.asarray(value))
        # An imaginary part would be dropped without a word.
        values = np.zeros(0) if given.dtype.kind == "c" else given.astype(np.float64)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.size == 0 or not np.array_equal(values, np.full_like(values, values[0]), equal_nan=True):
        raise kind(f"expected one number, found {value!r}.", file=path, field=name, remedy="correct the attribute.")
    return float(values[0])


def as_count(value: Any, name: str, path: Path, kind: type[SzfastError] = SnapshotError) -> int:
    """Convert an attribute to a whole number from 0 on; see `as_number`."""
    number = as_number(value, name, path, kind)
    if not (0 <= number < 2**63 and number == int(number)):
        raise kind(f"expected a count, found {number:g}.", file=path, field=name, remedy="correct the attribute.")
    return int(number)


def scale_power(base: float, exponent: float) -> float:
    """A power of a unit, a or h; one that overflows is infinite, and what is made of it is refused as such."""
    with np.errstate(all="ignore"):
        return float(np.power(np.float64(base), exponent))


@contextmanager
def translated(path: Path, kind: type[SzfastError] = SnapshotError) -> Iterator[None]:
    """Turn what h5py raises into an error of szfast's."""
    try:
        yield
    # A damaged file makes h5py fail in any of these ways.
    except (OSError, RuntimeError, KeyError, EOFError, ValueError, TypeError) as error:
        raise kind(
            f"HDF5 cannot read it ({str(error).strip(chr(34))}).",
            file=path,
            field="HDF5",
            remedy="the file is truncated or damaged: fetch it again.",
        ) from error


def attributes_of(of: Any) -> dict[str, Any]:
    """Attributes of a group or dataset by name; `UNREAD` for those whose values stand elsewhere."""
    return {name: of.attrs[name] if stands_here(of.attrs.get_id(name).dtype) else UNREAD for name in of.attrs}


def stands_here(kind: Any) -> bool:
    """Whether values of a type stand where their array or attribute stands, not on HDF5's heap."""
    return h5py.check_vlen_dtype(kind) is None and getattr(h5py.check_string_dtype(kind), "length", 0) is not None


def as_text(value: Any, name: str, path: Path) -> str:
    """Convert an attribute to a text, in small letters.

    Raises
    ------
    SnapshotError
        If it is of any length, or no text.
    """
    if isinstance(value, Unread) or np.asarray(value).dtype.kind not in "SU":
        raise SnapshotError(
            f"expected a text of fixed length, found {value!r}.",
            file=path,
            field=name,
            remedy=f"write it as SWIFT does: attrs['{name.split('/')[-1]}'] = numpy.bytes_('...').",
        )
    raw = b" ".join(str(each).encode(errors="replace") if isinstance(each, str) else each for each in np.ravel(value))
    return raw.decode(errors="replace").strip("\0 ").lower()
