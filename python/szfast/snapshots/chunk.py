"""Rows of one file: read, checked, selected and turned into physical units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.selection import Spheres, as_floats, extent
from szfast.snapshots.stored_fields import (
    Array,
    GasLayout,
    Reader,
    Recipe,
    StoredField,
    check_values,
    computed,
)

BLOCK_ROWS = 1 << 16
"""Particles whose quantities are computed at a time: their arrays stay in a core's cache."""


class Chunk:
    """Rows [start, stop) of one file; each stored array is read and checked once, over the span asked for."""

    def __init__(self, layout: GasLayout, read: Reader, path: Path, start: int, stop: int) -> None:
        self.layout, self.read, self.path = layout, read, path
        self.start, self.stop = start, stop
        self.count = stop - start
        self.found: list[tuple[int, NDArray[np.intp], NDArray[np.float64]]] = []
        self.low, self.high = np.full(3, np.inf), np.full(3, -np.inf)
        self._arrays: dict[StoredField, Array] = {}

    def load(self, spheres: Spheres | None) -> Chunk:
        """Read what the spheres, or all space, hold of the rows: all that needs the file."""
        coordinates = self.read(self.layout.coordinates, self.start, self.stop)
        self._check_coordinates(coordinates)
        header = self.layout.header
        physical = header.code_length_kpc * header.scale_factor
        everything = Spheres(np.zeros((1, 3)), np.full(1, np.inf), None)
        self.found = (everything if spheres is None else spheres).select(as_floats(coordinates), physical)
        if not self.found:
            return self
        low = min(int(rows[0]) for _, rows, _ in self.found)
        high = max(int(rows[-1]) for _, rows, _ in self.found) + 1
        self.start, self.stop = self.start + low, self.start + high
        self.found = [(k, rows - low if low else rows, offsets) for k, rows, offsets in self.found]
        for recipe in self.layout.recipes.values():
            for field in recipe.fields:
                self._stored(field)
        return self

    def particles(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (sphere, arrays of `GasParticles`) of what was loaded, a block at a time."""
        for k, rows, offset_kpc in self.found:
            for first in range(0, len(rows), BLOCK_ROWS):
                block = rows[first : first + BLOCK_ROWS]
                start, stop = int(block[0]), int(block[-1]) + 1
                # Neighbours in the file are looked at where they are; others are copied together.
                index = slice(start, stop) if stop - start == len(block) else block
                quantities = {
                    name: self.quantity(recipe, index, len(block)) for name, recipe in self.layout.recipes.items()
                }
                yield k, {"offset_kpc": offset_kpc[first : first + BLOCK_ROWS], **quantities}

    def quantity(self, recipe: Recipe, index: Any, count: int) -> NDArray[np.float32]:
        """Compute one quantity of the `count` rows at an index into the span."""
        arrays = [self._stored(field)[index] for field in recipe.fields]
        return computed(recipe, count, arrays, self.path)

    def _stored(self, field: StoredField) -> Array:
        if field not in self._arrays:
            array = self.read(field.name, self.start, self.stop)
            check_values(array, field, self.path)
            self._arrays[field] = array
        return self._arrays[field]

    def _check_coordinates(self, coordinates: Array) -> None:
        name = self.layout.coordinates
        if coordinates.shape[1:] != (3,):
            raise SnapshotError(
                f"expected three coordinates a particle, found the shape {coordinates.shape}.",
                file=self.path,
                field=name,
                remedy="write the positions as an array (N, 3).",
            )
        if coordinates.dtype.kind not in "fiu":
            check_values(coordinates, StoredField(name), self.path)
        low, high = extent(coordinates)
        if np.isnan(low).any():
            check_values(coordinates, StoredField(name), self.path)
        self.low, self.high = low, high
        if (low <= 0.0).all() and (high >= 0.0).all():
            self._check_origin(coordinates)
        header = self.layout.header
        if header.box_size_kpc is None:
            return
        box = header.box_size_kpc / header.code_length_kpc
        span = high.max() - low.min()
        if span > 1.01 * box:
            raise SnapshotError(
                f"positions span {span:g} code lengths, the box is {box:g} wide.",
                file=self.path,
                field="BoxSize",
                remedy="correct BoxSize, which must be in the unit of the positions, or set it to 0.",
            )

    def _check_origin(self, coordinates: Array) -> None:
        count = int((coordinates[coordinates[:, 0] == 0.0] == 0.0).all(axis=1).sum())
        if count > 1:
            raise SnapshotError(
                f"{count} particles lie at exactly (0, 0, 0): a page of the file was lost.",
                file=self.path,
                field=self.layout.coordinates,
                remedy="the file is damaged: fetch or write it again.",
            )
