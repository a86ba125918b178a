"""The scaling relation against published numbers, geometry, and the profile's own integrals."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy import constants
from astropy.cosmology import FlatLambdaCDM

from szfast.errors import ArgumentError
from szfast.evaluation import expected_compton_y, sz_mass, theta_500
from szfast.filters.profile_integrals import (
    PROFILES,
    cylinder_integral,
    radial_transform,
    sphere_integral,
    y5r500_over_y500,
)
from szfast.sample.pressure import pressure_500_kev_cm3


def r500(mass, z, cosmology):
    return (3 * mass / (4 * np.pi * 500 * cosmology.critical_density(z))) ** (1 / 3)


def test_published_integrals_of_a10():
    # Arnaud et al. 2010, section 6.3.1; their last digits follow from parameters with more digits than printed
    assert sphere_integral(PROFILES["A10"], 1.0) == pytest.approx(0.6145, rel=1e-3)
    assert sphere_integral(PROFILES["A10"], 5.0) == pytest.approx(1.1037, rel=1e-3)
    assert cylinder_integral(PROFILES["A10"], 1.0) == pytest.approx(0.7398, rel=1e-3)
    # Planck 2015 XXVII quotes 1.79
    assert y5r500_over_y500() == pytest.approx(1.796, abs=5e-4)


def test_planck_and_a10_agree_at_3e14(cosmology):
    planck = expected_compton_y(3e14 * u.Msun, 1e-9, cosmology).to_value(u.Mpc**2)
    # Y_sph(R500) = 10^-4.739 (M / 3e14 h70^-1 Msun)^1.79 h70^(-5/2) Mpc^2: Arnaud et al. 2010, eq. 22 and 23
    assert planck / 10**-4.739 == pytest.approx(1.03, abs=0.01)


@pytest.mark.parametrize(("name", "expected"), [("A10", 1.05), ("P13", 1.03)])
def test_relation_and_integrated_profile_agree(cosmology, name, expected):
    mass = 3e14 * u.Msun
    pressure = pressure_500_kev_cm3(3e14, 0.0, cosmology) * u.keV / u.cm**3
    factor = constants.sigma_T / (constants.m_e * constants.c**2) * 4 * np.pi / 3
    integrated = factor * r500(mass, 0.0, cosmology) ** 3 * pressure * sphere_integral(PROFILES[name], 1.0)
    ratio = (expected_compton_y(mass, 1e-9, cosmology) / integrated).to_value(u.one)
    assert ratio == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize("hubble", [70.0, 67.77])
@pytest.mark.parametrize("z", [0.02, 0.3, 0.9])
def test_theta500_is_the_angle_of_r500c(hubble, z):
    cosmology = FlatLambdaCDM(hubble, 0.307)
    angle = r500(5e14 * u.Msun, z, cosmology) / cosmology.angular_diameter_distance(z)
    expected = angle.to_value(u.arcmin, u.dimensionless_angles())
    # 6.997 arcmin is printed with four digits
    assert theta_500(5e14 * u.Msun, z, cosmology).to_value(u.arcmin) == pytest.approx(expected, rel=5e-4)


def test_theta500_counts_h_once():
    """Quoted with M in 3e14 h70^-1 Msun beside h^(-2/3), the formula is not the angle of R500c."""
    cosmology, mass, z = FlatLambdaCDM(67.8, 0.308), 5e14 * u.Msun, 0.2
    angle = r500(mass, z, cosmology) / cosmology.angular_diameter_distance(z)
    geometric = angle.to_value(u.arcmin, u.dimensionless_angles())
    h70 = 0.678 / 0.7
    distance = cosmology.angular_diameter_distance(z).value
    twice = 6.997 * h70 ** (-2 / 3) * (5 / 3 * h70) ** (1 / 3) * cosmology.efunc(z) ** (-2 / 3) * 500 / distance
    assert twice / geometric == pytest.approx(h70 ** (1 / 3), rel=5e-4)
    assert h70 ** (1 / 3) == pytest.approx(0.98942, abs=1e-5)
    assert theta_500(mass, z, cosmology).to_value(u.arcmin) == pytest.approx(geometric, rel=5e-4)


def test_mass_of_coma_s_relation_by_hand(cosmology):
    # M = 6e14 Msun has Y = 10^-0.186 E^(2/3) 1e-4 Mpc^2 for h = 0.7, whatever the slope
    y = 10**-0.186 * cosmology.efunc(0.0231) ** (2 / 3) * 1e-4 * u.Mpc**2
    assert sz_mass(y, 0.0231, cosmology).to_value(u.Msun) == pytest.approx(6e14, rel=1e-12)
    # ten times the Y is 10^(1/1.789) times the mass; b = 0.2 divides by 0.8
    assert sz_mass(10 * y, 0.0231, cosmology, bias=0.2).to_value(u.Msun) == pytest.approx(
        6e14 * 10 ** (1 / 1.789) / 0.8, rel=1e-12
    )


@pytest.mark.parametrize("bias", [0.0, 0.3])
def test_inverse(cosmology, bias):
    mass, z = [1e14, 7e14, 2e15] * u.Msun, [0.05, 0.2, 0.9]
    again = sz_mass(expected_compton_y(mass, z, cosmology, bias=bias), z, cosmology, bias=bias)
    np.testing.assert_allclose(again.to_value(u.Msun), mass.value, rtol=1e-12)


def test_no_mass_without_signal(cosmology):
    assert np.isnan(sz_mass(-1e-5 * u.Mpc**2, 0.1, cosmology).value)


@pytest.mark.parametrize("name", PROFILES)
def test_transform_at_zero_and_by_direct_sum(name):
    profile = PROFILES[name]
    total = y5r500_over_y500(profile)
    assert radial_transform(profile, np.array([0.0]))[0] == pytest.approx(total, rel=1e-6)
    u_, k = np.linspace(1e-6, 5.0, 2_000_001), np.array([0.37, 4.4, 61.0])
    shell = 3 * profile.at(u_) * u_**2
    direct = [np.trapezoid(shell * np.sinc(each * u_ / np.pi), u_) for each in k] / np.array(
        sphere_integral(profile, 1.0)
    )
    # the beam hides what is smaller than 1e-6 of the whole
    np.testing.assert_allclose(radial_transform(profile, k), direct, atol=2e-6 * total)


def test_bare_numbers_and_bad_values_are_refused(cosmology):
    with pytest.raises(ArgumentError, match="'mass'"):
        expected_compton_y(1e14, 0.1, cosmology)
    with pytest.raises(ArgumentError, match="'compton_y'"):
        sz_mass(1e-5, 0.1, cosmology)
    with pytest.raises(ArgumentError, match="'redshift'"):
        theta_500(1e14 * u.Msun, 0.0, cosmology)
    with pytest.raises(ArgumentError, match="'bias'"):
        sz_mass(1e-5 * u.Mpc**2, 0.1, cosmology, bias=1.0)
