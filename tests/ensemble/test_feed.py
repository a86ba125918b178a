from __future__ import annotations

import numpy as np
import pytest

from szfast.ensemble.feed import maps_of, training_batches, turned
from szfast.ensemble.keys import FIRST_EPOCH
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.scaling import measured_scaling
from szfast.networks import symmetries


def epoch(dataset, recipe, **key):
    chosen = {"bin_number": 1, "run": 0, "epoch": 0} | key
    batches = list(training_batches(dataset, np.arange(32), recipe, **chosen))
    return np.concatenate([y for y, _ in batches]), np.concatenate([maps for _, maps in batches])


@pytest.fixture
def recipe():
    return Recipe(batch_size=8, augment=False)


def test_an_epoch_shows_each_map_once_in_an_order_of_its_own(dataset, recipe):
    orders = [epoch(dataset, recipe, **key)[1] for key in ({}, {}, {"epoch": 1}, {"run": 1}, {"bin_number": 2})]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(32))
    np.testing.assert_array_equal(orders[0], orders[1])
    assert len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize(("noise", "fresh"), [("fresh", True), ("frozen", False)])
def test_noise_of_an_epoch(dataset, recipe, noise, fresh):
    recipe = recipe.model_copy(update={"noise": noise})
    noises = []
    for number in (0, 1):
        y, maps = epoch(dataset, recipe, epoch=number)
        noises.append((y - dataset.clean(maps))[np.argsort(maps)])
    assert noises[0].std() == pytest.approx(1.63e-6, rel=0.1)
    # cancelling a cluster of 3e-5 against itself leaves rounding of 2e-12
    assert np.allclose(noises[0], noises[1], atol=1e-11) is not fresh


def test_clean_maps_carry_no_noise(dataset, recipe):
    y, maps = epoch(dataset, recipe.model_copy(update={"noise": "none"}))
    np.testing.assert_array_equal(y, dataset.clean(maps))


def test_a_left_over_is_left_out_and_differs_from_epoch_to_epoch(dataset, recipe):
    recipe = recipe.model_copy(update={"batch_size": 10})
    missing = [set(range(32)) - set(epoch(dataset, recipe, epoch=number)[1].tolist()) for number in range(3)]
    assert [len(each) for each in missing] == [2, 2, 2]
    assert missing[0] != missing[1] or missing[1] != missing[2]


def test_symmetries_are_numbered_as_the_networks_number_them(dataset):
    y = dataset.noisy(np.arange(8))
    np.testing.assert_array_equal(turned(y, np.arange(8)), symmetries(y)[np.arange(8), np.arange(8)])


def test_scaling_is_that_of_the_training_set(dataset, recipe):
    train = np.arange(0, 60)
    scaling = measured_scaling(dataset, train, recipe, 3)
    y = maps_of(dataset, train, recipe, FIRST_EPOCH, 3).astype(np.float64)
    assert (scaling.input_mean, scaling.input_std) == pytest.approx((y.mean(), y.std()), rel=1e-6)
    assert scaling.target_offset == pytest.approx(dataset.log10_mass_of(train).mean())
    # the blobs fill 5 % of the pixels: the rest is the noise of the milca spectrum
    assert scaling.softening == pytest.approx(1.63e-6, rel=0.2)
