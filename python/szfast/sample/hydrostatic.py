"""Gas in hydrostatic equilibrium: the density and temperature that belong to a pressure in a halo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import cumulative_trapezoid

from szfast.constants import G_KPC_KM2_S2_MSUN, KEV_J, KPC_M, M_P_KG, M_SUN_KG
from szfast.sample.dark_matter import NFW
from szfast.sample.pressure import MU, MU_E, ClusterPressure

CORE_X = 0.02
"""Temperature is constant within this share of R500 (choice): there the central galaxy's mass holds the gas."""

INNERMOST_X = 1e-3
"""Smallest radius of the tables and of particles, in R500."""

_MSUN_PER_KEV_CM3_KPC3 = MU_E * M_P_KG / M_SUN_KG * (100 * KPC_M) ** 3
_KEV_PER_KM2_S2 = MU * M_P_KG * 1e6 / KEV_J


@dataclass(frozen=True)
class HydrostaticGas:
    """Tables of a spherical cluster's gas out to some radius.

    k T = mu m_p G M(<r) / (r s) with s = -dlnP/dlnr, which is dP/dr = -rho G M / r^2 solved for T, and
    rho = mu_e m_p P_e / (k T).

    Parameters
    ----------
    halo : NFW
        The halo.
    x : (K,) array
        Radii r / R500 of the tables, from zero to the gas's end.
    temperature_kev, density_msun_kpc3, enclosed_msun : (K,) array
        k T, gas density and gas mass inside.
    """

    halo: NFW
    x: NDArray[np.float64]
    temperature_kev: NDArray[np.float64]
    density_msun_kpc3: NDArray[np.float64]
    enclosed_msun: NDArray[np.float64]

    @classmethod
    def of(cls, halo: NFW, pressure: ClusterPressure, x_end: float) -> HydrostaticGas:
        """Gas of a pressure in a halo, out to x_end R500."""
        x = np.geomspace(INNERMOST_X, x_end, 400)
        held = np.maximum(x, CORE_X)
        r_kpc = held * halo.R500c_kpc
        potential_km2_s2 = G_KPC_KM2_S2_MSUN * halo.mass_msun(r_kpc) / r_kpc
        temperature_kev = _KEV_PER_KM2_S2 * potential_km2_s2 / pressure.profile.slope(held)
        density = _MSUN_PER_KEV_CM3_KPC3 * pressure.kev_cm3(x) / temperature_kev
        # in ln x; a power law of slope above -1 holds the rest within the innermost radius
        shells = 4 * np.pi * halo.R500c_kpc**3 * density * x**3
        enclosed = cumulative_trapezoid(shells, np.log(x), initial=0.0) + shells[0] / 3
        return cls(
            halo,
            np.concatenate([[0.0], x]),
            np.concatenate([temperature_kev[:1], temperature_kev]),
            np.concatenate([density[:1], density]),
            np.concatenate([[0.0], enclosed]),
        )

    @property
    def mass_msun(self) -> float:
        """Mass of all of the gas."""
        return float(self.enclosed_msun[-1])

    def radius_of_mass(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radius r / R500 within which this share of the gas lies."""
        return np.interp(share * self.mass_msun, self.enclosed_msun, self.x)

    def temperature_at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Temperature k T at r / R500 [keV]."""
        return np.interp(x, self.x, self.temperature_kev)

    def density_at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gas density at r / R500 [Msun kpc^-3], none beyond the end."""
        return np.interp(x, self.x, self.density_msun_kpc3, right=0.0)
