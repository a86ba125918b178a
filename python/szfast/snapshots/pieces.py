"""What one chunk of a file holds of one sphere: as it is stored, or as particles in physical units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from szfast.snapshots.chunk import Chunk
from szfast.snapshots.particles import GasParticles
from szfast.snapshots.selection import Spheres

BLOCK_ROWS = 1 << 16
"""Particles whose quantities are computed at a time: their arrays stay in a core's cache."""


class StoredValues(NamedTuple):
    """A quantity as the core takes it: numbers times a factor, or the factor itself.

    Parameters
    ----------
    array : (N,) float32 or float64 array, or None
        One number a row of the chunk, or a selected one; None where all share one.
    factor : float
        From numbers to the physical unit.
    selected : bool
        Whether there is one number a selected row.
    """

    array: NDArray[Any] | None
    factor: float
    selected: bool = False


@dataclass(frozen=True, eq=False)
class Piece:
    """Particles of a chunk within one sphere.

    Parameters
    ----------
    chunk : Chunk
        Loaded.
    sphere : Spheres
        The one sphere, in the file's own coordinates.
    rows : (M,) int64 array
        Rows of the chunk, in ascending order, at least one.
    shared : dict
        What all particles have in common, as arguments of `GasParticles`.
    """

    chunk: Chunk
    sphere: Spheres
    rows: NDArray[np.int64]
    shared: dict[str, Any]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def has(self) -> frozenset[str]:
        """The quantities that the snapshot gives."""
        return frozenset(self.chunk.layout.recipes)

    def stored(self, quantity: str) -> StoredValues:
        """A quantity of the particles, not computed where it is one stored array times a factor."""
        recipe = self.chunk.layout.recipes[quantity]
        if recipe.factor is not None:
            arrays = [self.chunk.stored(field) for field in recipe.fields]
            if not arrays:
                return StoredValues(None, recipe.factor)
            if arrays[0].ndim == 1 and arrays[0].dtype in (np.float32, np.float64):
                return StoredValues(np.ascontiguousarray(arrays[0]), recipe.factor)
        return StoredValues(np.ascontiguousarray(self.quantity(quantity)), 1.0, selected=True)

    def quantity(self, name: str) -> NDArray[np.float32]:
        """A quantity of the particles in its physical unit."""
        return self.chunk.quantity(self.chunk.layout.recipes[name], self.rows, len(self))

    def particles(self) -> Iterator[GasParticles]:
        """Yield the particles, a block at a time."""
        for first in range(0, len(self), BLOCK_ROWS):
            yield self.block(first, first + BLOCK_ROWS)

    def block(self, first: int, last: int) -> GasParticles:
        """Some of the particles in physical units."""
        rows = self.rows[first:last]
        neighbours = len(rows) and int(rows[-1]) - int(rows[0]) == len(rows) - 1
        # Neighbours in the file are looked at where they are; others are copied together.
        index: Any = slice(int(rows[0]), int(rows[-1]) + 1) if neighbours else rows
        quantities: dict[str, Any] = {
            name: self.chunk.quantity(recipe, index, len(rows)) for name, recipe in self.chunk.layout.recipes.items()
        }
        offset_kpc = self.sphere.offsets(self.chunk.coordinates, rows, self.chunk.physical_kpc)
        return GasParticles(offset_kpc=offset_kpc, **quantities, **self.shared)
