"""Random numbers of a run, each stream a function of its key alone."""

from __future__ import annotations

import hashlib

import numpy as np

VALIDATION = 0
"""Realisation of the noise on validation maps: the same in all epochs."""

TEST = 1
"""Realisation of the noise on test maps, seen when the choice is made."""

FRESH_TEST = 2
"""Another realisation on the same test maps: tells whether the choice was luck with the noise."""

FIRST_EPOCH = 16
"""Epoch e trains on realisation ``FIRST_EPOCH + e``; what is frozen stays at the first."""


def stream(purpose: str, *numbers: int) -> np.random.Generator:
    """A generator of its own for a purpose, for example ``stream("order", seed, bin, run, epoch)``."""
    text = "|".join([purpose, *map(str, numbers)])
    words = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=words))
