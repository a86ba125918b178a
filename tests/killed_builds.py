"""Builds in a process that is there to be killed, from outside or by itself in the midst of a step."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from in_process import InThisProcess

from szfast.dataset import build, building, checksums, gather, workers
from szfast.dataset.workers import LostWorkersError

LOST_WORKERS = 3
"""Exit status of a builder that tells of dead workers."""


def warm(configuration: str) -> None:
    """Load all that a builder and its workers need, by a build without them."""
    workers_of_processes, building.Processes = building.Processes, InThisProcess
    shutil.rmtree(build(configuration).path)
    building.Processes = workers_of_processes


def run(configuration: str, step: str) -> None:
    """Build with a worker process, and kill this process, or the worker, at a step of `STEPS`."""
    if step:
        STEPS[step]()
    try:
        build(configuration, workers=1)
    except LostWorkersError:
        os._exit(LOST_WORKERS)


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(module: object, name: str) -> Callable[[], None]:
    return lambda: setattr(module, name, _die)


def _after(module: object, name: str) -> Callable[[], None]:
    def arrange() -> None:
        original = getattr(module, name)

        def call(*arguments: object, **options: object) -> None:
            original(*arguments, **options)
            _die()

        setattr(module, name, call)

    return arrange


def _in_the_midst_of_a_part() -> None:
    original = np.savez

    def savez(file: BinaryIO, **arrays: object) -> None:
        original(file, **arrays)
        file.truncate(file.tell() // 2)
        _die()

    np.savez = savez


def _with_half_the_folder_removed() -> None:
    original = shutil.rmtree

    def rmtree(folder: Path, *arguments: object, **options: object) -> None:
        if str(folder).endswith(".building"):
            for file in sorted((Path(folder) / "parts").iterdir())[:2]:
                file.unlink()
            _die()
        original(folder, *arguments, **options)

    shutil.rmtree = rmtree


STEPS = {
    "before the lock": _before(building, "locked"),
    "before the workers": _before(workers, "ProcessPoolExecutor"),
    "a part half written (worker)": _in_the_midst_of_a_part,
    "a part not renamed (worker)": _before(os, "replace"),
    "all parts made": _before(building, "_make_store"),
    "a store without description": _before(gather, "_describe"),
    "a store without maps": _after(building, "create"),
    "clean maps without noisy ones (worker)": _before(gather, "dataset_of"),
    "all maps gathered": _before(building, "seal"),
    "a file not flushed": _after(checksums, "_flushed_sum"),
    "checksums not written": _after(checksums, "store_files"),
    "sealed": _after(building, "seal"),
    "not renamed": _before(os, "rename"),
    "renamed": _before(building, "_flush_folder"),
    "half the folder removed": _with_half_the_folder_removed,
}
"""What stops a build in the midst; the worker dies where it is said so, the builder elsewhere."""
