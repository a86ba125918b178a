"""Which particles of a chunk lie in which sphere, with periodic wrapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from szfast import _core as untyped_core
from szfast.snapshots.cells import Cells

_core: Any = untyped_core

Array = NDArray[Any]

# Sorting a chunk into cells costs as much as this many spheres that look at all of it.
_FEW = 4


class Selection(NamedTuple):
    """Which particles lie in which sphere.

    Parameters
    ----------
    found : list of (int, (M,) int64 array)
        Sphere and its rows in ascending order, of those that hold any.
    low, high : (3,) float64 array
        Bounding box of all coordinates; NaN, and nothing found, where one is not finite.
    """

    found: list[tuple[int, NDArray[np.int64]]]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


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

    def only(self, k: int) -> Spheres:
        """One of them."""
        return Spheres(self.centers[k : k + 1], self.radii[k : k + 1], self.box)

    def select(self, coordinates: Array) -> Selection:
        """Find the rows of each sphere that holds any particle.

        Parameters
        ----------
        coordinates : (N, 3) array
            Positions in the file's own coordinates, at least one.
        """
        if len(self.centers) == 1:
            rows, low, high = self._inside(0, coordinates)
            return Selection([(0, rows)] if rows.size else [], low, high)
        low, high = extent(coordinates)
        if np.isnan(low).any():
            return Selection([], low, high)
        near = [int(k) for k in self._near(low, high)]
        found = []
        cells = Cells(coordinates) if len(near) > _FEW and np.isfinite(self.radii[near]).all() else None
        for k in near:
            if cells is None:
                rows, *_ = self._inside(k, coordinates)
            else:
                candidates = cells.near(self.centers[k], self.radii[k], self.box)
                rows = candidates[self._inside(k, coordinates[candidates])[0]]
            if rows.size:
                found.append((k, rows))
        return Selection(found, low, high)

    def _near(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.intp]:
        """Spheres that touch a bounding box."""
        if not np.isfinite(self.radii).all():
            return np.arange(len(self.centers))
        offset = np.abs(wrapped(self.centers - 0.5 * (low + high), self.box))
        touching = offset <= 0.5 * (high - low) + self.radii[:, None]
        return np.flatnonzero(touching.all(axis=1))

    def _inside(self, k: int, coordinates: Array) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        rows, low, high = _core.within_sphere(
            as_floats(coordinates),
            center=np.ascontiguousarray(self.centers[k]),
            radius=self.radii[k],
            box=self.box or 0.0,
        )
        return rows, low, high

    def offsets(self, coordinates: Array, rows: NDArray[np.int64], scale: float) -> NDArray[np.float64]:
        """Positions of some rows relative to the one sphere's centre, at the nearest image, times a scale.

        Parameters
        ----------
        coordinates : (N, 3) array
            Finite positions in the file's own coordinates.
        rows : (M,) int64 array
            Rows of it.
        scale : float
            Multiplies the positions.
        """
        center = np.ascontiguousarray(self.centers[0])
        offsets: NDArray[np.float64] = _core.offsets(
            as_floats(coordinates), rows, center=center, box=self.box or 0.0, scale=scale
        )
        return offsets


def extent(coordinates: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest of (N, 3) coordinates along each axis; NaN where any is not finite."""
    low, high = _core.extent(as_floats(coordinates))
    return low, high


def as_floats(coordinates: Array) -> Array:
    """Coordinates as the core takes them: float32 as it is, all else as float64."""
    kind = np.float32 if coordinates.dtype == np.float32 else np.float64
    return np.ascontiguousarray(coordinates, dtype=kind)


def wrapped(offset: NDArray[np.float64], box: float | None) -> NDArray[np.float64]:
    """Move offsets to their nearest periodic image, in place."""
    if box is not None:
        offset -= box * np.round(offset / box)
    return offset
