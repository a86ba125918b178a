"""Random numbers that depend on a key alone."""

from __future__ import annotations

import numpy as np

SCATTER, SHAPE, PARTICLES, CATALOGUE = range(4)
"""What a stream is for: each draws from a counter range of its own."""


def random_stream(seed: int, cluster: int, purpose: int) -> np.random.Generator:
    """Generator of the key (seed, cluster): Philox 4x64-10 (Salmon et al. 2011) from a counter of its purpose."""
    key = np.array([seed, cluster], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(counter=[0, 0, 0, purpose], key=key))
