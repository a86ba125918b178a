"""What a network subtracts and divides by, measured on its training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.ensemble.feed import maps_of
from szfast.ensemble.keys import FIRST_EPOCH, stream
from szfast.ensemble.recipe import Recipe
from szfast.errors import ArgumentError
from szfast.filters.filter_bank import filter_bank
from szfast.networks.filtered import filtered
from szfast.networks.filtered_keras import FixedFilters
from szfast.networks.variants import Scaling, variant_named

LARGEST_SAMPLE = 4096
"""Maps that are looked at: 38 million pixels tell mean and standard deviation to a thousandth."""

_BLOCK = 256
_GAUSSIAN_MAD = 0.6745


def measured_scaling(dataset: DataSet, train: NDArray[np.int64], recipe: Recipe, run: int) -> Scaling:
    """Mean and standard deviation of input, target and redshift over a run's training maps.

    Parameters
    ----------
    dataset : DataSet
        The maps.
    train : (n,) int array
        Training maps.
    recipe : Recipe
        Which noise they carry.
    run : int
        The run's number, in the keys of sample and noise.
    """
    sample = train
    if len(train) > LARGEST_SAMPLE:
        sample = np.sort(stream("scaling", recipe.seed, run).choice(train, LARGEST_SAMPLE, replace=False))
    filters = fixed_filters(dataset) if variant_named(recipe.variant).filtered else None
    total, squares, deviations, features = 0.0, 0.0, [], []
    for start in range(0, len(sample), _BLOCK):
        y = maps_of(dataset, sample[start : start + _BLOCK], recipe, FIRST_EPOCH, run)
        total += float(y.sum(dtype=np.float64))
        squares += float(np.square(y, dtype=np.float64).sum())
        deviations.append(float(np.median(np.abs(y))))
        if filters is not None:
            features.append(np.arcsinh(filtered(y, filters)))
    pixels = len(sample) * dataset.instrument.size**2
    mean = total / pixels
    std = float(np.sqrt(squares / pixels - mean**2))
    log10_mass, redshift = dataset.log10_mass_of(train), dataset.redshift_of(train)
    return Scaling(
        input_mean=mean,
        input_std=std,
        # most pixels hold noise alone; without any noise the median may vanish
        softening=max(float(np.median(deviations)) / _GAUSSIAN_MAD, 1e-2 * std),
        target_offset=float(log10_mass.mean()),
        target_scale=max(float(log10_mass.std()), 1e-3),
        redshift_mean=float(redshift.mean()),
        redshift_std=max(float(redshift.std()), 1e-3),
        filters=None if filters is None else _scaled(filters, np.concatenate(features)),
    )


def fixed_filters(dataset: DataSet) -> NDArray[np.float32]:
    """Weights of a filtered network's first layer: matched to the data set's instrument and noise.

    Raises
    ------
    ArgumentError
        If the data set has no noise spectrum.
    """
    if dataset.noise is None:
        raise ArgumentError(
            "filters are matched to noise, and this data set has none.",
            field="variant",
            remedy="train another variant, or give the data set a noise spectrum.",
        )
    return filter_bank(dataset.instrument, dataset.noise)


def _scaled(filters: NDArray[np.float32], features: NDArray[np.float32]) -> FixedFilters:
    return FixedFilters(filters, features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64))
