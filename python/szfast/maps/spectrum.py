"""Angular power spectra of noise in Compton-y maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import numbers_in
from szfast.errors import NoiseTableError

NOISE_PRESETS = ("milca", "nilc", "homogeneous")
"""Spectra that come with the package; their sources stand in maps/planck_y_power.csv."""


@dataclass(frozen=True, eq=False)
class NoiseSpectrum:
    """Power spectrum of the noise in a y map, the instrument's beam included.

    Parameters
    ----------
    name : str
        What it is called in products.
    ell : (K,) array
        Multipoles, increasing.
    power : (K,) array
        C_ell of the dimensionless y at these multipoles.
    """

    name: str
    ell: NDArray[np.float64]
    power: NDArray[np.float64]

    def __post_init__(self) -> None:
        # copies: later changes of the caller's arrays have no effect
        ell, power = numbers_in(self.ell, "ell").copy(), numbers_in(self.power, "power").copy()
        if ell.ndim != 1 or ell.shape != power.shape or len(ell) < 2:
            self._refuse("ell", f"expected two columns of equal length, found shapes {ell.shape} and {power.shape}.")
        if not (np.isfinite(ell).all() and (ell > 0).all() and (np.diff(ell) > 0).all()):
            self._refuse("ell", "expected positive multipoles in increasing order.")
        if not (np.isfinite(power).all() and (power >= 0).all()):
            self._refuse("power", "expected finite powers that are not negative.")
        object.__setattr__(self, "ell", ell)
        object.__setattr__(self, "power", power)

    def _refuse(self, field: str, problem: str) -> None:
        raise NoiseTableError(
            f"noise spectrum '{self.name}': {problem}",
            field=field,
            remedy="give a table of ell and C_ell [y^2].",
        )

    def at(self, ell: NDArray[np.float64]) -> NDArray[np.float64]:
        """C_ell at any multipole: linear between entries, the first entry below them, zero above the last."""
        inside: NDArray[np.float64] = np.interp(ell, self.ell, self.power, right=0.0)
        return inside

    def scaled(self, factor: float, name: str | None = None) -> NoiseSpectrum:
        """The spectrum with its standard deviation multiplied by a factor, as a local noise map asks for."""
        return NoiseSpectrum(name or f"{self.name} x {factor:g}", self.ell, self.power * factor**2)

    def rms(self, ell_min: float = 0.0) -> float:
        """Standard deviation of a Gaussian field with the power above ell_min: sum of (2 ell + 1) C_ell / (4 pi)."""
        ell = np.arange(max(1, int(np.ceil(ell_min))), int(self.ell[-1]) + 1, dtype=np.float64)
        return float(np.sqrt(np.sum((2 * ell + 1) * self.at(ell)) / (4 * np.pi)))


def noise_spectrum(which: Any) -> NoiseSpectrum | None:
    """A spectrum by its name, from a table file, or as it is.

    Parameters
    ----------
    which : str, Path, NoiseSpectrum or None
        One of `NOISE_PRESETS`, a table with columns ell and C_ell that astropy reads, a spectrum, or None for no noise
        (as is the name ``none``).

    Returns
    -------
    NoiseSpectrum or None
        The spectrum.

    Raises
    ------
    NoiseTableError
        If the name is unknown or the table cannot be used.
    """
    if which is None or isinstance(which, NoiseSpectrum):
        return which
    if isinstance(which, str) and which == "none":
        return None
    if isinstance(which, str) and which in NOISE_PRESETS:
        return _presets()[which]
    if isinstance(which, str | Path):
        return _from_file(Path(which))
    raise NoiseTableError(
        f"expected a name, a file or a NoiseSpectrum, found {type(which).__name__}.",
        field="noise",
        remedy=f"use one of {', '.join(NOISE_PRESETS)}, or none.",
    )


@cache
def _presets() -> dict[str, NoiseSpectrum]:
    text = files("szfast.maps").joinpath("planck_y_power.csv").read_text()
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = rows[0].split(",")[1:]
    table = np.array([[float(word) for word in row.split(",")] for row in rows[1:]])
    return {name: NoiseSpectrum(name, table[:, 0], table[:, i + 1]) for i, name in enumerate(names)}


def _from_file(path: Path) -> NoiseSpectrum:
    from astropy.table import Table

    if not path.is_file():
        raise NoiseTableError(
            f"'{path}' is neither a noise preset nor a file.",
            field="noise",
            remedy=f"use one of {', '.join(NOISE_PRESETS)}, none, or a table with columns ell and C_ell.",
        )
    try:
        table = Table.read(path) if path.suffix in {".fits", ".ecsv"} else Table.read(path, format="ascii")
        columns = list(table.columns.values())
        if len(columns) != 2:
            raise ValueError(f"it has {len(columns)} columns")
        ell, power = (np.asarray(column, dtype=np.float64) for column in columns)
    except Exception as error:
        raise NoiseTableError(
            f"cannot be read as a table of ell and C_ell ({str(error).splitlines()[0] or type(error).__name__}).",
            file=path,
            field="noise",
            remedy="write two columns of numbers: ell and C_ell [y^2].",
        ) from error
    try:
        return NoiseSpectrum(path.name, ell, power)
    except NoiseTableError as error:
        raise NoiseTableError(error.problem, file=path, field=error.field, remedy=error.remedy) from None
