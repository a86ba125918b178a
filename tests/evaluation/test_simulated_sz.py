"""M_SZ of a data set's clusters, by their true Y500 and from their maps."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

import szfast
from szfast.errors import ArgumentError
from szfast.evaluation import add_sz_masses, expected_compton_y, map_sz_mass, run_pairs, theta_500
from szfast.run_folder import create_run


@pytest.fixture
def dataset(cosmology, analytic_map):
    """Two clusters at z = 0.2 with two views each, 8e14 Msun and too faint to be seen at all."""
    mass = [8e14, 1e12] * u.Msun
    y500 = expected_compton_y(mass, 0.2, cosmology)
    solid = (y500 / cosmology.angular_diameter_distance(0.2) ** 2).to_value(u.arcmin**2, u.dimensionless_angles())
    bright = analytic_map(solid[0], theta_500(mass[0], 0.2, cosmology).value)
    maps = np.stack([[bright, bright], np.full((2, 96, 96), -1e-6)]).astype("f4")
    return szfast.dataset.from_arrays(maps, M500c=mass, redshift=[0.2, 0.2], Y500=y500, views=np.stack([np.eye(3)] * 2))


@pytest.fixture
def run(tmp_path):
    run = create_run(tmp_path, {})
    columns = {"bin": [2] * 3, "run": [1] * 3, "maps": ["planck-like"] * 3, "cluster": [0, 0, 1], "view": [0, 1, 0]}
    numbers = {"redshift": [0.2] * 3, "log10_M_true": [14.9, 14.9, 12.0], "log10_M_pred": [14.9, 14.8, 14.0]}
    run.write("predictions", {**columns, **numbers})
    return run


def test_true_y500(run, dataset, cosmology):
    assert add_sz_masses(run, dataset, cosmology) == 0
    np.testing.assert_allclose(run.read("predictions")["log10_M_SZ_true"], np.log10([8e14, 8e14, 1e12]), rtol=1e-12)


@pytest.mark.parametrize("source", ["matched_filter", "aperture"])
def test_from_noisy_maps(run, dataset, cosmology, source):
    add_sz_masses(run, dataset, cosmology, source=source)
    bright = np.asarray(run.read("predictions")["log10_M_SZ"])[:2]
    # the matched filter's error is 6 % in mass, 0.03 dex; the aperture's 0.04
    np.testing.assert_allclose(bright, np.log10(8e14), atol=0.15)
    assert bright[0] != bright[1]


def test_measured_on_the_noise_that_each_run_saw(run, dataset, cosmology):
    """A network's test maps have the noise of its own run: M_SZ beside its mass must come from the same map."""
    table = run.read("predictions")
    table["run"], table["view"] = [1, 2, 1], [0, 0, 0]
    run.write("predictions", table)
    add_sz_masses(run, dataset, cosmology, source="matched_filter")
    found = np.asarray(run.read("predictions")["log10_M_SZ"])
    for row, number in ((0, 1), (1, 2)):
        y = dataset.noisy(np.array([0]), realisation=1, run=number)
        expected = map_sz_mass(y, 0.2, cosmology)["M500c"].to_value("Msun")[0]
        assert found[row] == pytest.approx(np.log10(expected), rel=1e-12)
    assert found[0] != found[1]


def test_a_map_without_signal_has_no_mass(run, dataset, cosmology):
    table = run.read("predictions")
    table["log10_M_SZ"] = [14.8, np.nan, np.nan]
    run.write("predictions", table)
    assert len(run_pairs(run, "planck-like", "M_SZ")) == 1
    assert len(run_pairs(run, "planck-like", "M_true")) == 3


def test_refusals(run, dataset, cosmology):
    with pytest.raises(ArgumentError, match="'source'"):
        add_sz_masses(run, dataset, cosmology, source="guess")
    table = run.read("predictions")
    table["cluster"] = [0, 1, 2]
    run.write("predictions", table)
    with pytest.raises(ArgumentError, match="beyond the data set"):
        add_sz_masses(run, dataset, cosmology)
