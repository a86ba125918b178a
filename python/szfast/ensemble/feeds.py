"""A run's training and validation sets, as what its network takes: maps, or what fixed filters leave of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet, Split
from szfast.ensemble.feed import Indices, inputs_of, maps_of, training_batches
from szfast.ensemble.keys import VALIDATION, stream
from szfast.ensemble.prediction import PREDICTED_AT_ONCE
from szfast.ensemble.recipe import Recipe
from szfast.ensemble.scaling import fixed_filters
from szfast.filters.filter_bank import noise_covariance
from szfast.networks.filtered import filtered
from szfast.networks.square import symmetries
from szfast.networks.stacked import stacked_vgg
from szfast.networks.variants import Scaling, after_filters, variant_named

if TYPE_CHECKING:
    from szfast.ensemble.run import Task

Floats = NDArray[np.float64]


class Feed(Protocol):
    """What a run trains, and on what."""

    model: Any
    """The Keras model that is trained."""

    def batches(self, epoch: int) -> Iterator[tuple[Any, Indices]]:
        """Inputs of one epoch's batches, and the maps that they are of."""

    def validation_inputs(self, *, average: bool) -> Iterator[list[Any]]:
        """Inputs of the validation maps in blocks, each under all symmetries of the square where asked."""

    def whole_model(self) -> Any:
        """The model from maps on, with the weights of `model`."""


class MapFeed:
    """Maps, with noise from their keys.

    Parameters
    ----------
    dataset : DataSet
        The maps.
    split : Split
        Training and validation maps.
    task : Task
        The run.
    model : keras.Model
        What is trained.
    """

    def __init__(self, dataset: DataSet, split: Split, task: Task, model: Any) -> None:
        self.dataset, self.split, self.task, self.model = dataset, split, task, model
        self._sees_redshift = variant_named(task.recipe.variant).sees_redshift

    def batches(self, epoch: int) -> Iterator[tuple[Any, Indices]]:
        """Inputs of one epoch's batches, and the maps that they are of."""
        task = self.task
        for y, maps in training_batches(
            self.dataset, self.split.train, task.recipe, bin_number=task.bin_number, run=task.run, epoch=epoch
        ):
            yield inputs_of(y, self.dataset.redshift_of(maps), self._sees_redshift), maps

    def validation_inputs(self, *, average: bool) -> Iterator[list[Any]]:
        """Inputs of the validation maps in blocks."""
        for maps in _blocks(self.split.validation):
            y = maps_of(self.dataset, maps, self.task.recipe, VALIDATION, self.task.run)
            images = symmetries(y) if average else y[np.newaxis]
            yield [inputs_of(image, self.dataset.redshift_of(maps), self._sees_redshift) for image in images]

    def whole_model(self) -> Any:
        """The model itself."""
        return self.model


class FilteredFeed:
    """Products of fixed filters with maps: those of noise are drawn with their covariance, no map of noise is made.

    Filters are linear, so that a product with clean map and noise is the sum of both; noise is Gaussian, so that its
    products are too. Validation and test see maps with noise from their keys, as any network does.

    Parameters
    ----------
    dataset, split, task, model
        As of `MapFeed`; the model is that after the filters.
    scaling : Scaling
        Of the network.
    """

    def __init__(self, dataset: DataSet, split: Split, task: Task, model: Any, scaling: Scaling) -> None:
        self.dataset, self.split, self.task, self.model, self.scaling = dataset, split, task, model, scaling
        self._filters = fixed_filters(dataset)

    @cached_property
    def _clean(self) -> NDArray[np.float32]:
        blocks = _blocks(self.split.train)
        return np.concatenate([filtered(self.dataset.clean(maps), self._filters) for maps in blocks])

    @cached_property
    def _noise_factor(self) -> Floats | None:
        """What turns independent numbers into products of noise."""
        noise = self.dataset.noise
        if noise is None or self.task.recipe.noise == "none":
            return None
        covariance = noise_covariance(self._filters, self.dataset.instrument, noise)
        return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)

    @cached_property
    def _validation(self) -> list[NDArray[np.float32]]:
        task = self.task
        return [
            filtered(maps_of(self.dataset, maps, task.recipe, VALIDATION, task.run), self._filters)
            for maps in _blocks(self.split.validation)
        ]

    def batches(self, epoch: int) -> Iterator[tuple[Any, Indices]]:
        """Inputs of one epoch's batches, and the maps that they are of; full batches, as of `training_batches`."""
        recipe, train = self.task.recipe, self.split.train
        key = (recipe.seed, self.task.bin_number, self.task.run)
        order = stream("order", *key, epoch).permutation(len(train))
        products: NDArray[np.floating] = self._clean
        if self._noise_factor is not None:
            drawn = stream("noise", *key, epoch if recipe.noise == "fresh" else 0)
            products = products + drawn.standard_normal(products.shape) @ self._noise_factor.T
        redshift = self.dataset.redshift_of(train)
        size = min(recipe.batch_size, len(order))
        for start in range(0, len(order) - size + 1, size):
            rows = order[start : start + size]
            yield _inputs(products[rows], redshift[rows]), train[rows]

    def validation_inputs(self, *, average: bool) -> Iterator[list[Any]]:
        """Inputs of the validation maps in blocks; turned maps have the same products."""
        for maps, products in zip(_blocks(self.split.validation), self._validation, strict=True):
            yield [_inputs(products, self.dataset.redshift_of(maps))]

    def whole_model(self) -> Any:
        """The fixed filters with the trained layers after them."""
        model = variant_named(self.task.recipe.variant).build(self.scaling)
        fixed = model.get_weights()[0]
        model.set_weights([fixed, *self.model.get_weights()])
        return model


def trained_model(recipe: Recipe, scaling: Scaling, models: int | None = None) -> Any:
    """The Keras model that is trained for a recipe's variant: of one network, or of many at once."""
    if variant_named(recipe.variant).filtered:
        return after_filters(scaling, models=models)
    return variant_named(recipe.variant).build(scaling) if models is None else stacked_vgg(models, scaling)


def feed_of(dataset: DataSet, split: Split, task: Task, scaling: Scaling, model: Any) -> Feed:
    """The feed that a run's variant needs, for a model of `trained_model`."""
    if variant_named(task.recipe.variant).filtered:
        return FilteredFeed(dataset, split, task, model, scaling)
    return MapFeed(dataset, split, task, model)


def validated(feed: Feed, *, average: bool) -> Floats:
    """What the model predicts for the validation maps, (n, networks)."""
    blocks = [
        np.mean([np.asarray(feed.model.predict_on_batch(each), dtype=np.float64) for each in turned], axis=0)
        for turned in feed.validation_inputs(average=average)
    ]
    return np.concatenate(blocks)


def target_of(dataset: DataSet, maps: Indices) -> NDArray[np.float32]:
    """log10 M500c [Msun], (n, 1)."""
    return dataset.log10_mass_of(maps).astype(np.float32)[:, np.newaxis]


def _blocks(maps: Indices) -> list[Indices]:
    return [maps[start : start + PREDICTED_AT_ONCE] for start in range(0, len(maps), PREDICTED_AT_ONCE)]


def _inputs(products: NDArray[np.floating], redshift: Floats) -> list[NDArray[np.float32]]:
    return [products.astype(np.float32), redshift[:, np.newaxis].astype(np.float32)]
