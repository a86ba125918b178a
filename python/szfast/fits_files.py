"""FITS files from anywhere: what their headers claim is compared with their size before it is believed."""

from __future__ import annotations

import gzip
import io
import math
import os
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from szfast.errors import SzfastError

_BLOCK = 2880
_MOST_COLUMNS = 999
"""TFIELDS's limit by the FITS standard 4.0, 7.2.1."""

_MOST_UNPACKED = 20
"""Bytes that a packed one may hold: tables and maps of numbers hold two to five, a bomb a thousand."""


@contextmanager
def opened_fits(file: Path, kind: type[SzfastError], remedy: str, *, checksum: bool = True) -> Iterator[Any]:
    """Open a FITS file, as it is or behind gzip; whatever fails in the body for the file's fault is raised as `kind`.

    Parameters
    ----------
    file : Path
        The file.
    kind : type
        The error to raise.
    remedy : str
        What the user can do.
    checksum : bool
        Whether checksums are looked at where there are any, for which everything is read.

    Raises
    ------
    SzfastError
        Of that kind, if the file is missing, no FITS file, larger by its headers than on disk, or has a wrong checksum.
    """
    from astropy.io import fits
    from astropy.io.fits.verify import VerifyError
    from astropy.utils.exceptions import AstropyWarning

    if file.exists() and not file.is_file():
        # a pipe would be waited for
        raise kind("is no file.", file=file, field="path", remedy=remedy)
    try:
        with warnings.catch_warnings(), file.open("rb") as raw:
            warnings.simplefilter("ignore", AstropyWarning)
            warnings.filterwarnings("error", "(Checksum|Datasum) verification failed", AstropyWarning)
            stream = _unpacked(raw, file)
            _check_claims(stream)
            stream.seek(0)
            with fits.open(stream, memmap=False, checksum=checksum) as units:
                yield units
    except SzfastError:
        raise
    except FileNotFoundError:
        raise kind("there is no such file.", file=file, field="path", remedy=remedy) from None
    # whatever astropy meets in a damaged file
    except (
        OSError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        EOFError,
        MemoryError,
        RecursionError,
        zlib.error,
        VerifyError,
        AstropyWarning,
    ) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise kind(f"is no complete FITS file ({said[0]}).", file=file, field="FITS", remedy=remedy) from None


def _unpacked(raw: BinaryIO, file: Path) -> BinaryIO:
    start = raw.read(2)
    raw.seek(0)
    if start != b"\x1f\x8b":
        return raw
    most = max(_MOST_UNPACKED * os.fstat(raw.fileno()).st_size, 2 * _BLOCK)
    with gzip.open(raw) as packed:
        # counted before anything is kept
        unpacked = 0
        while piece := packed.read(1 << 20):
            unpacked += len(piece)
            if unpacked > most:
                raise ValueError(f"unpacks to more than {_MOST_UNPACKED} times its size")
        packed.seek(0)
        return io.BytesIO(packed.read())


def _check_claims(stream: BinaryIO) -> None:
    from astropy.io import fits

    size = stream.seek(0, io.SEEK_END)
    if size == 0:
        raise ValueError("it is empty")
    position = 0
    while position < size:
        stream.seek(position)
        header = fits.Header.fromfile(stream)
        start = stream.tell()
        end = start + _data_bytes(header)
        if end > size:
            raise ValueError(f"the headers tell of {end} bytes, the file has {size}")
        position = start + -(-(end - start) // _BLOCK) * _BLOCK
        if header.get("XTENSION") == "BINTABLE":
            _check_table(header)
            stream.seek(end)
            # a table's last block is filled with zeros: rows that the header does not count would stand there
            if stream.read(min(position, size) - end).strip(b"\0 "):
                raise ValueError("rows stand behind the last that the header counts")


def _data_bytes(header: Any) -> int:
    axes = [int(header[f"NAXIS{number + 1}"]) for number in range(int(header["NAXIS"]))]
    if not axes:
        return 0
    if min(axes) < 0:
        raise ValueError(f"an axis is {min(axes)} long")
    values = int(header.get("GCOUNT", 1)) * (int(header.get("PCOUNT", 0)) + math.prod(axes))
    return abs(int(header["BITPIX"])) // 8 * values


def _check_table(header: Any) -> None:
    columns = int(header["TFIELDS"])
    if not 0 <= columns <= _MOST_COLUMNS:
        raise ValueError(f"expected 0 to {_MOST_COLUMNS} columns, found {columns}")
