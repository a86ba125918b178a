"""The files of a snapshot: from a file, one part of many, a folder or a common stem to all parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from szfast.errors import SnapshotError, SzfastError

_NUMBERED = re.compile(r"^(?P<stem>.+)\.(?P<number>\d+)(?P<suffix>\.hdf5|\.h5)?$")
_SUFFIX = re.compile(r"\.(hdf5|h5)$")


@contextmanager
def accessible(path: Path, kind: type[SzfastError] = SnapshotError) -> Iterator[None]:
    """Turn what the system raises at names and rights into an error of szfast's."""
    try:
        yield
    except OSError as error:
        raise kind(
            f"it cannot be read ({error.strerror or error}).",
            file=error.filename or path,
            field="path",
            remedy="check the path, and the rights to the file and its folder.",
        ) from error


def first_part(path: Path, is_snapshot: Callable[[Path], bool]) -> Path:
    """Find one file of the snapshot that a path means.

    Parameters
    ----------
    path : Path
        A file, one part of many, a folder with the parts of one snapshot, or the parts' common stem.
    is_snapshot : callable
        Tells a snapshot from another file.

    Raises
    ------
    SnapshotError
        If there is nothing, no snapshot, or more than one.
    """
    if path.is_file():
        return path
    if path.is_dir():
        found = _stems(sorted(p for p in path.iterdir() if p.is_file()))
        found = {stem: part for stem, part in found.items() if is_snapshot(part)}
        if not found:
            raise SnapshotError(
                "the folder holds no file that szfast knows as a snapshot.",
                file=path,
                field="path",
                remedy="give a GADGET binary or an HDF5 snapshot of GADGET, AREPO, GIZMO or SWIFT.",
            )
    else:
        found = _of_stem(path)
    if len(found) > 1:
        raise SnapshotError(
            f"{len(found)} snapshots fit: {', '.join(sorted(found)[:8])}.",
            file=path,
            field="path",
            remedy="name one of them.",
        )
    return next(iter(found.values()))


def _of_stem(path: Path) -> dict[str, Path]:
    siblings = sorted(path.parent.glob(f"{escape(path.name)}.*")) if path.parent.is_dir() else []
    found = {stem: part for stem, part in _stems(siblings).items() if stem == path.name}
    if not found:
        raise SnapshotError(
            "no such file, folder or common stem of files.",
            file=path,
            field="path",
            remedy="check the path's spelling.",
        )
    return found


def _stems(files: list[Path]) -> dict[str, Path]:
    """Stem -> its first numbered part, else its only file."""
    found: dict[str, tuple[int, Path]] = {}
    for file in files:
        match = _NUMBERED.match(file.name)
        stem = match["stem"] if match else _SUFFIX.sub("", file.name)
        # SWIFT puts a virtual file beside the parts it is made of: the parts are what is read.
        rank = int(match["number"]) if match else 2**62
        if stem not in found or rank < found[stem][0]:
            found[stem] = rank, file
    return {stem: file for stem, (_, file) in found.items()}


def all_parts(part: Path, count: int) -> list[Path]:
    """List the files of a set, in order, from one of them.

    Parameters
    ----------
    part : Path
        One file of the set.
    count : int
        Number of files, as its header says.

    Raises
    ------
    SnapshotError
        If the set is incomplete, or the file's name has no number.
    """
    if count <= 1:
        return [part]
    match = _NUMBERED.match(part.name)
    if match is None:
        raise SnapshotError(
            f"the header says that this is one of {count} files, but the name has no part number.",
            file=part,
            field="NumFilesPerSnapshot",
            remedy="give the parts their names NAME.0, NAME.1 ... back, or correct the header.",
        )
    stem, suffix = match["stem"], match["suffix"] or ""
    # A nonsensical count must not make a list of its length.
    present = {p.name for p in part.parent.iterdir() if p.name.startswith(f"{stem}.")}
    missing = next((i for i in range(count) if f"{stem}.{i}{suffix}" not in present), None)
    if missing is not None:
        raise SnapshotError(
            f"part {missing} of {count} is missing.",
            file=part.with_name(f"{stem}.{missing}{suffix}"),
            field="NumFilesPerSnapshot",
            remedy="put all parts of the snapshot into one folder.",
        )
    return [part.with_name(f"{stem}.{i}{suffix}") for i in range(count)]


def check_total(gas_counts: list[int], total: int, path: Path) -> None:
    """Compare the parts' gas particles with the total that the header gives.

    Raises
    ------
    SnapshotError
        If they disagree.
    """
    if sum(gas_counts) != total:
        raise SnapshotError(
            f"the header says {total} gas particles in all, {len(gas_counts)} files hold {sum(gas_counts)}.",
            file=path,
            field="NumPart_Total",
            remedy="check that all parts belong to one snapshot and were copied completely.",
        )
