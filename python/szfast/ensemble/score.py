"""How biased a network's masses are: the score of a run, and how many runs score below a threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.arguments import numbers_in, whole_in
from szfast.errors import ArgumentError

MASS_BIN_DEX = 0.1
"""Width of the bins of predicted log10 M500c."""

LEAST_MAPS = 30
"""A bin with fewer maps does not count: its mean is noise."""


def relative_error(log10_predicted: ArrayLike, log10_true: ArrayLike) -> NDArray[np.float64]:
    """(M_CNN - M_true) / M_CNN, as de Andres et al. define it, from log10 of both; any shape.

    Raises
    ------
    ArgumentError
        If the shapes differ or a value is not finite.
    """
    predicted, true = numbers_in(log10_predicted, "log10_predicted"), numbers_in(log10_true, "log10_true")
    if predicted.shape != true.shape or not (np.isfinite(predicted).all() and np.isfinite(true).all()):
        raise ArgumentError(
            f"expected finite log10 masses of one shape, found {predicted.shape} and {true.shape}.",
            field="log10_predicted, log10_true",
            remedy="leave out clusters without a mass.",
        )
    error: NDArray[np.float64] = 1 - 10 ** (true - predicted)
    return error


def bias_score(log10_predicted: ArrayLike, log10_true: ArrayLike, *, least_maps: int = LEAST_MAPS) -> float:
    """Largest mean relative error over bins of predicted mass.

    max over bins of 0.1 dex in log10 M_CNN, edges at its multiples, of |mean((M_CNN - M_true) / M_CNN)|. A network
    trained with a squared error gives the mean of what may be, so it is unbiased at a fixed predicted mass, not at a
    fixed true one.

    Parameters
    ----------
    log10_predicted, log10_true : array_like, shape (n,)
        log10 of M500c in Msun.
    least_maps : int
        Bins with fewer maps do not count.

    Returns
    -------
    float
        The score; NaN where no bin has enough maps.

    Raises
    ------
    ArgumentError
        If the shapes differ or a value is not finite.
    """
    whole_in(least_maps, "least_maps", least=1)
    error = relative_error(log10_predicted, log10_true)
    if error.ndim != 1:
        raise ArgumentError(
            f"expected two arrays of n numbers, found shape {error.shape}.", field="log10_predicted, log10_true"
        )
    number = mass_bin(log10_predicted)
    means = [
        abs(error[number == each].mean())
        for each in np.unique(number)
        if np.count_nonzero(number == each) >= least_maps
    ]
    return float(max(means, default=np.nan))


def mass_bin(log10_mass: ArrayLike, width: float = MASS_BIN_DEX) -> NDArray[np.int64]:
    """Number of each mass's bin, whose edges are multiples of its width: 145 holds 14.5 <= log10 M < 14.6."""
    # 14.7 / 0.1 is below 147 in floating point
    numbers: NDArray[np.int64] = np.floor(np.asarray(log10_mass, np.float64) / width + 1e-9).astype(np.int64)
    return numbers


def runs_below(scores: ArrayLike, thresholds: ArrayLike) -> NDArray[np.int64]:
    """Number of runs whose score is below each threshold, N(bias < t); a run without a score counts nowhere."""
    values, limits = numbers_in(scores, "scores").ravel(), numbers_in(thresholds, "thresholds")
    counts: NDArray[np.int64] = (values < limits[..., np.newaxis]).sum(axis=-1)
    return counts
