"""From a snapshot's particles to gas: electrons, temperature, what is left out, and bad arguments."""

from __future__ import annotations

import logging

import astropy.constants as const
import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest

from szfast.errors import ArgumentError, SnapshotError
from szfast.gas import read_snapshot


def _compton_y(mass, energy, electrons, hydrogen):
    """SCIENCE's formulae with astropy's units and constants."""
    mu = 4 / (1 + 3 * hydrogen + 4 * hydrogen * electrons)
    temperature = (2 / 3) * energy * mu * const.m_p / const.k_B
    number = electrons * hydrogen * mass / const.m_p
    y = const.sigma_T * const.k_B / (const.m_e * const.c**2) * number * temperature
    return temperature.to("K"), y.to("kpc2")


@pytest.mark.parametrize(
    ("arrays", "model", "electrons", "hydrogen", "words"),
    [
        ({"electron_per_hydrogen": [1.1, 1.2]}, "from_file", [1.1, 1.2], 0.76, "from_file"),
        ({}, "from_file", 0.88 / 0.76, 0.76, "fully_ionised (no electron fraction in file)"),
        ({"electron_per_hydrogen": [1.1, 1.2]}, "fully_ionised", 0.88 / 0.76, 0.76, "fully_ionised"),
        (
            {"hydrogen_fraction": [0.7, 0.75]},
            "fully_ionised",
            [0.85 / 0.7, 0.875 / 0.75],
            [0.7, 0.75],
            "fully_ionised",
        ),
        ({}, 1.0, 1.0, 0.76, "1 per hydrogen atom"),
        ({}, 0, 0.0, 0.76, "0 per hydrogen atom"),
    ],
)
def test_temperature_and_compton_y(snapshot, arrays, model, electrons, hydrogen, words):
    gas = read_snapshot(snapshot(count=2, **arrays), electrons=model)
    temperature, y = _compton_y(1e9 * u.Msun, 1e6 * u.km**2 / u.s**2, np.asarray(electrons), np.asarray(hydrogen))
    # float32 inputs, and astropy's newer CODATA: 1e-7 each.
    np.testing.assert_allclose(gas.temperature.to_value("K"), np.broadcast_to(temperature.value, 2), rtol=1e-6)
    np.testing.assert_allclose(gas.compton_y_area.to_value("kpc2"), np.broadcast_to(y.value, 2), rtol=1e-6, atol=0)
    assert gas.electron_model == words


def test_a_temperature_in_the_file_is_taken_as_it_is(snapshot):
    gas = read_snapshot(snapshot(count=2, internal_energy_km2_s2=None, temperature_k=[1e7, 3e7]))
    assert (gas.temperature_k == np.array([1e7, 3e7], dtype="f4")).all()


def test_neither_energy_nor_temperature(snapshot):
    with pytest.raises(SnapshotError, match=r"snapshot_005\.hdf5, 'InternalEnergy'"):
        read_snapshot(snapshot(internal_energy_km2_s2=None))


EXCLUDED = {
    "exclude_star_forming": ("star-forming", "star_formation_rate", [0, 1e-8, 5, 0]),
    "exclude_winds": ("wind", "wind_delay_time", [0, -0.1, 0.02, 0.1]),
    "exclude_neutral": ("neutral", "neutral_fraction", [0, 0.0999, 0.1, 0.9]),
}


@pytest.mark.parametrize("switch", EXCLUDED)
def test_exclusions(snapshot, switch, caplog):
    reason, field, values = EXCLUDED[switch]
    source = snapshot(**{field: values}, mass_msun=[1, 2, 3, 4])
    with caplog.at_level(logging.INFO, "szfast.gas"):
        gas = read_snapshot(source)
    left = [1.0, 4.0] if reason == "star-forming" else [1.0, 2.0]
    assert gas.mass_msun.tolist() == left
    assert gas.excluded == {reason: 2}
    assert f"2 of 4 gas particles left out ({reason})" in caplog.text
    assert f"{reason} gas" in str(gas)
    kept = read_snapshot(source, **{switch: False})
    assert len(kept) == 4
    assert kept.excluded == {}


def test_a_particle_with_two_reasons_counts_once(snapshot):
    source = snapshot(star_formation_rate=[0, 1, 1, 0], wind_delay_time=[0, 1, 0, 1])
    assert read_snapshot(source).excluded == {"star-forming": 1 + 1, "wind": 1}


def test_nothing_left(snapshot):
    with pytest.raises(SnapshotError, match=r"all 4 gas particles are left out.*exclude_star_forming"):
        read_snapshot(snapshot(star_formation_rate=[1, 1, 1, 1]))


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("electron_per_hydrogen", [1, 1, 1.31, 1]),
        ("electron_per_hydrogen", [1, -0.01, 1, 1]),
        ("electron_per_hydrogen", [1, np.nan, 1, 1]),
        ("hydrogen_fraction", [0.7, 0.7, 0.7, 1.01]),
        ("hydrogen_fraction", [0.7, 0.0, 0.7, 0.7]),
    ],
)
def test_impossible_composition(snapshot, field, values):
    with pytest.raises(SnapshotError, match=r"snapshot_005\.hdf5, '(electron|hydrogen) fraction'.*1 of 4"):
        read_snapshot(snapshot(**{field: values}))


def test_smoothing_scale_and_table(snapshot):
    gas = read_snapshot(snapshot(), smoothing_scale=3.0)
    assert (gas.smoothing_length_kpc == 60).all()
    table = str(gas)
    assert "times 3" in table
    assert "0.76" in table
    assert "fully_ionised" in table


def test_little_h_in_arguments(snapshot):
    source = snapshot()
    asked = {}

    def remember(**arguments):
        asked.update(arguments)
        return served(**arguments)

    served, source.gas = source.gas, remember
    kpc_h = u.kpc / cu.littleh
    gas = read_snapshot(source, center=[700, 1400, 2100] * kpc_h, radius=0.07 * u.Mpc / cu.littleh)
    np.testing.assert_allclose(asked["center_kpc"], [1000, 2000, 3000])
    assert asked["radius_kpc"] == pytest.approx(100)
    assert gas.radius_kpc == pytest.approx(100)


CENTER = [1, 2, 3] * u.Mpc


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"electrons": "ionized"}, "electrons"),
        ({"electrons": 1.4}, "electrons"),
        ({"electrons": -0.1}, "electrons"),
        ({"electrons": float("nan")}, "electrons"),
        ({"electrons": True}, "electrons"),
        ({"smoothing_scale": 0}, "smoothing_scale"),
        ({"smoothing_scale": float("inf")}, "smoothing_scale"),
        ({"radius": 1 * u.Mpc}, "radius"),
        ({"center": CENTER, "radius": 1000.0}, "radius"),
        ({"center": CENTER, "radius": -1 * u.Mpc}, "radius"),
        ({"center": CENTER, "radius": 1 * u.s}, "radius"),
        ({"center": [1, 2, 3]}, "center"),
        ({"center": [1, 2] * u.Mpc}, "center"),
        ({"center": [1, np.nan, 3] * u.Mpc}, "center"),
        ({"halo": {"center": CENTER, "redshift": 0.25}, "center": CENTER}, "halo"),
        ({"halo": {"center": CENTER, "redshift": 0.26}}, "halo"),
        ({"halo": 3}, "halo"),
    ],
)
def test_bad_arguments(snapshot, arguments, field):
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        read_snapshot(snapshot(), **arguments)
