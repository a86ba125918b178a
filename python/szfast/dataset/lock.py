"""One process at a time on one store, or on the folder of a run."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from szfast.errors import DataSetError


@contextmanager
def locked(path: Path, store: Path) -> Iterator[None]:
    """Hold a lock that the kernel gives back when its holder ends, however it ends.

    Parameters
    ----------
    path : Path
        The lock's file; it names its holder.
    store : Path
        What is locked, for the error.

    Raises
    ------
    DataSetError
        If another process holds it, or its folder cannot be written.
    """
    handle = _acquired(path, store)
    try:
        # its holder's name is a courtesy that a full disk may deny
        with suppress(OSError):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"host": socket.gethostname(), "process": os.getpid()}).encode(), 0)
        yield
    finally:
        # the lock goes with the handle; where the folder's rights were lost, the file stays
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(handle)


def _acquired(path: Path, store: Path) -> int:
    while True:
        # a builder that ends takes the folder with it
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # a link, which a stranger may have left there, would have its target emptied
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise DataSetError(
                f"cannot be written ({error.strerror or error}).", file=store, remedy="check the folder and its rights."
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 1000, 0).decode(errors="replace")
            os.close(handle)
            raise DataSetError(
                f"another process is building it{_described(holder)}.",
                file=store,
                field="path",
                remedy="wait for it, or end it.",
            ) from None
        # the former holder may have removed the file between open and lock
        if path.exists() and os.fstat(handle).st_ino == path.stat().st_ino:
            return handle
        os.close(handle)


def _described(holder: str) -> str:
    try:
        content = json.loads(holder)
        return f" (process {content['process']} on {content['host']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
