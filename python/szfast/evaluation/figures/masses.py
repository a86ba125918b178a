"""Predicted masses against true, SZ and lensing masses, and the distributions of their errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS, within_bin
from szfast.evaluation.figures.style import (
    COLOURS,
    GREY,
    LINES,
    MARKERS,
    bin_label,
    equal_line,
    legend,
    legend_entries,
    nothing,
    panels,
)
from szfast.evaluation.mass_pairs import MassPairs
from szfast.evaluation.statistics import bands, relative_error

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

    from szfast.evaluation.line_fit import RatioFit

_DOTS = 4000
"""Most points that are drawn one by one; more hide the bands."""

_CNN = r"$\log_{10} M_{\rm CNN}/M_\odot$"
_NAMES = {"M_true": r"M_{\rm true}", "M_SZ": r"M_{\rm SZ}", "M_Planck": r"M_{\rm Planck}", "M_WL": r"M_{\rm WL}"}


def pairs_table(sets: Mapping[str, MassPairs]) -> QTable:
    """Points of several sets of pairs: ``set``, ``redshift``, ``log10_M_CNN``, ``log10_M``, ``reference``."""
    from astropy.table import QTable

    return QTable(
        {
            "set": np.concatenate([np.full(len(each), name, dtype="U32") for name, each in sets.items()]),
            "redshift": np.concatenate([each.redshift for each in sets.values()]),
            "log10_M_CNN": np.concatenate([each.log10_mass for each in sets.values()]),
            "log10_M": np.concatenate([each.log10_reference for each in sets.values()]),
            "reference": np.concatenate([np.full(len(each), each.reference, dtype="U16") for each in sets.values()]),
        }
    )


def draw_true_against_predicted(table: QTable) -> Figure:
    """True against predicted mass with the median, 68 % and 95 % bands in bins of predicted mass, a panel a bin."""
    low, high = _limits(table["log10_M_CNN"], table["log10_M"])
    with panels(2, 2, width=7.2, height=7.0) as (figure, axes):
        for panel, edges in zip(axes.ravel(), PLANCK_BINS, strict=True):
            rows = table[within_bin(table["redshift"], edges)]
            panel.set_title(bin_label(*edges))
            equal_line(panel, low, high)
            if not len(rows):
                nothing(panel, "no maps")
                continue
            shown = rows[:: max(1, len(rows) // _DOTS)]
            panel.plot(
                shown["log10_M_CNN"], shown["log10_M"], ".", color=GREY, markersize=1.5, alpha=0.4, rasterized=True
            )
            at, found = bands(rows["log10_M_CNN"], rows["log10_M"])
            if len(at):
                panel.fill_between(at, found[:, 0], found[:, 4], color=COLOURS[0], alpha=0.2, linewidth=0, label="95 %")
                panel.fill_between(at, found[:, 1], found[:, 3], color=COLOURS[0], alpha=0.4, linewidth=0, label="68 %")
                panel.plot(at, found[:, 2], color=COLOURS[1], label="median")
        for panel in axes[-1]:
            panel.set_xlabel(_CNN)
        for panel in axes[:, 0]:
            panel.set_ylabel(r"$\log_{10} M_{\rm true}/M_\odot$")
        legend(axes, loc="upper left")
    drawn: Figure = figure
    return drawn


def draw_against_reference(table: QTable) -> Figure:
    """Predicted mass against each set's reference, M_SZ or another: a panel a set, a marker a redshift bin."""
    names = list(dict.fromkeys(table["set"].tolist()))
    low, high = _limits(table["log10_M_CNN"], table["log10_M"])
    with panels(1, max(len(names), 1), width=3.7 * max(len(names), 1), height=3.9) as (figure, [row]):
        for panel, name in zip(row, names, strict=False):
            equal_line(panel, low, high)
            inside = table[table["set"] == name]
            for i, edges in enumerate(PLANCK_BINS):
                rows = inside[within_bin(inside["redshift"], edges)]
                rows = rows[:: max(1, len(rows) // (_DOTS // 8))]
                panel.plot(
                    rows["log10_M"],
                    rows["log10_M_CNN"],
                    MARKERS[i],
                    color=COLOURS[i],
                    markersize=2.2,
                    alpha=0.6,
                    label=bin_label(*edges),
                    rasterized=True,
                )
            at, found = bands(inside["log10_M"], inside["log10_M_CNN"])
            panel.plot(at, found[:, 2], color="black", label="median")
            reference = _NAMES.get(str(inside["reference"][0]), r"M_{\rm SZ}")
            panel.set_xlabel(rf"$\log_{{10}} {reference}/M_\odot$")
            panel.set_title(name)
        row[0].set_ylabel(_CNN)
        legend(row, markerscale=2)
    drawn: Figure = figure
    return drawn


def draw_error_distributions(table: QTable) -> Figure:
    """Distributions of (M_CNN - X) / M_CNN, a line a set, a panel a redshift bin."""
    names = list(dict.fromkeys(table["set"].tolist()))
    edges_of_error = np.linspace(-1.2, 1.0, 56)
    with panels(2, 2, width=7.2, height=5.4) as (figure, axes):
        for panel, edges in zip(axes.ravel(), PLANCK_BINS, strict=True):
            rows = table[within_bin(table["redshift"], edges)]
            panel.axvline(0, color=GREY, linewidth=0.8, zorder=0)
            panel.set_title(bin_label(*edges))
            for i, name in enumerate(names):
                inside = rows[rows["set"] == name]
                if not len(inside):
                    continue
                errors = np.clip(relative_error(inside["log10_M_CNN"], inside["log10_M"]), -1.19, 0.99)
                counts, _ = np.histogram(errors, edges_of_error)
                share = counts / counts.sum() / np.diff(edges_of_error)
                panel.stairs(
                    share, edges_of_error, color=COLOURS[i], linestyle=LINES[i % 4], linewidth=1.4, label=_heading(name)
                )
        for panel in axes[-1]:
            panel.set_xlabel(r"$(M_{\rm CNN}-X)/M_{\rm CNN}$")
        for panel in axes[:, 0]:
            panel.set_ylabel("probability density")
        # inside a panel it would lie on a histogram
        handles, labels = legend_entries(axes)
        figure.legend(handles, labels, loc="outside upper center", ncols=2)
    drawn: Figure = figure
    return drawn


def draw_against_lensing(table: QTable, fits: Mapping[str, RatioFit]) -> Figure:
    """Predicted against weak-lensing masses with both errors, and the fitted ratios."""
    low, high = _limits(table["log10_M500c"], table["log10_M_WL"])
    with panels(width=4.8, height=4.8) as (figure, [[axes]]):
        equal_line(axes, low, high)
        for i, name in enumerate(dict.fromkeys(table["sample"].tolist())):
            rows = table[table["sample"] == name]
            axes.errorbar(
                rows["log10_M_WL"],
                rows["log10_M500c"],
                xerr=[rows["log10_M_WL_err_low"], rows["log10_M_WL_err_up"]],
                yerr=[rows["log10_M500c_err_low"], rows["log10_M500c_err_up"]],
                fmt=MARKERS[i % 4],
                color=COLOURS[i],
                elinewidth=0.6,
                alpha=0.8,
                label=_with_ratio(name, len(rows), fits.get(name)),
            )
        if "all" in fits:
            shift = np.log10(fits["all"].ratio)
            label = _with_ratio("all", fits["all"].n, fits["all"])
            axes.plot([low, high], [low + shift, high + shift], "k--", label=label)
        axes.set_xlabel(r"$\log_{10} M_{\rm WL}/M_\odot$")
        axes.set_ylabel(_CNN)
        legend(axes, loc="upper left")
    drawn: Figure = figure
    return drawn


def _heading(name: str) -> str:
    for plain, drawn in _NAMES.items():
        name = name.replace(plain, f"${drawn}$")
    return name


def _with_ratio(name: str, n: int, fit: RatioFit | None) -> str:
    text = f"{name} ({n})"
    return text if fit is None else f"{text}: ratio {fit.ratio:.3f} ± {fit.ratio_error:.3f}"


def _limits(*arrays: Any) -> tuple[float, float]:
    values = np.concatenate([np.asarray(array, dtype=float) for array in arrays])
    if not len(values):
        return 14.0, 15.5
    low, high = np.percentile(values, [0.1, 99.9])
    return float(np.floor(10 * low) / 10), float(np.ceil(10 * high) / 10)
