"""Physical constants, each once, with its source."""

from __future__ import annotations

import math

ARCMIN_RAD = math.pi / (180 * 60)
"""One arcminute in radians."""

K_B_J_PER_K = 1.380649e-23
"""Boltzmann constant, exact (SI 2019)."""

KEV_J = 1.602176634e-16
"""One keV in joule, exact (SI 2019)."""

M_P_KG = 1.67262192369e-27
"""Proton mass (CODATA 2018)."""

M_E_C2_J = 8.1871057769e-14
"""Electron rest energy (CODATA 2018)."""

SIGMA_T_M2 = 6.6524587321e-29
"""Thomson cross-section (CODATA 2018)."""

M_SUN_KG = 1.988409870698051e30
"""Solar mass: IAU 2015 nominal GM_sun over the CODATA 2018 G."""

KPC_M = 3.0856775814913674e19
"""Kiloparsec (IAU 2015)."""

G_KPC_KM2_S2_MSUN = 4.30091727003628e-6
"""Newton's constant in kpc (km/s)^2 / Msun (CODATA 2018 with the IAU 2015 nominal GM_sun)."""

GAMMA = 5.0 / 3.0
"""Adiabatic index of the monatomic gas."""

X_H_PRIMORDIAL = 0.76
"""Hydrogen mass fraction where a snapshot does not tell."""

X_E_FULLY_IONISED = 1.0 + (1.0 - X_H_PRIMORDIAL) / (2.0 * X_H_PRIMORDIAL)
"""Electrons per hydrogen atom of fully ionised primordial gas, 1 + (1-X)/(2X) = 1.158."""
