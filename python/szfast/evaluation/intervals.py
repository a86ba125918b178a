"""Error bars of predicted masses, from predictions whose truth is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.errors import ArgumentError
from szfast.evaluation.mass_pairs import MassPairs

LEAST_NEIGHBOURS = 50
"""Known predictions that an error bar needs; fewer tell no 68 % interval to 7 %."""

_NEIGHBOUR_DEX = 0.1


def calibrated_intervals(
    known: MassPairs,
    log10_mass: ArrayLike,
    redshift: ArrayLike,
    *,
    shares: tuple[float, ...] = (0.68, 0.95),
    bins: tuple[tuple[float, float], ...] = PLANCK_BINS,
) -> dict[float, NDArray[np.float64]]:
    """Intervals of the true mass, from those of simulated clusters that were predicted alike.

    In each redshift bin the errors, true minus predicted log10 mass, of all known predictions within 0.1 dex (or of the
    nearest `LEAST_NEIGHBOURS`) are taken, and their percentiles added to the prediction.

    Parameters
    ----------
    known : MassPairs
        Predicted and true masses, of clusters that the networks have not learnt from.
    log10_mass, redshift : (N,) array_like
        The new predictions.
    shares : tuple of float
        Probabilities of the intervals.
    bins : tuple of (float, float)
        Redshift bins.

    Returns
    -------
    dict of float to (N, 2) array
        Lower and upper end [log10 Msun] for each share.

    Raises
    ------
    ArgumentError
        If a bin has fewer known predictions than `LEAST_NEIGHBOURS`, or a redshift lies in no bin.
    """
    new, z = np.asarray(log10_mass, dtype=np.float64), np.asarray(redshift, dtype=np.float64)
    ends = {share: np.full((len(new), 2), np.nan) for share in shares}
    percentiles = [50 * (1 + sign * share) for share in shares for sign in (-1, 1)]
    for edges in bins:
        wanted = np.flatnonzero(within_bin(z, edges))
        if not len(wanted):
            continue
        there = within_bin(known.redshift, edges)
        if there.sum() < LEAST_NEIGHBOURS:
            raise ArgumentError(
                f"expected {LEAST_NEIGHBOURS} predictions or more at redshift {bin_name(edges)}, found {there.sum()}.",
                field="known",
                remedy="predict a larger test set.",
            )
        order = np.argsort(known.log10_mass[there], kind="stable")
        predicted = known.log10_mass[there][order]
        errors = known.log10_reference[there][order] - predicted
        for i in wanted:
            found = np.percentile(errors[_neighbours(predicted, new[i])], percentiles) + new[i]
            for number, share in enumerate(shares):
                ends[share][i] = found[2 * number : 2 * number + 2]
    if any(np.isnan(end).any() for end in ends.values()):
        raise ArgumentError("holds redshifts outside all bins.", field="redshift", remedy="leave them out.")
    return ends


def _neighbours(predicted: NDArray[np.float64], mass: float) -> slice:
    low, high = np.searchsorted(predicted, [mass - _NEIGHBOUR_DEX, mass + _NEIGHBOUR_DEX])
    if high - low < LEAST_NEIGHBOURS:
        middle = int(np.searchsorted(predicted, mass))
        low = int(np.clip(middle - LEAST_NEIGHBOURS // 2, 0, len(predicted) - LEAST_NEIGHBOURS))
        high = low + LEAST_NEIGHBOURS
    return slice(int(low), int(high))
