"""How particles are reduced to a mesh behind a beam, and how large the error of that is.

Lengths here are in units of the beam's standard deviation. Everything depends on the beam, the cell and the kernel
alone, so that it is computed once for each and kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

TAPS = 4
SLICE_TAPS = 6
WINDOW_COEFFICIENTS = 8
SLICE_SHAPE = 2.0 * SLICE_TAPS
"""Exponent of the slices' window exp(beta (sqrt(1 - x^2) - 1)) (Barnett, Magland & af Klinteberg 2019)."""


@dataclass(frozen=True, eq=False)
class Spreading:
    """Weights of a particle's taps on the mesh, and the bound of what is wrong with them.

    Parameters
    ----------
    cell : float
        Distance of mesh points.
    h_limit : float
        Largest support radius.
    k_limit : float
        Largest wave number kept.
    coefficients : (2, 2, 3, 4) array
        Weights of the first half of the taps: even and odd in the place within the cell, powers of its square, powers
        of (h / h_limit)^2.
    window : (WINDOW_COEFFICIENTS,) array
        The inverse of the spreading window, a polynomial in (wave number times cell / 2 pi)^2.
    amplification : float
        Mean of the inverse window over a view's modes, weighted by the beam.
    error : (3,) array
        A particle's error is at most error[0] + error[1] t + error[2] t^2 with t = (h / h_limit)^2, as a share of the
        largest value of its image behind the beam.
    """

    cell: float
    h_limit: float
    k_limit: float
    coefficients: NDArray[np.float64]
    window: NDArray[np.float64]
    amplification: float
    error: NDArray[np.float64]


