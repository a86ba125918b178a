"""Checksums of files: of what a data set was made of, and of what it consists of."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from szfast.arguments import require
from szfast.dataset.store import ATTRIBUTE


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(store: Path) -> None:
    """Flush every file to the disk, and write their checksums into the store's attributes."""
    files = store_files(store)
    with ThreadPoolExecutor() as pool:
        sums = dict(zip(map(str, files), pool.map(lambda file: _flushed_sum(store / file), files), strict=True))
    zarr = require("zarr", "dataset", "storing a data set")
    root = zarr.open_group(store, mode="r+")
    root.attrs[ATTRIBUTE] = {**root.attrs[ATTRIBUTE], "sha256": sums}
    _flush(store / "zarr.json")


def store_files(store: Path) -> list[Path]:
    """Every file of a store but its root's description, relative to it."""
    found = (file.relative_to(store) for file in store.rglob("*") if file.is_file())
    return sorted(file for file in found if str(file) != "zarr.json")


def _flushed_sum(file: Path) -> str:
    _flush(file)
    return sha256(file)


def _flush(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
