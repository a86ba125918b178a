"""Trainings in a process that is there to be killed, from outside or by itself in the midst of a step."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from szfast.ensemble import Recipe, outcome, train, training
from szfast.ensemble import run as one_run
from szfast.ensemble.workers import ONE_THREAD
from szfast.errors import RunError

LOST_WORKERS = 3
"""Exit status of a trainer that tells of dead workers."""

RECIPE = Recipe(variant="compact", epochs=12, batch_size=4, fractions=(0.5, 0.25, 0.25))
BINS = ((0.0, 0.4),)


def warm() -> None:
    """Load Keras as a worker has it; it starts no thread before its first operation, so that a fork may use it."""
    os.environ.update(ONE_THREAD)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.path.insert(0, str(Path(__file__).parent / "ensemble"))
    import conftest  # noqa: F401
    import keras  # noqa: F401


def run(folder: str, step: str) -> None:
    """Train two networks on a worker process, and kill this process, or the worker, at a step of `STEPS`."""
    from conftest import blobs

    if step:
        STEPS[step]()
    try:
        train(blobs(), folder, runs=2, bins=BINS, recipe=RECIPE, workers=1)
    except RunError as error:
        if "workers died" not in error.problem:
            raise
        os._exit(LOST_WORKERS)


def _die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(module: object, name: str) -> Callable[[], None]:
    return lambda: setattr(module, name, _die)


def _in_the_midst_of(name: str) -> Callable[[], None]:
    """With half of the array file that holds a name."""

    def arrange() -> None:
        original = np.savez

        def savez(file: BinaryIO, **arrays: object) -> None:
            original(file, **arrays)
            if name in arrays:
                file.truncate(file.tell() // 2)
                _die()

        np.savez = savez

    return arrange


def _with_the_state_left() -> None:
    original = Path.unlink

    def unlink(self: Path, *arguments: object, **options: object) -> None:
        if self.name == "state.npz":
            _die()
        original(self, *arguments, **options)

    Path.unlink = unlink


def _third_time(module: object, name: str) -> Callable[[], None]:
    def arrange() -> None:
        original, calls = getattr(module, name), []

        def call(*arguments: object, **options: object) -> object:
            calls.append(None)
            return _die() if len(calls) == 3 else original(*arguments, **options)

        setattr(module, name, call)

    return arrange


STEPS = {
    "before the lock": _before(training, "locked"),
    "shared maps not renamed": _third_time(os, "replace"),
    "before the workers": _before(training, "_shared"),
    "a state half written (worker)": _in_the_midst_of("losses"),
    "an epoch without its state (worker)": _third_time(one_run, "save_checkpoint"),
    "trained, no outcome (worker)": _before(one_run, "write_outcome"),
    "a split half written (worker)": _in_the_midst_of("predicted"),
    "a network without its outcome (worker)": _before(outcome, "asdict"),
    "an outcome beside the state (worker)": _with_the_state_left,
    "tables not written": _before(training, "write_runs"),
}
"""What stops a training in the midst; the worker dies where it is said so, the trainer elsewhere."""
