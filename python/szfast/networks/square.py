"""The eight symmetries of the square."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_Scalar = TypeVar("_Scalar", bound=np.generic)


def symmetries(maps: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Turn and mirror maps in all the ways that keep the square.

    Parameters
    ----------
    maps : ndarray, shape (..., n, n)
        Square maps.

    Returns
    -------
    ndarray, shape (8, ..., n, n)
        The maps turned by 0, 90, 180 and 270 degrees, then the same of the mirror image.
    """
    mirrored = np.swapaxes(maps, -1, -2)
    turned: list[NDArray[Any]] = [
        np.rot90(image, turns, axes=(-2, -1)) for image in (maps, mirrored) for turns in range(4)
    ]
    return np.stack(turned)


def turned(maps: NDArray[_Scalar], which: NDArray[np.integer[Any]]) -> NDArray[_Scalar]:
    """Turn or mirror each map in one way.

    Parameters
    ----------
    maps : ndarray, shape (B, n, n)
        Square maps.
    which : ndarray, shape (B,)
        Number of each map's symmetry, 0 to 7, in the order of `symmetries`.

    Returns
    -------
    ndarray, shape (B, n, n)
        The turned maps.
    """
    out = np.empty_like(maps)
    for number in range(8):
        rows = np.flatnonzero(which == number)
        images = maps[rows]
        out[rows] = np.rot90(np.swapaxes(images, -1, -2) if number >= 4 else images, number % 4, axes=(-2, -1))
    return out
