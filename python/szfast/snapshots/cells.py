"""Particles of a chunk sorted into a coarse grid, so that many spheres need not look at all of them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 32
# Cells are found in the file's float32: a query is widened by this share of a cell.
_MARGIN = 1e-3


class Cells:
    """A grid of 32^3 cells over the bounding box of some particles.

    Parameters
    ----------
    coordinates : (N, 3) array
        Positions.
    """

    def __init__(self, coordinates: NDArray[Any]) -> None:
        self.low = np.array([coordinates[:, i].min() for i in range(3)])
        self.high = np.array([coordinates[:, i].max() for i in range(3)])
        extent = self.high - self.low
        self.width = np.where(extent > 0, extent, 1.0) / _SIDE
        key = np.zeros(len(coordinates), dtype=np.uint16)
        for axis in range(3):
            cell = (coordinates[:, axis] - self.low[axis]) * (1.0 / self.width[axis])
            key *= _SIDE
            key += np.minimum(cell, _SIDE - 1).astype(np.uint16)
        self._order = np.argsort(key, kind="stable")
        self._starts = np.zeros(_SIDE**3 + 1, dtype=np.intp)
        np.cumsum(np.bincount(key, minlength=_SIDE**3), out=self._starts[1:])

    def near(self, center: NDArray[np.float64], radius: float, box: float | None) -> NDArray[np.int64]:
        """Return the rows, in ascending order, of all cells that a sphere or an image of it touches.

        Parameters
        ----------
        center : (3,) float64 array
            Centre.
        radius : float
            Radius.
        box : float or None
            Period.
        """
        shifts = (0.0,) if box is None else (-box, 0.0, box)
        spans = [self._spans(axis, center[axis], radius, shifts) for axis in range(3)]
        found = [
            self._order[self._starts[row + first] : self._starts[row + last + 1]]
            for row in (_SIDE * (_SIDE * i + j) for i, j in product(_cells(spans[0]), _cells(spans[1])))
            for first, last in spans[2]
        ]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)

    def _spans(self, axis: int, center: float, radius: float, shifts: tuple[float, ...]) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for shift in shifts:
            low, high = center + shift - radius, center + shift + radius
            if high >= self.low[axis] and low <= self.high[axis]:
                first = int((low - self.low[axis]) / self.width[axis] - _MARGIN) if low > self.low[axis] else 0
                last = int(min((high - self.low[axis]) / self.width[axis] + _MARGIN, _SIDE - 1))
                first = min(first, _SIDE - 1)
                # Images that touch would list the cells between them twice.
                if spans and first <= spans[-1][1]:
                    first = spans.pop()[0]
                spans.append((first, last))
        return spans


def _cells(spans: list[tuple[int, int]]) -> list[int]:
    return sorted({cell for first, last in spans for cell in range(first, last + 1)})
