"""Masses with error bars of files of maps, from a training's best runs, without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from szfast.dataset.bins import within_bin
from szfast.ensemble.intervals import LEVELS, read_intervals
from szfast.ensemble.outcome import FRAMEWORK_FREE
from szfast.ensemble.runs import best_runs
from szfast.ensemble.training import recipe_of
from szfast.errors import RunError
from szfast.networks import load, masses_of_files
from szfast.networks.mean import NetworkMean
from szfast.networks.network_set import NetworkSet
from szfast.run_folder import open_run

if TYPE_CHECKING:
    from astropy.table import QTable


def best_networks(folder: str | Path, *, members: int = 1) -> NetworkSet:
    """The networks of a run's folder that predict without Keras, one a redshift bin or the mean of several.

    Parameters
    ----------
    folder : str or Path
        The run's folder, after `szfast.ensemble.choose`.
    members : int
        The chosen network of each bin and those with the next smallest scores.

    Raises
    ------
    ArgumentError
        If a bin has fewer runs with a score.
    RunError
        If nothing has been chosen there, or the networks are of a variant that needs Keras.
    """
    run = open_run(folder)
    variant = recipe_of(run.path).variant
    if variant not in FRAMEWORK_FREE:
        raise RunError(
            f"its networks, '{variant}', predict with Keras alone.",
            file=run.path,
            field="variant",
            remedy=f"use szfast.ensemble.read_chosen, or train {' or '.join(FRAMEWORK_FREE)}.",
        )
    means = []
    for row in run.read("choice"):
        each = tuple(load(path / "network.npz") for path in best_runs(run.path, int(row["bin"]), members))
        means.append(each[0] if members == 1 else NetworkMean(each))
    return NetworkSet(tuple(means))


def masses_of_run(
    paths: Sequence[str | Path] | str | Path,
    folder: str | Path,
    *,
    members: int = 1,
    redshift: float | None = None,
    average: bool = True,
    progress: bool = False,
) -> QTable:
    """Predict the mass of every map in some files, with error bars; see `szfast.networks.masses_of_files`.

    Parameters
    ----------
    paths, redshift, average, progress
        As `szfast.networks.masses_of_files` takes them.
    folder, members
        As `best_networks` takes them.

    Returns
    -------
    QTable
        With columns lower68, upper68, lower95, upper95 (log10 of M500c in Msun): calibrated intervals, NaN where a bin
        had too few validation maps.
    """
    run = open_run(folder)
    table = masses_of_files(
        paths, best_networks(folder, members=members), redshift=redshift, average=average, progress=progress
    )
    for name in (f"{end}{level * 100:.0f}" for level in LEVELS for end in ("lower", "upper")):
        table[name] = np.full(len(table), np.nan)
    knots = run.read("intervals") if run.has("intervals") else None
    for row in run.read("choice"):
        inside = within_bin(table["redshift"], (float(row["z_low"]), float(row["z_high"])))
        intervals = None if knots is None else read_intervals(knots, int(row["bin"]))
        if intervals is not None:
            for name, ends in intervals.columns(np.asarray(table["log10_M500c"])[inside]).items():
                table[name][inside] = ends
    return table
