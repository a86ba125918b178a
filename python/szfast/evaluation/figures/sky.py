"""Pictures of maps: clean, Planck-like and real, and a cluster's radial profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from szfast.evaluation.figures.style import COLOURS, GREY, legend, panels
from szfast.maps.instrument import PLANCK

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure


def draw_maps(rows: Sequence[tuple[str, Sequence[tuple[str, ArrayLike]]]]) -> Figure:
    """Maps on one colour scale a row, 1e-6 y.

    Parameters
    ----------
    rows : sequence of (label, [(title, map), ...])
        Maps of PLANCK's pixels; rows may differ in length.
    """
    columns = max(len(maps) for _, maps in rows)
    with panels(len(rows), columns, width=2.1 * columns + 0.9, height=2.15 * len(rows) + 0.3) as (figure, axes):
        for (label, maps), row in zip(rows, axes, strict=True):
            arrays = [1e6 * np.asarray(y, dtype=float) for _, y in maps]
            low = min(float(np.percentile(y, 2)) for y in arrays)
            high = max(float(y[y.shape[0] // 2 - 4 : y.shape[0] // 2 + 4].max()) for y in arrays)
            for panel, (title, _), y in zip(row, maps, arrays, strict=False):
                half = y.shape[0] * PLANCK.pixel_arcmin / 120
                extent = (half, -half, -half, half)
                image = panel.imshow(y, origin="lower", vmin=low, vmax=max(high, low + 1e-9), extent=extent)
                panel.set_title(title, fontsize=8)
                panel.tick_params(labelsize=6)
            for panel in row[len(maps) :]:
                panel.set_axis_off()
            row[0].set_ylabel(label, fontsize=8)
            bar = figure.colorbar(image, ax=row.tolist(), shrink=0.85, pad=0.01)
            bar.set_label(r"$10^{6}\,y$", fontsize=7)
            bar.ax.tick_params(labelsize=6)
        for panel in axes[-1]:
            panel.set_xlabel("degrees", fontsize=7)
    drawn: Figure = figure
    return drawn


def profile_table(y: ArrayLike, *, width_arcmin: float = 4.0) -> QTable:
    """Mean y in rings about the centre: ``radius`` [arcmin], ``y``, ``error`` (scatter over the ring's beams)."""
    import astropy.units as u
    from astropy.table import QTable

    values = np.asarray(y, dtype=float)
    n, pixel = len(values), PLANCK.pixel_arcmin
    offset = (np.arange(n) - (n - 1) / 2) * pixel
    ring = (np.hypot(offset[:, None], offset[None, :]) / width_arcmin).astype(int)
    last = int(n * pixel / 2 / width_arcmin)
    # pixels within a beam have one noise: a ring holds as many values as beams
    beam_pixels = 2 * np.pi * (PLANCK.beam_sigma_arcmin / pixel) ** 2 * 2
    inside = [values[ring == i] for i in range(last)]
    error = [each.std() / np.sqrt(max(len(each) / beam_pixels, 1.0)) for each in inside]
    radius = (np.arange(last) + 0.5) * width_arcmin
    return QTable({"radius": radius * u.arcmin, "y": [each.mean() for each in inside], "error": error})


def draw_profile(table: QTable, *, theta_500_arcmin: float | None = None) -> Figure:
    """Radial profile of y, with theta500 marked."""
    with panels(width=4.2, height=3.0) as (figure, [[axes]]):
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.errorbar(table["radius"].value, 1e6 * table["y"], 1e6 * table["error"], fmt="o-", color=COLOURS[0])
        if theta_500_arcmin is not None:
            axes.axvline(theta_500_arcmin, color=COLOURS[1], linestyle="--", label=r"$\theta_{500}$")
            legend(axes)
        axes.set_xlabel("radius [arcmin]")
        axes.set_ylabel(r"$10^{6}\,y$")
    drawn: Figure = figure
    return drawn


def example_rows(examples: dict[str, Any]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Rows for `draw_maps` from a run's example maps."""
    return [
        (f"z = {z:.3f}, log M = {mass:.2f}", [("clean", clean), ("Planck-like", noisy)])
        for z, mass, clean, noisy in zip(
            examples["redshift"], examples["log10_M500c"], examples["clean"], examples["planck_like"], strict=True
        )
    ]
