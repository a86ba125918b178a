"""What a network subtracts and divides by, measured on its training set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.ensemble.feed import maps_of
from szfast.ensemble.keys import FIRST_EPOCH, stream
from szfast.ensemble.recipe import Recipe
from szfast.networks.variants import Scaling

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
    total, squares, deviations = 0.0, 0.0, []
    for start in range(0, len(sample), _BLOCK):
        y = maps_of(dataset, sample[start : start + _BLOCK], recipe, FIRST_EPOCH, run)
        total += float(y.sum(dtype=np.float64))
        squares += float(np.square(y, dtype=np.float64).sum())
        deviations.append(float(np.median(np.abs(y))))
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
    )
