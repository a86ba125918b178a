"""Exact projection behind a beam: kernels' column densities, convolved with the beam, averaged over each pixel.

A mean over pixels, taken before the beam, would move a narrow particle to the middle of its pixel. Here each view's
particles are spread onto a grid with a smooth window; in Fourier space the window is divided out, and every particle's
own kernel, the beam and the mean over a pixel are multiplied in (a Fourier transform of scattered points, as in Dutt &
Rokhlin 1993).
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.maps.beam_projection import Particles, pixel_error
from szfast.maps.instrument import PADDING_BEAM_SIGMA, Instrument
from szfast.maps.spread_design import FIELDS, K_LIMIT, TAPS, SizeClass, cut_error, size_classes, spread_window

ROUNDING = 2e-7
"""Of Y, h and the maps in float32, as a share of the map."""

_LEAK = math.exp(-0.5 * PADDING_BEAM_SIGMA**2)
_LEAST_SIGMA_CELLS = 2.2
_WIDEST_SIGMA = 6.0  # beyond it there would be many classes, each with a grid of its own
_BATCH_DOUBLES = 1 << 24


@dataclass(frozen=True)
class Accuracy:
    """How a view is made.

    Parameters
    ----------
    taps : int
        Width of the spreading window in cells.
    kernel_error : float
        Largest error of a class's kernels.
    widest_sigma : float
        Largest support radius that is spread, in beam sigma; larger kernels are integrated over pixels.
    share : float
        Largest error of all of those together, as a share of all gas.
    """

    taps: int
    kernel_error: float
    widest_sigma: float
    share: float


@dataclass(frozen=True, eq=False)
class BeamImages:
    """Images behind a beam.

    Parameters
    ----------
    y : (L, size, size) float64 array
        Mean over each pixel of the field, dimensionless; float32 on the particles' device.
    loaded_kpc2 : (L,) float64 array
        Compton area of the particles within the depth.
    patch_kpc2 : (L,) float64 array
        Compton area that fell onto the grids.
    error : float
        Bound of the largest error in any pixel, but for `ROUNDING` of the map.
    """

    y: Any
    loaded_kpc2: NDArray[np.float64]
    patch_kpc2: NDArray[np.float64]
    error: float


@dataclass(frozen=True)
class Grid:
    """A field's pixels within a wider periodic grid.

    Parameters
    ----------
    instrument : Instrument
        Pixel, field and beam.
    pixel_kpc : float
        Side of a pixel.
    pixels : int
        Along the periodic grid.
    cells : int
        The same in cells of the spreading grid.
    """

    instrument: Instrument
    pixel_kpc: float
    pixels: int
    cells: int

    @classmethod
    def of(cls, instrument: Instrument, pixel_kpc: float, h_kpc: float) -> Grid:
        """The grid on which a particle's periodic image, of this support radius, stays outside the field."""
        from szfast._core import fast_length

        sigma_pixels = instrument.beam_sigma_arcmin / instrument.pixel_arcmin
        margin = math.ceil(PADDING_BEAM_SIGMA * sigma_pixels + h_kpc / pixel_kpc)
        pixels = int(fast_length(max(instrument.size + 2 * margin, 32)))
        return cls(instrument, pixel_kpc, pixels, pixels * (1 if sigma_pixels >= _LEAST_SIGMA_CELLS else 2))

    @property
    def sigma_pixels(self) -> float:
        """Standard deviation of the beam in pixels."""
        return self.instrument.beam_sigma_arcmin / self.instrument.pixel_arcmin

    @property
    def sigma_cells(self) -> float:
        """The same in cells."""
        return self.sigma_pixels * self.cells / self.pixels

    @property
    def sigma_kpc(self) -> float:
        """The same in kpc."""
        return self.sigma_pixels * self.pixel_kpc

    @property
    def reach_kpc(self) -> float:
        """Distance from the middle up to which a point is seen in the field."""
        return (0.5 * self.instrument.size + PADDING_BEAM_SIGMA * self.sigma_pixels) * self.pixel_kpc

    def modes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wave numbers of the modes that are kept, in radians a pixel: all ky, (n,), and kx from zero, (m,)."""
        ky: NDArray[np.float64] = 2 * np.pi * np.fft.fftfreq(self.pixels).astype(np.float64)
        kx: NDArray[np.float64] = 2 * np.pi * np.fft.rfftfreq(self.pixels).astype(np.float64)
        return ky, kx[kx * self.sigma_pixels <= k_limit(self.sigma_pixels)]

    def beam(self) -> NDArray[np.float64]:
        """Beam over a pixel's area [1 / kpc^2], zero beyond the limit, (n, m)."""
        ky, kx = self.modes()
        k = np.hypot(ky[:, None], kx[None, :]) * self.sigma_pixels
        beam: NDArray[np.float64] = np.exp(-0.5 * k**2) * (k <= k_limit(self.sigma_pixels)) / self.pixel_kpc**2
        return beam

    def field(self, modes: NDArray[np.complex128], workers: int) -> NDArray[np.float64]:
        """The field's pixels from modes, (L, n, m) -> (L, size, size)."""
        import scipy.fft

        size = self.instrument.size
        inner = slice((self.pixels - size) // 2, (self.pixels + size) // 2)
        rows = scipy.fft.ifft(modes, axis=1, workers=workers)[:, inner]
        y: NDArray[np.float64] = scipy.fft.irfft(rows, n=self.pixels, axis=2, workers=workers)[:, :, inner]
        return y


def k_limit(sigma_pixels: float) -> float:
    """Largest wave number times the beam's sigma that is kept: pixels have no modes beyond their Nyquist frequency."""
    return min(K_LIMIT, 0.999 * math.pi * sigma_pixels)


def accuracy(kernel: str, sigma_pixels: float, share: float) -> Accuracy:
    """The cheapest way to keep each error below a share of a particle's image."""
    sigma_cells = sigma_pixels * (1 if sigma_pixels >= _LEAST_SIGMA_CELLS else 2)
    windows = (spread_window(taps, round(sigma_cells, 6), k_limit(sigma_pixels)) for taps in TAPS)
    taps = next((window.taps for window in windows if window.error <= share), TAPS[-1])
    # powers of two, so that the fits are found again
    kernel_error = 2.0 ** math.floor(math.log2(min(max(share, 1e-8), 1e-2)))
    h = np.geomspace(1.0, 512.0, 200)
    fits = pixel_error(kernel, sigma_pixels, h) <= kernel_error
    widest = float(h[np.argmax(fits)]) / sigma_pixels if fits.any() else math.inf
    return Accuracy(taps, kernel_error, min(widest, _WIDEST_SIGMA), share)


def project_behind_beam(
    particles: Particles,
    views: NDArray[np.float64],
    instrument: Instrument,
    pixel_kpc: float,
    kernel: str,
    how: Accuracy,
    *,
    half_depth_kpc: float = math.inf,
    threads: int = 0,
) -> BeamImages:
    """Project particles along lines of sight, behind the instrument's beam.

    Parameters
    ----------
    particles : Particles
        Relative to the maps' centre.
    views : (L, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    instrument : Instrument
        Pixel, field and beam; the beam's sigma is at least 1.6 pixels.
    pixel_kpc : float
        Side of a pixel at the cluster.
    kernel : str
        One of `szfast.gas.KERNELS`.
    how : Accuracy
        From `accuracy`.
    half_depth_kpc : float
        Particles farther from the centre along the line of sight are left out.
    threads : int
        Zero for all cores; the result does not depend on it.

    Returns
    -------
    BeamImages
        Maps without noise.
    """
    sigma_pixels = instrument.beam_sigma_arcmin / instrument.pixel_arcmin
    sigma_kpc = sigma_pixels * pixel_kpc
    views = np.ascontiguousarray(views)
    shape = len(views), instrument.size
    y = np.zeros((*shape, instrument.size)) if particles.device is None else particles.device.no_images(*shape)
    loaded, patch = np.zeros(len(views)), np.zeros(len(views))
    error = _moved(particles) / sigma_kpc
    largest = float(particles.h.max(initial=0.0))
    shared = cut_error(k_limit(sigma_pixels)) + _LEAK
    spread_to = min(largest, how.widest_sigma * sigma_kpc)
    for of_size in size_classes(kernel, how.kernel_error):
        grid = Grid.of(instrument, pixel_kpc, min(of_size.to * sigma_kpc, largest))
        part = _Part(y, loaded, patch)
        error += _spread(particles, views, grid, of_size, how.taps, half_depth_kpc, threads, part) * (
            shared + of_size.error + spread_window(how.taps, round(grid.sigma_cells, 6), k_limit(sigma_pixels)).error
        )
        if of_size.to * sigma_kpc >= spread_to:
            wide = particles.h > np.float32(of_size.to * sigma_kpc)
            break
    if wide.any():
        left = particles.some(np.flatnonzero(wide))
        grid = Grid.of(instrument, pixel_kpc, min(largest, 4 * instrument.size * pixel_kpc))
        rtol, of_left = _deposit_errors(left, kernel, sigma_pixels, pixel_kpc, how.share * float(particles.area.sum()))
        _deposit(left, views, grid, kernel, rtol, half_depth_kpc, threads, _Part(y, loaded, patch))
        error += of_left + shared * float(left.area.sum())
    return BeamImages(y, loaded, patch, error / (2 * math.pi * sigma_kpc**2))


@dataclass(frozen=True, eq=False)
class _Part:
    """Sums to which particles of one kind are added."""

    y: Any
    loaded: NDArray[np.float64]
    patch: NDArray[np.float64]

    def add_sums(self, loaded: NDArray[np.float64], patch: NDArray[np.float64]) -> None:
        """Add Compton areas."""
        self.loaded[:] += loaded
        self.patch[:] += patch


def _moved(particles: Particles) -> float:
    """Sum of Y times how far rounding to float32 may have moved a particle [kpc^3]; a beam's slope is 0.61 / sigma."""
    area = particles.area
    total = sum(float(np.abs(axis) @ area) for axis in (particles.x, particles.y, particles.z))
    return 0.61 * 2.0**-24 * total


def _spread(
    particles: Particles,
    views: NDArray[np.float64],
    grid: Grid,
    of_size: SizeClass,
    taps: int,
    half_depth_kpc: float,
    threads: int,
    part: _Part,
) -> float:
    """Add one class of particles; the largest Compton area of them in any view."""
    import scipy.fft

    from szfast._core import spread

    window = spread_window(taps, round(grid.sigma_cells, 6), k_limit(grid.sigma_pixels))
    workers = _fft_workers(threads)
    ky, kx = grid.modes()
    fine = grid.pixels / grid.cells
    # every pixel's middle against that of the first cell
    shift = 0.5 * (1 - fine)
    along_y, along_x = (
        np.sinc(k / (2 * np.pi)) * np.exp(1j * k * shift) / window.transform(k * fine) for k in (ky, kx)
    )
    k_sigma = np.hypot(ky[:, None], kx[None, :]) * grid.sigma_pixels
    beam = grid.beam()
    factors = of_size.factors(np.minimum(k_sigma, K_LIMIT)) * (beam * along_y[:, None] * along_x[None, :])
    low = np.arange(grid.pixels) if grid.cells == grid.pixels else _low_rows(grid)
    design = {
        "cells": grid.cells,
        "cell_kpc": grid.pixel_kpc * fine,
        "reach_kpc": grid.reach_kpc,
        "half_depth_kpc": half_depth_kpc,
        "h_above_kpc": of_size.above * grid.sigma_kpc if of_size.above > 0 else -1.0,
        "h_to_kpc": of_size.to * grid.sigma_kpc,
        "taps": taps,
        "window": window.coefficients,
    }
    if particles.device is not None:
        image = {"factors": np.ascontiguousarray(factors, dtype=np.complex64), "rows": low.astype(np.int32)}
        loaded, whole = particles.device.add_spread(part.y, *particles.columns, views=views, **design, **image)
        part.add_sums(loaded, whole * grid.pixel_kpc**2)
        return float(loaded.max(initial=0.0))
    most = 0.0
    batch = max(1, _BATCH_DOUBLES // (FIELDS * grid.cells**2))
    for first in range(0, len(views), batch):
        some = slice(first, first + batch)
        fields, loaded = spread(
            particles.x,
            particles.y,
            particles.z,
            particles.h,
            particles.area,
            views=views[some],
            **design,
            threads=threads,
        )
        if loaded.any():
            rows = scipy.fft.rfft(fields, axis=3, workers=workers)[..., : len(kx)]
            modes = np.einsum("vfyx,fyx->vyx", scipy.fft.fft(rows, axis=2, workers=workers)[:, :, low], factors)
            part.y[some] += grid.field(modes, workers)
            part.patch[some] += modes[:, 0, 0].real * grid.pixel_kpc**2
        part.loaded[some] += loaded
        most = max(most, float(loaded.max(initial=0.0)))
    return most


def _fft_workers(threads: int) -> int:
    # SciPy starts as many as it is told to
    cores = os.cpu_count() or 1
    return min(threads, cores) if threads > 0 else cores


def _low_rows(grid: Grid) -> NDArray[np.intp]:
    """Of the finer grid's ky those that the pixels have."""
    return np.round(np.fft.fftfreq(grid.pixels, 1 / grid.pixels)).astype(np.intp) % grid.cells


def _deposit(
    particles: Particles,
    views: NDArray[np.float64],
    grid: Grid,
    kernel: str,
    rtol: float,
    half_depth_kpc: float,
    threads: int,
    part: _Part,
) -> None:
    """Add kernels so wide that pixels do not move them."""
    import scipy.fft

    from szfast._core import deposit

    if particles.device is not None:
        maps, loaded = particles.device.deposit(
            *particles.columns,
            views=views,
            pixels=grid.pixels,
            pixel_kpc=grid.pixel_kpc,
            half_depth_kpc=half_depth_kpc,
            kernel=kernel,
            rtol=rtol,
        )
        image = {"factors": grid.beam()[None].astype(np.complex64), "rows": np.arange(grid.pixels, dtype=np.int32)}
        part.add_sums(loaded, particles.device.add_maps(part.y, maps, **image) * grid.pixel_kpc**2)
        return
    workers = _fft_workers(threads)
    batch = max(1, _BATCH_DOUBLES // grid.pixels**2)
    _, kx = grid.modes()
    for first in range(0, len(views), batch):
        some = slice(first, first + batch)
        area_kpc2, loaded = deposit(
            particles.x,
            particles.y,
            particles.z,
            particles.h,
            particles.area,
            views=views[some],
            pixels=grid.pixels,
            pixel_kpc=grid.pixel_kpc,
            half_depth_kpc=half_depth_kpc,
            kernel=kernel,
            rtol=rtol,
            threads=threads,
        )
        rows = scipy.fft.rfft(area_kpc2, axis=2, workers=workers)[..., : len(kx)]
        part.y[some] += grid.field(scipy.fft.fft(rows, axis=1, workers=workers) * grid.beam(), workers)
        part.loaded[some] += loaded
        part.patch[some] += area_kpc2.sum(axis=(1, 2))


def _deposit_errors(
    particles: Particles, kernel: str, sigma_pixels: float, pixel_kpc: float, allowed_kpc2: float
) -> tuple[float, float]:
    """The error to ask of each, as a share of its own peak; and the bound of all, as a Compton area in one point."""
    from szfast._core import column_density

    h = particles.h.astype(np.float64) / pixel_kpc
    area = particles.area.astype(np.float64)
    # the kernels' peaks against those of points behind the beam
    own = float(column_density(kernel, np.zeros(1))[0]) * 2 * math.pi * float(area @ (sigma_pixels / h) ** 2)
    rtol = min(max(allowed_kpc2 / max(own, 1e-300), 1e-7), 1e-2)
    return rtol, rtol * own + float(area @ pixel_error(kernel, sigma_pixels, h))
