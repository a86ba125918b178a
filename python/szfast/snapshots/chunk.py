"""Rows of one file: read, checked, selected and turned into physical units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.selection import Spheres
from szfast.snapshots.stored_fields import (
    Array,
    GasLayout,
    Reader,
    Recipe,
    StoredField,
    check_values,
    computed,
)


class Chunk:
    """Rows [start, stop) of one file; each stored array is read and checked once, over the span asked for."""

    def __init__(self, layout: GasLayout, read: Reader, path: Path, start: int, stop: int) -> None:
        self.layout, self.read, self.path = layout, read, path
        self.start, self.stop = start, stop
        self._arrays: dict[StoredField, Array] = {}

    def particles(self, spheres: Spheres | None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (sphere, arrays of `GasParticles`) of each sphere that holds any of the rows."""
        coordinates = self.read(self.layout.coordinates, self.start, self.stop)
        self._check_coordinates(coordinates)
        header = self.layout.header
        physical = header.code_length_kpc * header.scale_factor
        if spheres is None:
            offset = np.multiply(coordinates, physical, dtype=np.float64)
            yield 0, {"offset_kpc": offset, **self._quantities(slice(None))}
            return
        selected = spheres.rows(coordinates)
        if not selected:
            return
        low = min(int(rows[0]) for _, rows in selected)
        high = max(int(rows[-1]) for _, rows in selected) + 1
        base = self.start
        self.start, self.stop = base + low, base + high
        for k, rows in selected:
            offset = spheres.offsets(k, coordinates[rows])
            offset *= physical
            whole = rows.size == high - low
            index = slice(None) if whole else rows - low
            yield k, {"offset_kpc": offset, **self._quantities(index)}

    def _quantities(self, index: Any) -> dict[str, Array]:
        return {name: self.quantity(recipe, index) for name, recipe in self.layout.recipes.items()}

    def quantity(self, recipe: Recipe, index: Any) -> NDArray[np.float32]:
        """Compute one quantity of the rows at an index into the span."""
        arrays = [self._stored(field)[index] for field in recipe.fields]
        count = len(np.arange(self.stop - self.start)[index]) if not arrays else len(arrays[0])
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
        check_values(coordinates, StoredField(name), self.path)
        header = self.layout.header
        if header.box_size_kpc is None or coordinates.size == 0:
            return
        box = header.box_size_kpc / header.code_length_kpc
        extent = float(coordinates.max()) - float(coordinates.min())
        if extent > 1.01 * box:
            raise SnapshotError(
                f"positions span {extent:g} code lengths, the box is {box:g} wide.",
                file=self.path,
                field="BoxSize",
                remedy="correct BoxSize, which must be in the unit of the positions, or set it to 0.",
            )
