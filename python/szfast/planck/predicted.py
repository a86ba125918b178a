"""Masses of cutouts by published networks, or by the chosen networks of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.evaluation.other_clusters import learnt_masses
from szfast.networks import masses_of_files, predict_log10_mass, read_cutout, read_networks
from szfast.networks.mass_table import NEAR_LOWEST_DEX
from szfast.networks.network_set import NetworkSet
from szfast.run_folder import RunFolder

_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class PredictedMasses:
    """Masses of cutouts, log10 of M500c in Msun, an entry a cutout.

    Parameters
    ----------
    log10_mass : (N,) array
        Predictions.
    near_lowest : (N,) bool array
        Near the lowest mass that the network has learnt, or below it.
    provenance : list of str
        Of the networks.
    predict : callable
        log10 masses of maps (n, 96, 96) of a cluster at a redshift.
    lower, upper : (N,) arrays or None
        Ends of calibrated 68 % intervals.
    out_of_domain : (N,) array or None
        See `szfast.ensemble.domain.Domain.number`.
    """

    log10_mass: NDArray[np.float64]
    near_lowest: NDArray[np.bool_]
    provenance: list[str]
    predict: Callable[[Any, float], NDArray[np.float64]] = field(repr=False)
    lower: NDArray[np.float64] | None = None
    upper: NDArray[np.float64] | None = None
    out_of_domain: NDArray[np.float64] | None = None


def predicted_masses(
    files: Sequence[Path],
    redshift: NDArray[np.float64],
    networks: NetworkSet | RunFolder | str | Path,
    *,
    progress: bool = False,
) -> PredictedMasses:
    """Predict the masses of cutouts; see `szfast.planck.mass_catalogue` for what is raised."""
    if isinstance(networks, RunFolder):
        return _by_run(files, redshift, networks, progress)
    chosen = networks if isinstance(networks, NetworkSet) else read_networks(networks)
    found = masses_of_files(files, chosen, progress=progress)
    return PredictedMasses(
        np.asarray(found["log10_M500c"], dtype=np.float64),
        np.asarray(found["near_lowest"], dtype=bool),
        [network.provenance for network in chosen],
        lambda maps, z: predict_log10_mass(maps, chosen, redshift=z),
    )


def _by_run(files: Sequence[Path], redshift: NDArray[np.float64], run: RunFolder, progress: bool) -> PredictedMasses:
    from astropy.table import vstack
    from rich.console import Console
    from rich.progress import track

    from szfast.ensemble.chosen import read_chosen

    networks = read_chosen(run.path)
    starts = range(0, len(files), _AT_ONCE)
    quiet = not (progress and sys.stderr.isatty())
    tables = []
    for start in track(starts, "masses", console=Console(stderr=True), disable=quiet):
        block = slice(start, start + _AT_ONCE)
        maps = np.stack([read_cutout(file).y for file in files[block]])
        tables.append(networks.masses(maps, redshift[block]))
    table = vstack(tables)
    mass = np.asarray(table["log10_M_pred"])
    lowest = {each.bin_number: learnt_masses(run, each.edges)[0] for each in networks.networks}
    ends = [np.asarray(table[name]) for name in ("lower68", "upper68")]
    known = bool(np.isfinite(ends).all())
    return PredictedMasses(
        mass,
        mass < np.array([lowest[int(number)] for number in table["bin"]]) + NEAR_LOWEST_DEX,
        [f"{run.path.name}, bin {each.bin_number}" for each in networks.networks],
        lambda maps, z: np.asarray(networks.masses(maps, z)["log10_M_pred"]),
        lower=ends[0] if known else None,
        upper=ends[1] if known else None,
        out_of_domain=np.asarray(table["out_of_domain"]),
    )
