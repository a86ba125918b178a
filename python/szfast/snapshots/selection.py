"""Which particles of a chunk lie in which sphere, with periodic wrapping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast import _core as untyped_core
from szfast.snapshots.cells import Cells

_core: Any = untyped_core

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

    def select(self, coordinates: Array, scale: float = 1.0) -> list[tuple[int, NDArray[np.intp], NDArray[np.float64]]]:
        """Return (sphere, rows inside it, their offsets from its centre) of the spheres that hold any particle.

        Parameters
        ----------
        coordinates : (N, 3) array
            Finite positions in the file's own coordinates.
        scale : float
            Multiplies the offsets, which are those of the nearest image.
        """
        near = [int(k) for k in self._near(coordinates)]
        found = []
        cells = Cells(coordinates) if len(near) > _FEW and np.isfinite(self.radii[near]).all() else None
        for k in near:
            if cells is None:
                rows, offsets = self._inside(k, coordinates, scale)
            else:
                candidates = cells.near(self.centers[k], self.radii[k], self.box)
                rows, offsets = self._inside(k, coordinates[candidates], scale)
                rows = candidates[rows]
            if rows.size:
                found.append((k, rows, offsets))
        return found

    def _near(self, coordinates: Array) -> NDArray[np.intp]:
        """Spheres that touch the bounding box of the coordinates."""
        if len(self.centers) == 1 or not np.isfinite(self.radii).all():
            return np.arange(len(self.centers))
        low, high = extent(coordinates)
        offset = np.abs(wrapped(self.centers - 0.5 * (low + high), self.box))
        touching = offset <= 0.5 * (high - low) + self.radii[:, None]
        return np.flatnonzero(touching.all(axis=1))

    def _inside(self, k: int, coordinates: Array, scale: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        rows, offsets = _core.within_sphere(
            as_floats(coordinates),
            center=np.ascontiguousarray(self.centers[k]),
            radius=self.radii[k],
            box=self.box or 0.0,
            scale=scale,
        )
        return rows, offsets


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
