"""Checks of what public functions are given: quantities in, plain arrays in a named unit out."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError, MissingExtraError


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


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Raises
    ------
    MissingExtraError
        If the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtraError(
            f"{purpose} needs the package '{module.split('.')[0]}', which is not installed.",
            remedy=f"pip install 'szfast[{extra}]'.",
        ) from None
