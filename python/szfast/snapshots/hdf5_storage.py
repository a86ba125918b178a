"""How HDF5 stores an array: packed, plainly as it is in memory, or elsewhere and not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py as untyped_h5py

from szfast.snapshots.hdf5_attributes import UNREAD, stands_here
from szfast.snapshots.plain_arrays import PlainArray

h5py: Any = untyped_h5py


def packed_rows(dataset: Any) -> int:
    """Rows of a dataset that are compressed together; 1 where it is not compressed."""
    filtered = dataset.chunks is not None and dataset.id.get_create_plist().get_nfilters() > 0
    return int(dataset.chunks[0]) if filtered else 1


def plain_array(dataset: Any) -> PlainArray | None:
    """Where a dataset lies, if its bytes in the file are those that HDF5 would give; the file has no user block."""
    stored = dataset.id.get_create_plist()
    if stored.get_layout() != h5py.h5d.CONTIGUOUS or stored.get_external_count():
        return None
    dtype, start = dataset.dtype, dataset.id.get_offset()
    whole = start is not None and dataset.id.get_storage_size() == dataset.size * dtype.itemsize
    # A type may have padding or an exponent of its own, which NumPy's type of the same width does not tell.
    if not whole or dtype.kind not in "fiu" or not dataset.id.get_type().equal(h5py.h5t.py_create(dtype)):
        return None
    return PlainArray(int(start), dtype, dataset.shape[1:])


def gap(dataset: Any, path: Path) -> str | None:
    """Why a dataset cannot be trusted: HDF5 gives zeros, or what any other file holds, where its own has nothing."""
    if not stands_here(dataset.dtype):
        return f"expected numbers, found {UNREAD!r}"
    if dataset.is_virtual:
        return _virtual_gap(dataset, path)
    if dataset.id.get_create_plist().get_external_count():
        return "its values lie in another file, which may be any"
    missing = dataset.id.get_space_status() != h5py.h5d.SPACE_STATUS_ALLOCATED
    return "some of its values were never written, and would read as zeros" if missing and dataset.size else None


def _virtual_gap(dataset: Any, path: Path) -> str | None:
    covered = 0
    for source in dataset.virtual_sources():
        covered += source.vspace.get_select_npoints()
        # HDF5 takes zeros where it finds no file or no array, and follows virtual arrays of themselves until it dies
        if not _has(path if source.file_name == "." else path.parent / source.file_name, source):
            return f"the virtual array takes its data from {source.file_name}, which is missing or has none"
    return None if covered >= dataset.size else f"the virtual array has {covered} of its {dataset.size} values"


def _has(path: Path, source: Any) -> bool:
    if not path.is_file():
        return False
    with h5py.File(path, "r") as file:
        found = file.get(source.dset_name)
        if not isinstance(found, h5py.Dataset) or found.is_virtual:
            return False
        return bool(found.size >= source.src_space.get_select_npoints())
