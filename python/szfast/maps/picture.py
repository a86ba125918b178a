"""Pictures of maps."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import path_in, require
from szfast.errors import ArgumentError, MapFileError
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from szfast.maps.mapset import MapSet

COLUMNS = 9


def contact_sheet(maps: MapSet, *, columns: int = COLUMNS) -> Any:
    """Draw all views of a cluster on one sheet, with one colour scale.

    Parameters
    ----------
    maps : MapSet
        The maps.
    columns : int
        Views in a row.

    Returns
    -------
    matplotlib.figure.Figure
        The sheet.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    ArgumentError
        If this is not one MapSet.
    """
    require("matplotlib", "report", "drawing maps")
    if not hasattr(maps, "views"):
        raise ArgumentError(
            f"expected the MapSet of one cluster, found {type(maps).__name__}.",
            field="maps",
            remedy="szfast.read_maps returns a list: give one of its entries.",
        )
    from matplotlib.figure import Figure

    maps = maps.to_host()
    columns = min(columns, len(maps))
    rows = math.ceil(len(maps) / columns)
    # the head takes a fixed height, whatever the number of rows
    width, head, foot = 1.25 * columns + 0.9, 0.55, 0.45
    height = 1.25 * rows + head + foot
    figure = Figure(figsize=(max(width, 5.0), height), dpi=90)
    left, right = 0.55 / width, 1 - 0.85 / width
    grid = figure.add_gridspec(
        rows, columns, left=left, right=right, bottom=foot / height, top=1 - head / height, wspace=0.04, hspace=0.04
    )
    field_deg = maps.instrument.pixel_arcmin * maps.y.shape[-1] / 60
    half = field_deg / 2
    # one scale for all views; noise is symmetric about zero, a cluster is not
    low = min(0.0, float(np.percentile(maps.y, 1)))
    high = float(np.percentile(maps.y.max(axis=(1, 2)), 50))
    image: Any = None
    for number, y in enumerate(maps.y):
        axes = figure.add_subplot(grid[number // columns, number % columns])
        # RA grows to the left, as on the sky
        image = axes.imshow(
            1e5 * y, origin="lower", cmap="inferno", vmin=1e5 * low, vmax=1e5 * high, extent=(half, -half, -half, half)
        )
        axes.text(0.05, 0.9, str(number), transform=axes.transAxes, color="white", fontsize=7, va="center")
        axes.set_xticks([])
        axes.set_yticks([])
        if number // columns == rows - 1 and number % columns == 0:
            axes.set_xlabel(f"{field_deg:.2f}°", fontsize=8)
    bar = figure.colorbar(
        image, cax=figure.add_axes((right + 0.15 / width, foot / height, 0.15 / width, 1 - (head + foot) / height))
    )
    bar.set_label(r"Compton $y$ [$10^{-5}$]", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    mass = (
        "" if maps.M500c_msun is None else rf", $M_{{500c}} = {maps.M500c_msun / 1e14:.2f} \times 10^{{14}}\,M_\odot$"
    )
    kind = "clean" if maps.noise is None else f"noise {maps.noise}"
    title = f"{maps.name}{mass}, z = {maps.redshift:.3g}: {len(maps)} views, {maps.instrument.name}, {kind}"
    figure.text(left, 1 - 0.3 / height, title, fontsize=10, va="center")
    return figure


def save_figure(figure: Any, path: str | Path) -> Path:
    """Save a figure under another name first, then rename.

    Raises
    ------
    MapFileError
        If it cannot be written.
    """
    path = path_in(path)
    kind = path.suffix.lstrip(".").lower() or "png"
    if kind not in figure.canvas.get_supported_filetypes():
        raise MapFileError(
            f"a picture cannot be saved as '.{kind}'.", file=path, field="path", remedy="use .png, .pdf or .svg."
        )
    options = {"pil_kwargs": {"optimize": True}} if kind == "png" else {}
    # matplotlib's own error hides that of a full disk
    drawn = io.BytesIO()
    figure.savefig(drawn, format=kind, **options)
    with replaced(path, MapFileError) as temporary:
        temporary.write_bytes(drawn.getbuffer())
    return path
