"""A synthetic cluster of gas particles with the universal pressure profile."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from szfast.arguments import scalar_in
from szfast.constants import KPC_M, M_P_KG, M_SUN_KG, X_E_FULLY_IONISED, X_H_PRIMORDIAL
from szfast.errors import ArgumentError
from szfast.gas.particles import Gas
from szfast.sample.pressure import A10, pressure_500_kev_cm3

EXTENT_R500 = 5.0
"""Gas reaches out to this radius, as in Planck's Y5R500."""

GAS_FRACTION_500 = 0.13
"""Gas mass over total mass inside R500; what The Three Hundred's clusters have."""

CLUMP_SHARE = 0.06
"""Share of the gas in infalling clumps."""

CLUMPS = 8

AXES = np.array([1.15, 1.0, 1 / 1.15])
"""Axes of the ellipsoid, relative; their product is one, so that the volume stays."""


def synthetic_cluster(
    *,
    M500c: Any,
    redshift: float,
    particles: int = 20000,
    seed: int = 0,
    cosmology: Any = None,
    clumps: bool = True,
) -> Gas:
    """Make a cluster of equal-mass gas particles: an ellipsoid with infalling clumps.

    Radii are drawn from a double-beta-like gas density (Vikhlinin et al. 2006, eq. 3, without cusp) with
    `GAS_FRACTION_500` inside R500; the temperature is the one with which the electron pressure is that of Arnaud et al.
    (2010). Clumps are small copies of the cluster, with temperatures of their own mass. Smoothing lengths hold 64
    neighbours at the local density.

    Parameters
    ----------
    M500c : Quantity
        Mass within R500c.
    redshift : float
        Redshift of the cluster.
    particles : int
        Number of gas particles.
    seed : int
        Same seed, same cluster.
    cosmology : FLRW, optional
        Default: that of The Three Hundred, h = 0.6777, Omega_m = 0.307115, flat.
    clumps : bool
        False for one ellipsoid without clumps.

    Returns
    -------
    Gas
        Centred on its origin.

    Raises
    ------
    ArgumentError
        If an argument has no unit or is out of range.
    """
    M500c_msun = scalar_in(M500c, "Msun", "M500c", positive=True)
    if not 1e12 <= M500c_msun <= 1e16:
        raise ArgumentError(f"expected 1e12 to 1e16 Msun, found {M500c}.", field="M500c")
    if isinstance(redshift, bool) or not isinstance(redshift, int | float) or not 0 <= redshift < 10:
        raise ArgumentError(f"expected a number from 0 to 10, found {redshift!r}.", field="redshift")
    if isinstance(particles, bool) or not isinstance(particles, int) or not 100 <= particles <= 10**9:
        raise ArgumentError(f"expected 100 to 10^9, found {particles!r}.", field="particles")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ArgumentError(f"expected a whole number from 0 on, found {seed!r}.", field="seed")
    import astropy.units as u
    from astropy.cosmology import FlatLambdaCDM

    cosmology = FlatLambdaCDM(67.77, 0.307115) if cosmology is None else cosmology
    rng = np.random.default_rng([seed, particles])
    in_clumps = int(CLUMP_SHARE * particles) if clumps else 0
    main = _halo(M500c_msun, redshift, cosmology)
    total_msun = main.gas_mass_msun(EXTENT_R500)
    parts = [_sampled(rng, main, particles - in_clumps, total_msun * (1 - in_clumps / particles))]
    parts += _clumps(rng, main, in_clumps, total_msun / particles, redshift, cosmology)
    offset_kpc, temperature_kev, density = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Gas.from_arrays(
        position=offset_kpc * AXES * u.kpc,
        mass=np.full(particles, total_msun / particles) * u.Msun,
        temperature=temperature_kev * u.keV,
        density=density * u.Msun / u.kpc**3,
        redshift=float(redshift),
        cosmology=cosmology,
    )


