"""Quantities as users type them: numbers in the snapshot's own unit, or with a unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from szfast.snapshots import SnapshotHeader

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")
# astropy reads kpc/h as kpc per hour; for a length or a mass it can only mean the Hubble parameter.
_PER_H = re.compile(r"/\s*h$")


@dataclass(frozen=True)
class Frame:
    """What a bare number and a factor of h mean.

    Parameters
    ----------
    hubble : float
        H0 / (100 km/s/Mpc).
    code_length_kpc : float or None
        Comoving kpc in a unit of the snapshot's coordinates; None where there is no snapshot.
    scale_factor : float
        Of the snapshot.
    """

    hubble: float
    code_length_kpc: float | None = None
    scale_factor: float = 1.0

    @classmethod
    def of(cls, header: SnapshotHeader) -> Frame:
        """The frame of a snapshot."""
        return cls(header.hubble, header.code_length_kpc, header.scale_factor)


def comoving_position(text: str, frame: Frame, option: str) -> Any:
    """Three comoving coordinates, in code units or with a unit for all or each: a (3,) Quantity [kpc].

    Raises
    ------
    typer.BadParameter
        If that is not what stands there.
    """
    import astropy.units as u

    wanted = "X,Y,Z: three comoving coordinates in the snapshot's code units, or with a unit, as in '10,20,30 Mpc'"
    words = text.split(",")
    parsed = [_number_and_unit(word, text, option, wanted) for word in words]
    if len(parsed) != 3:
        raise _refused(text, option, wanted)
    units = [unit for _, unit in parsed]
    if units[:2] == ["", ""]:
        units = units[2:] * 3
    if len({unit == "" for unit in units}) > 1:
        raise _refused(text, option, f"{wanted}; some coordinates have a unit and some have none")
    return [_length_kpc(number, unit, frame, option) for (number, _), unit in zip(parsed, units, strict=True)] * u.kpc


def physical_length(text: str, frame: Frame, option: str) -> Any:
    """A physical length, in the snapshot's code length or with a unit: a positive Quantity [kpc].

    Raises
    ------
    typer.BadParameter
        If that is not what stands there.
    """
    import astropy.units as u

    wanted = "a length above zero in the snapshot's code unit, or with a unit, as in '5 Mpc'"
    number, unit = _number_and_unit(text, text, option, wanted)
    # A code length is comoving; one with a unit is physical.
    scale = frame.scale_factor if unit == "" else 1.0
    if number <= 0:
        raise _refused(text, option, wanted)
    return _length_kpc(number, unit, frame, option) * scale * u.kpc


def mass(text: str, frame: Frame, option: str) -> Any:
    """A mass, in Msun or with a unit such as Msun/littleh: a positive Quantity [Msun].

    Raises
    ------
    typer.BadParameter
        If that is not what stands there.
    """
    import astropy.units as u

    wanted = "a mass above zero in Msun, or with a unit, as in '1e14 Msun/littleh'"
    number, unit = _number_and_unit(text, text, option, wanted)
    if number <= 0:
        raise _refused(text, option, wanted)
    return _converted(number, unit or "Msun", "Msun", frame, option) * u.Msun


def electron_model(text: str) -> str | float:
    """The name of an electron model, or electrons per hydrogen atom."""
    try:
        return float(text)
    except ValueError:
        return text


def _number_and_unit(word: str, text: str, option: str, wanted: str) -> tuple[float, str]:
    match = _NUMBER.match(word)
    if match is None or not math.isfinite(float(match[1])):
        raise _refused(text, option, wanted)
    return float(match[1]), match[2]


def _length_kpc(number: float, unit: str, frame: Frame, option: str) -> float:
    if unit:
        return _converted(number, unit, "kpc", frame, option)
    if frame.code_length_kpc is None:
        raise typer.BadParameter(
            "there is no snapshot whose unit it could have; add one, as in '5 Mpc'.", param_hint=option
        )
    return number * frame.code_length_kpc


def _converted(number: float, unit: str, wanted: str, frame: Frame, option: str) -> float:
    import astropy.cosmology.units as cu
    import astropy.units as u

    little_h = cu.with_H0(100.0 * frame.hubble * u.km / u.s / u.Mpc)
    try:
        with u.add_enabled_units(cu):
            quantity = number * u.Unit(_PER_H.sub("/littleh", unit))
        return float(quantity.to_value(wanted, equivalencies=little_h))
    except (ValueError, TypeError, u.UnitConversionError):
        raise typer.BadParameter(f"'{unit}' is no unit like {wanted} or {wanted}/littleh.", param_hint=option) from None


def _refused(text: str, option: str, wanted: str) -> typer.BadParameter:
    return typer.BadParameter(f"expected {wanted}; found '{text}'.", param_hint=option)
