"""Networks beside the published one, by name: what they see, and the Keras model of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from szfast.arguments import require
from szfast.errors import ArgumentError
from szfast.networks.filtered import FILTERS
from szfast.networks.filtered_keras import (
    FixedFilters,
    dense_layers,
    fixed_layer,
    seen_by_layers,
    stacked_dense_layers,
)
from szfast.networks.keras_model import vgg
from szfast.networks.layers import CONVOLUTIONS, DENSE, DROPOUT, MAP_SIDE

COMPACT_CHANNELS = (8, 16, 32)
"""Of the compact network's convolutions; the map is averaged over 2 x 2 pixels, which a beam of 6 pixels allows."""


@dataclass(frozen=True)
class Scaling:
    """What a network subtracts and divides by: numbers of its training set.

    Parameters
    ----------
    input_mean, input_std : float
        Mean and standard deviation of y, dimensionless.
    softening : float
        y at which the input of ``asinh`` turns from linear to logarithmic: the noise's, dimensionless.
    target_offset, target_scale : float
        Mean and standard deviation of log10 M500c [Msun].
    redshift_mean, redshift_std : float
        Mean and standard deviation of the redshift.
    filters : FixedFilters or None
        The fixed first layer, for a variant that is `filtered`.
    """

    input_mean: float
    input_std: float
    softening: float
    target_offset: float
    target_scale: float
    redshift_mean: float
    redshift_std: float
    filters: FixedFilters | None = None


@dataclass(frozen=True)
class Variant:
    """A network that can be trained.

    Parameters
    ----------
    name : str
        Its name in configurations and tables.
    description : str
        One line.
    build : callable
        From a `Scaling` to an untrained Keras model that takes Compton y (N, 96, 96, 1), and redshift (N, 1) where
        `sees_redshift`, and gives log10 M500c [Msun] (N, 1).
    sees_redshift : bool
        The redshift is a second input.
    one_for_all : bool
        One network for all redshifts, instead of one a bin.
    filtered : bool
        Its first layer is fixed filters, symmetric under the square; only what follows is trained.
    """

    name: str
    description: str
    build: Callable[[Scaling], Any]
    sees_redshift: bool = False
    one_for_all: bool = False
    filtered: bool = False


def _published(scaling: Scaling) -> Any:
    return vgg(
        input_mean=scaling.input_mean,
        input_std=scaling.input_std,
        target_offset=scaling.target_offset,
        target_scale=scaling.target_scale,
    )


def _standardised(y: Any, scaling: Scaling) -> Any:
    keras = require("keras", "train", "the Keras model")
    return keras.layers.Rescaling(1 / scaling.input_std, -scaling.input_mean / scaling.input_std)(y)


def _asinh_of(y: Any, scaling: Scaling) -> Any:
    keras = require("keras", "train", "the Keras model")
    return keras.ops.arcsinh(keras.layers.Rescaling(1 / scaling.softening)(y))


def _inputs() -> tuple[Any, Any]:
    keras = require("keras", "train", "the Keras model")
    return keras.Input((MAP_SIDE, MAP_SIDE, 1), name="y"), keras.Input((1,), name="redshift")


def _redshift_of(redshift: Any, scaling: Scaling) -> Any:
    keras = require("keras", "train", "the Keras model")
    std = scaling.redshift_std
    return keras.layers.Rescaling(1 / std, -scaling.redshift_mean / std)(redshift)


def _vgg_layers(image: Any, beside: Any | None) -> Any:
    """The published network's layers on an image, another input joined after the global average."""
    keras = require("keras", "train", "the Keras model")
    for layer in CONVOLUTIONS:
        image = keras.layers.Conv2D(layer.kernel_shape[-1], 3, activation="relu", name=layer.name)(image)
        image = keras.layers.MaxPooling2D(2)(image)
    units = keras.layers.Dropout(DROPOUT)(keras.layers.GlobalAveragePooling2D()(image))
    if beside is not None:
        units = keras.layers.Concatenate()([units, beside])
    for number, one in enumerate(DENSE):
        units = keras.layers.Dense(one.kernel_shape[-1], activation=one.activation, name=one.name)(units)
        if number == 0:
            units = keras.layers.Dropout(DROPOUT)(units)
    return units


