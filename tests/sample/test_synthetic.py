"""The synthetic cluster against the published pressure profile and relation."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import quad

import szfast
from szfast.constants import K_B_J_PER_K, KEV_J, KPC_M, M_E_C2_J, SIGMA_T_M2
from szfast.errors import ArgumentError
from szfast.gas import spherical_compton_y


def R500c_kpc(M500c_msun, redshift, cosmology):
    critical = cosmology.critical_density(redshift).to_value("Msun / kpc3")
    return (3 * M500c_msun / (4 * np.pi * 500 * critical)) ** (1 / 3)


def a10_compton_y_mpc2(M500c_msun, redshift, cosmology, x_end):
    """Spherical integral of Arnaud et al. (2010), eqs 11 to 13, written out here."""
    h70 = cosmology.h / 0.7
    P500 = 1.65e-3 * cosmology.efunc(redshift) ** (8 / 3) * (M500c_msun * h70 / 3e14) ** (2 / 3 + 0.12) * h70**2
    shape = lambda x: 8.403 * h70**-1.5 / ((1.177 * x) ** 0.3081 * (1 + (1.177 * x) ** 1.051) ** (5.1824 / 1.051))  # noqa: E731
    R_kpc = R500c_kpc(M500c_msun, redshift, cosmology)
    volume = quad(lambda x: 4 * np.pi * x**2 * shape(x), 0, x_end)[0] * (R_kpc * KPC_M) ** 3
    return SIGMA_T_M2 / M_E_C2_J * P500 * KEV_J * 1e6 * volume / (KPC_M * 1e3) ** 2


@pytest.mark.parametrize("M500c", [2e14, 8e14])
@pytest.mark.parametrize("redshift", [0.05, 0.5])
def test_smooth_cluster_has_the_profiles_y(M500c, redshift):
    gas = szfast.synthetic_cluster(M500c=M500c * u.Msun, redshift=redshift, clumps=False)
    truth = a10_compton_y_mpc2(M500c, redshift, gas.cosmology, 5.0)
    # the sum over particles is a Monte Carlo integral with stratified radii
    assert gas.compton_y_area.sum().to_value("Mpc2") == pytest.approx(truth, rel=2e-3)
    R_kpc = R500c_kpc(M500c, redshift, gas.cosmology)
    inside = spherical_compton_y(gas, radius=R_kpc * u.kpc).to_value("Mpc2")
    # the ellipsoid of axes 1.15 and 1/1.15 carries some of the pressure across R500
    assert inside == pytest.approx(a10_compton_y_mpc2(M500c, redshift, gas.cosmology, 1.0), rel=0.04)


def test_mass_and_temperature_are_a_clusters():
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.1)
    r = np.linalg.norm(gas.offset_kpc, axis=1)
    inside = r < R500c_kpc(8e14, 0.1, gas.cosmology)
    assert gas.mass_msun[inside].sum(dtype=float) / 8e14 == pytest.approx(0.13, abs=0.01)
    kev = gas.temperature_k[inside].mean() * K_B_J_PER_K / KEV_J
    # the M-T relation of Arnaud et al. (2005): 3.84e14 h70^-1 Msun at 5 keV, slope 1.5
    assert kev == pytest.approx(5 * (8 / 3.84) ** (1 / 1.5), rel=0.25)


def test_same_seed_same_cluster():
    first, again, other = (szfast.synthetic_cluster(M500c=5e14 * u.Msun, redshift=0.2, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.offset_kpc, again.offset_kpc)
    assert not np.array_equal(first.offset_kpc, other.offset_kpc)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"M500c": 5e14}, "'M500c': expected a quantity"),
        ({"M500c": 5 * u.Msun}, "'M500c': expected 1e12"),
        ({"redshift": -1}, "'redshift'"),
        ({"particles": 10}, "'particles'"),
        ({"particles": 1e4}, "'particles'"),
        ({"seed": -1}, "'seed'"),
    ],
)
def test_bad_arguments_are_refused(change, says):
    with pytest.raises(ArgumentError, match=says):
        szfast.synthetic_cluster(**({"M500c": 5e14 * u.Msun, "redshift": 0.1} | change))
