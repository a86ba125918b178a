"""Data sets in memory: which map is which, and the noise that is added."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast.dataset import from_arrays
from szfast.errors import ArgumentError, SzfastError
from szfast.maps.noise import NoiseKey, noise_maps


def test_map_i_is_a_view_of_a_cluster(dataset):
    everything = dataset.clean()
    assert len(dataset) == 180
    assert everything.shape == (180, 16, 16)
    np.testing.assert_array_equal(dataset.clean([7, 0, 7]), everything[[7, 0, 7]])
    np.testing.assert_array_equal(dataset.cluster_of([2, 3, 179]), [0, 1, 59])
    np.testing.assert_allclose(dataset.log10_mass_of([0, 2, 179]), [14, 14, 15], rtol=1e-12)
    np.testing.assert_allclose(dataset.redshift_of([5]), 0.02 + 0.96 / 59, rtol=1e-12)


def test_noise_is_that_of_the_key(dataset, small_instrument):
    # one cluster at a time, through the noise that make_maps adds
    maps = np.array([5, 4, 100])
    expected = dataset.clean(maps)
    for row, index in enumerate(maps):
        number = int(dataset.labels["noise_cluster"][index // 3])
        key = NoiseKey(seed=11, cluster=number, realisation=4, run=9)
        expected[row] += noise_maps(small_instrument, "milca", key, views=np.array([index % 3]))[0]
    np.testing.assert_array_equal(dataset.noisy(maps, realisation=4, run=9), expected)


def test_noise_of_a_map_does_not_depend_on_its_batch(dataset, monkeypatch):
    everything = dataset.noisy(realisation=2)
    np.testing.assert_array_equal(dataset.noisy([170, 3], realisation=2, threads=1), everything[[170, 3]])
    monkeypatch.setattr("szfast.dataset.maps.NOISE_BLOCK", 7)
    np.testing.assert_array_equal(dataset.noisy(realisation=2), everything)
    one_a_map = dataset.noisy([3, 4], realisation=np.array([2, 5]))
    np.testing.assert_array_equal(one_a_map[0], everything[3])
    np.testing.assert_array_equal(one_a_map[1], dataset.noisy([4], realisation=5)[0])


def test_no_two_maps_share_noise(dataset):
    draws = [dataset.noisy(realisation=k, run=r) - dataset.clean() for k, r in ((0, 0), (1, 0), (0, 1))]
    corners = np.concatenate([each[:, 0, 0] for each in draws])
    assert len(np.unique(corners)) > 530  # float32 of 540 numbers: a few may agree by chance
    assert not set(dataset.labels["noise_cluster"][:1]) & set(dataset.labels["noise_cluster"][1:])


def test_clean_maps_are_copies(dataset):
    dataset.clean([0])[:] = 7
    assert dataset.clean([0]).max() < 1


@pytest.mark.parametrize("maps", [[-1], [180], [0.5], [[0]], [True], "0"])
def test_wrong_indices_are_refused(dataset, maps):
    with pytest.raises(ArgumentError, match="'maps'"):
        dataset.clean(maps)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"clean": np.zeros((2, 3, 16, 15), np.float32)}, "clean"),
        ({"clean": np.full((2, 3, 16, 16), np.nan, np.float32)}, "clean"),
        ({"M500c": [1e14, 2e14]}, "M500c"),
        ({"M500c": [1e14, -1] * u.Msun}, "M500c"),
        ({"redshift": [0.1]}, "redshift"),
        ({"redshift": [0.1, np.nan]}, "redshift"),
        ({"region": ["a"]}, "region"),
        ({"center": np.zeros((2, 2)) * u.kpc}, "center"),
        ({"views": np.eye(3)[None]}, "views"),
    ],
)
def test_wrong_arrays_are_refused(small_instrument, change, field):
    given = {"clean": np.zeros((2, 3, 16, 16), np.float32), "M500c": [1e14, 2e14] * u.Msun, "redshift": [0.1, 0.2]}
    given |= change
    with pytest.raises(SzfastError, match=f"'{field}'"):
        from_arrays(given.pop("clean"), instrument=small_instrument, **given)


def test_one_cluster_is_a_map_set(dataset):
    maps = dataset.map_set(4, realisation=3)
    np.testing.assert_array_equal(maps.y, dataset.noisy([12, 13, 14], realisation=3))
    assert maps.noise == "milca"
    assert maps.M500c_msun == pytest.approx(10 ** dataset.log10_mass_of([12])[0])
    np.testing.assert_array_equal(dataset.map_set(4, noise=False).y, dataset.clean([12, 13, 14]))
    with pytest.raises(ArgumentError, match="'cluster'"):
        dataset.map_set(60)
