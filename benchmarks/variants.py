"""All networks on the same maps with the same recipe: a table of how good each is, and what its training costs.

    python benchmarks/variants.py STORE TEST_STORE FOLDER [--epochs N] [--bins 2 ...]

One run of every variant and redshift bin is trained on the first view of each cluster of STORE, into FOLDER, and tested
on the first view of each cluster of TEST_STORE, another seed's; maps are not turned. Started again it goes on.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import astropy.units as u
import numpy as np

from szfast.dataset import from_arrays, open_dataset
from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.ensemble import Recipe, train
from szfast.ensemble.keys import TEST
from szfast.ensemble.outcome import read_keras
from szfast.ensemble.prediction import predict
from szfast.evaluation.statistics import spread
from szfast.networks.variants import VARIANTS


def first_views(dataset):
    """The same clusters, each seen once."""
    labels = dataset.labels
    maps = dataset.clean(np.arange(len(labels)) * dataset.n_views)
    single = from_arrays(
        maps[:, np.newaxis],
        M500c=u.Quantity(labels["M500c"]),
        redshift=np.asarray(labels["redshift"]),
        region=list(labels["region"]),
        seed=dataset.seed,
    )
    return replace(single, noise=dataset.noise)


def row(name, run, tested, recipe, bins):
    """A variant's line of the table: rms of log10 M in each bin with its bootstrap error."""
    table = run.read("runs")
    cells = []
    for edges in bins:
        own = table[(table["z_low"] <= edges[0]) & (table["z_high"] >= edges[1])][0]
        maps = np.flatnonzero(within_bin(tested.redshift_of(), edges))
        model = read_keras(run.path / own["keras"])
        off = predict(model, tested, maps, recipe, TEST, 0, average=False) - tested.log10_mass_of(maps)
        squares = spread(off**2)
        rms = np.sqrt(squares.mean)
        cells.append(f"{rms:.4f} ± {squares.mean_error / (2 * rms):.4f}")
    return f"| {name} | {' | '.join(cells)} | {np.sum(table['seconds']):.0f} |"


def main(store, test_store, folder, recipe, bins):
    """Train, test and print."""
    learnt, tested = first_views(open_dataset(store)), first_views(open_dataset(test_store))
    counts = [np.count_nonzero(within_bin(tested.redshift_of(), edges)) for edges in bins]
    heads = [f"{bin_name(edges)} ({count})" for edges, count in zip(bins, counts, strict=True)]
    print(f"| network | {' | '.join(heads)} | wall time, s |\n|---|---|{'---|' * len(bins)}")
    for name in VARIANTS:
        own = recipe.model_copy(update={"variant": name})
        run = train(learnt, Path(folder) / name, runs=1, bins=bins, recipe=own, workers=0)
        print(row(name, run, tested, own, bins), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for each in ("store", "test_store", "folder"):
        parser.add_argument(each)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--bins", type=int, nargs="*", default=[1, 2, 3, 4], help="redshift bins, from 1")
    given = parser.parse_args()
    main(
        given.store,
        given.test_store,
        given.folder,
        Recipe(epochs=given.epochs, patience=given.epochs, batch_size=given.batch_size, augment=False),
        [PLANCK_BINS[number - 1] for number in given.bins],
    )
