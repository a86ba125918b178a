"""Masses that a Keras model predicts for maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.ensemble.feed import inputs_of, maps_of
from szfast.ensemble.recipe import Recipe
from szfast.networks.square import symmetries
from szfast.networks.variants import variant_named

PREDICTED_AT_ONCE = 256


def averages(recipe: Recipe) -> bool:
    """Whether predictions are averaged over the square's symmetries; fixed filters have them already."""
    return recipe.augment and not variant_named(recipe.variant).filtered


def predict(
    model: Any,
    dataset: DataSet,
    maps: NDArray[np.int64],
    recipe: Recipe,
    realisation: int,
    run: int,
    *,
    average: bool | None = None,
) -> NDArray[np.float64]:
    """Predict log10 M500c [Msun] of maps with a realisation of the noise, (n,).

    Parameters
    ----------
    model : keras.Model
        The network.
    dataset : DataSet
        The maps.
    maps : (n,) int array
        Which.
    recipe : Recipe
        Which noise they carry.
    realisation, run : int
        Key of the noise.
    average : bool, optional
        Whether the eight symmetries are averaged; by default what the recipe says.
    """
    sees_redshift = variant_named(recipe.variant).sees_redshift
    turned = averages(recipe) if average is None else average
    log10_mass = np.empty(len(maps))
    for start in range(0, len(maps), PREDICTED_AT_ONCE):
        block = slice(start, start + PREDICTED_AT_ONCE)
        y, redshift = maps_of(dataset, maps[block], recipe, realisation, run), dataset.redshift_of(maps[block])
        images = symmetries(y) if turned else y[np.newaxis]
        each = [model.predict_on_batch(inputs_of(image, redshift, sees_redshift)) for image in images]
        log10_mass[block] = np.mean([np.asarray(one, dtype=np.float64)[:, 0] for one in each], axis=0)
    return log10_mass
