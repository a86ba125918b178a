"""How far a map is from what a network has learnt, and what that costs: domain shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.dataset import DataSet
from szfast.dataset.bins import Bin, bin_numbers
from szfast.ensemble.score import relative_error
from szfast.errors import RunError
from szfast.whole_files import DAMAGED_NPZ, replaced

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.ensemble.chosen import ChosenNetworks

WITHIN = 0.95
"""Share of the maps of a network's own kind whose number is below one."""

_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class Domain:
    """Where a network's last hidden units lie for maps of the kind that it has learnt.

    Parameters
    ----------
    mean : (k,) array
        Of the units over training maps.
    precision : (k, k) array
        Inverse of their covariance.
    scale : float
        Distance within which a share `WITHIN` of the validation maps lies.
    """

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]
    scale: float

    def number(self, units: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Out-of-domain number of maps, (n,): Mahalanobis distance of their units (n, k) over `scale`.

        After Lee et al. 2018, arXiv:1807.03888. Above one a map is farther out than 95 % of the maps of its kind.
        """
        number: NDArray[np.float64] = _distance(units - self.mean, self.precision) / self.scale
        return number

    def save(self, path: Path) -> None:
        """Write the domain to a .npz file."""
        with replaced(path, RunError) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, mean=self.mean, precision=self.precision, scale=self.scale)


def read_domain(path: Path) -> Domain:
    """Read what `Domain.save` wrote.

    Raises
    ------
    RunError
        If it is absent or damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return Domain(archive["mean"], archive["precision"], float(archive["scale"]))
    except DAMAGED_NPZ as error:
        raise RunError(
            f"cannot be read ({error}).", file=path, field="content", remedy="choose again: szfast train."
        ) from None


def learnt_domain(trained: NDArray[np.floating[Any]], apart: NDArray[np.floating[Any]]) -> Domain:
    """Measure a network's domain from its units (n, k).

    Parameters
    ----------
    trained : (n, k) array
        Units of training maps: their mean and covariance.
    apart : (m, k) array
        Units of maps of the same kind that it was not trained on: their distances set the scale.
    """
    values = np.asarray(trained, dtype=np.float64)
    mean = values.mean(axis=0)
    # units that never fire have no variance: a ridge keeps the inverse finite
    covariance = np.cov(values, rowvar=False).reshape(len(mean), len(mean))
    precision = np.linalg.inv(covariance + _RIDGE * max(np.trace(covariance) / len(mean), 1e-12) * np.eye(len(mean)))
    return Domain(mean, precision, float(np.quantile(_distance(apart - mean, precision), WITHIN)))


def _distance(offset: NDArray[np.floating[Any]], precision: NDArray[np.float64]) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = np.sqrt(np.einsum("ni,ij,nj->n", offset, precision, offset))
    return distance


def with_units(model: Any) -> Any:
    """A model that gives log10 M (n, 1) and the last hidden units (n, k) of a network."""
    keras = require("keras", "train", "a trained network")
    # the last two layers are the output unit and its scaling
    return keras.Model(model.inputs, [model.outputs[0], model.layers[-2].input])


def shift_table(
    trained: Mapping[str, ChosenNetworks], tested: Mapping[str, DataSet], bins: Sequence[Bin], *, realisation: int = 1
) -> QTable:
    """Bias and scatter of networks on other kinds of clusters, noise or maps than they were trained on.

    Parameters
    ----------
    trained : mapping of str to ChosenNetworks
        Networks by the name of what they were trained on (`szfast.ensemble.read_chosen`).
    tested : mapping of str to DataSet
        Data sets by their names: none that the networks were trained on.
    bins : sequence of (low, high)
        Redshift bins in which both are judged.
    realisation : int
        Of the noise.

    Returns
    -------
    QTable
        A row for each training, test and bin, as the run's table ``domain_shift``: trained_on, tested_on, bin (from 1),
        z_min, z_max (the bin), n (maps), clusters, bias and scatter of (M_CNN - M_true) / M_CNN, bias_dex and
        scatter_dex of log10 M, rms_dex, held68 (share of true masses inside the 68 % intervals; NaN without intervals),
        out_of_domain (median number), share_outside (of maps whose number is above one).
    """
    from astropy.table import QTable

    rows = []
    for tested_on, dataset in tested.items():
        which = bin_numbers(dataset.redshift_of(), tuple(bins))
        for trained_on, networks in trained.items():
            for number, (low, high) in enumerate(bins):
                maps = np.flatnonzero(which == number)
                if len(maps):
                    names = {"trained_on": trained_on, "tested_on": tested_on, "bin": number + 1}
                    rows.append(names | {"z_min": low, "z_max": high} | _shift(networks, dataset, maps, realisation))
    return QTable(rows=rows)


def _shift(networks: ChosenNetworks, dataset: DataSet, maps: NDArray[np.int64], realisation: int) -> dict[str, Any]:
    table = networks.masses_in(dataset, maps, realisation=realisation)
    true, predicted = dataset.log10_mass_of(maps), np.asarray(table["log10_M_pred"])
    error, number = relative_error(predicted, true), np.asarray(table["out_of_domain"])
    held = (np.asarray(table["lower68"]) <= true) & (true <= np.asarray(table["upper68"]))
    return {
        "n": len(maps),
        "clusters": len(np.unique(dataset.cluster_of(maps))),
        "bias": float(error.mean()),
        "scatter": float(error.std()),
        "bias_dex": float((predicted - true).mean()),
        "scatter_dex": float((predicted - true).std()),
        "rms_dex": float(np.sqrt(np.mean((predicted - true) ** 2))),
        "held68": float(held.mean()) if np.isfinite(table["lower68"]).all() else np.nan,
        "out_of_domain": float(np.median(number)),
        "share_outside": float(np.mean(number > 1)),
    }
