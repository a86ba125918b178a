"""Error bars of a network's masses: conformal intervals, and how often they hold the true mass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.ensemble.score import LEAST_MAPS, MASS_BIN_DEX, mass_bin
from szfast.errors import ArgumentError

if TYPE_CHECKING:
    from astropy.table import QTable

LEVELS = (0.68, 0.95)
"""Shares of clusters that an interval is to hold."""

KNOTS = 12
"""Predicted masses at which the intervals are measured; linear in between."""

LEAST_NEIGHBOURS = 100
"""Maps that a knot looks at, at least: 2.5 of them lie beyond each end of a 95 % interval."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of log10 M500c about a predicted mass.

    Parameters
    ----------
    log10_mass : (k,) array
        Predicted masses (log10 Msun), increasing.
    lower, upper : (levels, k) array
        Ends relative to the prediction, in dex, for each of `LEVELS`.
    """

    log10_mass: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    def of(self, log10_predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper ends, log10 of Msun, each (levels, n)."""
        predicted = np.asarray(log10_predicted, np.float64)
        ends = [
            predicted + np.array([np.interp(predicted, self.log10_mass, level) for level in offsets])
            for offsets in (self.lower, self.upper)
        ]
        return ends[0], ends[1]

    def columns(self, log10_predicted: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """The ends as columns lower68, upper68, lower95, upper95 (log10 Msun)."""
        lower, upper = self.of(log10_predicted)
        names = [f"{level * 100:.0f}" for level in LEVELS]
        return {f"lower{name}": lower[row] for row, name in enumerate(names)} | {
            f"upper{name}": upper[row] for row, name in enumerate(names)
        }

    def table(self) -> QTable:
        """The knots: log10_mass and the offsets' columns."""
        from astropy.table import QTable

        ends = self.columns(self.log10_mass)
        return QTable({"log10_mass": self.log10_mass, **ends})


def read_intervals(table: QTable, bin_number: int) -> Intervals | None:
    """Intervals of a bin out of a run's table ``intervals``; None where the bin had too few maps."""
    rows = table[np.asarray(table["bin"]) == bin_number]
    if not len(rows):
        return None
    mass = np.asarray(rows["log10_mass"])
    names = [f"{level * 100:.0f}" for level in LEVELS]
    lower, upper = (np.array([rows[f"{end}{name}"] for name in names]) - mass for end in ("lower", "upper"))
    return Intervals(mass, lower, upper)


def calibrate(log10_predicted: ArrayLike, log10_true: ArrayLike) -> Intervals:
    """Measure intervals on clusters that the network has not been trained on.

    Split-conformal prediction (Vovk et al. 2005; Lei et al. 2018, arXiv:1604.04173) of the signed residual, in windows
    of predicted mass: of n residuals the ceil((n + 1)(1 - a / 2))-th smallest is the upper end of an interval that
    misses a share a, and the mirrored one the lower end.

    Parameters
    ----------
    log10_predicted, log10_true : array_like, shape (n,)
        log10 of M500c in Msun.

    Raises
    ------
    ArgumentError
        If there are fewer than `LEAST_NEIGHBOURS` maps.
    """
    predicted, true = np.asarray(log10_predicted, np.float64), np.asarray(log10_true, np.float64)
    if predicted.shape != true.shape or predicted.ndim != 1 or len(predicted) < LEAST_NEIGHBOURS:
        raise ArgumentError(
            f"expected at least {LEAST_NEIGHBOURS} predictions and as many masses, found shapes {predicted.shape} and "
            f"{true.shape}.",
            field="log10_predicted, log10_true",
            remedy="give the network more validation maps.",
        )
    order = np.argsort(predicted, kind="stable")
    predicted, residual = predicted[order], (true - predicted)[order]
    width = max(LEAST_NEIGHBOURS, len(predicted) // KNOTS)
    starts = np.unique(np.linspace(0, len(predicted) - width, KNOTS).astype(int))
    windows = [slice(start, start + width) for start in starts]
    knots = np.array([predicted[window].mean() for window in windows])
    ends = np.array([[_ends(residual[window], level) for window in windows] for level in LEVELS])
    return Intervals(knots, ends[..., 0], ends[..., 1])


def _ends(residual: NDArray[np.float64], level: float) -> tuple[float, float]:
    ordered = np.sort(residual)
    rank = min(int(np.ceil((len(ordered) + 1) * (1 + level) / 2)), len(ordered))
    return float(ordered[len(ordered) - rank]), float(ordered[rank - 1])


def coverage(predictions: QTable) -> QTable:
    """How often intervals hold the true mass, per redshift bin, and per 0.1 dex of predicted mass in it.

    Parameters
    ----------
    predictions : QTable
        Columns bin, cluster, log10_M_pred, log10_M_true, lower68, upper68, lower95, upper95: test maps.

    Returns
    -------
    QTable
        Columns bin (0: all), log10_m_low, log10_m_high, n (maps), clusters, held68, held95, and error68, error95: the
        binomial standard error of as many clusters, since views of one cluster share its scatter. Bins of mass with
        fewer than 30 maps are left out; the first row of each redshift bin holds all its masses.
    """
    from astropy.table import QTable

    number = np.asarray(predictions["bin"])
    mass = np.asarray(predictions["log10_M_pred"])
    rows = [_row(predictions, 0, np.ones(len(predictions), dtype=bool))]
    for each in np.unique(number):
        inside = number == each
        rows.append(_row(predictions, int(each), inside))
        for mass_number in np.unique(mass_bin(mass[inside])):
            which = inside & (mass_bin(mass) == mass_number)
            if np.count_nonzero(which) >= LEAST_MAPS:
                rows.append(_row(predictions, int(each), which, mass_number * MASS_BIN_DEX))
    return QTable(rows=rows)


def _row(predictions: QTable, number: int, which: NDArray[np.bool_], low: float | None = None) -> dict[str, Any]:
    chosen = predictions[which]
    true, mass = np.asarray(chosen["log10_M_true"]), np.asarray(chosen["log10_M_pred"])
    clusters = len(np.unique(np.asarray(chosen["cluster"])))
    row = {
        "bin": number,
        "log10_m_low": float(mass.min()) if low is None else float(low),
        "log10_m_high": float(mass.max()) if low is None else float(low + MASS_BIN_DEX),
        "n": len(chosen),
        "clusters": clusters,
    }
    for level in LEVELS:
        name = f"{level * 100:.0f}"
        held = (np.asarray(chosen[f"lower{name}"]) <= true) & (true <= np.asarray(chosen[f"upper{name}"]))
        row[f"held{name}"] = float(held.mean())
        row[f"error{name}"] = float(np.sqrt(level * (1 - level) / clusters))
    return row
