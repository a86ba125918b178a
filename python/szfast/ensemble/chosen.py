"""The chosen network of each redshift bin with its error bars: masses of maps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.dataset.bins import Bin, within_bin
from szfast.ensemble.domain import Domain, read_domain, with_units
from szfast.ensemble.feed import inputs_of, maps_of
from szfast.ensemble.intervals import Intervals, read_intervals
from szfast.ensemble.outcome import read_keras
from szfast.ensemble.prediction import averages
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.runs import best_runs
from szfast.ensemble.training import recipe_of
from szfast.errors import ArgumentError
from szfast.networks.mass import checked_maps
from szfast.networks.square import symmetries
from szfast.networks.variants import variant_named
from szfast.run_folder import open_run

if TYPE_CHECKING:
    from astropy.table import QTable

_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class ChosenNetwork:
    """The network of one redshift bin.

    Parameters
    ----------
    bin_number : int
        From 1.
    edges : (low, high)
        The bin.
    model : keras.Model
        The network.
    others : tuple of keras.Model
        Of the next best runs: the mass is then the mean of all.
    intervals : Intervals or None
        Its error bars.
    domain : Domain
        What it has learnt.
    """

    bin_number: int
    edges: Bin
    model: Any
    intervals: Intervals | None
    domain: Domain
    others: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class ChosenNetworks:
    """The networks of all bins; from `read_chosen`.

    Parameters
    ----------
    networks : tuple of ChosenNetwork
        One a bin.
    recipe : Recipe
        How they were trained.
    """

    networks: tuple[ChosenNetwork, ...]
    recipe: Recipe

    def masses(self, maps: Any, redshift: Any) -> QTable:
        """Masses with error bars of maps that are in memory.

        Parameters
        ----------
        maps : array_like, shape (n, 96, 96)
            Compton y, dimensionless, with the noise that the networks have learnt.
        redshift : array_like, shape (n,) or a number
            Of the clusters.

        Returns
        -------
        QTable
            Columns bin, redshift, log10_M_pred, lower68, upper68, lower95, upper95 (all log10 of M500c in Msun, NaN
            where a bin had too few maps for error bars), out_of_domain of the chosen network
            (`szfast.ensemble.domain.Domain.number`); where there are several networks a bin also between_runs, the
            standard deviation of their log10 M.

        Raises
        ------
        ArgumentError
            If the maps cannot be Compton y, or no network has learnt a redshift.
        """
        y = checked_maps(maps)
        redshifts = np.broadcast_to(np.asarray(redshift, dtype=np.float64), (len(y),))
        return self._table(redshifts, lambda rows: y[rows])

    def masses_in(self, dataset: DataSet, maps: NDArray[np.int64], *, realisation: int = 0, run: int = 0) -> QTable:
        """Masses of maps of a data set, with a realisation of its noise; see `masses`."""
        return self._table(
            dataset.redshift_of(maps), lambda rows: maps_of(dataset, maps[rows], self.recipe, realisation, run)
        )

    def _table(self, redshift: NDArray[np.float64], maps_at: Any) -> QTable:
        from astropy.table import QTable

        several = any(network.others for network in self.networks)
        columns = {name: np.full(len(redshift), np.nan) for name in (*COLUMNS, *["between_runs"] * several)}
        number = np.zeros(len(redshift), dtype=np.int64)
        sees_redshift = variant_named(self.recipe.variant).sees_redshift
        for network in self.networks:
            inside = np.flatnonzero(within_bin(redshift, network.edges))
            number[inside] = network.bin_number
            for start in range(0, len(inside), _AT_ONCE):
                rows = inside[start : start + _AT_ONCE]
                found = _of_maps(network, maps_at(rows), redshift[rows], sees_redshift, averages(self.recipe))
                for name, values in found.items():
                    columns[name][rows] = values
        if (number == 0).any():
            raise ArgumentError(
                f"no network has learnt redshift {redshift[number == 0][0]:g}.",
                field="redshift",
                remedy="give redshifts inside the bins that were trained.",
            )
        return QTable({"bin": number, "redshift": redshift, **columns})


COLUMNS = ("log10_M_pred", "lower68", "upper68", "lower95", "upper95", "out_of_domain")


def _of_maps(
    network: ChosenNetwork, y: NDArray[np.float32], redshift: NDArray[np.float64], sees_redshift: bool, average: bool
) -> dict[str, NDArray[np.float64]]:
    predicted, units = predict_with_units(network.model, y, redshift, sees_redshift=sees_redshift, average=average)
    each = [predicted] + [
        predict_with_units(other, y, redshift, sees_redshift=sees_redshift, average=average)[0]
        for other in network.others
    ]
    mean = np.mean(each, axis=0)
    bars = {} if network.intervals is None else network.intervals.columns(mean)
    spread = {"between_runs": np.std(each, axis=0, ddof=1)} if network.others else {}
    return {"log10_M_pred": mean, "out_of_domain": network.domain.number(units), **spread, **bars}


def predict_with_units(
    model: Any, y: NDArray[np.float32], redshift: NDArray[np.float64], *, sees_redshift: bool, average: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """log10 M500c [Msun] (n,) and last hidden units (n, k), averaged over the symmetries where asked.

    Parameters
    ----------
    model : keras.Model
        From `szfast.ensemble.domain.with_units`.
    y : (n, 96, 96) float32 array
        Compton y.
    redshift : (n,) array
        Of the clusters.
    sees_redshift, average : bool
        Whether the network takes the redshift; whether the square's eight symmetries are averaged.
    """
    images = symmetries(y) if average else y[np.newaxis]
    each = [model.predict_on_batch(inputs_of(image, redshift, sees_redshift)) for image in images]
    mass, units = (np.mean([np.asarray(one[part], np.float64) for one in each], axis=0) for part in range(2))
    return mass[:, 0], units


def read_chosen(folder: str | Path, *, members: int = 1) -> ChosenNetworks:
    """Read the networks that were chosen in a run's folder.

    Parameters
    ----------
    folder : str or Path
        The run's folder, after `choose`.
    members : int
        Networks a bin, the chosen one and those with the next smallest scores, whose mean log10 mass is predicted. Its
        intervals are those of single runs, which the mean fills at least.

    Raises
    ------
    ArgumentError
        If a bin has fewer runs with a score.
    RunError
        If nothing has been chosen there, or a file is damaged.
    MissingExtraError
        If Keras is not installed.
    """
    run = open_run(folder)
    networks = []
    for row in run.read("choice"):
        number = int(row["bin"])
        networks.append(
            ChosenNetwork(
                number,
                (float(row["z_low"]), float(row["z_high"])),
                with_units(read_keras(run.networks / f"bin-{number}.keras")),
                read_intervals(run.read("intervals"), number) if run.has("intervals") else None,
                read_domain(run.path / "domain" / f"bin-{number}.npz"),
                tuple(
                    with_units(read_keras(path / "network.keras")) for path in best_runs(run.path, number, members)[1:]
                ),
            )
        )
    return ChosenNetworks(tuple(networks), recipe_of(run.path))
