"""Projection of gas particles along lines of sight, each kernel integrated over every pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from szfast.gas.columns import GasColumns
from szfast.gas.particles import Gas


@dataclass(frozen=True)
class Projection:
    """Projected Compton areas.

    Parameters
    ----------
    area_kpc2 : (L, n, n) float64 array
        Share of the particles' Compton area in each pixel, row by row from the lowest image y.
    loaded_kpc2 : (L,) float64 array
        Compton area of the particles within the depth.
    pixel_kpc : float
        Side of a pixel.
    """

    area_kpc2: NDArray[np.float64]
    loaded_kpc2: NDArray[np.float64]
    pixel_kpc: float


def project(
    gas: Gas | GasColumns,
    views: NDArray[np.float64],
    *,
    pixels: int,
    pixel_kpc: float,
    center_kpc: NDArray[np.float64] | None = None,
    depth_kpc: float | None = None,
    rtol: float = 1e-7,
    threads: int = 0,
) -> Projection:
    """Project the Compton area of gas along lines of sight.

    Each particle's kernel is integrated along the line of sight and over each pixel; what falls inside the grid is
    conserved. The same bits come out for any number of threads. The column density of a kernel is held as a short sum
    of products of a function of image x and one of image y, as many as `rtol` takes, so that the integral over a pixel
    is a sum of products of differences.

    Parameters
    ----------
    gas : Gas or GasColumns
        The particles.
    views : (L, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    pixels : int
        Pixels along a side.
    pixel_kpc : float
        Side of a pixel.
    center_kpc : (3,) array, optional
        Physical position of the grid's centre relative to the gas's origin; the origin by default.
    depth_kpc : float, optional
        Only particles whose centre is within half of it on both sides of the centre; everything by default.
    rtol : float
        Largest error of a particle in any pixel, as a share of its own peak. Errors of many particles cancel: on a
        cluster of 10^6 particles 1e-3 leaves 1e-6 of the map's peak. Below 1e-5 a slower way takes over, good to 1e-7.
    threads : int
        Zero for all cores.

    Returns
    -------
    Projection
        Compton area per pixel.
    """
    from szfast._core import deposit

    columns = gas.columns(center_kpc)
    area_kpc2, loaded_kpc2 = deposit(
        columns.x_kpc,
        columns.y_kpc,
        columns.z_kpc,
        columns.h_kpc,
        columns.area_kpc2,
        views=np.ascontiguousarray(views),
        pixels=pixels,
        pixel_kpc=pixel_kpc,
        half_depth_kpc=math.inf if depth_kpc is None else 0.5 * depth_kpc,
        kernel=gas.kernel,
        rtol=rtol,
        threads=threads,
    )
    return Projection(area_kpc2, loaded_kpc2, pixel_kpc)
