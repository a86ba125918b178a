"""The universal pressure profile of clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PressureProfile:
    """Generalised NFW profile of the electron pressure, in units of P500.

    p(x) = P0 / ((c x)^gamma (1 + (c x)^alpha)^((beta - gamma)/alpha)), x = r / R500 (Nagai et al. 2007, eq. A1).

    Parameters
    ----------
    P0, c500, gamma, alpha, beta : float
        Its parameters; P0 goes with h70^(-3/2).
    """

    P0: float
    c500: float
    gamma: float
    alpha: float
    beta: float

    def at(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """P / P500 at radii x = r / R500 for h70 = 1, any shape."""
        return self.scaled(x, 1.0)

    def scaled(self, x: NDArray[np.float64], h70: float) -> NDArray[np.float64]:
        """P / P500 at radii x = r / R500, any shape."""
        cx = self.c500 * x
        outer = (1 + cx**self.alpha) ** ((self.beta - self.gamma) / self.alpha)
        pressure: NDArray[np.float64] = self.P0 * h70**-1.5 / (cx**self.gamma * outer)
        return pressure


A10 = PressureProfile(P0=8.403, c500=1.177, gamma=0.3081, alpha=1.0510, beta=5.4905)
"""Arnaud et al. 2010, A&A 517 A92, eq. 12."""

P13 = PressureProfile(P0=6.41, c500=1.81, gamma=0.31, alpha=1.33, beta=4.13)
"""Planck intermediate results V (2013), A&A 550 A131, table 1; P0 goes with h70^(-3/2)."""


def pressure_500_kev_cm3(M500c_msun: float, redshift: float, cosmology: Any) -> float:
    """Characteristic electron pressure P500 [keV cm^-3].

    1.65e-3 E(z)^(8/3) (M500 / 3e14 h70^-1 Msun)^(2/3 + 0.12) h70^2 (Arnaud et al. 2010, eq. 13).
    """
    h70 = float(cosmology.h) / 0.7
    mass = M500c_msun * h70 / 3e14
    return float(1.65e-3 * cosmology.efunc(redshift) ** (8 / 3) * mass ** (2 / 3 + 0.12) * h70**2)
