"""Synthetic clusters: how long they take to make, and what masses the published networks give them.

``python benchmarks/synthetic.py [--clusters 1000] [--particles 20000] [--processes 2]`` times them; with ``--weights
FOLDER`` of bestmodel-1.h5 to bestmodel-4.h5 it maps clusters of the four Planck bins, with noise, and compares the
networks' masses with the true ones. Needs colossus.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import resource
import time
from pathlib import Path

import astropy.units as u
import numpy as np
from threadpoolctl import threadpool_limits

import szfast
import szfast.maps.sightlines
from szfast.gas import spherical_compton_y
from szfast.sample import mean_compton_y, synthetic_catalogue
from szfast.sample.planck_range import BINS, bin_of


def log10_excess(row, particles: int, profile: str = "A10") -> float:
    """One cluster, made and checked: log10 of its Y500 over the relation's."""
    gas = szfast.synthetic_cluster(row, particles=particles, profile=profile)
    compton_y = spherical_compton_y(gas, radius=row["R500c"])
    return float(np.log10(compton_y / mean_compton_y(row["M500c"], float(row["redshift"]), profile=profile)))


def time_clusters(count: int, particles: int, processes: int) -> None:
    rows = list(synthetic_catalogue(count, seed=1))
    make = functools.partial(log10_excess, particles=particles)
    with threadpool_limits(1), multiprocessing.get_context("fork").Pool(processes) as pool:
        start = time.perf_counter()
        excess = np.array(pool.map(make, rows, chunksize=10))
        wall = time.perf_counter() - start
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, peak = children.ru_utime + children.ru_stime, children.ru_maxrss / 1024
    print(
        f"{count} clusters of {particles} particles, {processes} processes: {wall:.1f} s, {cpu:.1f} s of CPU, "
        f"{peak:.0f} MB the largest process"
    )
    print(
        f"log10 Y500 over the relation: mean {excess.mean():+.4f} +- {excess.std() / count**0.5:.4f}, "
        f"scatter {excess.std():.4f} +- {excess.std() / (2 * count) ** 0.5:.4f} dex"
    )


def compare_masses(weights: Path, per_bin: int, views: int, particles: int, profile: str) -> None:
    published = szfast.networks.published(weights)
    catalogue = synthetic_catalogue(200_000, seed=2)
    log10_mass = np.log10(catalogue["M500c"].to_value(u.Msun))
    rng = np.random.default_rng(3)
    print(f"{profile}: log10 M_CNN - log10 M500c of {per_bin} clusters a bin, {views} views each, MILCA noise")
    print("| z | log10 M500c | mean | error | scatter |\n|---|---|---|---|---|")
    for number, (z_low, z_high) in enumerate(BINS):
        # flat in log mass up to where haloes are: the mass function alone would stay at the lower edge
        rows = np.flatnonzero((bin_of(catalogue["redshift"]) == number) & (catalogue["redshift"] > 0.02))
        low, high = log10_mass[rows].min(), log10_mass[rows].min() + 0.6
        wanted = rng.uniform(low, high, per_bin)
        rows = rows[log10_mass[rows].argsort()]
        picked = np.unique(np.searchsorted(log10_mass[rows], wanted).clip(max=len(rows) - 1))
        error = []
        for row in catalogue[rows[picked]]:
            gas = szfast.synthetic_cluster(row, particles=particles, profile=profile)
            sightlines = szfast.maps.sightlines.sightlines("hemisphere27")[:: 27 // views][:views]
            maps = szfast.make_maps(gas, halo=row, cluster=int(row["cluster"]), sightlines=sightlines, method="auto")
            found = szfast.networks.predict_log10_mass(maps.y, published, redshift=float(row["redshift"]))
            error.append(found - np.log10(row["M500c"].to_value(u.Msun)))
        error = np.array(error)
        scatter, of_mean = error.std(), error.mean(axis=1).std() / len(error) ** 0.5
        print(f"| {z_low}-{z_high} | {low:.2f}-{high:.2f} | {error.mean():+.3f} | {of_mean:.3f} | {scatter:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=1000)
    parser.add_argument("--particles", type=int, default=20000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--per-bin", type=int, default=100)
    parser.add_argument("--views", type=int, default=3)
    parser.add_argument("--profile", default="A10")
    options = parser.parse_args()
    if options.weights is None:
        time_clusters(options.clusters, options.particles, options.processes)
    else:
        compare_masses(options.weights, options.per_bin, options.views, options.particles, options.profile)


if __name__ == "__main__":
    main()
