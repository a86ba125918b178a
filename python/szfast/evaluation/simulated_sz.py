"""M_SZ of simulated clusters, for the predictions of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.errors import ArgumentError
from szfast.evaluation.map_mass import map_sz_mass
from szfast.evaluation.relation import sz_mass
from szfast.filters.flux_filters import METHODS

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet
    from szfast.run_folder import RunFolder

SOURCES = ("true", *METHODS)


def add_sz_masses(
    run: RunFolder, dataset: DataSet, cosmology: Any, *, source: str = "true", realisation: int = 0, bias: float = 0.0
) -> int:
    """Write the column ``log10_M_SZ`` into a run's predictions.

    Parameters
    ----------
    run : RunFolder
        With predictions; their ``cluster`` and ``view`` number the data set's rows and views.
    dataset : DataSet
        The clusters.
    cosmology : FLRW
        For the relation.
    source : str
        ``true``: from the labels' spherical Y500; ``matched_filter`` or ``aperture``: from the noisy map of that
        cluster and view, as a survey would measure it.
    realisation : int
        Of those maps' noise.
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
    if source not in SOURCES:
        raise ArgumentError(f"expected {', '.join(SOURCES)}, found {source!r}.", field="source")
    table = run.read("predictions")
    cluster, view = np.asarray(table["cluster"]), np.asarray(table["view"])
    labels = dataset.labels
    if cluster.min(initial=0) < 0 or cluster.max(initial=0) >= len(labels) or view.max(initial=0) >= dataset.n_views:
        raise ArgumentError(
            f"the predictions name clusters or views beyond the data set's {len(labels)} and {dataset.n_views}.",
            field="dataset",
            remedy="give the data set that the run was trained on.",
        )
    if source == "true":
        mass = sz_mass(labels["Y500"][cluster], np.asarray(labels["redshift"])[cluster], cosmology, bias=bias)
        log10_mass = np.log10(mass.to_value("Msun"))
    else:
        # each map once, though several runs may have predicted it
        maps, row = np.unique(cluster * dataset.n_views + view, return_inverse=True)
        found = map_sz_mass(
            dataset.noisy(maps, realisation=realisation),
            dataset.redshift_of(maps),
            cosmology,
            instrument=dataset.instrument,
            noise=dataset.noise,
            method=source,
            bias=bias,
        )
        log10_mass = np.log10(found["M500c"].to_value("Msun"))[row]
    table["log10_M_SZ"] = log10_mass
    run.write("predictions", table)
    return int(np.isnan(log10_mass).sum())
