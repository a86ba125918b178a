"""Rows of one file: read, checked, selected and turned into physical units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.header import LARGEST_KPC
from szfast.snapshots.selection import Spheres, as_floats
from szfast.snapshots.stored_fields import (
    Array,
    GasLayout,
    Reader,
    Recipe,
    StoredField,
    check_values,
    computed,
)

_FIRST = 16
"""Rows by which the parts of a snapshot are told apart."""


class Chunk:
    """Rows [start, stop) of one file; each stored array is read and checked once, over the span asked for."""

    def __init__(self, layout: GasLayout, read: Reader, path: Path, start: int, stop: int) -> None:
        self.layout, self.read, self.path = layout, read, path
        self.start, self.stop = start, stop
        self.count = stop - start
        self.found: list[tuple[int, NDArray[np.int64]]] = []
        self.coordinates: Array = np.zeros((0, 3))
        self.low, self.high = np.full(3, np.inf), np.full(3, -np.inf)
        self.first_rows = b""
        self._arrays: dict[StoredField, Array] = {}

    def load(self, spheres: Spheres) -> Chunk:
        """Read what the spheres hold of the rows: all that needs the file."""
        coordinates = self.read(self.layout.coordinates, self.start, self.stop)
        self._check_kind(coordinates)
        self.coordinates = as_floats(coordinates)
        self.first_rows = self.coordinates[:_FIRST].tobytes()
        self.found, low_corner, high_corner = spheres.select(self.coordinates)
        self._check_extent(low_corner, high_corner)
        if not self.found:
            return self
        low = min(int(rows[0]) for _, rows in self.found)
        high = max(int(rows[-1]) for _, rows in self.found) + 1
        self.start, self.stop = self.start + low, self.start + high
        self.coordinates = self.coordinates[low:high]
        self.found = [(k, rows - low if low else rows) for k, rows in self.found]
        for recipe in self.layout.recipes.values():
            for field in recipe.fields:
                self.stored(field)
        return self

    def quantity(self, recipe: Recipe, index: Any, count: int) -> NDArray[np.float32]:
        """Compute one quantity of the `count` rows at an index into the span."""
        arrays = [self.stored(field)[index] for field in recipe.fields]
        return computed(recipe, count, arrays, self.path)

    @property
    def physical_kpc(self) -> float:
        """Physical kpc per unit of the coordinates."""
        header = self.layout.header
        return header.code_length_kpc * header.scale_factor

    def stored(self, field: StoredField) -> Array:
        """Read and check one array over the span, once."""
        if field not in self._arrays:
            array = self.read(field.name, self.start, self.stop)
            check_values(array, field, self.path)
            self._arrays[field] = array
        return self._arrays[field]

    def _check_kind(self, coordinates: Array) -> None:
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
        if coordinates.dtype.kind != "f" or coordinates.dtype.itemsize < 4:
            raise SnapshotError(
                f"expected positions of 32 or 64 bits, found {coordinates.dtype}: they are rounded too coarsely.",
                file=self.path,
                field=name,
                remedy="write the positions as float32 or float64.",
            )

    def _check_extent(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        if np.isnan(low).any():
            check_values(self.coordinates, StoredField(self.layout.coordinates), self.path)
        self.low, self.high = low, high
        if (low <= 0.0).all() and (high >= 0.0).all():
            self._check_origin(self.coordinates)
        header = self.layout.header
        if header.box_size_kpc is None:
            self._check_distance(float(np.abs([low, high]).max()) * header.code_length_kpc)
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

    def _check_distance(self, farthest_kpc: float) -> None:
        if farthest_kpc > LARGEST_KPC:
            raise SnapshotError(
                f"a particle lies {farthest_kpc:.3g} comoving kpc away.",
                file=self.path,
                field=self.layout.coordinates,
                remedy="correct the unit of length, or the box; otherwise the file is damaged: fetch it again.",
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
