"""Files of GADGET's binary formats 1 and 2: header and blocks, found without reading a particle."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from szfast.errors import SnapshotError

MARKER_RANGE = 2**32
"""A record's length is written into four bytes: it wraps at this value."""

_HEADER_BYTES = 256
_TYPES = 6
_HEADER = "6I6d2d2i6I2i4d2i6I"
_DAMAGED = "the file is truncated or damaged: fetch it again."


@dataclass(frozen=True)
class BinaryHeader:
    """The 256 bytes at the start of a GADGET file, in the file's own units."""

    counts: tuple[int, ...]
    mass_table: tuple[float, ...]
    time: float
    redshift: float
    has_star_formation: bool
    has_cooling: bool
    totals: tuple[int, ...]
    file_count: int
    box_size: float
    omega_m: float
    omega_lambda: float
    hubble: float


@dataclass(frozen=True)
class Record:
    """One Fortran record: where its payload starts and how long it is."""

    name: str
    start: int
    size: int


@dataclass(frozen=True)
class BinaryFile:
    """Header and records of one GADGET file.

    Parameters
    ----------
    path : Path
        The file.
    byte_order : str
        ``<`` or ``>``.
    format : int
        1 or 2.
    header : BinaryHeader
        Its header.
    records : list of Record
        All records behind the header; names are empty in format 1.
    """

    path: Path
    byte_order: str
    format: int
    header: BinaryHeader
    records: list[Record]


def binary_kind(path: Path) -> tuple[str, int] | None:
    """Return byte order and format of a GADGET binary file, or None for another file."""
    with path.open("rb") as file:
        start = file.read(4)
    for order in "<>":
        if start == struct.pack(f"{order}i", _HEADER_BYTES):
            return order, 1
        if start == struct.pack(f"{order}i", 8):
            return order, 2
    return None


def read_binary_file(path: Path) -> BinaryFile:
    """Find the header and all records of one file.

    Raises
    ------
    SnapshotError
        If it is no GADGET file, or its records do not fit each other.
    """
    if not path.is_file():
        raise SnapshotError("no such file.", file=path, field="path", remedy="check the path's spelling.")
    kind = binary_kind(path)
    if kind is None:
        raise SnapshotError(
            "neither HDF5 nor a GADGET binary file of format 1 or 2.",
            file=path,
            field="format",
            remedy="give a snapshot of GADGET, AREPO, GIZMO or SWIFT.",
        )
    order, number = kind
    with path.open("rb") as file:
        scan = _Scan(file, path, order, number, os.fstat(file.fileno()).st_size)
        first = scan.next_record([_HEADER_BYTES])
        if first is None or first.size != _HEADER_BYTES:
            raise SnapshotError(
                f"expected a header of {_HEADER_BYTES} bytes.",
                file=path,
                field="HEAD",
                remedy="GADGET-4 writes this header with the option GADGET2_HEADER; or write HDF5.",
            )
        header = _unpack(scan.payload(first), order)
        _check_counts(header, scan.size, path)
        records = []
        while (record := scan.next_record(_likely_sizes(header))) is not None:
            records.append(record)
    return BinaryFile(path, order, number, header, records)