@dataclass(frozen=True)
class _Halo:
    """One spherical halo: its scales, and the profiles that follow from them."""

    R500c_kpc: float
    P500_kev_cm3: float
    density_scale: float
    h70: float

    def gas_density(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gas density at x = r / R500 [Msun kpc^-3]."""
        return self.density_scale * _density_shape(x)

    def gas_mass_msun(self, x_end: float) -> float:
        """Gas mass inside x_end R500."""
        return float(4 * math.pi * self.R500c_kpc**3 * self.density_scale * _shape_mass(np.array([x_end]))[0])

    def temperature_kev(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """k_B T from the electron pressure and the electron density, at x = r / R500."""
        electrons_cm3 = (
            self.gas_density(x) * X_H_PRIMORDIAL * X_E_FULLY_IONISED * M_SUN_KG / M_P_KG / (KPC_M * 100) ** 3
        )
        kev: NDArray[np.float64] = self.P500_kev_cm3 * A10.scaled(x, self.h70) / electrons_cm3
        return kev


def _density_shape(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # slope from 0 in the core over -2 at 0.5 R500 to -3.6 outside, where the pressure falls as fast again
    shape: NDArray[np.float64] = (1 + (x / 0.12) ** 2) ** -0.95 * (1 + (x / 0.9) ** 3) ** (-1.7 / 3)
    return shape


_RADII = np.concatenate([[0.0], np.geomspace(1e-3, EXTENT_R500, 2000)])
_MASS = cumulative_trapezoid(_RADII**2 * _density_shape(_RADII), _RADII, initial=0.0)


def _shape_mass(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integral of x^2 times the density's shape from zero."""
    mass: NDArray[np.float64] = np.interp(x, _RADII, _MASS)
    return mass


def _halo(M500c_msun: float, redshift: float, cosmology: Any) -> _Halo:
    critical = float(cosmology.critical_density(redshift).to_value("Msun / kpc3"))
    R500c_kpc = (3 * M500c_msun / (4 * math.pi * 500 * critical)) ** (1 / 3)
    shape_mass = 4 * math.pi * R500c_kpc**3 * _shape_mass(np.array([1.0]))[0]
    P500_kev_cm3 = pressure_500_kev_cm3(M500c_msun, redshift, cosmology)
    return _Halo(R500c_kpc, P500_kev_cm3, GAS_FRACTION_500 * M500c_msun / shape_mass, float(cosmology.h) / 0.7)


Sampled = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _sampled(rng: np.random.Generator, halo: _Halo, count: int, mass_msun: float) -> Sampled:
    """Positions [kpc], temperatures [keV] and densities [Msun kpc^-3] of particles that sample a halo."""
    # one draw in each of `count` equal parts of the mass: the profile has no shot noise in radius
    drawn = (np.arange(count) + rng.random(count)) / count
    x = np.maximum(np.interp(drawn * _MASS[-1], _MASS, _RADII), 1e-3)
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    share = mass_msun / halo.gas_mass_msun(EXTENT_R500)
    return direction * (x * halo.R500c_kpc)[:, None], halo.temperature_kev(x), halo.gas_density(x) * share


def _clumps(
    rng: np.random.Generator, main: _Halo, count: int, particle_msun: float, redshift: float, cosmology: Any
) -> list[Sampled]:
    """Infalling clumps between 0.4 and 3 R500, with a steep distribution of masses."""
    if count == 0:
        return []
    shares = rng.pareto(1.0, CLUMPS) + 0.2
    counts = np.diff(np.concatenate([[0], np.round(count * np.cumsum(shares / shares.sum()))]).astype(int))
    parts = []
    for number in counts:
        at = rng.standard_normal(3)
        at *= rng.uniform(0.4, 3.0) * main.R500c_kpc / np.linalg.norm(at)
        if number == 0:
            continue
        gas_msun = number * particle_msun
        inside_R500 = _shape_mass(np.array([1.0]))[0] / _MASS[-1]
        halo = _halo(gas_msun * inside_R500 / GAS_FRACTION_500, redshift, cosmology)
        offset_kpc, temperature_kev, density = _sampled(rng, halo, int(number), gas_msun)
        parts.append((offset_kpc + at, temperature_kev, density))
    return parts
