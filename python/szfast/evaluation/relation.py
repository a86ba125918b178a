"""M_SZ: the mass that Planck's scaling relation gives to a Compton parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, cosmology_in, redshifts_in
from szfast.errors import ArgumentError

if TYPE_CHECKING:
    from astropy.units import Quantity

LOG10_Y_STAR = -0.186
SLOPE = 1.789
PIVOT_MSUN = 6e14
Y_UNIT_MPC2 = 1e-4
"""Of E^(-2/3) [D_A^2 Y500 / 1e-4 Mpc^2] = 10^Y* (h/0.7)^(slope - 2) [(1-b) M500 / 6e14 Msun]^slope.

Planck 2015 XXIV, A&A 594 A24, eq. 7."""

SCATTER_DEX = 0.075
"""Scatter of log10 Y500 about the relation (Planck 2015 XXIV)."""

THETA_STAR_ARCMIN = 6.997
"""theta500 of 3e14 Msun at D_A = 500 Mpc, E = 1 and h = 0.7 (Planck 2015 XXIV, eq. 9)."""


def sz_mass(compton_y: Any, redshift: Any, cosmology: Any, *, bias: float = 0.0) -> Quantity:
    """M500c that the relation gives to a spherical Y500.

    Parameters
    ----------
    compton_y : Quantity, any shape
        Compton parameter of the sphere of R500c, D_A^2 Y500: an area; NaN is not allowed, not positive gives NaN.
    redshift : float or array
        Broadcast against it.
    cosmology : FLRW
        For E(z) and h.
    bias : float
        b of (1-b) M500; 0 as in the published method.

    Returns
    -------
    Quantity
        [Msun].

    Raises
    ------
    ArgumentError
        If a unit is missing or a value out of range.
    """
    import astropy.units as u

    y_mpc2, z = _together(array_in(compton_y, "Mpc2", "compton_y"), redshift, "compton_y")
    return mass_msun(y_mpc2, z, cosmology, bias) * u.Msun


def expected_compton_y(mass: Any, redshift: Any, cosmology: Any, *, bias: float = 0.0) -> Quantity:
    """Spherical Y500 that the relation gives to M500c [Mpc^2]; the inverse of `sz_mass`."""
    import astropy.units as u

    m_msun, z = _together(_positive_mass(mass), redshift, "mass")
    return compton_y_mpc2(m_msun, z, cosmology, bias) * u.Mpc**2


def theta_500(mass: Any, redshift: Any, cosmology: Any, *, bias: float = 0.0) -> Quantity:
    """Angle of R500c of a mass [arcmin].

    6.997 arcmin (h/0.7)^(-2/3) [(1-b) M500 / 3e14 Msun]^(1/3) E^(-2/3) (500 Mpc / D_A) (Planck 2015 XXIV, eq. 9), with
    M in Msun and D_A in Mpc: this is (3 M / (4 pi 500 rho_c))^(1/3) / D_A to 0.1 %. In units of 3e14 h70^-1 Msun,
    as the formula is quoted too, h would count twice: angles would be (h/0.7)^(1/3) of these, 1.1 % less for h = 0.678.
    """
    import astropy.units as u

    m_msun, z = _together(_positive_mass(mass), redshift, "mass")
    return theta_500_arcmin(m_msun, z, cosmology, bias) * u.arcmin


def mass_msun(y_mpc2: Any, redshift: Any, cosmology: Any, bias: float = 0.0) -> NDArray[np.float64]:
    """M500c from Y500 in plain numbers; NaN where Y500 is not positive."""
    _check_bias(bias)
    known = _normalisation_mpc2(redshift, cosmology)
    ratio = np.asarray(y_mpc2, dtype=np.float64) / known
    mass: NDArray[np.float64] = PIVOT_MSUN * np.where(ratio > 0, np.abs(ratio), np.nan) ** (1 / SLOPE) / (1 - bias)
    return mass


def compton_y_mpc2(m_msun: Any, redshift: Any, cosmology: Any, bias: float = 0.0) -> NDArray[np.float64]:
    """Y500 from M500c in plain numbers."""
    _check_bias(bias)
    mass = np.asarray(m_msun, dtype=np.float64)
    y: NDArray[np.float64] = _normalisation_mpc2(redshift, cosmology) * ((1 - bias) * mass / PIVOT_MSUN) ** SLOPE
    return y


def theta_500_arcmin(m_msun: Any, redshift: Any, cosmology: Any, bias: float = 0.0) -> NDArray[np.float64]:
    """theta500 from M500c in plain numbers."""
    _check_bias(bias)
    mass = (1 - bias) * np.asarray(m_msun, dtype=np.float64) / 3e14
    distance_mpc = distances_mpc(redshift, cosmology_in(cosmology))
    expansion = np.asarray(cosmology.efunc(redshift), dtype=np.float64)
    h70 = float(cosmology.h) / 0.7
    theta: NDArray[np.float64] = (
        THETA_STAR_ARCMIN * h70 ** (-2 / 3) * mass ** (1 / 3) * expansion ** (-2 / 3) * 500 / distance_mpc
    )
    return theta


def distances_mpc(redshift: Any, cosmology: Any) -> NDArray[np.float64]:
    """Angular-diameter distances [Mpc]."""
    if not np.size(redshift):
        return np.empty(np.shape(redshift))
    return np.asarray(cosmology.angular_diameter_distance(redshift).to_value("Mpc"), dtype=np.float64)


def _positive_mass(mass: Any) -> NDArray[np.float64]:
    m_msun = array_in(mass, "Msun", "mass")
    if not (m_msun > 0).all():
        raise ArgumentError("expected masses above zero.", field="mass", remedy="leave out clusters without one.")
    return m_msun


def _together(values: NDArray[np.float64], redshift: Any, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z = redshifts_in(redshift)
    try:
        np.broadcast_shapes(values.shape, z.shape)
    except ValueError:
        raise ArgumentError(
            f"shape {values.shape} does not go with redshifts of shape {z.shape}.",
            field=name,
            remedy="give one redshift, or one a cluster.",
        ) from None
    return values, z


def _normalisation_mpc2(redshift: Any, cosmology: Any) -> NDArray[np.float64]:
    h70 = float(cosmology_in(cosmology).h) / 0.7
    expansion = np.asarray(cosmology.efunc(redshift), dtype=np.float64)
    known: NDArray[np.float64] = Y_UNIT_MPC2 * 10**LOG10_Y_STAR * h70 ** (SLOPE - 2) * expansion ** (2 / 3)
    return known


def _check_bias(bias: float) -> None:
    if isinstance(bias, bool) or not isinstance(bias, int | float | np.number) or not 0 <= bias < 1:
        raise ArgumentError(f"expected 0 <= b < 1, found {bias!r}.", field="bias", remedy="0 is the published choice.")
