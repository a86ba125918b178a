"""The network as a Keras model, for training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from szfast.arguments import require
from szfast.errors import ArgumentError
from szfast.networks.keras_config import check_layers, scalings
from szfast.networks.layers import CONVOLUTIONS, DENSE, DROPOUT, LAYERS, MAP_SIDE
from szfast.networks.weights import NetworkWeights


def vgg(
    *,
    input_mean: float = 0.0,
    input_std: float = 1.0,
    target_offset: float = 0.0,
    target_scale: float = 1.0,
) -> Any:
    """Build the untrained network of de Andres et al. 2022 (arXiv:2209.10333).

    The model standardises its input and undoes the standardisation of the target itself, so that it takes
    Compton y and gives log10 M500c as it is: a mean squared error of its output is that of log10 M.

    Parameters
    ----------
    input_mean, input_std : float
        Mean and standard deviation of y over the training set, dimensionless.
    target_offset, target_scale : float
        Mean and standard deviation of log10 M500c [Msun] over the training set.

    Returns
    -------
    keras.Sequential
        From (N, 96, 96, 1) to (N, 1); 58,437 parameters.

    Raises
    ------
    ArgumentError
        If a standard deviation is not positive.
    MissingExtraError
        If Keras is not installed.
    """
    keras = require("keras", "train", "the Keras model")
    for name, value in (("input_std", input_std), ("target_scale", target_scale)):
        if not 0 < value < math.inf:
            raise ArgumentError(
                f"expected a positive number, found {value}.",
                field=name,
                remedy="give the standard deviation over the training set.",
            )
    blocks: list[Any] = []
    for layer in CONVOLUTIONS:
        outputs = layer.kernel_shape[-1]
        blocks.append(keras.layers.Conv2D(outputs, 3, activation=layer.activation, name=layer.name))
        blocks.append(keras.layers.MaxPooling2D(2))
    dense = [keras.layers.Dense(one.kernel_shape[-1], activation=one.activation, name=one.name) for one in DENSE]
    return keras.Sequential(
        [
            keras.Input((MAP_SIDE, MAP_SIDE, 1)),
            keras.layers.Rescaling(1 / input_std, -input_mean / input_std),
            *blocks,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(DROPOUT),
            dense[0],
            keras.layers.Dropout(DROPOUT),
            *dense[1:],
            keras.layers.Rescaling(target_scale, target_offset),
        ],
        name="vgg",
    )


def to_keras(network: NetworkWeights) -> Any:
    """Build the Keras model of a network, with its weights; see `vgg`.

    Raises
    ------
    MissingExtraError
        If Keras is not installed.
    """
    model = vgg(
        input_mean=network.input_mean,
        input_std=network.input_std,
        target_offset=network.target_offset,
        target_scale=network.target_scale,
    )
    for layer, kernel, bias in zip(LAYERS, network.kernels, network.biases, strict=True):
        model.get_layer(layer.name).set_weights([kernel, bias])
    return model


def from_keras(model: Any, *, redshift_bin: tuple[float, float], provenance: str = "not stated") -> NetworkWeights:
    """Take the weights and the scalings out of a Keras model that `vgg` built.

    Parameters
    ----------
    model : keras.Sequential
        The model, trained or not.
    redshift_bin : tuple of float
        (low, high]: the redshifts that it was trained on.
    provenance : str, optional
        Who trained it, on what.

    Raises
    ------
    NetworkError
        If the model's layers or settings are not those of `vgg`, or its weights are not finite.
    """
    settings = check_layers(model.get_config())
    weighted = [layer for layer in model.layers if layer.weights]
    arrays = [[np.asarray(array) for array in layer.get_weights()] for layer in weighted]
    return NetworkWeights(
        tuple(kernel for kernel, _ in arrays),
        tuple(bias for _, bias in arrays),
        redshift_bin=redshift_bin,
        provenance=provenance,
        **scalings(settings),
    )
