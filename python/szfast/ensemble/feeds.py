"""A run's training and validation sets, as what its network takes: maps, or what fixed filters leave of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet, Split
from szfast.ensemble.feed import Indices, inputs_of, maps_of, training_batches
from szfast.ensemble.keys import VALIDATION, stream
from szfast.ensemble.prediction import PREDICTED_AT_ONCE, output_of, predict
from szfast.ensemble.scaling import fixed_filters
from szfast.filters.filter_bank import noise_covariance
from szfast.networks.filtered import filtered
from szfast.networks.variants import Scaling, after_filters, variant_named

if TYPE_CHECKING:
    from szfast.ensemble.run import Task

Floats = NDArray[np.float64]


class Feed(Protocol):
    """What a run trains, and on what."""

    model: Any
    """The Keras model that is trained."""

    def batches(self, epoch: int) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Inputs and log10 masses (batch, 1) of one epoch."""

    def validation(self, *, average: bool) -> Floats:
        """What the model predicts for the validation maps, over the square's symmetries where asked."""

    def whole_model(self) -> Any:
        """The model from maps on, with the weights of `model`."""


class MapFeed:
    """Maps, with noise from their keys.

    Parameters
    ----------
    dataset : DataSet
        The maps.
    split : Split
        The run's.
    task : Task
        The run.
    scaling : Scaling
        Of the network.
    """

    def __init__(self, dataset: DataSet, split: Split, task: Task, scaling: Scaling) -> None:
        self.dataset, self.split, self.task = dataset, split, task
        self.model = variant_named(task.recipe.variant).build(scaling)

    def batches(self, epoch: int) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Inputs and log10 masses (batch, 1) of one epoch."""
        task, dataset = self.task, self.dataset
        sees_redshift = variant_named(task.recipe.variant).sees_redshift
        for y, maps in training_batches(
            dataset, self.split.train, task.recipe, bin_number=task.bin_number, run=task.run, epoch=epoch
        ):
            yield inputs_of(y, dataset.redshift_of(maps), sees_redshift), _target(dataset, maps)

    def validation(self, *, average: bool) -> Floats:
        """What the model predicts for the validation maps."""
        task, maps = self.task, self.split.validation
        return predict(self.model, self.dataset, maps, task.recipe, VALIDATION, task.run, average=average)

    def whole_model(self) -> Any:
        """The model itself."""
        return self.model


class FilteredFeed:
    """Products of fixed filters with maps: those of noise are drawn with their covariance, no map of noise is made.

    Filters are linear, so that a product with clean map and noise is the sum of both; noise is Gaussian, so that its
    products are too. Validation and test see maps with noise from their keys, as any network does.

    Parameters
    ----------
    dataset, split, task, scaling
        As of `MapFeed`.
    """

    def __init__(self, dataset: DataSet, split: Split, task: Task, scaling: Scaling) -> None:
        self.dataset, self.split, self.task, self.scaling = dataset, split, task, scaling
        self.model = after_filters(scaling)
        filters = fixed_filters(dataset)
        self._clean = _in_blocks(split.train, lambda maps: filtered(dataset.clean(maps), filters))
        self._validation = _in_blocks(
            split.validation,
            lambda maps: filtered(maps_of(dataset, maps, task.recipe, VALIDATION, task.run), filters),
        )
        covariance = noise_covariance(filters, dataset.instrument, dataset.noise) if dataset.noise else None
        self._noise = None if covariance is None or task.recipe.noise == "none" else np.linalg.cholesky(covariance)

    def batches(self, epoch: int) -> Iterator[tuple[Any, NDArray[np.float32]]]:
        """Inputs and log10 masses (batch, 1) of one epoch; every batch is full, as of `training_batches`."""
        recipe, train = self.task.recipe, self.split.train
        key = (recipe.seed, self.task.bin_number, self.task.run)
        order = stream("order", *key, epoch).permutation(len(train))
        products = self._clean
        if self._noise is not None:
            drawn = stream("noise", *key, epoch if recipe.noise == "fresh" else 0)
            products = products + drawn.standard_normal(products.shape) @ self._noise.T
        redshift = self.dataset.redshift_of(train)
        size = min(recipe.batch_size, len(order))
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            yield _inputs(products[rows], redshift[rows]), _target(self.dataset, train[rows])

    def validation(self, *, average: bool) -> Floats:
        """What the model predicts for the validation maps; turned maps have the same products."""
        redshift = self.dataset.redshift_of(self.split.validation)
        blocks = range(0, len(redshift), PREDICTED_AT_ONCE)
        each = [slice(start, start + PREDICTED_AT_ONCE) for start in blocks]
        return np.concatenate([output_of(self.model, _inputs(self._validation[b], redshift[b])) for b in each])

    def whole_model(self) -> Any:
        """The fixed filters with the trained layers after them."""
        model = variant_named(self.task.recipe.variant).build(self.scaling)
        fixed = model.get_weights()[0]
        model.set_weights([fixed, *self.model.get_weights()])
        return model


def feed_of(dataset: DataSet, split: Split, task: Task, scaling: Scaling) -> Feed:
    """The feed that a run's variant needs."""
    kind = FilteredFeed if variant_named(task.recipe.variant).filtered else MapFeed
    return kind(dataset, split, task, scaling)


def _in_blocks(maps: Indices, products: Any) -> NDArray[np.float32]:
    blocks = np.array_split(maps, max(len(maps) // PREDICTED_AT_ONCE, 1))
    return np.concatenate([products(block) for block in blocks])


def _inputs(products: NDArray[np.floating], redshift: Floats) -> list[NDArray[np.float32]]:
    return [products.astype(np.float32), redshift[:, np.newaxis].astype(np.float32)]


def _target(dataset: DataSet, maps: Indices) -> NDArray[np.float32]:
    return dataset.log10_mass_of(maps).astype(np.float32)[:, np.newaxis]
