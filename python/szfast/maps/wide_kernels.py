"""Kernels too wide for a mesh's taps: spread as points, a power of h^2 at a time, and smoothed in Fourier space."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from szfast.maps.beam_projection import BeamProjection, Mesh, Particles, project_on_mesh
from szfast.maps.device_particles import ParticlesOnDevice
from szfast.maps.spread_design import FIELDS, K_LIMIT, SizeClass, class_of_fields, size_classes

MOST_CLASSES = 3
"""What is wider still is mapped by the exact method."""

_STEP = 0.25  # so that the fits are found again


def wide_classes(kernel: str, above: float, largest: float, error: float) -> tuple[SizeClass, ...]:
    """Classes of support radii from above a mesh's limit to the largest, if they are few.

    Parameters
    ----------
    kernel : str
        One of `szfast.gas.KERNELS`.
    above, largest : float
        Radii in beam sigma.
    error : float
        Largest error of a class's kernels, as a share of their images.
    """
    to = above + _STEP * math.ceil(max(largest - above, 0.0) / _STEP)
    found: list[SizeClass] = []
    if to > above:
        # fewer powers, where they are enough for all
        for fields in range(2, FIELDS):
            alone = class_of_fields(kernel, above, to, fields)
            if alone.error <= error:
                return (alone,)
        for of_size in size_classes(kernel, error, above):
            found.append(of_size)
            if of_size.to >= largest or len(found) == MOST_CLASSES:
                break
    return tuple(found)


def comes_back(
    radius_kpc: NDArray[np.float64], h_sigma: NDArray[np.float64], sigma_kpc: float, safe_kpc: float
) -> NDArray[np.bool_]:
    """Whether the patch's periodicity brings a wide image back into the field; within one sigma it is allowed for."""
    result: NDArray[np.bool_] = radius_kpc > safe_kpc + (1 - h_sigma) * sigma_kpc
    return result


def with_wide_kernels(
    projection: BeamProjection,
    particles: Particles,
    classes: tuple[SizeClass, ...],
    views: NDArray[np.float64],
    mesh: Mesh,
    *,
    pixels: int,
    pixel_kpc: float,
    safe_kpc: float,
    threads: int = 0,
) -> BeamProjection:
    """Add to a projection those of the particles left out that the classes hold and the mesh reaches.

    The classes go from the mesh's limit upwards; `safe_kpc` is the radius from `safe_radius_kpc`; the other arguments
    are those of `project_on_mesh`.
    """
    if not len(projection.left) or not classes:
        return projection
    h_sigma = particles.h[projection.left].astype(np.float64) / mesh.sigma_kpc
    which = np.searchsorted([of_size.to for of_size in classes], h_sigma)
    x, y, z = (axis[projection.left].astype(np.float64) for axis in (particles.x, particles.y, particles.z))
    which[comes_back(np.sqrt(x * x + y * y + z * z), h_sigma, mesh.sigma_kpc, safe_kpc)] = len(classes)
    total = np.asarray(projection.spectra_kpc2)
    left = [projection.left[which == len(classes)]]
    area, error = projection.area_kpc2, projection.error_kpc2
    for k, of_size in enumerate(classes):
        places = projection.left[which == k]
        if not len(places):
            continue
        some = particles.some(places)
        t = (h_sigma[which == k] ** 2 - of_size.above**2) / (of_size.to**2 - of_size.above**2)
        # what is beyond the mesh may be narrower than the class; it is not taken
        t = np.clip(t, 0.0, 1.0).astype(np.float32)
        factors = _factors(of_size, pixels, mesh.sigma_kpc / pixel_kpc, total.shape[-1])
        for power in range(len(factors)):
            points = _points(some, some.area * t**power)
            of_power = project_on_mesh(points, views, mesh, pixels=pixels, pixel_kpc=pixel_kpc, threads=threads)
            total = total + np.asarray(of_power.spectra_kpc2) * factors[power]
            if power == 0:
                left.append(places[of_power.left])
                area += of_power.area_kpc2
                error += of_power.error_kpc2 + of_power.area_kpc2 * of_size.error
    return replace(projection, spectra_kpc2=total, left=np.sort(np.concatenate(left)), area_kpc2=area, error_kpc2=error)


def _points(particles: Particles, area: NDArray[np.float32]) -> Particles:
    points = Particles(particles.x, particles.y, particles.z, np.zeros_like(particles.h), area)
    return points if particles.device is None else ParticlesOnDevice.of(points, particles.device)


@lru_cache(maxsize=16)
def _factors(of_size: SizeClass, pixels: int, sigma_pixels: float, rows: int) -> NDArray[np.float32]:
    """Of each field at a view's modes, (F, n, rows)."""
    kx, ky = np.fft.fftfreq(pixels, 1 / pixels), np.arange(rows)
    k = np.hypot(kx[:, None], ky[None, :]) * (2 * np.pi / pixels) * sigma_pixels
    return of_size.factors(np.minimum(k, K_LIMIT)).astype(np.float32)
