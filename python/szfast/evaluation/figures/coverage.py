"""The sample in the plane of redshift and mass, the coverage of error bars, and the shift between kinds of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.evaluation.figures.style import COLOURS, GREY, MARKERS, bin_label, legend, panels
from szfast.evaluation.statistics import coverage

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

SHARES = (68, 95)


def draw_sample(sample: Any, real: Any | None = None) -> Figure:
    """Simulated clusters over real ones in redshift and mass.

    Parameters
    ----------
    sample, real : tables
        With ``redshift`` and ``log10_M500c``; real ones may be left out.
    """
    with panels(width=5.4, height=3.6) as (figure, [[axes]]):
        size = 3.0 if len(sample) < 3000 else 1.2
        label = f"simulated ({len(sample)})"
        axes.plot(
            sample["redshift"], sample["log10_M500c"], "o", color=COLOURS[0], markersize=size, alpha=0.5, label=label
        )
        if real is not None:
            label = f"PSZ2 ({len(real)})"
            axes.plot(real["redshift"], real["log10_M500c"], "+", color=COLOURS[1], markersize=4, mew=0.7, label=label)
        for edge in (edges[1] for edges in PLANCK_BINS[:-1]):
            axes.axvline(edge, color=GREY, linewidth=0.8, linestyle=":")
        axes.set_xlim(0, 1)
        axes.set_xlabel("redshift")
        axes.set_ylabel(r"$\log_{10} M_{500c}/M_\odot$")
        legend(axes, loc="lower right", frameon=True)
    drawn: Figure = figure
    return drawn


def calibration_table(predictions: Any) -> QTable:
    """Coverage of intervals on test maps: ``bin``, ``promised``, ``found``, ``error``, ``n``, for each share given."""
    from astropy.table import QTable

    rows = []
    for number, edges in enumerate(PLANCK_BINS, start=1):
        inside = predictions[within_bin(predictions["redshift"], edges)]
        for share in SHARES:
            if f"lower{share}" in predictions.colnames and len(inside):
                ends = (inside[f"lower{share}"], inside[f"upper{share}"])
                found, error = coverage(inside["log10_M_true"], *ends, groups=inside["cluster"])
                rows.append((number, bin_name(edges), share / 100, found, error, len(inside)))
    return QTable(
        rows=rows or None,
        names=["bin", "z", "promised", "found", "error", "n"],
        dtype=[int, "U8", float, float, float, int],
    )


def draw_calibration(table: QTable) -> Figure:
    """Coverage found against coverage promised, per redshift bin."""
    with panels(width=4.6, height=3.2) as (figure, [[axes]]):
        for i, share in enumerate(np.unique(table["promised"])):
            rows = table[table["promised"] == share]
            axes.axhline(share, color=COLOURS[i], linewidth=0.8, linestyle=":")
            label = f"{100 * share:.0f} % intervals"
            axes.errorbar(
                rows["bin"], rows["found"], rows["error"], fmt=MARKERS[i], color=COLOURS[i], capsize=2, label=label
            )
        axes.set_xticks(range(1, len(PLANCK_BINS) + 1), [bin_label(*edges) for edges in PLANCK_BINS], fontsize=7)
        axes.set_ylabel("share of true masses inside")
        axes.set_ylim(0, 1.02)
        legend(axes, loc="lower left")
    drawn: Figure = figure
    return drawn


def draw_shift(table: Any, *, dex: bool = False) -> Figure:
    """Bias and scatter of networks on clusters of another kind than they have learnt from.

    Parameters
    ----------
    table : table
        ``trained``, ``tested``, ``bias`` and ``scatter``; with ``bin``, a marker each, in one line for each kind.
    dex : bool
        Bias and scatter of log10 M, and not relative to M.
    """
    labels = [" → ".join(filter(None, (str(row["trained"]), str(row["tested"])))) for row in table]
    lines = list(dict.fromkeys(labels))
    bins = np.asarray(table["bin"]) if "bin" in table.colnames else np.zeros(len(table), dtype=int)
    with panels(width=6.0, height=1.0 + 0.55 * max(len(lines), 2)) as (figure, [[axes]]):
        axes.axvline(0, color=GREY, linewidth=0.8)
        line = np.array([lines.index(label) for label in labels])
        for number in np.unique(bins):
            rows = np.flatnonzero(bins == number)
            i = max(int(number) - 1, 0)
            # bins side by side about their line
            at = line[rows] + (0.17 * (i - 1.5) if number else 0.0)
            axes.errorbar(
                np.asarray(table["bias"])[rows],
                at,
                xerr=np.asarray(table["scatter"])[rows],
                fmt=MARKERS[i],
                color=COLOURS[i],
                capsize=2,
                label=bin_label(*PLANCK_BINS[i]) if number else None,
            )
        axes.set_yticks(range(len(lines)), lines)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        relative = r"$(M_{\rm CNN}-M_{\rm true})/M_{\rm CNN}$: mean and scatter"
        axes.set_xlabel(r"$\log_{10} M_{\rm CNN}/M_{\rm true}$: mean and scatter" if dex else relative)
        legend(axes, loc="center left", bbox_to_anchor=(1.0, 0.5))
    drawn: Figure = figure
    return drawn
