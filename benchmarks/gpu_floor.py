"""What a GPU could do at best: what the work asks of its memory, counted, over what its memory does, measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gpu_work import Case, seconds

PARTICLE_BYTES = 20
"""Five floats."""

MESH_ADDS = 64
"""Points of the mesh that a particle touches."""

VIEWS_A_READ = 8
"""Views for which the exact projection reads a particle once."""


@dataclass(frozen=True)
class Demand:
    """What a work asks of the memory at least: bytes that travel, whole numbers that are added at scattered places."""

    bytes: float
    adds: float = 0.0

    def times(self, factor: float) -> Demand:
        """So many of it."""
        return Demand(self.bytes * factor, self.adds * factor)

    def plus(self, other: Demand) -> Demand:
        """Both."""
        return Demand(self.bytes + other.bytes, self.adds + other.adds)


@dataclass(frozen=True)
class Memory:
    """What a GPU's memory does: bytes a second of a plain copy, read and written; scattered adds a second."""

    bytes_per_s: float
    adds_per_s: float

    def floor_s(self, demand: Demand) -> float:
        """Seconds that no program undercuts: the longer of the two, as if they could hide one another."""
        return max(demand.bytes / self.bytes_per_s, demand.adds / self.adds_per_s)


def memory_of(xp: Any, wait: Callable[[], Any], case: Case, repeats: int, values: int = 1 << 26) -> Memory:
    """Measure a GPU's memory with an array library's own copy and scattered adds, onto as many pixels as views have."""
    big = xp.zeros(values, dtype=np.float32)
    copy_s = seconds(repeats, lambda: big.copy(), wait)
    pixels = len(case.views) * case.instrument.padded_size**2
    places = xp.asarray(np.random.default_rng(1).integers(0, pixels, values // 4))
    sums, ones = xp.zeros(pixels, dtype=np.uint64), xp.ones(values // 4, dtype=np.uint64)
    adds_s = seconds(repeats, lambda: xp.add.at(sums, places, ones), wait)
    return Memory(2 * big.nbytes / copy_s, len(ones) / adds_s)


def demands(case: Case) -> dict[str, Demand]:
    """What each kind of work asks for: of a cluster on all views, and of one map."""
    particles, views, n = len(case.columns[0]), len(case.views), case.instrument.padded_size
    h_pixels = np.minimum(np.asarray(case.columns[3], dtype=np.float64) / case.pixel_kpc, n)
    # pixels of the square about a kernel, corners left out
    touched = float((np.pi / 4 * (2 * h_pixels) ** 2 + 1).mean())
    reads = -(-views // VIEWS_A_READ)
    # modes are written, read and written by both passes of a transform, cut out of and written as a map
    of_map = 4.0 * (5 * n**2 + 2 * case.instrument.size**2)
    return {
        "exact": Demand(PARTICLE_BYTES * particles * reads, touched * particles * views),
        "beam": Demand(PARTICLE_BYTES * particles, MESH_ADDS * particles).plus(Demand(of_map).times(views)),
        "map": Demand(of_map),
    }
