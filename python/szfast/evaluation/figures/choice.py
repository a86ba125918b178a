"""The choice of a run: N(bias < t), bias against mass, loss against epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.bins import PLANCK_BINS
from szfast.evaluation.figures.style import COLOURS, GREY, LINES, MARKERS, bin_label, legend, nothing, panels
from szfast.evaluation.statistics import bias_by_mass, runs_below

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure

ROLES = ("unbiased", "biased")


def runs_below_table(runs: Any) -> QTable:
    """N(bias < t) for each bin: columns ``bin``, ``threshold``, ``n`` from a run's table ``runs``."""
    from astropy.table import QTable

    bins, scores = np.asarray(runs["bin"]), np.asarray(runs["score"], dtype=float)
    finite = scores[np.isfinite(scores)]
    thresholds = np.linspace(0, 1.05 * (finite.max() if len(finite) else 1.0), 200)
    rows = [(number, thresholds, runs_below(scores[bins == number], thresholds)) for number in np.unique(bins)]
    return QTable(
        {
            "bin": np.repeat([number for number, *_ in rows], len(thresholds)),
            "threshold": np.concatenate([t for _, t, _ in rows]),
            "n": np.concatenate([n for *_, n in rows]),
        }
    )


def draw_runs_below(table: QTable) -> Figure:
    """Number of runs whose largest bias is below a threshold, a line a redshift bin."""
    with panels() as (figure, [[axes]]):
        for i, number in enumerate(np.unique(table["bin"])):
            rows = table[table["bin"] == number]
            label = bin_label(*PLANCK_BINS[number - 1])
            axes.step(rows["threshold"], rows["n"], where="post", color=COLOURS[i], linestyle=LINES[i % 4], label=label)
        axes.set_xlabel("threshold t")
        axes.set_ylabel("runs with bias < t")
        axes.set_ylim(bottom=0)
        axes.yaxis.get_major_locator().set_params(integer=True)
        legend(axes)
    found: Figure = figure
    return found


def roles(runs: Any) -> dict[tuple[int, int], str]:
    """The chosen (``unbiased``) run and the one of the largest score (``biased``) of each bin, by (bin, run)."""
    found = {}
    # a run without a score is neither
    scored = runs[np.isfinite(np.asarray(runs["score"], dtype=np.float64))]
    for number in np.unique(scored["bin"]):
        rows = scored[np.asarray(scored["bin"]) == number]
        worst = rows[int(np.argmax(rows["score"]))]
        found[int(number), int(worst["run"])] = "biased"
        for row in rows[np.asarray(rows["chosen"], dtype=bool)]:
            found[int(number), int(row["run"])] = "unbiased"
    return found


def bias_table(predictions: Any, runs: Any, *, maps: str = "planck-like") -> QTable:
    """Relative error in bins of predicted mass: ``bin``, ``role``, ``log10_M``, ``mean``, ``error``, ``std``, ``n``."""
    from astropy.table import QTable

    columns: dict[str, list[Any]] = {name: [] for name in ("bin", "role", "log10_M", "mean", "error", "std", "n")}
    keys = np.stack([np.asarray(predictions["bin"]), np.asarray(predictions["run"])])
    for (number, run), role in roles(runs).items():
        kept = (keys[0] == number) & (keys[1] == run) & (np.asarray(predictions["maps"]) == maps)
        found = bias_by_mass(predictions["log10_M_pred"][kept], predictions["log10_M_true"][kept])
        columns["bin"] += [number] * len(found["n"])
        columns["role"] += [role] * len(found["n"])
        for name, values in found.items():
            columns[name] += values.tolist()
    return QTable(columns, dtype=[int, "U8", float, float, float, float, int])


def draw_bias(table: QTable) -> Figure:
    """Mean relative error against predicted mass, for a biased and an unbiased run, a panel a redshift bin."""
    return _two_roles(
        table, "log10_M", _draw_bias, r"$\log_{10} M_{\rm CNN}/M_\odot$", r"mean of $(M_{\rm CNN}-M)/M_{\rm CNN}$"
    )


def history_table(history: Any, runs: Any) -> QTable:
    """Loss per epoch of the biased and the unbiased run: the run's table ``history`` with a column ``role``."""
    from astropy.table import QTable

    known = roles(runs)
    role = np.array([known.get((int(row["bin"]), int(row["run"])), "") for row in history], dtype="U8")
    table = QTable(history[role != ""])
    table["role"] = role[role != ""]
    return table


def draw_history(table: QTable) -> Figure:
    """Loss against epoch, training and validation, for a biased and an unbiased run, a panel a redshift bin."""
    return _two_roles(table, "epoch", _draw_loss, "epoch", "loss")


def _two_roles(table: QTable, x: str, draw: Any, xlabel: str, ylabel: str) -> Figure:
    numbers = np.unique(table["bin"]) if len(table) else np.array([], dtype=int)
    with panels(1, max(len(numbers), 1), width=2.9 * max(len(numbers), 1.6), height=3.0) as (figure, [row]):
        for axes, number in zip(row, numbers, strict=False):
            for i, role in enumerate(ROLES):
                rows = table[(table["bin"] == number) & (table["role"] == role)]
                rows.sort(x)
                if len(rows):
                    draw(axes, rows, role, i)
            axes.set_title(bin_label(*PLANCK_BINS[number - 1]))
            axes.set_xlabel(xlabel)
        if not len(numbers):
            nothing(row[0], "too few maps in every bin of mass")
        else:
            legend(row)
        row[0].set_ylabel(ylabel)
    found: Figure = figure
    return found


def _draw_bias(axes: Any, rows: QTable, role: str, i: int) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.errorbar(
        rows["log10_M"],
        rows["mean"],
        rows["error"],
        color=COLOURS[i],
        marker=MARKERS[i],
        linestyle=LINES[i],
        label=role,
    )


def _draw_loss(axes: Any, rows: QTable, role: str, i: int) -> None:
    axes.semilogy(rows["epoch"], rows["loss"], color=COLOURS[i], linestyle="-", label=f"{role}, training")
    axes.semilogy(rows["epoch"], rows["validation_loss"], color=COLOURS[i], linestyle="--", label=f"{role}, validation")
