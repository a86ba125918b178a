"""Pressure profiles of clusters: Arnaud 2010, Planck 2013, Battaglia 2012, as generalised NFW profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from szfast.arguments import MOST_REDSHIFT, choice_in, number_in, scalar_in
from szfast.constants import (
    G_KPC_KM2_S2_MSUN,
    KEV_J,
    KPC_M,
    M_E_C2_J,
    M_SUN_KG,
    SIGMA_T_M2,
    X_E_FULLY_IONISED,
    X_H_PRIMORDIAL,
)
from szfast.sample.dark_matter import NFW, baryon_fraction

if TYPE_CHECKING:
    from astropy.units import Quantity

MU = 4 / (1 + 3 * X_H_PRIMORDIAL + 4 * X_H_PRIMORDIAL * X_E_FULLY_IONISED)
"""Mean mass of a particle of fully ionised primordial gas [m_p]."""

MU_E = 1 / (X_H_PRIMORDIAL * X_E_FULLY_IONISED)
"""Mass an electron of that gas [m_p]; MU / MU_E of the gas's pressure is the electrons'."""


@dataclass(frozen=True)
class PressureProfile:
    """Generalised NFW profile of the electron pressure, in units of a characteristic pressure.

    p(x) = P0 / ((c x)^gamma (1 + (c x)^alpha)^((beta - gamma)/alpha)), x = r / R500 (Nagai et al. 2007, eq. A1).

    Parameters
    ----------
    P0, c500, gamma, alpha, beta : float
        Its parameters.
    """

    P0: float
    c500: float
    gamma: float
    alpha: float
    beta: float

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pressure in units of the characteristic one at radii x = r / R500, any shape."""
        cx = self.c500 * x
        outer = (1 + cx**self.alpha) ** ((self.beta - self.gamma) / self.alpha)
        pressure: NDArray[np.float64] = self.P0 / (cx**self.gamma * outer)
        return pressure

    def slope(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithmic slope -dlnP/dlnx at x = r / R500."""
        power = (self.c500 * x) ** self.alpha
        slope: NDArray[np.float64] = self.gamma + (self.beta - self.gamma) * power / (1 + power)
        return slope


A10 = PressureProfile(P0=8.403, c500=1.177, gamma=0.3081, alpha=1.0510, beta=5.4905)
"""Arnaud et al. 2010, A&A 517 A92, eq. 12; P0 goes with h70^(-3/2)."""

P13 = PressureProfile(P0=6.41, c500=1.81, gamma=0.31, alpha=1.33, beta=4.13)
"""Planck intermediate results V (2013), A&A 550 A131, table 1; P0 goes with h70^(-3/2)."""


@dataclass(frozen=True)
class ClusterPressure:
    """Electron pressure of one cluster of known mass and redshift.

    Parameters
    ----------
    profile : PressureProfile
        Its shape.
    unit_kev_cm3 : float
        The profile's characteristic electron pressure [keV cm^-3].
    R500c_kpc : float
        Physical radius [kpc].
    """

    profile: PressureProfile
    unit_kev_cm3: float
    R500c_kpc: float

    def kev_cm3(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Electron pressure at x = r / R500 [keV cm^-3]."""
        return self.unit_kev_cm3 * self.profile.at(x)

    def compton_y_kpc2(self, x_end: float) -> float:
        """Compton parameter of a sphere of x_end R500, sigma_T / (m_e c^2) times the integral of P dV [kpc^2]."""
        # in ln x the integrand has no cusp; what lies below 1e-5 R500 is 1e-13 of the whole
        integral = quad(lambda t: np.exp(3 * t) * self.profile.at(np.exp(t)), np.log(1e-5), np.log(x_end), epsrel=1e-8)
        kev_kpc3_cm3 = 4 * np.pi * self.R500c_kpc**3 * self.unit_kev_cm3 * integral[0]
        return float(SIGMA_T_M2 / M_E_C2_J * KEV_J * 1e6 * KPC_M * kev_kpc3_cm3)


def pressure_500_kev_cm3(M500c_msun: float, redshift: float, cosmology: Any) -> float:
    """Characteristic electron pressure P500 [keV cm^-3].

    1.65e-3 E(z)^(8/3) (M500 / 3e14 h70^-1 Msun)^(2/3 + 0.12) h70^2 (Arnaud et al. 2010, eq. 13).
    """
    h70 = float(cosmology.h) / 0.7
    mass = M500c_msun * h70 / 3e14
    return float(1.65e-3 * cosmology.efunc(redshift) ** (8 / 3) * mass ** (2 / 3 + 0.12) * h70**2)


def _universal(profile: PressureProfile, halo: NFW) -> ClusterPressure:
    h70 = float(halo.cosmology.h) / 0.7
    P500 = pressure_500_kev_cm3(halo.M500c_msun, halo.redshift, halo.cosmology)
    return ClusterPressure(profile, P500 * h70**-1.5, halo.R500c_kpc)


def _battaglia(halo: NFW) -> ClusterPressure:
    """Battaglia et al. 2012, ApJ 758 75, eqs 10 and 11, table 1 (AGN feedback, Delta = 200).

    P_th / P200 = P0 (x/xc)^-0.3 (1 + x/xc)^-beta with x = r / R200 and P200 = 100 G M200 rho_c f_b / R200.
    """
    R200c_kpc = halo.radius_of_overdensity_kpc(200.0)
    M200c_msun = halo.mass_msun(R200c_kpc)
    P0, xc, beta = (
        A * (M200c_msun / 1e14) ** m * (1 + halo.redshift) ** z
        for A, m, z in ((18.1, 0.154, -0.758), (0.497, -0.00865, 0.731), (4.35, 0.0393, 0.415))
    )
    profile = PressureProfile(P0, halo.R500c_kpc / (R200c_kpc * xc), 0.3, 1.0, beta + 0.3)
    density = 100 * halo.critical_msun_kpc3 * baryon_fraction(halo.cosmology)
    thermal_msun_km2_s2_kpc3 = G_KPC_KM2_S2_MSUN * M200c_msun * density / R200c_kpc
    kev_cm3 = thermal_msun_km2_s2_kpc3 * M_SUN_KG * 1e6 / KEV_J / (100 * KPC_M) ** 3
    return ClusterPressure(profile, kev_cm3 * MU / MU_E, halo.R500c_kpc)


PROFILES: dict[str, Callable[[NFW], ClusterPressure]] = {
    "A10": partial(_universal, A10),
    "P13": partial(_universal, P13),
    "B12": _battaglia,
}
"""Arnaud et al. 2010, Planck 2013 (intermediate results V), Battaglia et al. 2012."""


def checked_profile(profile: str) -> Callable[[NFW], ClusterPressure]:
    """The profile of a name.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    return PROFILES[choice_in(profile, PROFILES, "profile")]


def mean_compton_y(M500c: Any, redshift: float, *, cosmology: Any = None, profile: str = "A10") -> Quantity:
    """Y500 of the mean cluster of a mass: the profile's integral over the sphere of R500c.

    Parameters
    ----------
    M500c : Quantity
        Mass within R500c.
    redshift : float
        Redshift.
    cosmology : FLRW, optional
        Default: that of The Three Hundred.
    profile : str
        ``A10``, ``P13`` or ``B12``.

    Returns
    -------
    Quantity
        [Mpc^2].

    Raises
    ------
    ArgumentError
        If the mass has no unit, the redshift is no number from 0 to 20, or the profile has no such name.
    """
    import astropy.units as u

    mass_msun = scalar_in(M500c, "Msun", "M500c", positive=True)
    number_in(redshift, "redshift", low=0.0, high=MOST_REDSHIFT)
    pressure = checked_profile(profile)(NFW.of(mass_msun, redshift, cosmology))
    return u.Quantity(pressure.compton_y_kpc2(1.0) * 1e-6, "Mpc2")
