"""Runs of the network on matched filters, single and stacked; masses of the best runs' mean. Needs szfast[train]."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from szfast.dataset import from_arrays
from szfast.ensemble import Recipe, choose, read_chosen, train
from szfast.ensemble.feeds import FilteredFeed
from szfast.ensemble.file_masses import best_networks, masses_of_run
from szfast.ensemble.intervals import Intervals
from szfast.ensemble.run import Task, split_of
from szfast.ensemble.runs import best_runs
from szfast.ensemble.scaling import fixed_filters
from szfast.errors import ArgumentError, RunError
from szfast.networks import load, predict_log10_mass
from szfast.networks.filtered import filtered

pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

EDGES = (0.0, 0.4)


@pytest.fixture(scope="module")
def recipe():
    return Recipe(variant="filtered", epochs=40, batch_size=16, fractions=(0.34, 0.33, 0.33), learning_rate=1e-2)


@pytest.fixture(scope="module", params=[False, True], ids=["single", "stacked"])
def run(request, tmp_path_factory, dataset, recipe):
    # 32 validation maps within a tenth of a dex would be luck: from arrays of one mass, to 0.03 dex, there is a score
    folder = tmp_path_factory.mktemp("filtered") / "run"
    how = {"stacked": True} if request.param else {"workers": 0}
    return train(narrow(dataset), folder, runs=3, bins=(EDGES,), recipe=recipe, **how)


def narrow(dataset):
    """The same maps, their masses told to lie within 0.03 dex."""
    import astropy.units as u

    maps = dataset.clean().reshape(48, 2, 96, 96)
    log10_mass = 14.73 + 0.03 * (dataset.log10_mass_of()[::2] - 14.65) / 0.35
    redshift, region = np.asarray(dataset.labels["redshift"]), list(dataset.labels["region"])
    return from_arrays(maps, M500c=10**log10_mass * u.Msun, redshift=redshift, region=region, seed=1)


def test_it_learns(run, dataset):
    table = run.read("runs")
    variance = narrow(dataset).log10_mass_of().var()
    # the blobs tell the mass to 0.05 of the sample's range; noise and 32 training maps leave a third at most
    assert (np.array(table["validation_loss"]) < 0.35 * variance).all()
    assert len(set(table["weights_sha256"])) == len(set(table["split_sha256"])) == 3


def test_its_file_predicts_without_keras_what_was_validated(run, dataset):
    data = narrow(dataset)
    for path in best_runs(run.path, 1, 3):
        number = int(path.name[-4:])
        with np.load(path / "split.npz") as side:
            y = data.noisy(side["validation"], realisation=0, run=number)
            redshift, told = data.redshift_of(side["validation"]), side["predicted"]
        network = load(path / "network.npz")
        found = predict_log10_mass(y, network, redshift=redshift)
        # float32 sums of 2304 pixels in another order: 1e-5 of products up to 100, in a scale of 0.02 dex
        np.testing.assert_allclose(found, told, atol=1e-5)


def test_products_that_training_sees_are_those_of_noisy_maps(dataset, recipe, tmp_path):
    many = Recipe(**{**recipe.model_dump(), "batch_size": 1})
    split = split_of(dataset, recipe, EDGES, 0)
    feed = FilteredFeed(dataset, split, Task(tmp_path, 1, EDGES, 0, many), None, None)
    clean = filtered(dataset.clean(split.train), fixed_filters(dataset))
    noise = []
    for epoch in range(60):
        for (products, redshift), maps in feed.batches(epoch):
            row = int(np.searchsorted(split.train, maps[0]))
            noise.append(products[0] - clean[row])
            assert redshift[0, 0] == pytest.approx(dataset.redshift_of(maps)[0])
    made = filtered(dataset.noise_of(np.arange(96), realisation=5), fixed_filters(dataset))
    noise = np.array(noise)
    # variances of 1900 draws are known to 3 %, of 96 maps to 15 %: four sigma
    np.testing.assert_allclose(noise.var(axis=0), 1, atol=0.13)
    np.testing.assert_allclose(np.cov(noise.T), np.cov(made.T), atol=0.6)
    assert np.abs(noise.mean(axis=0)).max() < 4 / np.sqrt(len(noise))


def test_masses_of_the_best_runs(run, dataset, tmp_path):
    data = narrow(dataset)
    choose(data, run.path)
    maps = np.arange(6)
    y, redshift = data.noisy(maps), data.redshift_of(maps)
    each = [predict_log10_mass(y, load(path / "network.npz"), redshift=redshift) for path in best_runs(run.path, 1, 2)]
    several = read_chosen(run.path, members=2).masses(y, redshift)
    np.testing.assert_allclose(several["log10_M_pred"], np.mean(each, axis=0), atol=1e-5)
    np.testing.assert_allclose(several["between_runs"], np.abs(each[0] - each[1]) / np.sqrt(2), atol=1e-5)
    assert "between_runs" not in read_chosen(run.path).masses(y, redshift).colnames
    np.testing.assert_allclose(
        predict_log10_mass(y, best_networks(run.path, members=2), redshift=redshift), np.mean(each, axis=0), atol=1e-12
    )
    for members in (0, 4):
        with pytest.raises(ArgumentError, match="expected 1 to"):
            best_networks(run.path, members=members)
    with_bars(run)
    cutout = fits.PrimaryHDU(y[0].astype(np.float64))
    cutout.header.update({"NAME": "one", "Z": float(redshift[0])})
    cutout.writeto(tmp_path / "cutout.fits")
    table = masses_of_run(tmp_path / "cutout.fits", run.path, members=2)
    assert table["log10_M500c"][0] == pytest.approx(np.mean(each, axis=0)[0], abs=1e-6)
    ends = [table[name][0] - table["log10_M500c"][0] for name in ("lower95", "lower68", "upper68", "upper95")]
    np.testing.assert_allclose(ends, [-0.2, -0.1, 0.1, 0.2], atol=1e-12)


def with_bars(run):
    """Intervals of round numbers, which so few maps cannot give."""
    half = np.array([[0.1, 0.1], [0.2, 0.2]])
    table = Intervals(np.array([14.0, 15.0]), -half, half).table()
    table.add_column([1, 1], index=0, name="bin")
    run.write("intervals", table)


def test_networks_that_need_keras_are_told_apart(tmp_path, dataset, quick):
    run = train(dataset, tmp_path / "run", runs=1, bins=(EDGES,), recipe=quick, workers=0)
    with pytest.raises(RunError, match="predict with Keras alone"):
        best_networks(run.path)
