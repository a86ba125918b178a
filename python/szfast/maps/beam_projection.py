"""Projection behind a beam that is wide against the kernels: one pass over the particles, then all views.

The particles are spread onto a 3-D mesh. The Fourier transform of a view's map is the central slice of the mesh's
transform (Bracewell 1956), of which the beam leaves a few thousand modes. What is wrong with the result is bounded, for
any particles, before any view is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.engines import operation
from szfast.maps.instrument import Instrument
from szfast.maps.mesh_design import Slicing, Spreading, kernel_transform, slicing, spreading, window_shape

CELLS: tuple[float, ...] = (0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2)
"""Distances of mesh points, in beam sigma, from the cheapest to the most exact."""

H_LIMITS: tuple[float, ...] = (1.0, 0.5)
"""Largest kernels, in beam sigma, that a mesh's taps smooth; narrower ones have smaller errors."""

MOST_POINTS = 128
"""Of a mesh along an axis: 134 MB a thread."""

ROUNDING = 5e-6
"""Of sums in float32, as a share of a particle's image."""


@dataclass(frozen=True, eq=False)
class Particles:
    """Float32 arrays that the core takes: positions and support radii [kpc], Compton areas [kpc^2]."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    z: NDArray[np.float32]
    h: NDArray[np.float32]
    area: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def device(self) -> Any:
        """The GPU that holds them too; None here."""
        return None

    @property
    def columns(self) -> tuple[Any, ...]:
        """The arrays, where operations take them from."""
        return self.x, self.y, self.z, self.h, self.area

    def some(self, which: slice | NDArray[np.intp]) -> Particles:
        """A part of them."""
        here = (self.x, self.y, self.z, self.h, self.area)
        return Particles(*(np.ascontiguousarray(v[which]) for v in here))


@dataclass(frozen=True, eq=False)
class Mesh:
    """A mesh for one cluster and instrument.

    Parameters
    ----------
    spread : Spreading
        Weights of the taps, in units of the beam.
    slice : Slicing
        Interpolation in its transform.
    points, padded, reach : int
        Points along an axis, length of the transform, largest wave number touched.
    sigma_kpc, radius_kpc : float
        Beam, and distance up to which particles are on the mesh.
    """

    spread: Spreading
    slice: Slicing
    points: int
    padded: int
    reach: int
    sigma_kpc: float
    radius_kpc: float

    @classmethod
    def of(
        cls,
        kernel: str,
        cell: float,
        k_limit: float,
        sigma_kpc: float,
        radius_kpc: float,
        t: float = 0.0,
        h_limit: float = 1.0,
    ) -> Mesh | None:
        """The mesh with this cell [beam sigma] for a typical t = (h / h_limit)^2, or None if it would be too large."""
        from szfast._core import fast_length

        points = 2 * math.ceil(radius_kpc / (cell * sigma_kpc) + 2.01)
        if points > MOST_POINTS:
            return None
        points = max(points, 16)
        padded = int(fast_length(math.ceil(1.5 * points)))
        reach = math.ceil(k_limit * cell * padded / (2 * math.pi) + 3.02)
        if reach >= padded:
            return None
        spread = spreading(kernel, cell, window_shape(cell, t * h_limit**2), h_limit, k_limit)
        return cls(spread, slicing(points, padded), points, padded, reach, sigma_kpc, radius_kpc)

    def arguments(self) -> dict[str, object]:
        """What the core takes."""
        return {
            "points": self.points,
            "cell_kpc": self.spread.cell * self.sigma_kpc,
            "radius_kpc": self.radius_kpc,
            "h_limit_kpc": self.spread.h_limit * self.sigma_kpc,
            "padded": self.padded,
            "reach": self.reach,
            "spread": self.spread.coefficients.astype(np.float32).ravel(),
            "before": self.slice.before,
            "slice": self.slice.coefficients.astype(np.float32).ravel(),
            "window": self.spread.window.astype(np.float32),
        }

    def error(self, t: float, t2: float, r4: float) -> float:
        """Bound of the error as a share of the sum of the particles' largest values behind the beam.

        The arguments are means over the particles, weighted by their Compton areas, of (h / h_limit)^2, its square, and
        (r / radius)^4.
        """
        taps = self.spread.error @ (1.0, t, t2)
        modes = 3 * self.slice.error[0] + r4 * self.slice.error[1]
        return float(taps + self.spread.amplification * modes + ROUNDING)


@dataclass(frozen=True, eq=False)
class BeamProjection:
    """Half spectra of all views' patches.

    Parameters
    ----------
    spectra_kpc2 : (L, 2, n, rows) float32 array, on the particles' device
        Real and imaginary parts, kx in the FFT's order, ky from zero.
    left : (M,) array
        Numbers of the particles that are not in them.
    area_kpc2 : float
        Sum of the Compton areas of those that are.
    error_kpc2 : float
        Bound of the sum of the particles' errors, as a Compton area: the map's error is at most that of so much gas in
        one point, its value at the beam's centre.
    """

    spectra_kpc2: Any
    left: NDArray[np.intp]
    area_kpc2: float
    error_kpc2: float


@lru_cache(maxsize=8)
def mode_table(n: int, sigma_pixels: float, k_limit: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The modes of a patch that the beam leaves: largest ky at each kx, (n,), and their factors, (2, n, rows).

    A factor holds the mean over the pixel and the shift from the patch's middle, between two pixels, to the first one.
    """
    limit = k_limit * n / (2 * np.pi * sigma_pixels)
    kx = np.fft.fftfreq(n, 1 / n)
    # the mode n/2 is its own mirror image, and the beam has no use for it
    last = np.where(np.abs(kx) < min(limit, n / 2), np.sqrt(np.maximum(limit**2 - kx**2, 0)), -1)
    last = np.minimum(np.floor(last), n // 2 - 1).astype(np.int32)
    rows = 16 * math.ceil((last.max() + 1) / 16)
    ky = np.arange(rows)
    shift = np.exp(1j * np.pi * (1 / n - 1) * (kx[:, None] + ky[None, :]))
    factor = shift * np.sinc(kx / n)[:, None] * np.sinc(ky / n)[None, :]
    return last, np.ascontiguousarray(np.stack([factor.real, factor.imag]), dtype=np.float32)


def project_on_mesh(
    particles: Particles,
    views: NDArray[np.float64],
    mesh: Mesh,
    *,
    pixels: int,
    pixel_kpc: float,
    threads: int = 0,
) -> BeamProjection:
    """Project particles along all views through one mesh.

    Parameters
    ----------
    particles : Particles
        Relative to the patch's centre.
    views : (L, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    mesh : Mesh
        The mesh.
    pixels : int
        Pixels along the patch.
    pixel_kpc : float
        Side of a pixel.
    threads : int
        Zero for all cores; the result does not depend on it.
    """
    last, factor = mode_table(pixels, mesh.sigma_kpc / pixel_kpc, mesh.spread.k_limit)
    spectra, left, (area, with_t, with_t2, with_r4, left_count) = operation("mesh_spectra", particles.device, threads)(
        *particles.columns,
        views=np.ascontiguousarray(views),
        design=mesh.arguments(),
        last=last,
        factor=factor,
        pixel_kpc=pixel_kpc,
    )
    scale = 1 / area if area > 0 else 0.0
    error = area * mesh.error(with_t * scale, with_t2 * scale, with_r4 * scale)
    return BeamProjection(spectra, np.flatnonzero(left) if left_count else np.empty(0, dtype=np.intp), area, error)


def safe_radius_kpc(instrument: Instrument, pixel_kpc: float) -> float:
    """Distance up to which the patch's periodicity moves no particle's image into the field."""
    margin = instrument.padded_size - instrument.size / 2
    return (margin - 6 * instrument.beam_sigma_arcmin / instrument.pixel_arcmin) * pixel_kpc


def pixel_error(kernel: str, sigma_pixels: float, h_pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound of what the exact method's pixels, averaged before the beam, do to a particle's image behind it.

    A mean over pixels, taken at their centres, moves a narrow particle to the middle of its pixel: modes beyond the
    pixel's Nyquist frequency appear as lower ones. As a share of the image's largest value.
    """
    h, table = _pixel_error_table(kernel, round(sigma_pixels, 6))
    return np.interp(h_pixels, h, table)


@lru_cache(maxsize=8)
def _pixel_error_table(kernel: str, sigma_pixels: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    h = np.concatenate([np.linspace(0, 4, 33), np.geomspace(4.5, 1024, 60)])
    q = np.linspace(0.0, 60.0, 2001)
    # a transform that oscillates counts by its envelope; beyond 60 it falls off at least as its steepest edge does
    shape = np.maximum.accumulate(np.abs(kernel_transform(kernel, q))[::-1])[::-1]
    power = 2 if kernel == "uniform" else 5
    side = np.linspace(-4.5, 4.5, 21) / sigma_pixels
    kx, ky = np.meshgrid(side, side)
    weight = np.exp(-0.5 * (kx**2 + ky**2) * sigma_pixels**2)
    weight /= weight.sum()
    table = np.zeros_like(h)
    for i in range(-2, 3):
        for j in range(-2, 3):
            if i == j == 0:
                continue
            x, y = kx + 2 * np.pi * i, ky + 2 * np.pi * j
            window = weight * np.abs(np.sinc(x / (2 * np.pi)) * np.sinc(y / (2 * np.pi)))
            at = np.hypot(x, y) * h[:, None, None]
            envelope = np.interp(at, q, shape) * np.minimum(1.0, 60.0 / np.maximum(at, 1e-9)) ** power
            table += (window * envelope).sum(axis=(1, 2))
    # the images beyond the second fall off as the window does: together less than half of those before
    return h, 1.5 * table
