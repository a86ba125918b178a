"""The mass of a halo: NFW, with the mean concentration of its mass and redshift."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from szfast.arguments import cosmology_in
from szfast.snapshots.halos.columns import critical_density_msun_kpc3, radius_kpc

HUBBLE, OMEGA_M = 67.77, 0.307115
"""The Three Hundred's cosmology, flat (Cui et al. 2018)."""

BARYON_FRACTION = 0.048206 / OMEGA_M
"""Omega_b / Omega_m of The Three Hundred, where a cosmology has no Omega_b."""


@cache
def default_cosmology() -> Any:
    """The Three Hundred's cosmology as astropy has it."""
    from astropy.cosmology import FlatLambdaCDM

    return FlatLambdaCDM(HUBBLE, OMEGA_M)


def baryon_fraction(cosmology: Any) -> float:
    """Omega_b / Omega_m of a cosmology, or of The Three Hundred where it has none."""
    return float(cosmology.Ob0 / cosmology.Om0) if cosmology.Ob0 else BARYON_FRACTION


@dataclass(frozen=True)
class NFW:
    """Navarro, Frenk & White (1997) halo of a given M500c.

    Parameters
    ----------
    M500c_msun : float
        Mass within R500c.
    redshift : float
        Redshift.
    cosmology : FLRW
        An astropy cosmology.
    critical_msun_kpc3 : float
        Critical density at the redshift.
    """

    M500c_msun: float
    redshift: float
    cosmology: Any
    critical_msun_kpc3: float

    @classmethod
    def of(cls, M500c_msun: float, redshift: float, cosmology: Any = None) -> NFW:
        """Halo of a mass at a redshift, in The Three Hundred's cosmology if none is given."""
        cosmology = default_cosmology() if cosmology is None else cosmology_in(cosmology)
        critical = float(critical_density_msun_kpc3(cosmology, np.array(redshift)))
        return cls(M500c_msun, redshift, cosmology, critical)

    def of_mass(self, M500c_msun: float) -> NFW:
        """Another halo at the same redshift."""
        return NFW(M500c_msun, self.redshift, self.cosmology, self.critical_msun_kpc3)

    @cached_property
    def R500c_kpc(self) -> float:
        """Physical R500c [kpc]."""
        return self._sphere_kpc(self.M500c_msun, 500.0)

    @cached_property
    def scale_kpc(self) -> float:
        """Scale radius [kpc], from c200 = 5.71 (M200 h / 2e12 Msun)^-0.084 (1+z)^-0.47 (Duffy et al. 2008, table 1)."""
        pivot_msun = 2e12 / float(self.cosmology.h)
        at_pivot = 5.71 * (1 + self.redshift) ** -0.47

        def M200c_msun(c200: float) -> float:
            return float(pivot_msun * (c200 / at_pivot) ** (-1 / 0.084))

        def excess(c200: float) -> float:
            # ln of M500 in the halo whose M200 has this concentration, less that of the one asked for
            x500 = self.R500c_kpc * c200 / self._sphere_kpc(M200c_msun(c200), 200.0)
            return float(np.log(M200c_msun(c200) * _enclosed(x500) / _enclosed(c200) / self.M500c_msun))

        first = at_pivot * (self.M500c_msun / pivot_msun) ** -0.084
        c200 = float(brentq(excess, 0.5 * first, 1.5 * first))
        return self._sphere_kpc(M200c_msun(c200), 200.0) / c200

    def _sphere_kpc(self, mass_msun: float, overdensity: float) -> float:
        return float(radius_kpc(np.array(mass_msun), overdensity, np.array(self.critical_msun_kpc3)))

    def mass_msun(self, r_kpc: Any) -> Any:
        """Mass within a radius [Msun]."""
        return self.M500c_msun * _enclosed(r_kpc / self.scale_kpc) / _enclosed(self.R500c_kpc / self.scale_kpc)

    def radius_of_overdensity_kpc(self, overdensity: float) -> float:
        """Radius of a mean density of so many times the critical one, for 50 to 2500 [kpc]."""

        def excess(r_kpc: float) -> float:
            return float(self.mass_msun(r_kpc) / (4 / 3 * np.pi * r_kpc**3 * self.critical_msun_kpc3) - overdensity)

        return float(brentq(excess, 0.2 * self.R500c_kpc, 5 * self.R500c_kpc))


def _enclosed(x: float | NDArray[np.float64]) -> Any:
    """NFW mass within x scale radii, ln(1+x) - x/(1+x)."""
    return np.log1p(x) - x / (1 + x)
