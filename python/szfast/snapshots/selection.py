"""Which particles of a chunk lie in which sphere, with periodic wrapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.snapshots.cells import Cells

Array = NDArray[Any]

# Sorting a chunk into cells costs as much as this many spheres that look at all of it.
_FEW = 4


@dataclass(frozen=True)
class Spheres:
    """Spheres in the file's own coordinates.

    Parameters
    ----------
    centers : (H, 3) float64 array
        Centres.
    radii : (H,) float64 array
        Radii; infinity takes everything.
    box : float or None
        Period.
    """

    centers: NDArray[np.float64]
    radii: NDArray[np.float64]
    box: float | None

    def rows(self, coordinates: Array) -> list[tuple[int, NDArray[np.intp]]]:
        """Return (sphere, rows inside it) of the spheres that hold any of the coordinates.

        Parameters
        ----------
        coordinates : (N, 3) array
            Positions in the file's own coordinates.
        """
        near = [int(k) for k in self._near(coordinates)]
        if len(near) <= _FEW or not np.isfinite(self.radii[near]).all():
            found = [(k, self._inside(k, coordinates)) for k in near]
        else:
            cells = Cells(coordinates)
            found = []
            for k in near:
                rows = cells.near(self.centers[k], self.radii[k], self.box)
                found.append((k, rows[self._inside(k, coordinates[rows])]))
        return [(k, rows) for k, rows in found if rows.size]

    def _near(self, coordinates: Array) -> NDArray[np.intp]:
        """Spheres that touch the bounding box of the coordinates."""
        if len(self.centers) == 1 or not np.isfinite(self.radii).all():
            return np.arange(len(self.centers))
        low = np.array([coordinates[:, i].min() for i in range(3)], dtype=np.float64)
        high = np.array([coordinates[:, i].max() for i in range(3)], dtype=np.float64)
        offset = np.abs(wrapped(self.centers - 0.5 * (low + high), self.box))
        touching = offset <= 0.5 * (high - low) + self.radii[:, None]
        return np.flatnonzero(touching.all(axis=1))

    def _inside(self, k: int, coordinates: Array) -> NDArray[np.intp]:
        radius = self.radii[k]
        if not np.isfinite(radius):
            return np.arange(len(coordinates))
        distance = self._distance(coordinates[:, 0], self.centers[k, 0])
        rows = np.flatnonzero(distance <= radius)
        square = distance[rows] ** 2
        # One axis at a time: each leaves fewer particles for the next.
        for axis in (1, 2):
            distance = self._distance(coordinates[rows, axis], self.centers[k, axis])
            keep = np.flatnonzero(distance <= radius)
            rows, square = rows[keep], square[keep] + distance[keep] ** 2
        inside: NDArray[np.intp] = rows[square <= radius**2]
        return inside

    def _distance(self, values: Array, center: float) -> NDArray[np.float64]:
        distance = np.abs(np.subtract(values, center, dtype=np.float64))
        if self.box is not None:
            np.minimum(distance, np.abs(self.box - distance), out=distance)
        return distance

    def offsets(self, k: int, coordinates: Array) -> NDArray[np.float64]:
        """Positions relative to a centre, at their nearest image."""
        return wrapped(np.asarray(coordinates, dtype=np.float64) - self.centers[k], self.box)


def wrapped(offset: NDArray[np.float64], box: float | None) -> NDArray[np.float64]:
    """Move offsets to their nearest periodic image, in place."""
    if box is not None:
        offset -= box * np.round(offset / box)
    return offset
