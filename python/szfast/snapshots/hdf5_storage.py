"""How HDF5 stores an array: packed, or plainly as it is in memory."""

from __future__ import annotations

from typing import Any

import h5py as untyped_h5py

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
