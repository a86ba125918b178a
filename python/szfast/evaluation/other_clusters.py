"""A run's networks on clusters of another kind or simulation code than they have learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset.bins import within_bin
from szfast.ensemble.keys import TEST
from szfast.errors import ArgumentError
from szfast.evaluation.mass_pairs import MassPairs, pairs_of_predictions
from szfast.evaluation.published_table import Table1, table1
from szfast.evaluation.simulated_sz import measured_sz_masses, true_sz_masses
from szfast.evaluation.statistics import Spread, relative_error, spread

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.dataset.maps import DataSet
    from szfast.ensemble.chosen import ChosenNetworks
    from szfast.run_folder import RunFolder


def evaluate_on(
    run: RunFolder,
    dataset: DataSet,
    name: str,
    *,
    cosmology: Any = None,
    realisation: int = TEST,
) -> QTable:
    """Predict every map of a data set with a run's chosen networks, and keep the masses in the run's folder.

    Parameters
    ----------
    run : RunFolder
        After the choice.
    dataset : DataSet
        Clusters that the run has not learnt from; those at redshifts of no network are left out.
    name : str
        What they are called in tables and the report; what the run holds under this name is replaced.
    cosmology : FLRW, optional
        For M_SZ. Default: that of The Three Hundred.
    realisation : int
        Of the noise.

    Returns
    -------
    QTable
        A row a map: ``dataset`` (the name), ``cluster`` (row of the labels), ``name``, ``code``, ``view``, ``bin``,
        ``maps``, ``redshift``, ``log10_M_true``, ``log10_M_pred`` and the ends of its intervals, ``log10_M_SZ``
        measured on the map by the matched filter, ``log10_M_SZ_true`` from the true Y500 where that is known,
        ``out_of_domain`` (above 1: farther out than 95 % of the maps learnt), and ``learnt``, whether the run's sample
        holds masses as high and as low in this redshift bin.

    Raises
    ------
    ArgumentError
        If the name is empty, or no cluster is at a redshift that was learnt.
    RunError
        If nothing has been chosen in the run.
    MissingExtraError
        If Keras is not installed.
    """
    from astropy.table import QTable, vstack

    from szfast.ensemble.chosen import read_chosen
    from szfast.sample.dark_matter import default_cosmology

    if not name.strip():
        raise ArgumentError("expected a name for these clusters.", field="name", remedy="say what they are.")
    networks = read_chosen(run.path)
    maps = _at_learnt_redshifts(dataset, networks)
    predicted = networks.masses_in(dataset, maps, realisation=realisation)
    clean = networks.recipe.noise == "none"
    cluster = dataset.cluster_of(maps)
    labels = dataset.labels[cluster]
    known = cosmology if cosmology is not None else default_cosmology()
    columns: dict[str, Any] = {
        "dataset": [name] * len(maps),
        "cluster": cluster,
        "name": np.asarray(labels["name"]),
        "code": np.asarray(labels["code"]),
        "view": maps % dataset.n_views,
        "bin": predicted["bin"],
        "maps": ["clean" if clean else "planck-like"] * len(maps),
        "redshift": dataset.redshift_of(maps),
        "log10_M_true": dataset.log10_mass_of(maps),
        # ends of intervals that no network has are no columns
        **{each: predicted[each] for each in predicted.colnames[2:] if np.isfinite(predicted[each]).all()},
    }
    columns["learnt"] = _within_sample(run, columns["bin"], networks, columns["log10_M_true"])
    if np.isfinite(dataset.labels["Y500"].value).all():
        columns["log10_M_SZ_true"] = true_sz_masses(dataset, cluster, known)
    if not clean:
        columns["log10_M_SZ"] = measured_sz_masses(dataset, maps, known, noise=(realisation, 0))
    table = QTable(columns)
    others = run.read("evaluated") if run.has("evaluated") else None
    if others is not None:
        others = others[np.asarray(others["dataset"]) != name]
    # an interval that only some of the data sets have is in no row
    run.write("evaluated", vstack([others, table], join_type="inner") if others is not None else table)
    return table


def other_columns(table: Any) -> dict[str, MassPairs]:
    """Pairs for the simulated columns of the published table, of one data set's rows of ``evaluated``."""
    found = {
        "clean": pairs_of_predictions(table, "clean", "M_true"),
        "planck_like": pairs_of_predictions(table, "planck-like", "M_true"),
        "planck_like_sz": pairs_of_predictions(table, "planck-like", "M_SZ"),
    }
    return {name: pairs for name, pairs in found.items() if len(pairs)}


