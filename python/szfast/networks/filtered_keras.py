"""The small network on matched filters as a Keras model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.networks.filtered import FILTERED_DENSE, FILTERS, FilteredWeights

FIXED = "filters"
"""Name of the layer that training leaves as it is: what comes after it needs no map."""

_STANDARDISED, _REDSHIFT = "features", "redshift_scaling"


@dataclass(frozen=True, eq=False)
class FixedFilters:
    """The first layer of a filtered network, and the scale of what it gives.

    Parameters
    ----------
    weights : (48 * 48, 6) float32 array
        From `szfast.filters.filter_bank`.
    mean, std : (6,) array
        Of arcsinh of their products over the training set.
    """

    weights: NDArray[np.float32]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def fixed_layer(y: Any, filters: FixedFilters) -> Any:
    """The filters' products (N, 6) of a Keras tensor of maps (N, 96, 96, 1)."""
    layers = require("keras", "train", "the Keras model").layers
    fixed = layers.Dense(FILTERS, use_bias=False, trainable=False, name=FIXED)
    products = fixed(layers.Flatten()(layers.AveragePooling2D(2)(y)))
    fixed.set_weights([filters.weights])
    return products


def seen_by_layers(
    products: Any, redshift: Any, filters: FixedFilters, *, redshift_mean: float, redshift_std: float
) -> Any:
    """What the dense layers see (N, 7), from Keras tensors of products (N, 6) and redshifts (N, 1)."""
    keras = require("keras", "train", "the Keras model")
    layers = keras.layers
    mean, variance = filters.mean.tolist(), (filters.std**2).tolist()
    features = layers.Normalization(mean=mean, variance=variance, name=_STANDARDISED)(keras.ops.arcsinh(products))
    seen = layers.Rescaling(1 / redshift_std, -redshift_mean / redshift_std, name=_REDSHIFT)(redshift)
    return layers.Concatenate()([features, seen])


def dense_layers(units: Any) -> Any:
    """The layers that are trained, up to the output unit (N, 1)."""
    layers = require("keras", "train", "the Keras model").layers
    for one in FILTERED_DENSE:
        units = layers.Dense(one.kernel_shape[-1], activation=one.activation, name=one.name)(units)
    return units


def stacked_dense_layers(units: Any, models: int) -> Any:
    """The same layers of that many networks, up to their output units (N, models).

    Their weights are those of single networks under one another.
    """
    keras = require("keras", "train", "the Keras model")
    for number, one in enumerate(FILTERED_DENSE):
        units = keras.layers.EinsumDense(
            "ni,mio->nmo" if number == 0 else "nmi,mio->nmo",
            (models, one.kernel_shape[-1]),
            activation=one.activation,
            bias_axes="mo",
            name=one.name,
        )(units)
    return keras.ops.squeeze(units, axis=-1)


def from_filtered_keras(model: Any, *, redshift_bin: tuple[float, float], provenance: str) -> FilteredWeights:
    """Take weights and scalings out of a Keras model of the variant ``filtered``."""
    standardise, redshift = model.get_layer(_STANDARDISED), model.get_layer(_REDSHIFT)
    # the output's scaling is the last layer
    target = model.layers[-1]
    dense = [model.get_layer(one.name).get_weights() for one in FILTERED_DENSE]
    return FilteredWeights(
        filters=model.get_layer(FIXED).get_weights()[0],
        feature_mean=np.ravel(np.asarray(standardise.mean)),
        feature_std=np.sqrt(np.ravel(np.asarray(standardise.variance))),
        kernels=tuple(kernel for kernel, _ in dense),
        biases=tuple(bias for _, bias in dense),
        redshift_mean=-float(redshift.offset) / float(redshift.scale),
        redshift_std=1 / float(redshift.scale),
        redshift_bin=redshift_bin,
        target_offset=float(target.offset),
        target_scale=float(target.scale),
        provenance=provenance,
    )
