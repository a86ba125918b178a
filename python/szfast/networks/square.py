"""The eight symmetries of the square."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError

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

    Raises
    ------
    ArgumentError
        If the maps are not square.
    """
    if np.ndim(maps) < 2 or np.shape(maps)[-1] != np.shape(maps)[-2]:
        raise ArgumentError(f"expected square maps, (..., n, n), found shape {np.shape(maps)}.", field="maps")
    mirrored = np.swapaxes(maps, -1, -2)
    turned: list[NDArray[Any]] = [
        np.rot90(image, turns, axes=(-2, -1)) for image in (maps, mirrored) for turns in range(4)
    ]
    return np.stack(turned)
