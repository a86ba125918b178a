"""Random numbers that depend on a key alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from szfast.errors import ArgumentError

SCATTER, SHAPE, PARTICLES, CATALOGUE = range(4)
"""What a stream is for: each draws from a counter range of its own."""


def random_stream(seed: int, cluster: int, purpose: int) -> np.random.Generator:
    """Generator of the key (seed, cluster): Philox 4x64-10 (Salmon et al. 2011) from a counter of its purpose."""
    key = np.array([seed, cluster], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=[0, 0, 0, purpose], key=key))


def checked_whole(value: Any, name: str, *, least: int = 0, most: int = 2**64 - 1) -> int:
    """A whole number between limits.

    Raises
    ------
    ArgumentError
        If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise ArgumentError(f"expected a whole number from {least} to {most}, found {value!r}.", field=name)
    return int(value)
