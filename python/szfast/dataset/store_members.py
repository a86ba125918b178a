"""What the store of a stranger may consist of: files of its own folder, arrays of Zarr v3 by known codecs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from szfast.errors import DataSetError
from szfast.folder_members import check_folder

CODECS = ("blosc", "bytes", "crc32c", "sharding_indexed", "vlen-utf8", "zstd")
"""What stores are written with; zarr finds others by their name, and some unpickle."""

_REMEDY = "give what 'szfast dataset build' made; anything else in such a folder may run code."


def check_members(store: Path) -> None:
    """Refuse a store with links that lead out, with pipes, or with metadata of other arrays than szfast's.

    Parameters
    ----------
    store : Path
        Its folder.

    Raises
    ------
    DataSetError
        If it is no such folder.
    """
    if not store.is_dir():
        raise DataSetError("is no folder.", file=store, field="zarr", remedy="give what 'build' made.")
    check_folder(store, DataSetError)
    for file in sorted(store.rglob("zarr.json")):
        _check_metadata(file, store)


def _check_metadata(file: Path, store: Path) -> None:
    name = str(file.relative_to(store))
    try:
        content = json.loads(file.read_bytes())
        odd = [codec for codec in _codecs(content.get("codecs", ())) if codec not in CODECS]
        transformers = content.get("storage_transformers")
    # whatever damaged metadata hold
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataSetError(
            f"is not a data set of szfast: damaged metadata ({type(error).__name__}).",
            file=store,
            field=name,
            remedy=_REMEDY,
        ) from error
    if odd or transformers:
        what = f"the codec {odd[0]!r:.60}" if odd else "storage transformers"
        raise DataSetError(
            f"names {what}, which is no part of szfast's data sets.", file=store, field=name, remedy=_REMEDY
        )


def _codecs(listed: Any) -> Iterator[Any]:
    """Names of codecs and of those within them."""
    for codec in listed:
        settings = {} if isinstance(codec, str) else codec.get("configuration") or {}
        yield codec if isinstance(codec, str) else codec.get("name")
        for within in ("codecs", "index_codecs"):
            yield from _codecs(settings.get(within, ()))
