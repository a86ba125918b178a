"""Relative errors of masses: mean, scatter, their bootstrap errors, and how they run with mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.ensemble.score import LEAST_MAPS, mass_bin
from szfast.ensemble.score import relative_error as relative_error
from szfast.ensemble.score import runs_below as runs_below
from szfast.errors import ArgumentError


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of a set of numbers, with bootstrap errors.

    Parameters
    ----------
    mean, std : float
        Mean, and standard deviation with n - 1 in the denominator; NaN where there are too few numbers.
    mean_error, std_error : float
        Standard deviations of both over bootstrap draws.
    n : int
        How many numbers there are.
    """

    mean: float
    std: float
    mean_error: float
    std_error: float
    n: int


def spread(values: ArrayLike, *, groups: ArrayLike | None = None, draws: int = 1000, seed: int = 0) -> Spread:
    """Mean and standard deviation with bootstrap errors.

    Parameters
    ----------
    values : (N,) array_like
        The numbers.
    groups : (N,) array_like, optional
        What is drawn together: views of one cluster are no independent numbers. Each number alone by default.
    draws : int
        Bootstrap draws, 2 or more.
    seed : int
        Same seed, same draws.

    Raises
    ------
    ArgumentError
        If a value is not finite, shapes do not fit, or there are fewer than 2 draws.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ArgumentError(
            f"expected finite numbers in one dimension, found shape {numbers.shape}.",
            field="values",
            remedy="leave out what is not a number.",
        )
    if groups is not None and np.shape(groups) != numbers.shape:
        raise ArgumentError(f"expected {len(numbers)} groups.", field="groups", remedy="give one a value.")
    if draws < 2:
        raise ArgumentError(f"expected 2 or more, found {draws}.", field="draws", remedy="1000 are usual.")
    if len(numbers) < 2:
        alone = float(numbers[0]) if len(numbers) else np.nan
        return Spread(alone, np.nan, np.nan, np.nan, len(numbers))
    _, group = np.unique(np.arange(len(numbers)) if groups is None else np.asarray(groups), return_inverse=True)
    # sums over a group are all that a draw needs, whatever the number of views
    sums = np.stack([np.bincount(group, numbers**power) for power in range(3)])
    rng = np.random.default_rng([seed, len(numbers)])
    moments = np.empty((draws, 3))
    for draw in range(draws):
        moments[draw] = sums[:, rng.integers(0, sums.shape[1], sums.shape[1])].sum(axis=1)
    count, total, squares = moments.T
    means = total / count
    variance = np.maximum(squares / count - means**2, 0.0) * count / np.maximum(count - 1, 1)
    mean_error, std_error = float(means.std(ddof=1)), float(np.sqrt(variance).std(ddof=1))
    return Spread(float(numbers.mean()), float(numbers.std(ddof=1)), mean_error, std_error, len(numbers))


def bias_by_mass(
    log10_mass: ArrayLike, log10_reference: ArrayLike, *, width: float = 0.1, least: int = LEAST_MAPS
) -> dict[str, NDArray[Any]]:
    """Mean relative error in bins of predicted mass.

    Parameters
    ----------
    log10_mass, log10_reference : (N,) array_like
        log10 of predicted and true mass.
    width : float
        Of a bin [dex]; bins begin at multiples of it.
    least : int
        Bins with fewer entries are left out.

    Returns
    -------
    dict of arrays
        ``log10_M`` (bin centre), ``mean``, ``error`` of the mean, ``std`` and ``n`` for each bin.
    """
    errors = relative_error(log10_mass, log10_reference)
    number = mass_bin(log10_mass, width)
    kept = [i for i in np.unique(number) if np.count_nonzero(number == i) >= max(least, 2)]
    inside = [errors[number == i] for i in kept]
    std = np.array([values.std(ddof=1) for values in inside])
    n = np.array([len(values) for values in inside], dtype=int)
    return {
        "log10_M": (np.array(kept, dtype=float) + 0.5) * width,
        "mean": np.array([values.mean() for values in inside]),
        "error": std / np.sqrt(np.maximum(n, 1)),
        "std": std,
        "n": n,
    }


def bands(
    x: ArrayLike,
    y: ArrayLike,
    *,
    width: float = 0.1,
    least: int = 10,
    percentiles: tuple[float, ...] = (2.5, 16, 50, 84, 97.5),
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Percentiles of y in bins of x: bin centres (B,), and (B, P) percentiles; bins with few entries are left out."""
    at, values = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    number = mass_bin(at, width)
    kept = [i for i in np.unique(number) if np.count_nonzero(number == i) >= least]
    found = [np.percentile(values[number == i], percentiles) for i in kept]
    return (np.array(kept, dtype=float) + 0.5) * width, np.reshape(found, (len(kept), len(percentiles)))


def coverage(
    true: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, groups: ArrayLike | None = None
) -> tuple[float, float]:
    """Share of true values inside their intervals, and its standard error.

    The error is the binomial one where every value stands alone; values of one group, as views of one cluster, count
    together: sqrt(sum over groups of (sum of inside - share)^2) / n (Liang & Zeger 1986).
    """
    value, low, high = (np.asarray(array, dtype=np.float64) for array in (true, lower, upper))
    if value.ndim != 1 or not value.shape == low.shape == high.shape or not len(value):
        raise ArgumentError(
            f"expected three arrays of n values, found shapes {value.shape}, {low.shape} and {high.shape}.",
            field="true",
            remedy="give an interval for each value.",
        )
    inside = (value >= low) & (value <= high)
    share = float(inside.mean())
    of = np.arange(len(inside)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    residual = np.bincount(of, inside - share)
    return share, float(np.sqrt(np.sum(residual**2)) / len(inside))
