"""Checks of what public functions are given: quantities in, plain arrays in a named unit out."""

from __future__ import annotations

import importlib
import os
import reprlib
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError, MissingExtraError

if TYPE_CHECKING:
    import astropy.units as u


def array_in(
    value: Any,
    unit: u.UnitBase | str,
    name: str,
    *,
    shape: tuple[int | None, ...] | None = None,
    equivalencies: Any = (),
) -> NDArray[np.float64]:
    """Convert a quantity to a finite float64 array in the given unit.

    Parameters
    ----------
    value : Quantity
        What the user gave; a bare number is refused.
    unit : unit
        The unit of the array that comes back.
    name : str
        The argument's name, for the error.
    shape : tuple of int or None, optional
        Expected shape; None stands for any length.
    equivalencies : list of tuple, optional
        Passed to ``Quantity.to_value``.

    Raises
    ------
    ArgumentError
        If there is no unit, a wrong one, a wrong shape, or a value that is not finite.
    """
    import astropy.units as u

    wanted = u.Unit(unit)
    if not isinstance(value, u.Quantity):
        raise ArgumentError(
            f"expected a quantity with a unit like {wanted}, found {type(value).__name__} without one.",
            field=name,
            remedy=f"multiply by its unit, for example {name} * u.Unit('{wanted}').",
        )
    try:
        array = np.asarray(value.to_value(wanted, equivalencies=equivalencies), dtype=np.float64)
    except u.UnitConversionError:
        raise ArgumentError(
            f"expected a unit like {wanted}, found '{value.unit}'.",
            field=name,
            remedy=f"give a quantity that converts to {wanted}.",
        ) from None
    if shape is not None and not (
        array.ndim == len(shape) and all(n is None or n == m for n, m in zip(shape, array.shape, strict=True))
    ):
        expected = tuple("any" if n is None else n for n in shape)
        raise ArgumentError(f"expected shape {expected}, found {array.shape}.", field=name, remedy="reshape it.")
    if not np.isfinite(array).all():
        raise ArgumentError("holds values that are not finite.", field=name, remedy="remove NaN and infinity.")
    return array


def scalar_in(
    value: Any, unit: u.UnitBase | str, name: str, *, positive: bool = False, equivalencies: Any = ()
) -> float:
    """Convert a scalar quantity to a float in the given unit; see `array_in`."""
    number = float(array_in(value, unit, name, shape=(), equivalencies=equivalencies))
    if positive and number <= 0:
        raise ArgumentError(f"expected a positive value, found {value}.", field=name)
    return number


def path_in(value: Any, name: str = "path") -> Path:
    """A path that was given as text or as a path.

    Raises
    ------
    ArgumentError
        If it is something else, or no file can have that name.
    """
    given = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(given, str) or not given:
        raise ArgumentError(f"expected a path, found {reprlib.repr(value)}.", field=name)
    if "\0" in given:
        shown = given.replace("\0", "\\0")
        raise ArgumentError("no file has a name with a zero byte.", file=shown, field=name, remedy="correct the path.")
    return Path(given)


def choice_in(value: Any, choices: Collection[str], name: str) -> str:
    """One of some names.

    Raises
    ------
    ArgumentError
        If it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise ArgumentError(f"expected one of {', '.join(choices)}, found {reprlib.repr(value)}.", field=name)
    return value


def flag_in(value: Any, name: str) -> bool:
    """True or false; words and numbers are refused, since "no" would be true.

    Raises
    ------
    ArgumentError
        If it is something else.
    """
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"expected True or False, found {reprlib.repr(value)}.", field=name)
    return bool(value)


def whole_in(value: Any, name: str, *, least: int = 0, most: int = 2**64 - 1) -> int:
    """A whole number between limits.

    Raises
    ------
    ArgumentError
        If it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        limit = f"2^{(most + 1).bit_length() - 1} - 1" if most >= 2**31 - 1 else str(most)
        raise ArgumentError(
            f"expected a whole number from {least} to {limit}, found {reprlib.repr(value)}.", field=name
        )
    return int(value)


def number_in(value: Any, name: str, *, low: float, high: float) -> float:
    """A plain number between limits, both allowed.

    Raises
    ------
    ArgumentError
        If it is something else.
    """
    plain = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not plain or not low <= value <= high:
        raise ArgumentError(f"expected a number from {low:g} to {high:g}, found {reprlib.repr(value)}.", field=name)
    return float(value)


def numbers_in(value: Any, name: str) -> NDArray[np.float64]:
    """Plain numbers of any shape as float64; NaN passes.

    Raises
    ------
    ArgumentError
        If it holds something else, or has a unit.
    """
    unit = getattr(value, "unit", None)
    if unit is not None and str(unit):
        raise ArgumentError(f"expected numbers without a unit, found {unit}.", field=name)
    if np.iscomplexobj(value):
        raise ArgumentError("expected real numbers.", field=name)
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"expected numbers, found {reprlib.repr(value)}.", field=name) from None


MOST_REDSHIFT = 20.0
"""No cluster is farther."""


def redshifts_in(value: Any, name: str = "redshift") -> NDArray[np.float64]:
    """Redshifts at which clusters are seen: above zero, since a cluster here has no distance, and below 20.

    Raises
    ------
    ArgumentError
        If one is something else.
    """
    values = numbers_in(value, name)
    if not ((values > 0) & (values < MOST_REDSHIFT)).all():
        raise ArgumentError(
            f"expected redshifts above 0 and below {MOST_REDSHIFT:g}.",
            field=name,
            remedy="leave out clusters without one.",
        )
    return values


def cosmology_in(value: Any) -> Any:
    """A cosmology of astropy.

    Raises
    ------
    ArgumentError
        If it is something else.
    """
    if not all(hasattr(value, name) for name in ("efunc", "angular_diameter_distance", "Om0", "Ode0", "h")):
        raise ArgumentError(
            f"expected a cosmology of astropy, found {type(value).__name__}.",
            field="cosmology",
            remedy="give for example astropy.cosmology.FlatLambdaCDM(70, 0.3).",
        )
    return value


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Raises
    ------
    MissingExtraError
        If the module is not installed, or its settings keep it from starting.
    """
    try:
        return importlib.import_module(module)
    except ValueError as error:
        # matplotlib reads MPLBACKEND and its matplotlibrc when it is imported
        raise MissingExtraError(
            f"{purpose} needs the package '{module}', which refuses its settings ({error}).",
            remedy="mend its configuration file and environment; for matplotlib, unset MPLBACKEND.",
        ) from None
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package '{module.split('.')[0]}', which is not installed.",
            remedy=f"pip install 'szfast[{extra}]'.",
        ) from None
