"""Gas from a user's own arrays."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import Planck18

from szfast.errors import ArgumentError
from szfast.gas import Gas

GOOD = {
    "position": np.arange(9.0).reshape(3, 3) * u.Mpc,
    "mass": [1e9, 2e9, 3e9] * u.Msun,
    "temperature": [1e7, 2e7, 3e7] * u.K,
    "smoothing_length": [10, 20, 30] * u.kpc,
    "redshift": 0.1,
    "cosmology": Planck18,
}


def test_quantities_come_back():
    gas = Gas.from_arrays(**GOOD)
    assert len(gas) == 3
    assert gas.position[2, 2] == 8 * u.Mpc
    np.testing.assert_allclose(gas.mass.to_value("Msun"), [1e9, 2e9, 3e9], rtol=1e-7)
    np.testing.assert_allclose(gas.temperature.to_value("K"), [1e7, 2e7, 3e7], rtol=1e-7)
    np.testing.assert_allclose(gas.smoothing_length.to_value("kpc"), [10, 20, 30], rtol=1e-7)
    assert gas.electron_model == "fully_ionised"
    assert (gas.center == 0).all()


def test_energy_and_temperature_agree():
    gas = Gas.from_arrays(**GOOD)
    kt = Gas.from_arrays(**{**GOOD, "temperature": (GOOD["temperature"]).to("keV", u.temperature_energy())})
    np.testing.assert_allclose(kt.temperature_k, gas.temperature_k, rtol=1e-6)
    # T = (2/3) u mu m_p / k_B; 1 (km/s)^2 is 80.77 K mu.
    mu = 4 / (1 + 3 * 0.76 + 4 * 0.88)
    energy = gas.temperature_k / (80.7653 * mu) * u.km**2 / u.s**2
    arguments = {name: value for name, value in GOOD.items() if name != "temperature"}
    back = Gas.from_arrays(**arguments, internal_energy=energy)
    np.testing.assert_allclose(back.temperature_k, gas.temperature_k, rtol=1e-5)


def test_support_radius_from_the_density():
    arguments = {name: value for name, value in GOOD.items() if name != "smoothing_length"}
    density = [1e4, 1e5, 1e6] * u.Msun / u.kpc**3
    gas = Gas.from_arrays(**arguments, density=density)
    inside = density * 4 / 3 * np.pi * gas.smoothing_length**3 / gas.mass
    np.testing.assert_allclose(inside.to_value(1), 64, rtol=1e-6)


def test_electrons_and_hydrogen_as_arrays():
    gas = Gas.from_arrays(**GOOD, electrons=[0.5, 1.0, 1.2], hydrogen_fraction=0.7)
    ratio = gas.compton_y_kpc2() / Gas.from_arrays(**GOOD).compton_y_kpc2()
    np.testing.assert_allclose(ratio, np.array([0.5, 1.0, 1.2]) * 0.7 / 0.88, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"position": np.zeros((3, 3))}, "position"),
        ({"position": np.zeros((3, 2)) * u.kpc}, "position"),
        ({"position": np.zeros((0, 3)) * u.kpc}, "position"),
        ({"position": np.full((3, 3), np.nan) * u.kpc}, "position"),
        ({"mass": [1, 2, -3] * u.Msun}, "mass"),
        ({"mass": [1, 2, 0] * u.Msun}, "mass"),
        ({"mass": [1, 2] * u.Msun}, "mass"),
        ({"mass": [1, 2, 3] * u.kpc}, "mass"),
        ({"temperature": [1, np.nan, 3] * u.K}, "temperature"),
        ({"temperature": [1, 2, -3] * u.K}, "temperature"),
        ({"temperature": None}, "temperature or internal_energy"),
        ({"internal_energy": [1, 2, 3] * u.km**2 / u.s**2}, "temperature or internal_energy"),
        ({"smoothing_length": [1, 2, 0] * u.kpc}, "smoothing_length"),
        ({"smoothing_length": None}, "smoothing_length or density"),
        ({"electrons": 1.5}, "electrons"),
        ({"electrons": [1.0, 1.0]}, "electrons"),
        ({"electrons": [1.0, np.nan, 1.0]}, "electrons"),
        ({"electrons": "from_file"}, "electrons"),
        ({"hydrogen_fraction": 1.2}, "hydrogen_fraction"),
        ({"kernel": "gaussian"}, "kernel"),
        ({"redshift": -0.1}, "redshift"),
        ({"redshift": np.nan}, "redshift"),
        ({"cosmology": "Planck18"}, "cosmology"),
        ({"center": [1, 2, 3]}, "center"),
    ],
)
def test_bad_arguments(changes, field):
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        Gas.from_arrays(**{**GOOD, **changes})
