"""Direct float64 sums: slow, simple, and what the fast projection is compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from szfast.gas.particles import Gas


def project_directly(
    gas: Gas,
    view: NDArray[np.float64],
    *,
    pixels: int,
    pixel_kpc: float,
    points: int = 16,
) -> NDArray[np.float64]:
    """Project gas by sampling each kernel's line-of-sight integral at many points of every pixel.

    Parameters
    ----------
    gas : Gas
        The particles, centred on the origin.
    view : (3, 3) array
        Rotation matrix; columns are image x, image y and the line of sight.
    pixels : int
        Pixels along a side.
    pixel_kpc : float
        Side of a pixel.
    points : int
        Midpoints along a pixel's side; a kernel narrower than a pixel gets as many more as it takes.

    Returns
    -------
    (pixels, pixels) float64 array
        Share of the particles' Compton area in each pixel [kpc^2].
    """
    from szfast._core import column_density

    area_kpc2 = np.zeros((pixels, pixels))
    image = gas.offset_kpc @ view[:, :2] / pixel_kpc + pixels / 2
    h_pixels = gas.smoothing_length_kpc.astype(np.float64) / pixel_kpc
    for (x, y), h, area in zip(image, h_pixels, gas.compton_y_kpc2(), strict=True):
        count = int(np.ceil(points * max(1.0, 1.0 / h)))
        columns, rows = (np.arange(max(0, int(np.floor(c - h))), min(pixels, int(np.ceil(c + h)))) for c in (x, y))
        if not len(columns) or not len(rows):
            continue
        inside = (np.arange(count) + 0.5) / count
        at_x, at_y = ((cells[:, None] + inside).ravel() - c for cells, c in ((columns, x), (rows, y)))
        distance = np.hypot(at_x[None, :], at_y[:, None]) / h
        column = column_density(gas.kernel, distance.ravel()).reshape(distance.shape)
        share = column.reshape(len(rows), count, len(columns), count).sum(axis=(1, 3)) / (h * count) ** 2
        area_kpc2[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += area * share
    return area_kpc2
