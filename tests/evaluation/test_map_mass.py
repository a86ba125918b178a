"""Masses measured on maps, against maps made by direct sums and against the scatter of many noise draws."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

import szfast
from szfast.errors import ArgumentError
from szfast.evaluation import expected_compton_y, map_sz_mass, theta_500
from szfast.filters.flux_filters import METHODS, flux_filter
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.maps.spectrum import noise_spectrum

P13 = (6.41, 1.81, 0.31, 1.33, 4.13)


@pytest.fixture(scope="module")
def noise():
    return noise_maps(szfast.PLANCK, "milca", NoiseKey(seed=4), views=400)


def clusters(cosmology, analytic_map, cases, **kwargs):
    maps, redshifts, masses = [], [], []
    for mass, z in cases:
        y500 = expected_compton_y(mass * u.Msun, z, cosmology)
        distance = cosmology.angular_diameter_distance(z)
        theta = theta_500(mass * u.Msun, z, cosmology).value
        solid = (y500 / distance**2).to_value(u.arcmin**2, u.dimensionless_angles())
        maps.append(analytic_map(solid, theta, **kwargs))
        redshifts.append(z)
        masses.append(mass)
    return np.array(maps), np.array(redshifts), np.array(masses)


CASES = [(3e14, 0.03), (6e14, 0.15), (8e14, 0.35), (1e15, 0.8)]


@pytest.mark.parametrize("method", METHODS)
def test_mass_comes_back_from_a_clean_map(cosmology, analytic_map, method):
    maps, z, mass = clusters(cosmology, analytic_map, CASES)
    table = map_sz_mass(maps, z, cosmology, method=method)
    # 0.3 %: the reference's own steps, where the profile's cusp meets its finest pixel, reach 0.2 % in Y
    np.testing.assert_allclose(table["M500c"].to_value(u.Msun), mass, rtol=3e-3)
    np.testing.assert_allclose(table["theta_500"].value, theta_500(mass * u.Msun, z, cosmology).value, rtol=1e-3)


def test_another_profile(cosmology, analytic_map):
    maps, z, mass = clusters(cosmology, analytic_map, CASES[1:3], profile=P13)
    own = map_sz_mass(maps, z, cosmology, profile="P13")["M500c"].to_value(u.Msun)
    np.testing.assert_allclose(own, mass, rtol=3e-3)
    # Planck's profile is wider: the narrower template finds less inside R500
    other = map_sz_mass(maps, z, cosmology, profile="A10")["M500c"].to_value(u.Msun)
    assert (np.abs(other / mass - 1) > 5e-3).all()


@pytest.mark.parametrize("method", METHODS)
def test_error_is_the_scatter_of_noise(noise, method):
    filters = flux_filter(szfast.PLANCK, noise_spectrum("milca"), method=method)
    drawn = filters.apply(noise)
    # 400 draws tell a standard deviation to 3.5 %
    np.testing.assert_allclose(drawn.std(axis=0), filters.sigma_arcmin2, rtol=0.12)
    assert (np.abs(drawn.mean(axis=0)) < 4 * filters.sigma_arcmin2 / 20).all()


@pytest.mark.parametrize("method", METHODS)
def test_mass_and_its_error_under_noise(cosmology, analytic_map, noise, method):
    maps, z, mass = clusters(cosmology, analytic_map, CASES[1:2])
    table = map_sz_mass((maps + noise).astype("f4"), z[0], cosmology, method=method)
    found = table["M500c"].to_value(u.Msun)
    assert found.mean() == pytest.approx(mass[0], rel=0.02)
    assert np.median(table["M500c_error"].value) == pytest.approx(found.std(), rel=0.12)


def test_matched_filter_is_the_less_noisy():
    spectrum = noise_spectrum("milca")
    matched, aperture = (flux_filter(szfast.PLANCK, spectrum, method=each) for each in METHODS)
    assert (matched.sigma_arcmin2 < aperture.sigma_arcmin2).all()


def test_no_signal_gives_no_mass(cosmology):
    empty = np.zeros((1, 96, 96)) - 1e-7 * (np.hypot(*np.mgrid[-47.5:48, -47.5:48]) < 10)
    table = map_sz_mass(empty, 0.2, cosmology)
    assert np.isnan(table["M500c"][0].value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"method": "guess"}, "method"),
        ({"profile": "NFW"}, "profile"),
        ({"noise": None}, "noise"),
        ({"redshift": 0.0}, "redshift"),
        ({"maps": np.zeros((1, 64, 64))}, "maps"),
    ],
)
def test_refusals(cosmology, change, field):
    arguments = {"maps": np.zeros((1, 96, 96)), "redshift": 0.2, "cosmology": cosmology, **change}
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        map_sz_mass(**arguments)