class _Scan:
    """Walks from record to record."""

    def __init__(self, file: BinaryIO, path: Path, order: str, number: int, size: int) -> None:
        self.file, self.path, self.order, self.number, self.size = file, path, order, number, size
        self.position = 0

    def payload(self, record: Record) -> bytes:
        self.file.seek(record.start)
        return self.file.read(record.size)

    def next_record(self, likely: Iterable[int]) -> Record | None:
        """Go to the next record, or return None at the end of the file."""
        if self.position >= self.size:
            return None
        name = self._label() if self.number == 2 else ""
        marker = self._integer(self.position, name)
        size = self._payload_size(marker, likely, name)
        record = Record(name.strip(), self.position + 4, size)
        self.position += size + 8
        return record

    def _label(self) -> str:
        self.file.seek(self.position)
        raw = self.file.read(16)
        if len(raw) < 16 or struct.unpack(f"{self.order}i", raw[:4])[0] != 8:
            raise self._broken("a block's label was expected here", "")
        self.position += 16
        return raw[4:8].decode("latin-1")

    def _integer(self, position: int, name: str) -> int:
        self.file.seek(position)
        raw = self.file.read(4)
        if len(raw) < 4:
            raise self._broken("the file ends within a record", name)
        return int(struct.unpack(f"{self.order}I", raw)[0])

    def _payload_size(self, marker: int, likely: Iterable[int], name: str) -> int:
        # Sizes that the header's counts suggest come first: a wrapped marker fits others by accident.
        room = self.size - self.position - 8
        candidates = [size for size in likely if size % MARKER_RANGE == marker and size <= room]
        candidates += range(marker, room + 1, MARKER_RANGE)
        for size in candidates:
            if self._integer(self.position + 4 + size, name) == marker:
                return size
        raise self._broken(f"a record of {marker} bytes does not end where it should", name)

    def _broken(self, problem: str, name: str) -> SnapshotError:
        return SnapshotError(
            f"{problem} (byte {self.position} of {self.size}).",
            file=self.path,
            field=name.strip() or "record",
            remedy=_DAMAGED,
        )


def _unpack(raw: bytes, order: str) -> BinaryHeader:
    values = struct.unpack_from(order + _HEADER, raw)
    high = values[30:36]
    return BinaryHeader(
        counts=values[0:6],
        mass_table=values[6:12],
        time=values[12],
        redshift=values[13],
        has_star_formation=bool(values[14]),
        totals=tuple(low + (word << 32) for low, word in zip(values[16:22], high, strict=True)),
        has_cooling=bool(values[22]),
        file_count=max(values[23], 1),
        box_size=values[24],
        omega_m=values[25],
        omega_lambda=values[26],
        hubble=values[27],
    )


def _check_counts(header: BinaryHeader, size: int, path: Path) -> None:
    # Positions alone take 12 bytes a particle.
    if 12 * sum(header.counts) > size:
        raise SnapshotError(
            f"the header says {sum(header.counts)} particles, the file of {size} bytes has no room for them.",
            file=path,
            field="NumPart_ThisFile",
            remedy=_DAMAGED,
        )


def massive_types(header: BinaryHeader) -> list[int]:
    """Particle types whose masses stand in the block MASS, not in the header."""
    return [i for i in range(_TYPES) if header.counts[i] and not header.mass_table[i]]


def _likely_sizes(header: BinaryHeader) -> list[int]:
    everything = sum(header.counts)
    with_mass = sum(header.counts[i] for i in massive_types(header))
    numbers = {3 * everything, everything, with_mass, header.counts[0], header.counts[0] + header.counts[4]}
    return sorted((width * n for n in numbers if n for width in (4, 8)), reverse=True)


def element_type(
    file: BinaryFile, record: Record, count: int, per_row: int, *, gas_first: bool = False
) -> np.dtype[np.generic]:
    """Return the dtype of a record of a known number of values.

    Parameters
    ----------
    file : BinaryFile
        The file.
    record : Record
        The record.
    count : int
        Number of rows it should have.
    per_row : int
        Values a row.
    gas_first : bool
        Whether the record may go on with other particle types behind the gas.

    Raises
    ------
    SnapshotError
        If the record's length does not fit the header's counts.
    """
    for width in (4, 8):
        if record.size == count * per_row * width:
            return np.dtype(f"{file.byte_order}f{width}")
    if gas_first:
        others = [n for n in file.header.counts[1:] if n]
        for width in (4, 8):
            extra, rest = divmod(record.size, per_row * width)
            if not rest and extra - count in _subset_sums(others):
                return np.dtype(f"{file.byte_order}f{width}")
    raise SnapshotError(
        f"the header says {count} rows of {per_row}, the block has {record.size} bytes.",
        file=file.path,
        field=record.name or "record",
        remedy="header and blocks disagree: " + _DAMAGED,
    )


def _subset_sums(numbers: list[int]) -> set[int]:
    sums = {0}
    for number in numbers:
        sums |= {total + number for total in sums}
    return sums
