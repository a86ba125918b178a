"""The weights of one trained network, with everything that a prediction needs beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import NetworkError
from szfast.networks.layers import LAYERS


@dataclass(frozen=True, eq=False)
class NetworkWeights:
    """One trained network: from a map of Compton y to log10 M500c.

    The prediction is ``target_offset + target_scale * vgg((y - input_mean) / input_std)``.

    Parameters
    ----------
    kernels, biases : tuple of ndarray
        One float32 array for each of `szfast.networks.layers.LAYERS`, in that order; stored read-only.
    input_mean, input_std : float
        Mean and standard deviation of y over the training set, dimensionless.
    redshift_bin : tuple of float
        (low, high]: the redshifts that the network has learnt.
    target_offset, target_scale : float
        From the network's output to log10 of M500c in Msun.
    lowest_log10_mass : float
        Lowest log10 M500c [Msun] that the network has learnt: fainter maps get about this mass. 0 if not known.
    provenance : str
        Who trained the network, on what, and where that is described.

    Raises
    ------
    NetworkError
        If an array has a wrong shape or type or a value that is not finite, or a number is out of range.
    """

    kernels: tuple[NDArray[np.float32], ...] = field(repr=False)
    biases: tuple[NDArray[np.float32], ...] = field(repr=False)
    input_mean: float
    input_std: float
    redshift_bin: tuple[float, float]
    target_offset: float = 0.0
    target_scale: float = 1.0
    lowest_log10_mass: float = 0.0
    provenance: str = "not stated"

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
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("input_mean", "input_std", "target_offset", "target_scale", "lowest_log10_mass"):
            value = float(getattr(self, name))
            if not math.isfinite(value) or (name in ("input_std", "target_scale") and value <= 0):
                raise NetworkError(
                    f"expected a finite{' positive' if name.endswith(('std', 'scale')) else ''} number, found {value}.",
                    field=name,
                    remedy="give the number that the network was trained with.",
                )
            object.__setattr__(self, name, value)
        low, high = (float(edge) for edge in self.redshift_bin)
        if not 0 <= low < high < math.inf:
            raise NetworkError(
                f"expected 0 <= low < high, found ({low}, {high}].",
                field="redshift_bin",
                remedy="give the range of redshifts that the network was trained on.",
            )
        object.__setattr__(self, "redshift_bin", (low, high))

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum(array.size for array in self.kernels + self.biases)

    def covers(self, redshift: float) -> bool:
        """Tell whether a redshift lies in the network's bin, low edge excluded."""
        low, high = self.redshift_bin
        return low < redshift <= high


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
