"""How well selected clusters cover a target sample: tables and a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.sample import plane
from szfast.sample.planck_range import BINS, LOWEST_LOG10_MASS, bin_of, lowest_log10_mass

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.sample.selection import Selection

SIMULATED, TARGET = "#0072B2", "#D55E00"
"""Blue and vermilion of Okabe and Ito, told apart by the colour-blind."""


def cells_table(
    target: NDArray[np.intp], available: NDArray[np.intp], selected: NDArray[np.intp], wanted: NDArray[np.bool_]
) -> QTable:
    """Counts in the cells that were to be filled; see `szfast.sample.Selection`."""
    from astropy.table import QTable

    row, column = np.unravel_index(np.flatnonzero(wanted), plane.SHAPE)
    table = QTable()
    table["z_low"], table["z_high"] = plane.Z_EDGES[row], plane.Z_EDGES[row + 1]
    table["log10_M_low"] = plane.LOG10_MASS_EDGES[column]
    table["log10_M_high"] = plane.LOG10_MASS_EDGES[column + 1]
    for name, counts in (("target", target), ("available", available), ("selected", selected)):
        table[name] = counts[wanted]
    return table


def summary_table(cells: QTable, target: QTable) -> QTable:
    """Counts in the bins of redshift; see `szfast.sample.Selection`."""
    from astropy.table import QTable

    z = np.asarray(target["redshift"], dtype=np.float64)
    below = np.log10(target["M500c"].to_value("Msun")) < lowest_log10_mass(z)
    bin_of_cell, filled = bin_of(cells["z_high"]), cells["selected"] > 0
    rows = []
    for number, (z_low, z_high) in enumerate(BINS):
        here = bin_of_cell == number
        in_cells = cells["selected"][here & filled]
        rows.append(
            (
                z_low,
                z_high,
                int(np.count_nonzero(bin_of(z) == number)),
                int(np.count_nonzero(below[bin_of(z) == number])),
                int(cells["target"][here & filled].sum()),
                int(cells["available"][here].sum()),
                int(in_cells.sum()),
                int(in_cells.min(initial=in_cells.max(initial=0))),
                int(in_cells.max(initial=0)),
            )
        )
    names = ("z_low", "z_high", "target", "below", "covered", "available", "selected", "least", "largest")
    return QTable(rows=rows, names=names)


def coverage_figure(selection: Selection) -> Any:
    """Draw selected clusters over the target in the plane of redshift and mass.

    Parameters
    ----------
    selection : Selection
        What `szfast.sample.select` returned.

    Returns
    -------
    matplotlib.figure.Figure
        Each selected cluster a point, each target cluster a ring, cells that stayed empty hatched, and the lowest mass
        of the published networks as a line.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    require("matplotlib", "report", "drawing the coverage")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 4.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    empty = _draw_cells(axes, selection.cells)
    clusters, target = selection.clusters, selection.target
    share = selection.summary["covered"].sum() / max(1, selection.summary["target"].sum())
    axes.plot(
        *_position(clusters), ".", ms=2, color=SIMULATED, alpha=0.5, label=f"{len(clusters)} simulated", rasterized=True
    )
    label = f"{len(target)} in the target, {share:.0%} of them covered"
    axes.plot(*_position(target), "o", ms=3.2, mfc="none", mew=0.7, color=TARGET, label=label)
    for (z_low, z_high), lowest in LOWEST_LOG10_MASS.items():
        first = {"label": "lowest mass of the published networks"} if z_low == 0 else {}
        axes.hlines(lowest, z_low, z_high, color="black", lw=1.2, **first)
    handles, labels = axes.get_legend_handles_labels()
    if empty is not None:
        handles, labels = [*handles, empty], [*labels, "no halo"]
    axes.set(xlabel="redshift", ylabel=r"$\log_{10} M_{500c}\,/\,M_\odot$", xlim=(0, 1))
    figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8, frameon=False, markerscale=2)
    return figure


def _position(table: QTable) -> tuple[Any, Any]:
    return np.asarray(table["redshift"]), np.log10(table["M500c"].to_value("Msun"))


def _draw_cells(axes: Any, cells: QTable) -> Any:
    """Outline the cells, hatch those without clusters; one of these for the legend."""
    from matplotlib.patches import Rectangle

    empty = None
    for cell in cells:
        size = cell["z_high"] - cell["z_low"], cell["log10_M_high"] - cell["log10_M_low"]
        corner = cell["z_low"], cell["log10_M_low"]
        hatch = None if cell["selected"] else "////"
        patch = axes.add_patch(Rectangle(corner, *size, fill=False, ec="0.8", lw=0.5, hatch=hatch, zorder=0))
        empty = empty or (None if cell["selected"] else patch)
    axes.autoscale_view()
    return empty
