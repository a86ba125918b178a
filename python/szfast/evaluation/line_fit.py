"""Fits of one mass against another where both have errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from szfast.arguments import numbers_in
from szfast.errors import ArgumentError

LEAST_POINTS = 3

NO_SCATTER_DEX = 1e-4
"""A smaller intrinsic scatter is none."""


@dataclass(frozen=True)
class RatioFit:
    """A constant ratio of two masses.

    Parameters
    ----------
    ratio, ratio_error : float
        The geometric mean of y / x and its standard error.
    scatter_dex : float
        Intrinsic scatter about it, beyond the measurement errors [dex].
    n : int
        Number of points.
    """

    ratio: float
    ratio_error: float
    scatter_dex: float
    n: int


@dataclass(frozen=True)
class LineFit:
    """log10 y = intercept + slope (log10 x - pivot).

    Parameters
    ----------
    intercept, intercept_error, slope, slope_error : float
        The line and its standard errors.
    scatter_dex : float
        Intrinsic scatter of log10 y at fixed x, beyond the measurement errors.
    pivot : float
        Mean log10 x.
    n : int
        Number of points.
    """

    intercept: float
    intercept_error: float
    slope: float
    slope_error: float
    scatter_dex: float
    pivot: float
    n: int


def fit_ratio(log10_x: ArrayLike, log10_y: ArrayLike, error_x: ArrayLike, error_y: ArrayLike) -> RatioFit:
    """Maximum-likelihood constant ratio y / x with errors on both and intrinsic scatter.

    log10 y - log10 x is normal about one number with variance error_x^2 + error_y^2 + scatter^2.

    Parameters
    ----------
    log10_x, log10_y : (N,) array_like
        The masses.
    error_x, error_y : (N,) array_like
        Standard errors of both [dex].

    Raises
    ------
    ArgumentError
        If there are fewer than three points, or a value is not finite.
    """
    x, y, sx, sy = _checked(log10_x, log10_y, error_x, error_y)
    difference, noise = y - x, sx**2 + sy**2

    def cost(parameters: NDArray[np.float64]) -> float:
        variance = noise + np.exp(2 * parameters[1])
        return float(0.5 * np.sum(np.log(variance) + (difference - parameters[0]) ** 2 / variance))

    mean, log_scatter = _minimum(cost, [difference.mean(), np.log(difference.std() + 1e-3)], (1,))
    scatter = float(np.exp(log_scatter))
    error = float(1 / np.sqrt(np.sum(1 / (noise + scatter**2))))
    ratio = float(10**mean)
    return RatioFit(ratio, ratio * error * float(np.log(10)), scatter, len(x))


def fit_line(log10_x: ArrayLike, log10_y: ArrayLike, error_x: ArrayLike, error_y: ArrayLike) -> LineFit:
    """Maximum-likelihood line with errors on both axes and intrinsic scatter.

    True x are drawn from a normal distribution, whose mean and width are fitted too, so that errors in x do not flatten
    the slope (Kelly 2007, ApJ 665 1489, with one Gaussian). Arguments and errors as in `fit_ratio`.
    """
    x, y, sx, sy = _checked(log10_x, log10_y, error_x, error_y)
    pivot = float(x.mean())
    x = x - pivot

    def cost(parameters: NDArray[np.float64]) -> float:
        intercept, slope, log_scatter, mean, log_width = parameters
        width, scatter = np.exp(2 * log_width), np.exp(2 * log_scatter)
        xx, yy, xy = width + sx**2, slope**2 * width + scatter + sy**2, slope * width
        dx, dy = x - mean, y - intercept - slope * mean
        determinant = xx * yy - xy**2
        distance = (yy * dx**2 - 2 * xy * dx * dy + xx * dy**2) / determinant
        return float(0.5 * np.sum(np.log(determinant) + distance))

    begin = np.polyfit(x, y, 1)
    scatter = np.log((y - np.polyval(begin, x)).std() + 1e-3)
    best = _minimum(cost, [begin[1], begin[0], scatter, 0.0, np.log(x.std() + 1e-3)], (2, 4))
    errors = _errors(cost, best)
    return LineFit(float(best[0]), errors[0], float(best[1]), errors[1], float(np.exp(best[2])), pivot, len(x))


def _checked(*arrays: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    names = ("log10_x", "log10_y", "error_x", "error_y")
    found = tuple(numbers_in(array, name) for array, name in zip(arrays, names, strict=True))
    shapes = {array.shape for array in found}
    if len(shapes) > 1 or found[0].ndim != 1 or len(found[0]) < LEAST_POINTS:
        raise ArgumentError(
            f"expected arrays of one length, {LEAST_POINTS} or more, found shapes {sorted(shapes)}.", field="log10_x"
        )
    if not all(np.isfinite(array).all() for array in found) or (found[2] < 0).any() or (found[3] < 0).any():
        raise ArgumentError("expected finite masses and errors not below zero.", field="error_x")
    return found


def _minimum(
    cost: Callable[[NDArray[np.float64]], float], begin: list[float], scatters: tuple[int, ...]
) -> NDArray[np.float64]:
    """Where the cost is least; `scatters` are the places of logarithms of scatters."""

    def bounded(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        # the logarithm of a scatter that is not there would run off to minus infinity
        kept = np.array(parameters, dtype=np.float64)
        kept[list(scatters)] = np.maximum(kept[list(scatters)], np.log(NO_SCATTER_DEX))
        return kept

    options = {"maxiter": 20000, "maxfev": 20000, "fatol": 1e-9, "xatol": 1e-7}
    found = minimize(lambda p: cost(bounded(p)), begin, method="Nelder-Mead", options=options)
    if not found.success:
        raise ArgumentError(
            f"the fit did not converge ({found.message}).", field="log10_y", remedy="look for outliers, or tiny errors."
        )
    return bounded(found.x)


def _errors(cost: Callable[[NDArray[np.float64]], float], best: NDArray[np.float64]) -> list[float]:
    """Standard errors of intercept and slope, from the curvature of the cost in all well-measured parameters."""
    kept = [i for i in range(len(best)) if i != 2 or best[2] > np.log(2 * NO_SCATTER_DEX)]
    steps = np.full(len(best), 1e-4)
    hessian = np.empty((len(kept), len(kept)))
    for row, i in enumerate(kept):
        for column, j in enumerate(kept):
            shift_i, shift_j = np.eye(len(best))[i] * steps, np.eye(len(best))[j] * steps
            corners = [cost(best + a * shift_i + b * shift_j) * a * b for a in (-1, 1) for b in (-1, 1)]
            hessian[row, column] = sum(corners) / (4 * steps[i] * steps[j])
    covariance = np.linalg.inv(hessian)
    return [float(np.sqrt(covariance[i, i])) for i in range(2)]
