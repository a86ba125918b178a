"""How good the chosen networks are: beside a matched filter with the true profile, and the published networks.

    python benchmarks/ensemble.py RUN STORE [--weights FOLDER]

RUN is a folder of 'szfast train' on the data set STORE of synthetic clusters; FOLDER holds the published networks. All
see the same test maps of the chosen runs.
"""

from __future__ import annotations

import argparse
import os

import numpy as np

from szfast.dataset import open_dataset
from szfast.ensemble.chosen import read_chosen
from szfast.ensemble.domain import shift_table
from szfast.ensemble.keys import TEST
from szfast.ensemble.score import relative_error
from szfast.evaluation.map_mass import map_sz_mass
from szfast.networks import predict_log10_mass, published
from szfast.run_folder import open_run

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def summed_up(who, number, predicted, true):
    found = np.isfinite(predicted)
    error = relative_error(predicted[found], true[found])
    off = predicted[found] - true[found]
    return (
        f"| {number} | {who} | {np.mean(error):+.3f} ± {np.std(error):.3f} | {np.mean(off):+.3f} | "
        f"{np.std(off):.3f} | {np.sqrt(np.mean(off**2)):.3f} | {np.count_nonzero(found)} of {len(found)} |"
    )


def bars(run, dataset, weights):
    """Print a row for each bin and estimator, on the test maps of the chosen runs."""
    from astropy.cosmology import FlatLambdaCDM

    cosmology = FlatLambdaCDM(67.77, 0.307115)
    theirs = published(weights) if weights else None
    print("| bin | who | (M' - M)/M' | mean dex | scatter dex | rms dex | maps |\n|---|---|---|---|---|---|---|")
    predictions = run.read("predictions")
    for row in run.read("choice"):
        table = predictions[(predictions["bin"] == row["bin"]) & (predictions["run"] == row["run"])]
        maps = np.asarray(table["cluster"] * dataset.n_views + table["view"])
        y, redshift = dataset.noisy(maps, realisation=TEST, run=int(row["run"])), dataset.redshift_of(maps)
        true = np.asarray(table["log10_M_true"])
        print(summed_up("chosen network", row["bin"], np.asarray(table["log10_M_pred"]), true))
        filtered = map_sz_mass(y, redshift, cosmology)["M500c"].to_value("Msun")
        print(summed_up("matched filter, A10, and relation", row["bin"], np.log10(filtered), true))
        if theirs:
            print(summed_up("published network", row["bin"], predict_log10_mass(y, theirs, redshift=redshift), true))
        print(
            summed_up("one mass for all: these maps' mean", row["bin"], np.full(len(true), true.mean()), true),
            flush=True,
        )


def shifts(run, dataset, noises):
    """Print what other noise does to the chosen networks, on test maps of theirs."""
    from dataclasses import replace

    from szfast.maps.spectrum import noise_spectrum

    sets = {noise: replace(dataset, noise=noise_spectrum(noise)) for noise in noises}
    bins = [(row["z_low"], row["z_high"]) for row in run.read("choice")]
    table = shift_table({str(dataset.noise.name): read_chosen(run.path)}, sets, bins)
    table.pprint_all()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("store")
    parser.add_argument("--weights")
    parser.add_argument("--noises", nargs="*", default=[])
    chosen = parser.parse_args()
    folder, clusters = open_run(chosen.run), open_dataset(chosen.store)
    bars(folder, clusters, chosen.weights)
    if chosen.noises:
        shifts(folder, clusters, chosen.noises)