def other_table1(table: Any) -> Table1:
    """The published table's simulated columns for one data set's rows of ``evaluated``."""
    return table1(other_columns(table))


def shift_rows(run: RunFolder) -> QTable:
    """How the run does on each other data set, in each redshift bin.

    Returns
    -------
    QTable
        ``dataset``, ``bin``, ``clusters``, ``n`` (maps), ``bias`` and ``scatter`` of (M_CNN - M_true) / M_CNN with
        ``bias_error`` (bootstrap over clusters), ``rms_dex`` of log10 M, ``out_of_domain`` (median), ``share_outside``
        (above 1), ``learnt`` (share of maps with masses that the run's sample holds).
    """
    from astropy.table import QTable

    table = run.read("evaluated")
    rows = []
    for name in dict.fromkeys(np.asarray(table["dataset"]).tolist()):
        for number in np.unique(np.asarray(table["bin"])):
            inside = table[(np.asarray(table["dataset"]) == name) & (np.asarray(table["bin"]) == number)]
            if len(inside):
                rows.append({"dataset": name, "bin": int(number), **_shift(inside)})
    return QTable(rows=rows)


def _shift(rows: Any) -> dict[str, Any]:
    predicted, true = np.asarray(rows["log10_M_pred"]), np.asarray(rows["log10_M_true"])
    found: Spread = spread(relative_error(predicted, true), groups=np.asarray(rows["cluster"]))
    number = np.asarray(rows["out_of_domain"])
    return {
        "clusters": len(np.unique(np.asarray(rows["cluster"]))),
        "n": found.n,
        "bias": found.mean,
        "bias_error": found.mean_error,
        "scatter": found.std,
        "rms_dex": float(np.sqrt(np.mean((predicted - true) ** 2))),
        "out_of_domain": float(np.median(number)),
        "share_outside": float(np.mean(number > 1)),
        "learnt": float(np.mean(np.asarray(rows["learnt"]))),
    }


def _at_learnt_redshifts(dataset: DataSet, networks: ChosenNetworks) -> NDArray[np.int64]:
    redshift = dataset.redshift_of()
    inside = np.any([within_bin(redshift, network.edges) for network in networks.networks], axis=0)
    maps: NDArray[np.int64] = np.flatnonzero(inside)
    if not len(maps):
        raise ArgumentError(
            f"the clusters lie at redshifts {redshift.min():g} to {redshift.max():g}, of which no network has learnt.",
            field="dataset",
            remedy="give clusters at redshifts of the run's bins.",
        )
    return maps


def _within_sample(run: RunFolder, number: Any, networks: ChosenNetworks, log10_mass: Any) -> NDArray[np.bool_]:
    learnt = np.zeros(len(log10_mass), dtype=bool)
    for network in networks.networks:
        low, high = learnt_masses(run, network.edges)
        rows = np.asarray(number) == network.bin_number
        learnt[rows] = (log10_mass[rows] >= low) & (log10_mass[rows] <= high)
    return learnt


def learnt_masses(run: RunFolder, edges: tuple[float, float]) -> tuple[float, float]:
    """Lowest and highest mass of the run's sample in a redshift bin, log10 of Msun."""
    sample = run.read("sample")
    mass = np.asarray(sample["log10_M500c"])[within_bin(np.asarray(sample["redshift"]), edges)]
    return float(mass.min()), float(mass.max())
