"""Integrals over gas against counts that can be done by hand."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import Planck18
from hypothesis import given
from hypothesis import strategies as st

from szfast.errors import ArgumentError
from szfast.gas import Gas, cylindrical_compton_y, mass_weighted_temperature, spherical_compton_y


def _gas(position_kpc, **arguments):
    count = len(position_kpc)
    values = {
        "position": position_kpc * u.kpc,
        "mass": np.full(count, 1e9) * u.Msun,
        "temperature": np.full(count, 1e7) * u.K,
        "smoothing_length": np.full(count, 10) * u.kpc,
        "redshift": 0.25,
        "cosmology": Planck18,
    }
    return Gas.from_arrays(**{**values, **arguments})


def _count(gas, quantity):
    return quantity.to_value("kpc2") / gas.compton_y_kpc2()[0]


GRID = np.stack(np.meshgrid(*[np.arange(-5.0, 6.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.5, 4.9])
def test_spheres_on_a_grid(radius):
    gas = _gas(GRID)
    expected = (np.linalg.norm(GRID, axis=1) <= radius).sum()
    assert _count(gas, spherical_compton_y(gas, radius=radius * u.kpc)) == pytest.approx(expected)


def test_a_comoving_centre():
    gas = _gas(GRID, center=[100, 100, 100] * u.kpc)
    # 1.25 comoving kpc are 1 physical kpc at z = 0.25.
    y = spherical_compton_y(gas, center=[102.5, 100, 100] * u.kpc, radius=1.2 * u.kpc)
    assert _count(gas, y) == pytest.approx(7)


@pytest.mark.parametrize(("axis", "half_depth", "expected"), [((0, 0, 2), 1.2, 15), ((5, 0, 0), None, 55)])
def test_cylinders_on_a_grid(axis, half_depth, expected):
    gas = _gas(GRID)
    depth = None if half_depth is None else half_depth * u.kpc
    y = cylindrical_compton_y(gas, axis=axis, radius=1.2 * u.kpc, half_depth=depth)
    assert _count(gas, y) == pytest.approx(expected)


@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1), st.floats(0.3, 3))
def test_cylinder_of_any_axis(axis, radius):
    position = np.random.default_rng(5).normal(size=(50, 3))
    direction = np.array(axis) / np.linalg.norm(axis)
    across = np.linalg.norm(np.cross(position, direction), axis=1)
    along = np.abs(position @ direction)
    # A particle within rounding of the wall may fall on either side.
    if min(np.abs(across - radius).min(), np.abs(along - 1.0).min()) < 1e-6:
        return
    gas = _gas(position)
    y = cylindrical_compton_y(gas, axis=axis, radius=radius * u.kpc, half_depth=1 * u.kpc)
    assert _count(gas, y) == pytest.approx(((across <= radius) & (along <= 1.0)).sum())


def test_wrapping_in_a_periodic_box():
    gas = _gas(np.array([[1.0, 0, 0], [39.0, 0, 0], [20.0, 0, 0]]))
    # A box of 50 comoving kpc is 40 physical kpc wide.
    gas.box_size_kpc = 50.0
    assert _count(gas, spherical_compton_y(gas, radius=2 * u.kpc)) == pytest.approx(2)
    y = spherical_compton_y(gas, center=[49, 0, 0] * u.kpc, radius=2 * u.kpc)
    assert _count(gas, y) == pytest.approx(2)


def test_temperature_is_weighted_by_mass():
    gas = _gas(np.zeros((2, 3)), mass=[1e9, 3e9] * u.Msun, temperature=[4.0, 8.0] * u.keV)
    assert mass_weighted_temperature(gas, radius=1 * u.kpc).to_value("keV") == pytest.approx(7.0, rel=1e-6)


def test_what_was_not_read_is_not_summed():
    gas = _gas(GRID)
    gas.radius_kpc = 5.0
    spherical_compton_y(gas, radius=5 * u.kpc)
    for call in (
        lambda: spherical_compton_y(gas, radius=5.1 * u.kpc),
        lambda: spherical_compton_y(gas, radius=4.5 * u.kpc, center=[1, 0, 0] * u.kpc),
        lambda: cylindrical_compton_y(gas, axis=(1, 0, 0), radius=4 * u.kpc, half_depth=4 * u.kpc),
        lambda: mass_weighted_temperature(gas, radius=6 * u.kpc),
    ):
        with pytest.raises(ArgumentError, match=r"gas was read out to 5 kpc.*larger radius"):
            call()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"radius": 5.0}, "radius"),
        ({"radius": 0 * u.kpc}, "radius"),
        ({"radius": 25 * u.kpc}, "radius"),
        ({"radius": 1 * u.kpc, "center": [1, 2] * u.kpc}, "center"),
    ],
)
def test_bad_arguments(arguments, field):
    gas = _gas(GRID)
    gas.box_size_kpc = 50.0
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        spherical_compton_y(gas, **arguments)


@pytest.mark.parametrize("axis", [(0, 0, 0), (1, 0), (np.nan, 0, 1)])
def test_bad_axis(axis):
    with pytest.raises(ArgumentError, match="'axis'"):
        cylindrical_compton_y(_gas(GRID), axis=axis, radius=1 * u.kpc)


def test_empty_sphere_has_no_temperature():
    with pytest.raises(ArgumentError, match="no particle"):
        mass_weighted_temperature(_gas(GRID + 0.5), radius=0.1 * u.kpc)