def _with_redshift(scaling: Scaling) -> Any:
    y, redshift = _inputs()
    units = _vgg_layers(_standardised(y, scaling), _redshift_of(redshift, scaling))
    return _model([y, redshift], units, scaling, "redshift")


def _asinh(scaling: Scaling) -> Any:
    y, _ = _inputs()
    return _model([y], _vgg_layers(_asinh_of(y, scaling), None), scaling, "asinh")


def _compact(scaling: Scaling) -> Any:
    keras = require("keras", "train", "the Keras model")
    y, redshift = _inputs()
    image = _asinh_of(keras.layers.AveragePooling2D(2)(y), scaling)
    for number, channels in enumerate(COMPACT_CHANNELS):
        image = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{number + 1}")(image)
        if number < len(COMPACT_CHANNELS) - 1:
            image = keras.layers.MaxPooling2D(2)(image)
    # a mean over the map with learnt weights a pixel: the cluster is known to lie in the middle
    pooled = keras.layers.EinsumDense("nijc,ijc->nc", output_shape=(COMPACT_CHANNELS[-1],), name="pool")(image)
    units = keras.layers.Concatenate()([pooled, _redshift_of(redshift, scaling)])
    units = keras.layers.Dense(64, activation="relu", name="dense1")(units)
    units = keras.layers.Dense(32, activation="relu", name="dense2")(units)
    return _model([y, redshift], keras.layers.Dense(1, name="dense3")(units), scaling, "compact")


def _filtered(scaling: Scaling) -> Any:
    y, redshift = _inputs()
    units = dense_layers(_seen(fixed_layer(y, _filters(scaling)), redshift, scaling))
    return _model([y, redshift], units, scaling, "filtered")


def after_filters(scaling: Scaling, *, models: int | None = None) -> Any:
    """The part of a filtered variant that is trained, of one network or of many at once.

    Parameters
    ----------
    scaling : Scaling
        With filters.
    models : int, optional
        Number of networks; their weights have an axis for it in front.

    Returns
    -------
    keras.Model
        From the filters' products (N, 6) and redshift (N, 1) to log10 M500c [Msun], (N, 1) or (N, models).
    """
    keras = require("keras", "train", "the Keras model")
    products, redshift = keras.Input((FILTERS,), name="products"), keras.Input((1,), name="redshift")
    seen = _seen(products, redshift, scaling)
    units = dense_layers(seen) if models is None else stacked_dense_layers(seen, models)
    return _model([products, redshift], units, scaling, "after_filters")


def _seen(products: Any, redshift: Any, scaling: Scaling) -> Any:
    mean, std = scaling.redshift_mean, scaling.redshift_std
    return seen_by_layers(products, redshift, _filters(scaling), redshift_mean=mean, redshift_std=std)


def _filters(scaling: Scaling) -> FixedFilters:
    if scaling.filters is None:
        raise ArgumentError("expected filters, found none.", field="scaling", remedy="give the noise's filter bank.")
    return scaling.filters


def _model(inputs: list[Any], units: Any, scaling: Scaling, name: str) -> Any:
    keras = require("keras", "train", "the Keras model")
    output = keras.layers.Rescaling(scaling.target_scale, scaling.target_offset)(units)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], output, name=name)


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("published", "the network of arXiv:2209.10333, one a redshift bin", _published),
        Variant("redshift", "the same with the redshift as a second input", _with_redshift, sees_redshift=True),
        Variant("one-for-all", "one network with redshift for all bins", _with_redshift, True, True),
        Variant("asinh", "the published layers on asinh(y / noise)", _asinh),
        Variant("compact", "small: asinh, learnt global pooling, redshift", _compact, sees_redshift=True),
        Variant(
            "filtered", "dense layers on matched filters and redshift", _filtered, sees_redshift=True, filtered=True
        ),
    )
}


def variant_named(name: str) -> Variant:
    """Find a variant by its name.

    Raises
    ------
    ArgumentError
        If there is none of that name.
    """
    if name not in VARIANTS:
        raise ArgumentError(
            f"expected one of {', '.join(VARIANTS)}, found {name!r}.", field="variant", remedy="choose one of these."
        )
    return VARIANTS[name]
