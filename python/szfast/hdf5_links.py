"""Links of HDF5 files: what leads to other files, or in circles."""

from __future__ import annotations

import h5py


def lying_elsewhere(group: h5py.Group) -> str | None:
    """Path of the first member at any depth that is not an array or group of the file itself; None where all are."""
    for name in group:
        inside = isinstance(group.get(name, getlink=True), h5py.HardLink)
        found = group[name] if inside else None
        if isinstance(found, h5py.Group):
            below = lying_elsewhere(found)
            if below is not None:
                return below
        elif not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
            return f"{group.name.rstrip('/')}/{name}"
    return None
