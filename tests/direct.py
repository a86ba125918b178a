"""Independent float64 truths that the fast code is compared with: slow, plain, sharing no code with it."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline


def kernel_density(kernel: str, q: np.ndarray) -> np.ndarray:
    """W(q) with the support radius as unit (Dehnen & Aly 2012, table 1), zero beyond one."""
    inside = np.clip(1 - q, 0, None)
    if kernel == "cubic":
        return 16 / np.pi * (inside**3 - 4 * np.clip(0.5 - q, 0, None) ** 3)
    if kernel == "wendland_c2":
        return 21 / (2 * np.pi) * inside**4 * (1 + 4 * q)
    if kernel == "wendland_c4":
        return 495 / (32 * np.pi) * inside**6 * (1 + 6 * q + 35 / 3 * q**2)
    return np.where(q <= 1, 3 / (4 * np.pi), 0.0)


def column_quadrature(kernel: str, R: float) -> float:
    """Line-of-sight integral of W at distance R by Gauss-Legendre pieces that end at the kernel's breaks."""
    x, w = np.polynomial.legendre.leggauss(40)
    ends = sorted({0.0, *(np.sqrt(max(0.0, b * b - R * R)) for b in (0.5, 1.0))})
    # pieces shrink towards z = 0, where r = sqrt(R^2 + z^2) bends on the scale of R
    ends = sorted({*ends, *(ends[-1] * 2.0**-k for k in range(1, 12))})
    total = 0.0
    for a, b in pairwise(ends):
        z = 0.5 * (b - a) * x + 0.5 * (a + b)
        total += 0.5 * (b - a) * np.sum(w * kernel_density(kernel, np.hypot(R, z)))
    return 2 * total


@cache
def _column_spline(kernel: str) -> CubicSpline:
    # nodes crowd towards the edge, where the column density has a root-like end
    R = 1 - np.linspace(1, 0, 1501) ** 2
    return CubicSpline(R, [column_quadrature(kernel, r) if r < 1 else 0.0 for r in R])


def column(kernel: str, R: np.ndarray) -> np.ndarray:
    return np.where(R < 1, _column_spline(kernel)(np.minimum(R, 1)), 0.0)


def pixel_shares(kernel: str, x: float, y: float, h: float, n: int, *, step: float = 0.05) -> np.ndarray:
    """Share of n x n pixels in a particle at (x, y) [pixels], by composite quadrature with cells below step * h."""
    t, w = np.polynomial.legendre.leggauss(4)

    def nodes(center: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at, weight, cell = [], [], []
        for i in range(max(0, int(np.floor(center - h))), min(n, int(np.ceil(center + h)))):
            a, b = max(i, center - h), min(i + 1, center + h)
            edges = np.linspace(a, b, max(1, int(np.ceil((b - a) / (step * h)))) + 1)
            half = np.diff(edges) / 2
            at.append(((edges[:-1] + half)[:, None] + half[:, None] * t).ravel())
            weight.append((half[:, None] * w).ravel())
            cell.append(np.full(at[-1].size, i))
        return tuple(np.concatenate(part) if part else np.empty(0) for part in (at, weight, cell))

    (at_x, weight_x, cell_x), (at_y, weight_y, cell_y) = nodes(x), nodes(y)
    shares = np.zeros((n, n))
    if at_x.size and at_y.size:
        density = column(kernel, np.hypot(at_x[None, :] - x, at_y[:, None] - y) / h) / h**2
        weighted = density * weight_x[None, :] * weight_y[:, None]
        np.add.at(shares, (cell_y.astype(int)[:, None], cell_x.astype(int)[None, :]), weighted)
    return shares


def uniform_shares(x: float, y: float, h: float, n: int) -> np.ndarray:
    """Share of n x n pixels in a uniform sphere: chords integrated in closed form along y, by quadrature along x."""
    t, w = np.polynomial.legendre.leggauss(8)
    shares = np.zeros((n, n))
    boundary = np.arange(n + 1) - y
    for i in range(max(0, int(np.floor(x - h))), min(n, int(np.ceil(x + h)))):
        edges = np.linspace(max(i, x - h), min(i + 1, x + h), 201)
        half = np.diff(edges) / 2
        at = ((edges[:-1] + half)[:, None] + half[:, None] * t).ravel() - x
        weight = (half[:, None] * w).ravel()
        chord = np.sqrt(h**2 - at**2)[None, :]
        v = np.clip(boundary[:, None] / chord, -1, 1)
        primitive = 0.5 * chord**2 * (v * np.sqrt(1 - v**2) + np.arcsin(v))
        shares[:, i] = np.diff(primitive, axis=0) @ weight
    return shares * 3 / (2 * np.pi * h**3)


def direct_map(kernel, x, y, h, area, n, **options) -> np.ndarray:
    """Sum of the shares of pixels over particles."""
    total = np.zeros((n, n))
    for at_x, at_y, size, weight in zip(x, y, h, area, strict=True):
        if kernel == "uniform":
            total += weight * uniform_shares(at_x, at_y, size, n)
        else:
            total += weight * pixel_shares(kernel, at_x, at_y, size, n, **options)
    return total
