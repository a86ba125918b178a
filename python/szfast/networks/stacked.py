"""Many networks of one bin in one Keras model, with an axis for the model.

On a GPU one network of this size leaves most of the device idle. Convolutions become products of patches with the
kernels of all models, so that a step of all is a few large matrix products; grouped convolutions are slow there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.networks.layers import CONVOLUTIONS, DENSE, DROPOUT, LAYERS, MAP_SIDE, Layer
from szfast.networks.variants import Scaling


def stacked_vgg(models: int, scaling: Scaling, *, dropout: float = DROPOUT) -> Any:
    """Build that many untrained networks as one model.

    Parameters
    ----------
    models : int
        How many.
    scaling : Scaling
        What all of them subtract and divide by.
    dropout : float
        Share of the units left out; each model draws its own.

    Returns
    -------
    keras.Model
        From Compton y (N, 96, 96, 1) to log10 M500c [Msun] (N, models).
    """
    keras = require("keras", "train", "the Keras model")
    y = keras.Input((MAP_SIDE, MAP_SIDE, 1), name="y")
    image = keras.layers.Rescaling(1 / scaling.input_std, -scaling.input_mean / scaling.input_std)(y)
    side, shared = MAP_SIDE, True
    for layer in CONVOLUTIONS:
        side, outputs = side - 2, layer.kernel_shape[-1]
        # the maps are the same for all models, what the first layer makes of them is not
        equation = "nhwk,mko->nmhwo" if shared else "nmhwk,mko->nmhwo"
        patches = _patches(image, side)
        image = keras.layers.EinsumDense(
            equation, (models, side, side, outputs), activation=layer.activation, bias_axes="mo", name=layer.name
        )(patches)
        image, side, shared = _pooled(image, models, side // 2, outputs), side // 2, False
    units = keras.layers.Dropout(dropout)(keras.ops.mean(image, axis=(2, 3)))
    for number, layer in enumerate(DENSE):
        units = keras.layers.EinsumDense(
            "nmi,mio->nmo",
            (models, layer.kernel_shape[-1]),
            activation=layer.activation,
            bias_axes="mo",
            name=layer.name,
        )(units)
        if number == 0:
            units = keras.layers.Dropout(dropout)(units)
    output = keras.layers.Rescaling(scaling.target_scale, scaling.target_offset)(keras.ops.squeeze(units, axis=-1))
    return keras.Model(y, output, name="stacked_vgg")


def _patches(image: Any, side: int) -> Any:
    """The 3 x 3 neighbours of each pixel and channel side by side, in the order of a kernel's rows."""
    keras = require("keras", "train", "the Keras model")
    shifted = [image[..., row : row + side, column : column + side, :] for row in range(3) for column in range(3)]
    return keras.ops.concatenate(shifted, axis=-1)


def _pooled(image: Any, models: int, side: int, channels: int) -> Any:
    keras = require("keras", "train", "the Keras model")
    even = image[:, :, : 2 * side, : 2 * side]
    return keras.ops.max(keras.ops.reshape(even, (-1, models, side, 2, side, 2, channels)), axis=(3, 5))


def stack_weights(each: Sequence[Sequence[NDArray[Any]]], layers: Sequence[Layer] = LAYERS) -> list[NDArray[Any]]:
    """Weights of a stacked model from those of plain ones, as Keras's ``get_weights`` gives them.

    Parameters
    ----------
    each : sequence of sequence of ndarray
        For each model the kernel and bias of every layer.
    layers : sequence of Layer
        The layers, in order.
    """
    weights = []
    for number, arrays in enumerate(zip(*each, strict=True)):
        stacked = np.stack(arrays)
        if len(layers[number // 2].kernel_shape) == 4:
            # rows, columns and inputs of a convolution are one axis of the patches
            kernel = number % 2 == 0
            stacked = stacked.reshape((len(each), -1, stacked.shape[-1]) if kernel else (len(each), 1, 1, -1))
        weights.append(stacked)
    return weights


def unstack_weights(
    weights: Sequence[NDArray[Any]], model: int, layers: Sequence[Layer] = LAYERS
) -> list[NDArray[Any]]:
    """Weights of one plain model out of a stacked one's; undoes `stack_weights`."""
    shapes = [shape for layer in layers for shape in (layer.kernel_shape, layer.bias_shape)]
    return [array[model].reshape(shape) for array, shape in zip(weights, shapes, strict=True)]


def masked_squared_error(target_and_weight: Any, predicted: Any) -> Any:
    """Sum over models of the mean squared error of the maps that each model trains on.

    Parameters
    ----------
    target_and_weight : tensor (N, models + 1)
        log10 M, then for each model 1 where the map is in its training set, else 0.
    predicted : tensor (N, models)
        log10 M.
    """
    keras = require("keras", "train", "training")
    target, weight = target_and_weight[:, :1], target_and_weight[:, 1:]
    squares = keras.ops.sum(weight * keras.ops.square(target - predicted), axis=0)
    return keras.ops.sum(squares / keras.ops.maximum(keras.ops.sum(weight, axis=0), 1.0))
