"""Gas from a user's own particles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, choice_in, numbers_in
from szfast.constants import X_H_PRIMORDIAL
from szfast.errors import ArgumentError
from szfast.gas.electrons import (
    FROM_FILE,
    MOST_ELECTRONS,
    Electrons,
    check_model,
    fully_ionised,
    temperature_k,
)
from szfast.gas.particles import KERNELS, Gas
from szfast.snapshots.header import Assumption

NEIGHBOURS = 64
"""Neighbours whose mass fills the kernel where only a density is given (choice)."""


def gas_from_arrays(
    *,
    position: Any,
    mass: Any,
    redshift: float,
    cosmology: Any,
    temperature: Any = None,
    internal_energy: Any = None,
    smoothing_length: Any = None,
    density: Any = None,
    electrons: Any = "fully_ionised",
    hydrogen_fraction: Any = X_H_PRIMORDIAL,
    kernel: str = "cubic",
    center: Any = None,
) -> Gas:
    """Build gas from arrays of particles.

    Parameters
    ----------
    position : (N, 3) Quantity
        Physical position relative to the cluster's centre.
    mass : (N,) Quantity
        Mass.
    redshift : float
        Redshift of the snapshot.
    cosmology : FLRW
        An astropy cosmology.
    temperature, internal_energy : (N,) Quantity
        One of them: a temperature (or k_B T as an energy), or the specific internal energy.
    smoothing_length, density : (N,) Quantity
        One of them: the kernel's support radius, or the physical density, from which the support radius is
        that of 64 neighbours, (3 * 64 m / (4 pi rho))^(1/3).
    electrons : str, float or (N,) array
        ``fully_ionised``, or electrons per hydrogen atom.
    hydrogen_fraction : float or (N,) array
        Hydrogen's share of the mass.
    kernel : str
        ``cubic``, ``wendland_c2``, ``wendland_c4`` or ``uniform``.
    center : (3,) Quantity, optional
        Comoving position of the cluster's centre in a simulation; zeros by default.

    Returns
    -------
    Gas
        The particles.

    Raises
    ------
    ArgumentError
        If a unit, a shape or a value is wrong, or not exactly one of a pair is given.
    """
    choice_in(kernel, KERNELS, "kernel")
    offset_kpc = array_in(position, "kpc", "position", shape=(None, 3))
    count = len(offset_kpc)
    if count == 0:
        raise ArgumentError("holds no particle.", field="position")
    mass_msun = _positive(mass, "Msun", "mass", count)
    composition = _composition(electrons, hydrogen_fraction, count)
    origin = np.zeros(3) if center is None else array_in(center, "kpc", "center", shape=(3,))
    assumptions: list[Assumption] = []
    return Gas(
        offset_kpc=offset_kpc,
        mass_msun=mass_msun.astype(np.float32),
        temperature_k=_temperature(temperature, internal_energy, composition, count),
        smoothing_length_kpc=_support_radius(smoothing_length, density, mass_msun, assumptions),
        electrons_per_hydrogen=composition.per_hydrogen,
        hydrogen_fraction=composition.hydrogen_fraction,
        origin_kpc=origin,
        redshift=_redshift(redshift),
        cosmology=_cosmology(cosmology),
        kernel=kernel,
        electron_model=composition.model,
        assumptions=assumptions,
    )


def _positive(value: Any, unit: str, name: str, count: int, equivalencies: Any = ()) -> NDArray[np.float64]:
    array = array_in(value, unit, name, shape=(count,), equivalencies=equivalencies)
    if not (array > 0).all():
        first = int((array <= 0).argmax())
        raise ArgumentError(f"expected positive values, found {array[first]:g} at {first}.", field=name)
    return array


def _one_of(**pair: Any) -> str:
    given = [name for name, value in pair.items() if value is not None]
    if len(given) != 1:
        names = " or ".join(pair)
        raise ArgumentError(f"expected exactly one of {names}, found {len(given)}.", field=names)
    return given[0]


def _temperature(temperature: Any, internal_energy: Any, composition: Electrons, count: int) -> NDArray[np.float32]:
    if _one_of(temperature=temperature, internal_energy=internal_energy) == "temperature":
        import astropy.units as u

        kelvin = _positive(temperature, "K", "temperature", count, u.temperature_energy())
        return kelvin.astype(np.float32)
    energy = _positive(internal_energy, "km2 / s2", "internal_energy", count)
    return temperature_k(energy.astype(np.float32), composition)


def _support_radius(
    smoothing_length: Any, density: Any, mass_msun: NDArray[np.float64], assumptions: list[Assumption]
) -> NDArray[np.float32]:
    count = len(mass_msun)
    if _one_of(smoothing_length=smoothing_length, density=density) == "smoothing_length":
        return _positive(smoothing_length, "kpc", "smoothing_length", count).astype(np.float32)
    density_msun_kpc3 = _positive(density, "Msun / kpc3", "density", count)
    assumptions.append(Assumption("smoothing length", f"of {NEIGHBOURS} neighbours", "density and mass"))
    radius_kpc = np.cbrt(3.0 * NEIGHBOURS * mass_msun / (4.0 * np.pi * density_msun_kpc3))
    return radius_kpc.astype(np.float32)


def _composition(electrons: Any, hydrogen_fraction: Any, count: int) -> Electrons:
    hydrogen = _fractions(hydrogen_fraction, 0.05, 1.0, "hydrogen_fraction", count)
    if isinstance(electrons, str):
        if check_model(electrons) == FROM_FILE:
            raise ArgumentError(
                "particles given as arrays have no file.",
                field="electrons",
                remedy="give 'fully_ionised', a number, or an array of electrons per hydrogen atom.",
            )
        return Electrons(fully_ionised(hydrogen), hydrogen, electrons)
    per_hydrogen = _fractions(electrons, 0.0, MOST_ELECTRONS, "electrons", count)
    model = f"{electrons:g} per hydrogen atom" if np.ndim(electrons) == 0 else "array"
    return Electrons(per_hydrogen, hydrogen, model)


def _fractions(value: Any, low: float, high: float, name: str, count: int) -> NDArray[np.float32]:
    array = numbers_in(value, name).astype(np.float32)
    if array.shape not in ((), (count,)):
        raise ArgumentError(f"expected a number or shape ({count},), found {array.shape}.", field=name)
    if not ((array >= low) & (array <= high)).all():
        raise ArgumentError(f"expected values from {low:g} to {high:g}.", field=name)
    return np.broadcast_to(array, (count,))


def _redshift(redshift: float) -> float:
    value = float(redshift)
    if not (np.isfinite(value) and value >= 0):
        raise ArgumentError(f"expected a redshift of 0 or more, found {redshift}.", field="redshift")
    return value


def _cosmology(cosmology: Any) -> Any:
    from astropy.cosmology import FLRW

    if not isinstance(cosmology, FLRW):
        raise ArgumentError(
            f"expected an astropy cosmology, found {type(cosmology).__name__}.",
            field="cosmology",
            remedy="give for example astropy.cosmology.Planck18.",
        )
    return cosmology
