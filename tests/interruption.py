"""Long calls of the engine, and how soon Ctrl-C stops them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from engine_calls import arguments, call, particles, rotations

MILLION = 1_000_000


def _deposit() -> dict[str, Any]:
    return arguments("deposit") | particles(MILLION) | {"views": rotations(20), "pixels": 96, "rtol": 1e-4}


def _corners() -> dict[str, Any]:
    # to this accuracy, and so large: by the exact primitives, each particle on most of the map
    wide = particles(40) | {"h": np.full(40, 20000.0, dtype=np.float32)}
    return arguments("deposit") | wide | {"views": rotations(1), "pixels": 512, "kernel": "uniform", "rtol": 1e-7}


def _mesh() -> dict[str, Any]:
    return arguments("mesh_spectra") | particles(4 * MILLION) | {"views": rotations(8000)}


def _spread() -> dict[str, Any]:
    return arguments("spread") | particles(4 * MILLION) | {"views": rotations(8)}


def _observe() -> dict[str, Any]:
    # half of its time goes into the tables that all maps share
    n, rng = 2048, np.random.default_rng(1)
    filters = {name: rng.random((n, n // 2 + 1)) for name in ("transfer", "amplitude")}
    return {"maps": None, "keys": np.zeros((4, 5), dtype=np.uint64), "size": n, **filters, "threads": 2}


def _within() -> dict[str, Any]:
    return arguments("within_sphere") | {"coordinates": np.random.default_rng(2).random((20 * MILLION, 3), np.float32)}


LONG: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "deposit": ("deposit", _deposit),
    "deposit of wide kernels": ("deposit", _corners),
    "mesh_spectra": ("mesh_spectra", _mesh),
    "spread": ("spread", _spread),
    "observe": ("observe", _observe),
    "within_sphere": ("within_sphere", _within),
}
"""Calls that take a second or so: the operation, and what makes its arguments."""


@contextmanager
def ctrl_c_after(seconds: float) -> Iterator[list[float]]:
    """Send this process SIGINT after some time, to Python's own handler; yields the moment when it was sent."""
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(seconds, send)
    timer.start()
    try:
        yield sent
    finally:
        timer.cancel()
        timer.join()
        signal.signal(signal.SIGINT, before)


def longest_delay_s(name: str, given: dict[str, Any], *, moments: int) -> float:
    """The longest time between Ctrl-C and the exception, at moments spread over a call [s]."""
    delays = []
    whole = _seconds(name, given) if moments > 1 else 0.5
    for moment in range(moments):
        after = whole * (moment + 0.5) / moments
        try:
            with ctrl_c_after(after) as sent:
                # again and again: the signal always meets a call
                while True:
                    call(name, given)
        except KeyboardInterrupt:
            delays.append(time.perf_counter() - sent[0])
    return max(delays)


def _seconds(name: str, given: dict[str, Any]) -> float:
    begin = time.perf_counter()
    call(name, given)
    return time.perf_counter() - begin
