"""Batches against maps taken one by one: nothing lost, turned as said, noise of the epoch's key."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.dataset import Batches
from szfast.errors import ArgumentError
from szfast.networks.square import symmetries, turned


def together(batches):
    parts = list(batches)
    return np.concatenate([y for y, _ in parts]), np.concatenate([target for _, target in parts])


def test_plain_batches_are_the_maps_in_order(dataset):
    batches = Batches(dataset, batch_size=50, shuffle=False, symmetries=False, noise=False)
    assert len(batches) == 4
    assert [len(y) for y, _ in batches.epoch(0)] == [50, 50, 50, 30]
    y, target = together(batches.epoch(3))
    np.testing.assert_array_equal(y, dataset.clean())
    np.testing.assert_array_equal(target, dataset.log10_mass_of().astype(np.float32))
    assert y.dtype == target.dtype == np.float32


def test_an_epoch_shows_each_map_once_in_a_new_order(dataset):
    maps = np.arange(0, 180, 2)
    batches = Batches(dataset, maps, batch_size=32, symmetries=False, noise=False)
    first, second = (together(batches.epoch(number))[0] for number in (0, 1))
    # random maps: their first pixels tell them apart
    expected = np.sort(dataset.clean(maps)[:, 0, 0])
    for y in (first, second):
        np.testing.assert_array_equal(np.sort(y[:, 0, 0]), expected)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, dataset.clean(maps))


def test_noise_is_the_epochs_draw_of_this_run(dataset):
    options = {"shuffle": False, "symmetries": False, "run": 6}
    fresh = Batches(dataset, batch_size=32, **options)
    for epoch in (0, 3):
        np.testing.assert_array_equal(together(fresh.epoch(epoch))[0], dataset.noisy(realisation=epoch, run=6))
    fixed = Batches(dataset, batch_size=70, realisation=2, **options)
    for epoch in (0, 3):
        np.testing.assert_array_equal(together(fixed.epoch(epoch))[0], dataset.noisy(realisation=2, run=6))


def test_each_map_is_turned_in_one_of_eight_ways(dataset):
    batches = Batches(dataset, shuffle=False, noise=False)
    eight = symmetries(dataset.clean())
    y = together(batches.epoch(0))[0]
    same = (eight == y).all(axis=(2, 3))
    np.testing.assert_array_equal(same.sum(axis=0), 1)
    counts = same.sum(axis=1)
    # 180 maps: 22.5 of each within 4 standard deviations of a binomial
    assert counts.min() > 22.5 - 4 * 4.4
    assert counts.max() < 22.5 + 4 * 4.4


def test_turned_is_symmetries_one_by_one():
    maps = np.random.default_rng(0).random((8, 5, 5))
    np.testing.assert_array_equal(turned(maps, np.arange(8)), symmetries(maps)[np.arange(8), np.arange(8)])


def test_batches_do_not_depend_on_threads(dataset):
    one, many = (together(Batches(dataset, batch_size=16, threads=n, seed=4).epoch(5)) for n in (1, 7))
    np.testing.assert_array_equal(one[0], many[0])
    np.testing.assert_array_equal(one[1], many[1])
    other = together(Batches(dataset, batch_size=16, seed=5).epoch(5))
    assert not np.array_equal(one[1], other[1])


def test_an_epoch_may_be_broken_off(dataset):
    batches = Batches(dataset, batch_size=8)
    epoch = batches.epoch(0)
    y, _ = next(epoch)
    epoch.close()
    np.testing.assert_array_equal(y, batches.batch(0, 0)[0])


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"maps": []}, "maps"),
        ({"maps": [180]}, "maps"),
        ({"batch_size": 0}, "batch_size"),
        ({"run": -1}, "run"),
        ({"realisation": -1}, "realisation"),
    ],
)
def test_wrong_options_are_refused(dataset, options, field):
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        Batches(dataset, **options)


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore")
def test_tf_data_and_keras_are_fed_the_same_epochs(dataset):
    pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")
    keras = pytest.importorskip("keras", reason="needs the extra szfast[train]")
    batches = Batches(dataset, batch_size=64)
    expected = [together(batches.epoch(number)) for number in range(3)]
    passes = batches.as_tf_data()
    assert int(passes.cardinality()) == len(batches)
    for y, target in expected:
        fed_y, fed_target = together((np.asarray(a), np.asarray(b)) for a, b in passes)
        np.testing.assert_array_equal(fed_y[..., 0], y)
        np.testing.assert_array_equal(fed_target, target)

    # a model whose loss is a sum over what it was shown: fit must show it each epoch's own maps
    class Seen(keras.Model):
        def call(self, y):
            return keras.ops.mean(y, axis=(1, 2, 3))

    shown = []
    feed = batches.as_keras(first_epoch=1)
    assert len(feed) == len(batches)
    model = Seen()
    model.compile(optimizer="sgd", loss=lambda truth, made: keras.ops.abs(made) * 1e6)
    log = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: shown.append(logs["loss"]))
    model.fit(feed, epochs=2, callbacks=[log], verbose=0, shuffle=False)
    means = [np.abs(y.mean(axis=(1, 2), dtype=np.float64)).mean() * 1e6 for y, _ in expected[1:]]
    np.testing.assert_allclose(shown, means, rtol=1e-5)
