"""How particles are spread onto a view's grid behind a beam, and how large the error of that is.

Lengths here are in units of the beam's standard deviation, errors are shares of the largest value that a particle in
one point has behind the beam. Everything depends on beam, cell and kernel alone, so that it is computed once and kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from szfast.maps.mesh_design import kernel_transform

FIELDS = 4
"""Powers of h^2 that are spread: the kernel's transform is fitted by a polynomial of degree three in it."""

TAPS = (4, 6, 8)
"""Widths of the window in cells, from the cheapest to the most exact."""

K_LIMIT = 6.0
"""Largest wave number kept: what the beam leaves beyond it is 1.5e-8."""

_ROW, _DEGREES = 8, 10
_NODES = 48


@dataclass(frozen=True, eq=False)
class SpreadWindow:
    """A window of a few cells, exp(beta (sqrt(1 - x^2) - 1)) (Barnett, Magland & af Klinteberg 2019).

    Parameters
    ----------
    taps : int
        Its width in cells.
    beta : float
        Its exponent.
    coefficients : (10, 8) array
        Weight of each tap: powers of the place within the cell, from -1/2 to 1/2.
    error : float
        Of an image, from the modes that the grid cannot tell from lower ones.
    """

    taps: int
    beta: float
    coefficients: NDArray[np.float64]
    error: float

    def transform(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fourier transform at wave numbers in units of the inverse cell."""
        return _transform(self.taps, self.beta, q)


@dataclass(frozen=True, eq=False)
class SizeClass:
    """Particles whose kernels are fitted together.

    Parameters
    ----------
    above, to : float
        Support radii, from `above`, which is not among them unless it is zero.
    coefficients : (F, K) array
        Chebyshev series, over (k / K_LIMIT)^2 from 0 to 1, of the factor of each field.
    error : float
        Of an image.
    """

    above: float
    to: float
    coefficients: NDArray[np.float64]
    error: float

    def factors(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor of each field at wave numbers k, (F, ...)."""
        result: NDArray[np.float64] = np.asarray(
            chebyshev.chebval(2 * (k / K_LIMIT) ** 2 - 1, self.coefficients.T), dtype=np.float64
        )
        return result


def cut_error(k_limit: float) -> float:
    """What is missing of an image without its modes beyond `k_limit`: the integral of k exp(-k^2 / 2)."""
    return float(np.exp(-0.5 * k_limit**2))


@lru_cache(maxsize=32)
def spread_window(taps: int, sigma_cells: float, k_limit: float) -> SpreadWindow:
    """The window with the smallest error behind a beam of so many cells."""
    shapes = taps * np.linspace(2.0, 3.0, 11)
    errors = [_alias_error(taps, beta, sigma_cells, k_limit) for beta in shapes]
    best = int(np.argmin(errors))
    beta = float(shapes[best])
    coefficients, misfit = _tap_polynomials(taps, beta)
    return SpreadWindow(taps, beta, coefficients, errors[best] + misfit)


def size_classes(kernel: str, error: float, above: float = 0.0) -> Iterator[SizeClass]:
    """Classes from zero or a given radius on, as wide as the error allows."""
    while True:
        found = _size_class(kernel, error, above)
        yield found
        above = found.to


@lru_cache(maxsize=256)
def class_of_fields(kernel: str, above: float, to: float, fields: int) -> SizeClass:
    """The class between two radii, by so many powers of h^2."""
    coefficients, _ = _fit(kernel, above, to, _NODES, 24, fields)
    return SizeClass(above, to, coefficients, 1.02 * _measured(kernel, above, to, coefficients))


def _window(taps: int, beta: float, x: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(1 - (2 * x / taps) ** 2, 0, None)
    return np.asarray(np.exp(beta * (np.sqrt(inside) - 1)) * (np.abs(x) <= taps / 2))


def _transform(taps: int, beta: float, q: NDArray[np.float64]) -> NDArray[np.float64]:
    x, w = _quadrature()
    at = x * taps / 2
    weight = w * taps * _window(taps, beta, at)
    result: NDArray[np.float64] = np.cos(np.asarray(q)[..., None] * at) @ weight
    return result


@cache
def _quadrature() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gauss's nodes and weights on [-1, 1]: of an even function the half from zero on is enough."""
    x, w = (np.asarray(v[50:], dtype=np.float64) for v in np.polynomial.legendre.leggauss(100))
    return x, w


def _alias_error(taps: int, beta: float, sigma_cells: float, k_limit: float) -> float:
    """Mean over the beam's modes of the window's higher images, on both axes, against its own value."""
    k = np.linspace(0.0, k_limit, 40)
    q = k / sigma_cells
    own = _transform(taps, beta, q)
    higher = 2 * np.pi * np.array([-4, -3, -2, -1, 1, 2, 3, 4])
    images = np.abs(_transform(taps, beta, higher[:, None] + q)).sum(axis=0)
    along = images / own
    weight = np.exp(-0.5 * k**2)
    mean = float((along * weight).sum() / weight.sum())
    # beyond the fourth image the window's edge, exp(-beta), falls off as 1/q
    rest = 4 * np.exp(-beta) / float(own.min())
    return 2.1 * (mean + rest) if mean < 0.1 else np.inf


def _tap_polynomials(taps: int, beta: float) -> tuple[NDArray[np.float64], float]:
    d: NDArray[np.float64] = 0.5 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    columns = d[:, None] ** np.arange(taps // 2 + 6)
    result = np.zeros((_DEGREES, _ROW))
    misfit = 0.0
    for tap in range(taps):
        values = _window(taps, beta, tap - (taps - 1) / 2 - d)
        found = np.linalg.lstsq(columns, values, rcond=None)[0]
        result[: len(found), tap] = found
        misfit = max(misfit, float(np.abs(columns @ found - values).max()))
    # in units of the window's integral; the taps' misfits on both axes do not add up with one sign
    return result, 2 * misfit * taps / float(_transform(taps, beta, np.zeros(1))[0])


@lru_cache(maxsize=256)
def _size_class(kernel: str, error: float, above: float) -> SizeClass:
    low, high = above, above + 8.0
    for _ in range(14):
        middle = 0.5 * (low + high)
        if _fit(kernel, above, middle, 12, 16)[1] <= 0.8 * error:
            low = middle
        else:
            high = middle
    # a class of no width would never end
    to = max(low, above + 0.05)
    return class_of_fields(kernel, above, to, FIELDS)


def _fit(
    kernel: str, above: float, to: float, nodes: int, sizes: int, fields: int = FIELDS
) -> tuple[NDArray[np.float64], float]:
    """Least squares over h at each node in k; Chebyshev coefficients, and the mean error over modes."""
    x = np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    k = K_LIMIT * np.sqrt(0.5 * (x + 1))
    # nodes crowd at both ends of the interval, where a polynomial's error is largest
    t = 0.5 * (1 - np.cos(np.pi * (np.arange(sizes) + 0.5) / sizes))
    h = np.sqrt(above**2 + t * (to**2 - above**2))
    shape = kernel_transform(kernel, k[:, None] * h)
    powers = t[:, None] ** np.arange(fields)
    factors = np.linalg.lstsq(powers, shape.T, rcond=None)[0]
    misfit = np.abs(powers @ factors - shape.T).max(axis=0)
    weight = np.exp(-0.5 * k**2) * np.sqrt(1 - x**2)  # dx of the nodes; k dk is dx
    mean = float((misfit * weight).sum() / weight.sum())
    return chebyshev.chebfit(x, factors.T, nodes - 1).T, mean


def _measured(kernel: str, above: float, to: float, coefficients: NDArray[np.float64]) -> float:
    k = np.linspace(0.0, K_LIMIT, 120)
    t = np.linspace(0.0, 1.0, 60) ** 1.5
    h = np.sqrt(above**2 + t * (to**2 - above**2))
    factors = chebyshev.chebval(2 * (k / K_LIMIT) ** 2 - 1, coefficients.T)
    misfit = np.abs(t[:, None] ** np.arange(len(coefficients)) @ factors - kernel_transform(kernel, h[:, None] * k))
    return float(np.trapezoid(misfit * np.exp(-0.5 * k**2) * k, k, axis=1).max())
