"""Networks beside the published one, trained on the same splits and compared on their test maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset import DataSet
from szfast.dataset.bins import Bin, bin_numbers
from szfast.ensemble.choice import choose
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.score import bias_score, relative_error
from szfast.ensemble.training import opened_dataset, train
from szfast.errors import ArgumentError
from szfast.run_folder import RunFolder, open_run

if TYPE_CHECKING:
    from astropy.table import QTable


def train_and_compare(
    dataset: DataSet | str | Path,
    folder: str | Path,
    compare: Sequence[str],
    *,
    bins: Sequence[Bin],
    recipe: Recipe,
    **how: Any,
) -> QTable:
    """Train the recipe's variant into a folder and others below it, choose in each, and compare them.

    The keys of split, order and noise do not depend on the variant: all see the same maps.

    Parameters
    ----------
    dataset : DataSet or path
        The maps.
    folder : str or Path
        The run's folder; the others go into ``variants/NAME`` below it.
    compare : sequence of str
        Other names of `szfast.networks.variants.VARIANTS`.
    bins, recipe, **how
        As `train` takes them.

    Returns
    -------
    QTable
        See `variants_table`; it is in the folder too, as ``variants``.
    """
    if recipe.variant in compare or len(set(compare)) < len(compare):
        raise ArgumentError(f"expected other variants than {recipe.variant}, each once.", field="compare")
    opened = opened_dataset(dataset)
    main = train(opened, folder, bins=bins, recipe=recipe, **how)
    choose(opened, main.path)
    folders = {recipe.variant: main}
    for name in compare:
        other = recipe.model_copy(update={"variant": name})
        folders[name] = train(opened, main.path / "variants" / name, bins=bins, recipe=other, **how)
        choose(opened, folders[name].path)
    table = variants_table(folders, bins)
    main.write("variants", table)
    return table


def variants_table(folders: Mapping[str, RunFolder | str | Path], bins: Sequence[Bin]) -> QTable:
    """Bias and scatter of chosen runs on their test maps, a row a variant and bin.

    Parameters
    ----------
    folders : mapping of str to RunFolder or path
        The folder of each variant's run, after `choose`.
    bins : sequence of (low, high)
        Redshift bins in which all are judged, also a network for all redshifts.

    Returns
    -------
    QTable
        Columns variant, bin (from 1), bias and scatter of (M_CNN - M_true) / M_CNN, rms_dex of log10 M, score, n.
    """
    from astropy.table import QTable

    rows = []
    for name, folder in folders.items():
        run = folder if isinstance(folder, RunFolder) else open_run(folder)
        chosen = {(row["bin"], row["run"]) for row in run.read("runs") if row["chosen"]}
        table = run.read("predictions")
        table = table[[(row["bin"], row["run"]) in chosen for row in table]]
        which = bin_numbers(table["redshift"], tuple(bins))
        for number in range(len(bins)):
            inside = table[which == number]
            if not len(inside):
                continue
            predicted, true = np.asarray(inside["log10_M_pred"]), np.asarray(inside["log10_M_true"])
            error = relative_error(predicted, true)
            rows.append(
                {
                    "variant": name,
                    "bin": number + 1,
                    "bias": float(error.mean()),
                    "scatter": float(error.std()),
                    "rms_dex": float(np.sqrt(np.mean((predicted - true) ** 2))),
                    "score": bias_score(predicted, true),
                    "n": len(inside),
                }
            )
    return QTable(rows=rows)
