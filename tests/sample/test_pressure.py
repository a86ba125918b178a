"""Pressure profiles against published relations and formulas written out here."""

from __future__ import annotations

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from scipy.integrate import quad

from szfast.errors import ArgumentError
from szfast.sample import mean_compton_y
from szfast.sample.dark_matter import NFW
from szfast.sample.pressure import MU, MU_E, PROFILES

COSMOLOGY = FlatLambdaCDM(70, 0.3, Ob0=0.046)


def R500c(mass, redshift, overdensity=500):
    return np.cbrt(3 * mass / (4 * np.pi * overdensity * COSMOLOGY.critical_density(redshift))).to("kpc")


def integrated(pressure_kev_cm3, radius, x_end):
    integral = quad(lambda x: 4 * np.pi * x**2 * pressure_kev_cm3(x), 0, x_end)[0] * u.keV / u.cm**3 * radius**3
    return (const.sigma_T / (const.m_e * const.c**2) * integral).to("Mpc2")


def gnfw(P0, c, gamma, alpha, beta):
    return lambda x: P0 / ((c * x) ** gamma * (1 + (c * x) ** alpha) ** ((beta - gamma) / alpha))


@pytest.mark.parametrize("M500c", [1e14, 4e14, 1.5e15] * u.Msun)
@pytest.mark.parametrize("redshift", [0.05, 0.6])
def test_a10_gives_arnauds_relation(M500c, redshift):
    found = mean_compton_y(M500c, redshift, cosmology=COSMOLOGY)
    # Arnaud et al. (2010), section 6.3: 2.925e-5 I(1) Mpc^2 with I(1) = 0.6145, at 3e14 Msun
    relation = 2.925e-5 * 0.6145 * (M500c / (3e14 * u.Msun)) ** (5 / 3 + 0.12) * COSMOLOGY.efunc(redshift) ** (2 / 3)
    # four digits are published, of their constants too
    assert found.to_value("Mpc2") == pytest.approx(relation.to_value(u.one), rel=2e-3)


@pytest.mark.parametrize(("profile", "shape"), [
    ("A10", gnfw(8.403, 1.177, 0.3081, 1.0510, 5.4905)),
    ("P13", gnfw(6.41, 1.81, 0.31, 1.33, 4.13)),
])  # fmt: skip
def test_y500_is_the_integral_of_the_published_profile(profile, shape):
    M500c, redshift = 5e14 * u.Msun, 0.3
    P500 = 1.65e-3 * COSMOLOGY.efunc(redshift) ** (8 / 3) * (5 / 3) ** (2 / 3 + 0.12)
    truth = integrated(lambda x: P500 * shape(x), R500c(M500c, redshift), 1)
    found = mean_compton_y(M500c, redshift, cosmology=COSMOLOGY, profile=profile)
    # rounding of the constants
    assert (found / truth).to_value(u.one) == pytest.approx(1, rel=1e-4)


def test_planck_and_arnaud_agree_as_planck_says():
    a10, p13 = (mean_compton_y(3e14 * u.Msun, 0.1, profile=name) for name in ("A10", "P13"))
    # SZ flux within R500 of the two profiles: within a few per cent
    assert (p13 / a10).to_value(u.one) == pytest.approx(1, abs=0.03)


def test_y5r500_of_a10():
    pressure = PROFILES["A10"](NFW.of(3e14, 0.1))
    # the ratio that Planck uses
    assert pressure.compton_y_kpc2(5) / pressure.compton_y_kpc2(1) == pytest.approx(1.796, abs=0.001)


@pytest.mark.parametrize("redshift", [0.0, 0.5])
def test_b12_is_battaglias_formula(redshift):
    halo = NFW.of(4e14, redshift, COSMOLOGY)
    R200 = halo.radius_of_overdensity_kpc(200) * u.kpc
    M200 = (4 / 3 * np.pi * 200 * COSMOLOGY.critical_density(redshift) * R200**3).to("Msun")
    assert halo.mass_msun(R200.value) == pytest.approx(M200.value, rel=1e-4)
    m, z1 = M200.value / 1e14, 1 + redshift
    P0, xc, beta = 18.1 * m**0.154 * z1**-0.758, 0.497 * m**-0.00865 * z1**0.731, 4.35 * m**0.0393 * z1**0.415
    P200 = 200 * COSMOLOGY.critical_density(redshift) * const.G * M200 * (0.046 / 0.3) / (2 * R200)
    # electrons carry (2 + 2X) / (3 + 5X) of the thermal pressure, X = 0.76
    unit = (P200 * 3.52 / 6.8).to_value("keV / cm3")
    for x500 in (0.05, 0.3, 1.0, 3.0):
        x = x500 * (R500c(4e14 * u.Msun, redshift) / R200).to_value(u.one)
        truth = unit * P0 * (x / xc) ** -0.3 * (1 + x / xc) ** -beta
        assert PROFILES["B12"](halo).kev_cm3(np.array(x500)) == pytest.approx(truth, rel=2e-4)


@pytest.mark.parametrize("name", PROFILES)
def test_slope_is_the_logarithmic_derivative(name):
    profile = PROFILES[name](NFW.of(4e14, 0.2)).profile
    x = np.geomspace(0.01, 5, 50)
    numeric = -(np.log(profile.at(x * 1.0001)) - np.log(profile.at(x / 1.0001))) / (2 * np.log(1.0001))
    np.testing.assert_allclose(profile.slope(x), numeric, rtol=1e-6)


def test_composition_is_that_of_the_gas():
    # mu = 4 / (1 + 3X + 4X x_e) and one electron for each 1 / (X x_e) proton masses, X = 0.76, x_e = 0.88 / 0.76
    assert pytest.approx(4 / 6.8) == MU
    assert pytest.approx(1 / 0.88) == MU_E


@pytest.mark.parametrize("given", [dict(profile="A11"), dict(M500c=5e14), dict(M500c=-1 * u.Msun)])
def test_bad_arguments_are_refused(given):
    with pytest.raises(ArgumentError, match=r"profile|M500c"):
        mean_compton_y(**({"M500c": 5e14 * u.Msun, "redshift": 0.1} | given))
