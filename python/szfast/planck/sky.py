"""Maps of the whole sky in HEALPix pixels."""

from __future__ import annotations

import logging
import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in, path_in, require
from szfast.errors import ArgumentError, SkyMapError
from szfast.fits_files import opened_fits

log = logging.getLogger("szfast.planck")

UNSEEN_BELOW = -1.6e30
"""HEALPix marks a pixel without data as -1.6375e30."""

ZEROS_IN_A_ROW = 16
"""So many exact zeros one behind the other are no measurement: noise hardly ever gives one. A lost page of 512 bytes
holds at least as many rows of up to 32 bytes."""

LARGEST_Y = 1e-2
"""No cluster exceeds it: beyond, a map is in some other unit."""

FRAMES = {
    "galactic": ("G", "GAL", "GALACTIC"),
    "icrs": ("C", "Q", "EQ", "CELESTIAL", "EQUATORIAL", "ICRS", "J2000"),
    "barycentricmeanecliptic": ("E", "ECL", "ECLIPTIC"),
}
"""astropy's frames and what COORDSYS calls them."""

_DIMENSIONLESS = ("none", "unitless", "dimensionless", "1", "y", "compton", "compton y", "compton-y", "ycompton")


@dataclass(frozen=True, eq=False)
class SkyMap:
    """A map of the whole sky.

    Parameters
    ----------
    y : (12 Nside^2,) float32 array
        Dimensionless Compton y; NaN where there are no data.
    nested : bool
        Order of the pixels: nested, else ring.
    frame : str
        astropy's name of the frame of its coordinates.
    name : str
        What it is called in products.
    """

    y: NDArray[np.float32] = field(repr=False)
    nested: bool
    frame: str
    name: str = "sky"

    def __post_init__(self) -> None:
        side = math.isqrt(len(self.y) // 12)
        if self.y.ndim != 1 or 12 * side**2 != len(self.y) or side & (side - 1):
            raise ArgumentError(
                f"expected 12 Nside^2 pixels, Nside a power of two, found shape {self.y.shape}.",
                field="y",
                remedy="give a HEALPix map of the whole sky.",
            )
        choice_in(self.frame, FRAMES, "frame")

    @property
    def nside(self) -> int:
        """HEALPix's Nside."""
        return math.isqrt(len(self.y) // 12)


def read_sky(
    path: str | Path,
    *,
    column: int | str = 0,
    order: str | None = None,
    frame: str | None = None,
    scale: float | None = None,
    zeros_are_data: bool = False,
) -> SkyMap:
    """Read a Compton-y map in HEALPix pixels.

    Pixels without data are those that are UNSEEN, NaN or infinite, and those in a run of `ZEROS_IN_A_ROW` or more exact
    zeros in the file's order: a measured map has none, but a lost page has, and a mask that was multiplied in.

    Parameters
    ----------
    path : str or Path
        A FITS file, of the whole sky or of parts with pixel numbers; any Nside.
    column : int or str
        Which of the table's columns; the first by default. Planck's y maps hold ``FULL``, ``FIRST`` and ``LAST``.
    order : str, optional
        ``ring`` or ``nested``, where the header has no ORDERING.
    frame : str, optional
        ``galactic``, ``icrs`` or ``ecliptic``, where the header has no COORDSYS.
    scale : float, optional
        What the map's values are in units of, where the header has no unit: 1 for y itself, 1e-6 for 1e-6 y.
    zeros_are_data : bool
        Take runs of zeros as they are: of a simulated sky without noise.

    Returns
    -------
    SkyMap
        The map, in memory as float32.

    Raises
    ------
    SkyMapError
        If the file is missing or damaged, or order, frame or unit stand neither in the header nor in the arguments, or
        in both and differ.
    MissingExtraError
        If healpy is not installed.
    """
    healpy = require("healpy", "planck", "reading a HEALPix map")
    file = path_in(path)
    header, number, unit = _header(file, column)
    nested = _stated(header.get("ORDERING"), order, {"nested": ("NESTED", "NEST"), "ring": ("RING",)}, "order", file)
    ecliptic = "barycentricmeanecliptic" if frame == "ecliptic" else frame
    found_frame = _stated(header.get("COORDSYS"), ecliptic, FRAMES, "frame", file)
    factor = _factor(unit, scale, file)
    values = _values(healpy, file, number)
    y = np.asarray(values, dtype=np.float32)
    unseen = ~np.isfinite(y) | (y < UNSEEN_BELOW)
    y[unseen] = np.nan
    if not zeros_are_data:
        _leave_out_zeros(y, file)
    if factor != 1:
        y *= np.float32(factor)
    # in blocks, so that no second map is held
    largest = max(float(np.nanmax(np.abs(block), initial=0.0)) for block in np.array_split(y, 64))
    if np.isnan(y).all():
        raise SkyMapError(
            "holds no pixel with data.", file=file, field="y", remedy="fetch it again; 'szfast fetch ymap' fetches one."
        )
    if not 0 < largest < LARGEST_Y * 100:
        raise SkyMapError(
            f"holds |y| up to {largest:.3g}, which is no Compton y.",
            file=file,
            field="scale",
            remedy="state what the values are in units of with scale=.",
        )
    log.info("%s: Nside %d, %s, %s", file.name, math.isqrt(len(y) // 12), nested, found_frame)
    return SkyMap(y, nested == "nested", found_frame, file.name)


def _leave_out_zeros(y: NDArray[np.float32], file: Path) -> None:
    """Mark the pixels of long runs of exact zeros as without data."""
    ends = np.flatnonzero(np.diff((y == 0).view(np.int8), prepend=np.int8(0), append=np.int8(0)))
    runs = ends.reshape(-1, 2)
    runs = runs[runs[:, 1] - runs[:, 0] >= ZEROS_IN_A_ROW]
    if not len(runs):
        return
    for start, stop in runs.tolist():
        y[start:stop] = np.nan
    log.warning(
        "%s: %d pixels in %d runs of exact zeros count as without data, as of a lost page or a mask; "
        "if it is a simulation without noise, say zeros_are_data=True (--zeros-are-data)",
        file,
        int((runs[:, 1] - runs[:, 0]).sum()),
        len(runs),
    )


def _values(healpy: Any, file: Path, number: int) -> Any:
    # healpy leaves a file open that it cannot read: it is opened here
    with opened_fits(file, SkyMapError, "fetch it again.") as units, warnings.catch_warnings(action="ignore"):
        return healpy.read_map(units, field=number, hdu=1, nest=None, dtype=np.float32)


def _header(file: Path, column: int | str) -> tuple[dict[str, Any], int, str]:
    """The table's header, the number of the column of values, and what the header says of its unit."""
    remedy = "give a HEALPix map; 'szfast fetch ymap' fetches Planck's."
    with opened_fits(file, SkyMapError, remedy, checksum=False) as units:
        # cards that cannot be parsed are met here
        header = {name: units[1].header.get(name) for name in ("INDXSCHM", "ORDERING", "COORDSYS")}
        columns = [(each.name, str(each.unit or "").strip()) for each in units[1].columns]
    if header.get("INDXSCHM") == "EXPLICIT":
        # a part of the sky: the first column numbers the pixels
        columns = columns[1:]
    names = [name for name, _ in columns]
    if isinstance(column, str) and column in names:
        column = names.index(column)
    if isinstance(column, int) and 0 <= column < len(names):
        return header, column, columns[column][1]
    raise SkyMapError(
        f"there is no column {column!r}, the table holds {', '.join(names)}.",
        file=file,
        field="column",
        remedy="name one of these.",
    )


def _stated(told: Any, given: str | None, names: dict[str, tuple[str, ...]], what: str, file: Path) -> str:
    """What the header tells, else what the user states; both must agree."""
    text = str(told or "").strip().upper()
    found = next((name for name, words in names.items() if text in words), None)
    if given is not None:
        choice_in(given, names, what)
    if text and found is None:
        problem = f"the header says '{told}', which is none of {', '.join(names)}."
    elif found is None and given is None:
        problem = "the header does not tell it."
    elif found is not None and given is not None and found != given:
        problem = f"the header says {found}, you say {given}."
    else:
        return str(found or given)
    raise SkyMapError(
        problem, file=file, field=what, remedy=f"state it with {what}=, and only where the header is mute."
    )


def _factor(text: str, given: float | None, file: Path) -> float:
    if not text:
        if given is None:
            raise SkyMapError(
                "the header does not tell the unit.", file=file, field="scale", remedy="state it: scale=1 for y itself."
            )
        return float(given)
    if text.lower() in _DIMENSIONLESS:
        found = 1.0
    else:
        import astropy.units as u

        try:
            found = float(u.Unit(text).to(u.dimensionless_unscaled))
        except (ValueError, TypeError, u.UnitConversionError):
            raise SkyMapError(
                f"the map's unit is '{text}', not that of Compton y.", file=file, field="scale", remedy="give a y map."
            ) from None
    if given is not None and abs(found / given - 1) > 1e-9:
        raise SkyMapError(
            f"the header's unit is {found:g}, you say {given:g}.", file=file, field="scale", remedy="leave scale= out."
        )
    return found
