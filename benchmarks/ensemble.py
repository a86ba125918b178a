"""How good chosen networks are on clusters of another seed: beside a matched filter, the published networks, and truth.

    python benchmarks/ensemble.py RUN TEST_STORE [--members N] [--weights FOLDER]

RUN is a folder of 'szfast train' on synthetic clusters, TEST_STORE a data set of synthetic clusters of another seed,
which no run has seen; FOLDER holds the published networks. All see the same maps. Errors are bootstrap over clusters.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from szfast.dataset import open_dataset
from szfast.dataset.bins import bin_name, within_bin
from szfast.ensemble.chosen import read_chosen
from szfast.ensemble.intervals import coverage
from szfast.ensemble.keys import TEST
from szfast.ensemble.score import bias_score, runs_below
from szfast.evaluation import sz_mass
from szfast.evaluation.map_mass import map_sz_mass
from szfast.evaluation.statistics import spread
from szfast.networks import predict_log10_mass, published
from szfast.run_folder import open_run
from szfast.sample.dark_matter import default_cosmology

THRESHOLDS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)


def line(who, predicted, true, cluster):
    """Mean, scatter and rms of log10 M with their errors, and the largest bias in a tenth of a dex."""
    found = np.isfinite(predicted)
    off, groups = (predicted - true)[found], cluster[found]
    about, squares = spread(off, groups=groups), spread(off**2, groups=groups)
    rms = np.sqrt(squares.mean)
    return (
        f"| {who} | {about.mean:+.4f} ± {about.mean_error:.4f} | {about.std:.4f} ± {about.std_error:.4f} | "
        f"{rms:.4f} ± {squares.mean_error / (2 * rms):.4f} | {bias_score(predicted[found], true[found]):.3f} | "
        f"{np.count_nonzero(found)} of {len(found)} |"
    )


def compared(dataset, maps, single, several, members, weights):
    """A line of the table for each who predicts."""
    y, redshift = dataset.noisy(maps, realisation=TEST, run=0), dataset.redshift_of(maps)
    true, cluster = dataset.log10_mass_of(maps), dataset.cluster_of(maps)
    cosmology = default_cosmology()
    filtered = np.log10(map_sz_mass(y, redshift, cosmology, noise=dataset.noise)["M500c"].to_value("Msun"))
    put_in = np.log10(sz_mass(dataset.labels["Y500"][cluster], redshift, cosmology).to_value("Msun"))
    who = {
        "chosen network": np.asarray(single["log10_M_pred"]),
        f"mean of the {members} best": np.asarray(several["log10_M_pred"]),
        "matched filter, A10, and relation": filtered,
    }
    if weights:
        who["published networks, maps not turned"] = predict_log10_mass(
            y, published(weights), redshift=redshift, average=False
        )
    who["true Y500 and relation: the scatter put in"] = put_in
    who["one mass for all: these maps' mean"] = np.full(len(true), true.mean())
    for name, predicted in who.items():
        print(line(name, predicted, true, cluster))


def main(run, dataset, members, weights):
    """Print a table for each bin, then coverage and the choice."""
    single, several = read_chosen(run.path), read_chosen(run.path, members=members)
    held = []
    for row in run.read("choice"):
        edges = (float(row["z_low"]), float(row["z_high"]))
        maps = np.flatnonzero(within_bin(dataset.redshift_of(), edges))
        clusters = len(np.unique(dataset.cluster_of(maps)))
        print(f"\n{bin_name(edges)}, {clusters} clusters\n")
        print("| who | mean dex | scatter dex | rms dex | largest bias | maps |\n|---|---|---|---|---|---|")
        tables = [each.masses_in(dataset, maps, realisation=TEST) for each in (single, several)]
        compared(dataset, maps, *tables, members, weights)
        for who, table in zip(("chosen", f"mean of {members}"), tables, strict=True):
            table["cluster"], table["log10_M_true"] = dataset.cluster_of(maps), dataset.log10_mass_of(maps)
            whole = coverage(table)[1]
            held.append(
                f"| {bin_name(edges)} | {who} | {whole['held68']:.3f} ± {whole['error68']:.3f} | "
                f"{whole['held95']:.3f} ± {whole['error95']:.3f} | {clusters} |"
            )
    print("\n| z | who | in 68 % | in 95 % | clusters |\n|---|---|---|---|---|", *held, sep="\n")
    choices(run)


def choices(run):
    """What was chosen among how many, and N(score < t)."""
    names = ("z", "runs", "chosen", "score", "on test", "fresh noise", "optimism", f"runs below {THRESHOLDS}")
    print(f"\n| {' | '.join(names)} |\n{'|---' * len(names)}|")
    runs = run.read("runs")
    for row in run.read("choice"):
        below = runs_below(np.asarray(runs["score"])[np.asarray(runs["bin"]) == row["bin"]], THRESHOLDS)
        numbers = " | ".join(f"{row[name]:.3f}" for name in ("score", "test_score", "fresh_score", "optimism"))
        print(f"| {row['z_low']:g}-{row['z_high']:g} | {row['runs']} | {row['run']} | {numbers} | {below.tolist()} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("test_store")
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--weights", help="folder of the published networks")
    given = parser.parse_args()
    main(open_run(given.run), open_dataset(given.test_store), given.members, given.weights)
