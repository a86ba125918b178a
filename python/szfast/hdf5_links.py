"""Links of HDF5 files: what leads to other files, or in circles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import h5py as untyped_h5py

from szfast.errors import SzfastError

h5py: Any = untyped_h5py

_MOST_LINKS = 16
"""As many, one behind the other, as HDF5 itself follows."""


def lying_elsewhere(group: Any) -> str | None:
    """Path of a member, at any depth, that is no array or group of the file itself, or a group that is met twice.

    Parameters
    ----------
    group : h5py.Group
        Where to begin.

    Returns
    -------
    str or None
        None where there is none.
    """
    met, waiting = {_address(group)}, [group]
    while waiting:
        owner = waiting.pop()
        for name in owner:
            inside = isinstance(owner.get(name, getlink=True), h5py.HardLink)
            found = owner[name] if inside else None
            if isinstance(found, h5py.Group) and _address(found) not in met:
                met.add(_address(found))
                waiting.append(found)
            elif not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
                return f"{owner.name.rstrip('/')}/{name}"
    return None


def _address(group: Any) -> int:
    return int(h5py.h5o.get_info(group.id).addr)


def _other_file(group: Any, name: bytes, most: int) -> str | None:
    """Name of the other file that a name of a group's leads to; None where it leads to none, or nowhere."""
    owner = group
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    for number, part in enumerate(parts):
        try:
            kind = owner.links.get_info(part).type
        except (KeyError, RuntimeError):
            return None
        if kind == h5py.h5l.TYPE_EXTERNAL:
            return str(owner.links.get_val(part)[0].decode(errors="replace"))
        if kind == h5py.h5l.TYPE_SOFT:
            target = owner.links.get_val(part)
            start = h5py.h5g.open(h5py.h5i.get_file_id(owner), b"/") if target.startswith(b"/") else owner
            rest = b"/".join([target, *parts[number + 1 :]])
            return _other_file(start, rest, most - 1) if most else None
        if number + 1 < len(parts):
            try:
                owner = h5py.h5g.open(owner, part)
            except (KeyError, ValueError, RuntimeError):
                return None
    return None


def check_links(group: Any, names: list[str], path: Path, kind: type[SzfastError]) -> None:
    """Refuse links to other files, before HDF5 opens what may be no file at all.

    Raises
    ------
    SzfastError
        Of the given kind.
    """
    for name in names:
        filename = _other_file(group.id, os.fsencode(name), _MOST_LINKS)
        if filename is not None:
            raise kind(
                f"it is a link to another file, {filename}.",
                file=path,
                field=f"{group.name.strip('/')}/{name}".strip("/"),
                remedy="copy the values into this file, or give the file that holds them.",
            )
