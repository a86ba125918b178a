"""Integrals of a universal pressure profile: over spheres, cylinders and Fourier modes."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad, simpson
from scipy.interpolate import CubicSpline

from szfast.sample.pressure import A10, P13, PressureProfile

PROFILES: dict[str, PressureProfile] = {"A10": A10, "P13": P13}
"""Universal pressure profiles by name."""

EXTENT = 5.0
"""Radius at which a cluster ends, in R500 (Arnaud et al. 2010; Planck's Y5R500)."""

LARGEST_MODE = 300.0
"""Largest k R500 of the transform; Planck's beam leaves nothing beyond 150 for any cluster."""


def sphere_integral(profile: PressureProfile, x: float) -> float:
    """I(x) = integral of 3 p(u) u^2 du from 0 to x (Arnaud et al. 2010, eq. 24); I(1) = 0.6145 for A10."""
    # in ln u the integrand has no cusp; below 1e-6 lies 1e-15 of the whole
    return float(quad(lambda t: 3 * np.exp(3 * t) * profile.at(np.exp(t)), np.log(1e-6), np.log(x), epsrel=1e-9)[0])


def cylinder_integral(profile: PressureProfile, x: float) -> float:
    """J(x) = I(5) - integral of 3 p(u) (u^2 - x^2)^(1/2) u du from x to 5 (Arnaud et al. 2010, eq. 25)."""
    outside = quad(lambda u: 3 * profile.at(u) * np.sqrt(u * u - x * x) * u, x, EXTENT, epsrel=1e-9)[0]
    return sphere_integral(profile, EXTENT) - float(outside)


def y5r500_over_y500(profile: PressureProfile = A10) -> float:
    """Y of the sphere of 5 R500 over Y500; 1.796 for A10."""
    return sphere_integral(profile, EXTENT) / sphere_integral(profile, 1.0)


def radial_transform(profile: PressureProfile, k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fourier transform of the pressure out to 5 R500, in units of that inside R500.

    By the projection-slice theorem this is the two-dimensional transform of the projected profile too: at k = 0 it is
    Y5R500 / Y500.

    Parameters
    ----------
    profile : PressureProfile
        The profile.
    k : array, any shape
        Wave number times R500, or times theta500 on the sky [rad].
    """
    modes, values = _transform_table(profile)
    transform: NDArray[np.float64] = CubicSpline(modes, values)(np.minimum(k, LARGEST_MODE))
    return transform


@cache
def _transform_table(profile: PressureProfile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # 20,000 points resolve sin(k u) for all k of the table
    log_x = np.linspace(np.log(1e-5), np.log(EXTENT), 20001)
    x = np.exp(log_x)
    shell = 3 * profile.at(x) * x**3
    # the edge at 5 R500 rings with a period of 1.26 in k
    modes = np.concatenate([[0.0], np.geomspace(1e-3, 0.9, 60), np.arange(1.0, LARGEST_MODE + 0.15, 0.15)])
    values = np.array([simpson(shell * np.sinc(each * x / np.pi), log_x) for each in modes])
    return modes, values / sphere_integral(profile, 1.0)
