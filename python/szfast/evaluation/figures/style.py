"""One look for all figures: readable in print, in grey, and by the colour-blind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette: told apart with every kind of colour vision."""

LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D")
"""Told apart in grey as well."""

GREY = "#5f6368"

WIDTH_INCH, HEIGHT_INCH = 4.6, 3.5

_RC = {
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "savefig.dpi": 160,
    "figure.dpi": 110,
    "mathtext.fontset": "dejavusans",
    "image.cmap": "inferno",
}


@contextmanager
def panels(
    rows: int = 1, columns: int = 1, *, width: float | None = None, height: float | None = None
) -> Iterator[Any]:
    """A figure and its panels, (rows, columns) axes, to draw in while the style holds.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    matplotlib = require("matplotlib", "report", "drawing figures")
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_RC):
        size = (width or WIDTH_INCH * columns, height or HEIGHT_INCH * rows)
        figure: Figure = Figure(figsize=size, layout="constrained")
        yield figure, figure.subplots(rows, columns, squeeze=False)


def bin_label(low: float, high: float) -> str:
    """A redshift bin for a legend."""
    return rf"${low:g} < z \leq {high:g}$"


def equal_line(axes: Any, low: float, high: float) -> None:
    """The line of equal masses."""
    axes.plot([low, high], [low, high], color=GREY, linewidth=0.8, zorder=0)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")


def legend_entries(axes: Any) -> tuple[list[Any], list[str]]:
    """Handles and labels of what any panel shows, each label once."""
    found: dict[str, Any] = {}
    for panel in np.ravel(axes):
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values()), list(found)


def legend(axes: Any, **options: Any) -> None:
    """One legend in the first panel for what any panel shows; none where there is nothing."""
    handles, labels = legend_entries(axes)
    if handles:
        np.ravel(axes)[0].legend(handles, labels, **options)


def nothing(axes: Any, text: str) -> None:
    """Say in an empty panel why it is empty."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)
