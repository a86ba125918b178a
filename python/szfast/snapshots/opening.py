"""From a path to an open snapshot: which files, which format, which dialect."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from szfast.arguments import path_in
from szfast.errors import SnapshotError
from szfast.snapshots import arepo, gadget_binary, gadget_hdf5, gizmo, swift
from szfast.snapshots.gadget_blocks import binary_kind, read_binary_file
from szfast.snapshots.hdf5_attributes import as_count
from szfast.snapshots.hdf5_parts import Hdf5Description, Hdf5Store, describe
from szfast.snapshots.parts import accessible, all_parts, first_part
from szfast.snapshots.snapshot import CHUNK_ROWS, Snapshot
from szfast.snapshots.stored_fields import GasLayout, Store

logger = logging.getLogger("szfast.snapshots")

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def open_snapshot(path: str | Path, *, chunk_rows: int = CHUNK_ROWS) -> Snapshot:
    """Open a snapshot: GADGET binary or HDF5 of GADGET, AREPO, GIZMO or SWIFT.

    Parameters
    ----------
    path : str or Path
        A file, one part of many, a folder with the parts, or their common stem.
    chunk_rows : int
        Particles read at a time, more where more are compressed together: memory grows with it.

    Returns
    -------
    Snapshot
        With the header read, and no particle.

    Raises
    ------
    SnapshotError
        If the format is unknown, a part is missing or damaged, or the header contradicts itself.
    """
    asked = path_in(path)
    with accessible(asked):
        first = first_part(asked, _looks_like_snapshot)
        store, layout = _open_hdf5(first) if is_hdf5(first) else _open_binary(first)
    snapshot = Snapshot(asked, store, layout, chunk_rows)
    logger.info("%r", snapshot)
    return snapshot


def _open_binary(first: Path) -> tuple[Store, GasLayout]:
    store = gadget_binary.BinaryStore(all_parts(first, read_binary_file(first).header.file_count))
    return store, gadget_binary.read_layout(store)


def _open_hdf5(first: Path) -> tuple[Store, GasLayout]:
    known = describe(first)
    stated = known.number("NumFilesPerSnapshot", groups=("Header", "Parameters"))
    count = as_count(stated, "NumFilesPerSnapshot", first)
    descriptions = [known if part == first else describe(part) for part in all_parts(first, count)]
    store = Hdf5Store(descriptions)
    with_gas = next((d for d in descriptions if d.gas and d.counts("NumPart_ThisFile")[0]), None)
    if with_gas is None:
        raise SnapshotError("it holds no gas.", file=first, field="PartType0", remedy="give a hydrodynamical snapshot.")
    # What one part alone lacks is missed when it is read.
    gas = {name: dataset for d in descriptions for name, dataset in d.gas.items()} | dict(with_gas.gas)
    return store, _layout_of(replace(with_gas, gas=gas))


def _layout_of(description: Hdf5Description) -> GasLayout:
    # GIZMO before AREPO: both can lack a smoothing length, only GIZMO has its own marks.
    dialects: Sequence[Any] = (swift, gizmo, arepo)
    for dialect in dialects:
        if dialect.recognises(description):
            layout: GasLayout = dialect.read_layout(description)
            return layout
    return gadget_hdf5.read_layout(description)


def is_hdf5(path: Path) -> bool:
    """Tell an HDF5 file by its first bytes."""
    with path.open("rb") as file:
        return file.read(8) == _HDF5_SIGNATURE


def _looks_like_snapshot(path: Path) -> bool:
    if not is_hdf5(path):
        return binary_kind(path) is not None
    try:
        return "NumPart_ThisFile" in describe(path).groups["Header"]
    except SnapshotError:
        return False
