"""M_SZ of simulated clusters, for the predictions of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in
from szfast.ensemble.keys import TEST
from szfast.errors import ArgumentError
from szfast.evaluation.map_mass import map_sz_mass
from szfast.evaluation.relation import sz_mass
from szfast.filters.flux_filters import METHODS

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet
    from szfast.run_folder import RunFolder

SOURCES = ("true", *METHODS)


def add_sz_masses(
    run: RunFolder,
    dataset: DataSet,
    cosmology: Any,
    *,
    source: str = "true",
    realisation: int = TEST,
    bias: float = 0.0,
) -> int:
    """Write masses by Planck's scaling relation into a run's predictions.

    Parameters
    ----------
    run : RunFolder
        With predictions; their ``cluster`` and ``view`` number the data set's rows and views.
    dataset : DataSet
        The clusters.
    cosmology : FLRW
        For the relation.
    source : str
        ``true``: from the labels' spherical Y500, column ``log10_M_SZ_true``; ``matched_filter`` or ``aperture``: from
        the noisy map of that cluster and view, as a survey would measure it, column ``log10_M_SZ``.
    realisation : int
        Of those maps' noise; default: what the networks were tested on.
    bias : float
        b of the relation's (1-b) M500.

    Returns
    -------
    int
        Predictions without a mass, because the measured Y500 nowhere meets the relation; NaN stands there.

    Raises
    ------
    ArgumentError
        If the source is unknown, a Y500 is not known, or a cluster is not in the data set.
    RunError
        If the run holds no predictions.
    """
    choice_in(source, SOURCES, "source")
    rows = run.read("predictions")
    cluster, view = np.asarray(rows["cluster"]), np.asarray(rows["view"])
    count = len(dataset.labels)
    if cluster.min(initial=0) < 0 or cluster.max(initial=0) >= count or view.max(initial=0) >= dataset.n_views:
        raise ArgumentError(
            f"the predictions name clusters or views beyond the data set's {count} and {dataset.n_views}.",
            field="dataset",
            remedy="give the data set that the run was trained on.",
        )
    if source == "true":
        name, found = "log10_M_SZ_true", true_sz_masses(dataset, cluster, cosmology, bias=bias)
    else:
        name, found = "log10_M_SZ", np.full(len(rows), np.nan)
        # each training run saw noise of its own
        for number in np.unique(np.asarray(rows["run"])):
            inside = np.asarray(rows["run"]) == number
            maps, noise = cluster[inside] * dataset.n_views + view[inside], (realisation, int(number))
            found[inside] = measured_sz_masses(dataset, maps, cosmology, noise=noise, method=source, bias=bias)
    rows[name] = found
    run.write("predictions", rows)
    return int(np.isnan(found).sum())


def true_sz_masses(
    dataset: DataSet, cluster: NDArray[np.int64], cosmology: Any, *, bias: float = 0.0
) -> NDArray[np.float64]:
    """log10 of M_SZ [Msun] of rows of the labels, (n,), from their spherical Y500."""
    redshift = np.asarray(dataset.labels["redshift"])[cluster]
    mass = sz_mass(dataset.labels["Y500"][cluster], redshift, cosmology, bias=bias)
    known: NDArray[np.float64] = np.log10(mass.to_value("Msun"))
    return known


def measured_sz_masses(
    dataset: DataSet,
    maps: NDArray[np.int64],
    cosmology: Any,
    *,
    noise: tuple[int, int],
    method: str = "matched_filter",
    bias: float = 0.0,
) -> NDArray[np.float64]:
    """log10 of M_SZ [Msun] measured on noisy maps of a data set, (n,); NaN without signal.

    Parameters
    ----------
    dataset : DataSet
        The maps.
    maps : (n,) int array
        Their indices; one that stands there twice is measured once.
    cosmology : FLRW
        For the relation.
    noise : (int, int)
        Realisation and run of the noise.
    method, bias
        See `szfast.evaluation.map_sz_mass`.
    """
    once, row = np.unique(maps, return_inverse=True)
    found = map_sz_mass(
        dataset.noisy(once, realisation=noise[0], run=noise[1]),
        dataset.redshift_of(once),
        cosmology,
        instrument=dataset.instrument,
        noise=dataset.noise,
        method=method,
        bias=bias,
    )
    known: NDArray[np.float64] = np.log10(found["M500c"].to_value("Msun"))[row]
    return known