def kernel_transform(kernel: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fourier transform of the kernel at wave numbers in units of the inverse support radius."""
    density, radius, weight = _kernel_nodes(kernel)
    shape = np.sinc(np.asarray(q)[..., None] * radius / np.pi)
    result: NDArray[np.float64] = (4 * np.pi * weight * radius**2 * density * shape).sum(axis=-1)
    return result


@cache
def kernel_variance(kernel: str) -> float:
    """Variance of the kernel along one axis, in units of the support radius squared."""
    density, radius, weight = _kernel_nodes(kernel)
    return float((4 * np.pi * weight * radius**4 * density).sum() / 3)


def window_shape(cell: float, t: float) -> float:
    """Exponent a tap of the best spreading window, found by trial: steeper ones suit finer cells and larger kernels."""
    return round(min(max(2.5 - 1.6 * (cell - 0.25) + 2 * t, 1.9), 2.8), 1)


@cache
def spreading(kernel: str, cell: float, shape: float, h_limit: float, k_limit: float) -> Spreading:
    """Fit the weights of the taps: their transform is the window times a Gaussian of the kernel's variance."""
    window = _Window(shape)
    variance = kernel_variance(kernel) * h_limit**2 / cell**2
    coefficients = _fit(window, variance, cell, k_limit)
    k = np.linspace(0.0, k_limit, 37)
    errors = np.array([_tap_error(window, coefficients, variance, t, k, cell) for t in _SMOOTHINGS])
    inverse = 1.0 / window(k * cell)
    in_turns = (k * cell / (2 * np.pi)) ** 2
    fitted = np.polynomial.Polynomial.fit(in_turns, inverse, WINDOW_COEFFICIENTS - 1).convert()
    polynomial = np.asarray(fitted.coef, dtype=np.float64)
    misfit = np.abs(polynomial @ in_turns ** np.arange(WINDOW_COEFFICIENTS)[:, None] / inverse - 1).max()
    # Two axes in the plane of the view are the worst case: the mean error grows ever faster with an axis's share in it.
    along = 2 * _normal_mean(errors, k) + 3 * misfit
    kernel_error = np.array([_kernel_error(kernel, t, h_limit, k_limit) for t in _SMOOTHINGS])
    cut = np.exp(-0.5 * k_limit**2)
    # the second order of three axes' errors together is far below a tenth
    total = 1.1 * along + kernel_error + cut
    return Spreading(
        cell,
        h_limit,
        k_limit,
        coefficients,
        polynomial,
        float(_normal_mean(inverse[None], k)[0] ** 2),
        _envelope(total),
    )


_SMOOTHINGS = np.linspace(0.0, 1.0, 9) ** 2
# the taps' weights are mirror images for places mirrored in the cell
_PLACES = np.linspace(0.0, 0.5, 15)


class _Window:
    """Transform of a window of `TAPS` cells, one at wave number zero."""

    def __init__(self, shape: float) -> None:
        x, w = np.polynomial.legendre.leggauss(64)
        self.at = x * TAPS / 2
        self.weight = w * np.exp(TAPS * shape * (np.sqrt(1 - x**2) - 1))
        self.weight /= self.weight.sum()

    def __call__(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = np.cos(np.asarray(q)[..., None] * self.at) @ self.weight
        return result


def _basis(d: NDArray[np.float64], t: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transform of the taps' polynomials about the particle, (2 taps, even and odd, 3, 4, samples), complex."""
    powers_d = d[None] ** (2 * np.arange(3)[:, None])
    powers_t = t[None] ** np.arange(4)[:, None]
    columns = np.empty((2, 2, 3, 4, len(d)), dtype=complex)
    for tap in range(2):
        place = tap - (TAPS - 1) / 2
        first, last = np.exp(-1j * q * (place - d)), np.exp(-1j * q * (-place - d))
        for parity, wave in enumerate((first + last, d * (first - last))):
            columns[tap, parity] = wave * powers_d[:, None] * powers_t[None, :]
    return columns


def _fit(window: _Window, variance: float, cell: float, k_limit: float) -> NDArray[np.float64]:
    k = (np.arange(16) + 0.5) / 16 * k_limit
    # smoothing lengths far below the limit matter most
    d, t, k = (a.ravel() for a in np.meshgrid(np.linspace(0, 0.5, 7), np.linspace(0, 1, 7) ** 2, k, indexing="ij"))
    q = k * cell
    weight = np.exp(-0.25 * k**2) / window(q) / (0.05 + t)
    columns = (_basis(d, t, q) * weight).reshape(-1, len(d))
    target = window(q) * np.exp(-0.5 * variance * t * q**2) * weight
    matrix = np.concatenate([columns.real, columns.imag], axis=1).T
    q_matrix, triangle = np.linalg.qr(matrix)
    solution = np.linalg.solve(triangle, q_matrix.T @ np.concatenate([target, 0 * target]))
    return solution.reshape(2, 2, 3, 4)


def _tap_error(
    window: _Window,
    coefficients: NDArray[np.float64],
    variance: float,
    t: float,
    k: NDArray[np.float64],
    cell: float,
) -> NDArray[np.float64]:
    """Largest error of one axis's response over places in the cell, relative to the window, (k,)."""
    d, wave = (a.ravel() for a in np.meshgrid(_PLACES, k * cell, indexing="ij"))
    response = np.tensordot(coefficients, _basis(d, np.full_like(d, t), wave), axes=4)
    error = np.abs(response / window(wave) - np.exp(-0.5 * variance * t * wave**2))
    largest: NDArray[np.float64] = error.reshape(len(_PLACES), len(k)).max(axis=0)
    return largest


def _normal_mean(values: NDArray[np.float64], k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over one wave number with the beam as weight, (..., k) -> (...)."""
    result: NDArray[np.float64] = np.trapezoid(values * np.exp(-0.5 * k**2), k, axis=-1) * np.sqrt(2 / np.pi)
    return result


def _kernel_error(kernel: str, t: float, h_limit: float, k_limit: float) -> float:
    """Mean difference of the kernel's transform and the Gaussian of its variance over a view's modes."""
    k = np.linspace(0.0, k_limit, 97)
    h = h_limit * np.sqrt(t)
    difference = np.abs(kernel_transform(kernel, k * h) - np.exp(-0.5 * kernel_variance(kernel) * (k * h) ** 2))
    return float(np.trapezoid(difference * np.exp(-0.5 * k**2) * k, k))


def _envelope(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """The polynomial of degree two in t with positive coefficients above the errors, tight where t is small."""
    t = _SMOOTHINGS[1:]
    constant = 1.05 * max(errors[0], errors[1])
    best = None
    for linear in np.linspace(0.0, np.max((errors[1:] - constant) / t).clip(0), 41):
        square = np.max((errors[1:] - constant - linear * t) / t**2).clip(0)
        # as much weight on the typical t of a few hundredths as on the limit
        cost = 0.05 * linear + 0.01 * square
        if best is None or cost < best[0]:
            best = (cost, linear, square)
    assert best is not None
    # between the samples the errors bend little
    return np.array([constant, 1.05 * best[1], 1.05 * best[2]])


@dataclass(frozen=True, eq=False)
class Slicing:
    """Interpolation between the wave numbers of the mesh's transform.

    Parameters
    ----------
    coefficients : (3, 2, 5) array
        Weights of the first half of the taps, even and odd in the fraction, powers of its square.
    before : (points,) array
        The inverse of the window's transform at the points of the mesh.
    error : (2,) array
        A point's error in each mode is at most error[0] + error[1] u^4 an axis, with u its distance from the middle in
        units of half the mesh, as a share of its weight.
    """

    coefficients: NDArray[np.float64]
    before: NDArray[np.float64]
    error: NDArray[np.float64]


@cache
def _slice_taps() -> NDArray[np.float64]:
    d = 0.5 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    columns = np.stack([d**p for p in range(10)], axis=1)
    result = np.empty((3, 2, 5))
    for tap in range(3):
        values = _slice_window(tap - (SLICE_TAPS - 1) / 2 - d)
        solution = np.linalg.lstsq(columns, values, rcond=None)[0]
        result[tap] = solution[0::2], solution[1::2]
    return result


def _slice_window(x: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(1 - (2 * x / SLICE_TAPS) ** 2, 0, None)
    return np.asarray(np.exp(SLICE_SHAPE * (np.sqrt(inside) - 1)))


@cache
def slicing(points: int, padded: int) -> Slicing:
    """Weights, correction and error for a mesh of `points` in a transform of length `padded`."""
    x, w = np.polynomial.legendre.leggauss(96)
    at = x * SLICE_TAPS / 2
    place = np.arange(points) - points // 2
    phase = 2 * np.pi * place / padded
    before = 1.0 / (np.cos(phase[:, None] * at) @ (w * SLICE_TAPS / 2 * _slice_window(at)))
    taps = _slice_taps()
    d = np.linspace(-0.5, 0.5, 41)
    powers = d[None] ** (2 * np.arange(5)[:, None])
    even, odd = (taps[:, parity] @ powers for parity in (0, 1))
    weights = np.concatenate([even + d * odd, (even - d * odd)[::-1]])
    grid = np.arange(SLICE_TAPS)[:, None] - (SLICE_TAPS - 1) / 2 - d
    response = np.einsum("jd,jdx->dx", weights, np.exp(-1j * grid[..., None] * phase)) * before
    error = np.abs(response - 1).max(axis=0)
    u4 = (place / (points / 2)) ** 4
    constant = error[np.abs(place) <= points / 4].max()
    steep = ((error - constant) / np.maximum(u4, 1e-9)).max().clip(0)
    return Slicing(taps, before, np.array([constant, steep]))


@cache
def _kernel_nodes(kernel: str) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    x, w = np.polynomial.legendre.leggauss(24)
    radius = np.concatenate([0.25 * (x + 1), 0.25 * (x + 3)])
    weight = np.concatenate([0.25 * w, 0.25 * w])
    return _density(kernel, radius), radius, weight


def _density(kernel: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """The kernels of `szfast.gas.KERNELS` with the support radius as unit (Dehnen & Aly 2012, table 1)."""
    if kernel == "cubic":
        return np.asarray(16 / np.pi * ((1 - q) ** 3 - 4 * np.clip(0.5 - q, 0, None) ** 3))
    if kernel == "wendland_c2":
        return np.asarray(21 / (2 * np.pi) * (1 - q) ** 4 * (1 + 4 * q))
    if kernel == "wendland_c4":
        return np.asarray(495 / (32 * np.pi) * (1 - q) ** 6 * (1 + 6 * q + 35 / 3 * q**2))
    return np.full_like(q, 3 / (4 * np.pi))
