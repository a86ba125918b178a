"""The weights of one trained network, with everything that a prediction needs beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import NetworkError
from szfast.networks.layers import LAYERS
from szfast.networks.learnt import Learnt


@dataclass(frozen=True, eq=False)
class NetworkWeights(Learnt):
    """One trained network: from a map of Compton y to log10 M500c.

    The prediction is ``target_offset + target_scale * vgg((y - input_mean) / input_std)``.

    Parameters
    ----------
    kernels, biases : tuple of ndarray
        One float32 array for each of `szfast.networks.layers.LAYERS`, in that order; stored read-only.
    input_mean, input_std : float
        Mean and standard deviation of y over the training set, dimensionless.
    redshift_bin, target_offset, target_scale, lowest_log10_mass, provenance
        See `szfast.networks.learnt.Learnt`.

    Raises
    ------
    NetworkError
        If an array has a wrong shape or type or a value that is not finite, or a number is out of range.
    """

    kernels: tuple[NDArray[np.float32], ...] = field(repr=False)
    biases: tuple[NDArray[np.float32], ...] = field(repr=False)
    input_mean: float
    input_std: float

    def __post_init__(self) -> None:
        if not len(self.kernels) == len(self.biases) == len(LAYERS):
            raise NetworkError(
                f"expected {len(LAYERS)} of each, found {len(self.kernels)} and {len(self.biases)}.",
                field="kernels, biases",
                remedy=f"give one of each for {', '.join(layer.name for layer in LAYERS)}.",
            )
        kernels, biases = [], []
        for layer, kernel, bias in zip(LAYERS, self.kernels, self.biases, strict=True):
            kernels.append(checked_array(kernel, layer.kernel_shape, f"{layer.name}_kernel"))
            biases.append(checked_array(bias, layer.bias_shape, f"{layer.name}_bias"))
        object.__setattr__(self, "kernels", tuple(kernels))
        object.__setattr__(self, "biases", tuple(biases))
        self._check_numbers("input_mean", "input_std")
        super().__post_init__()

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum(array.size for array in self.kernels + self.biases)


def checked_array(
    value: NDArray[np.generic], shape: tuple[int, ...], name: str, file: str | Path | None = None
) -> NDArray[np.float32]:
    """Copy an array of weights to read-only float32 after checking its type, shape and values.

    Raises
    ------
    NetworkError
        If the type is not floating, the shape differs from `shape`, or a value is not finite.
    """
    array = np.asarray(value)
    if array.dtype.kind != "f":
        problem = f"expected floating-point weights, found type {array.dtype}."
    elif array.shape != shape:
        problem = f"expected shape {shape}, found {array.shape}."
    elif not np.isfinite(array).all() or np.abs(array).max() > np.finfo(np.float32).max:
        problem = "holds weights that are not finite in single precision."
    else:
        copy = np.array(array, dtype=np.float32, order="C")
        copy.flags.writeable = False
        return copy
    raise NetworkError(
        problem, file=file, field=name, remedy="fetch the file again, or train and save the network again."
    )
