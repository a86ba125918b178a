"""The layers of the network, as a table that needs no framework.

The architecture is that of de Andres et al. 2022 (arXiv:2209.10333), after Ntampaka et al. 2019 (ApJ 876 82):
three blocks of convolution and pooling, a global average, and four dense layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u

MAP_SIDE = 96
"""Pixels on a side of the maps that the network takes (arXiv:2209.10333)."""

PIXEL = 1.717 * u.arcmin
"""Pixel of those maps: that of HEALPix at Nside 2048 (arXiv:2209.10333)."""

DROPOUT = 0.1
"""Share of the units left out in training, after the average and after the first dense layer."""


@dataclass(frozen=True)
class Layer:
    """One layer with weights.

    Parameters
    ----------
    name : str
        Its name in szfast's files and Keras models.
    kernel_shape : tuple of int
        (rows, columns, inputs, outputs) of a convolution, (inputs, outputs) of a dense layer.
    activation : str
        "relu" or "linear".
    """

    name: str
    kernel_shape: tuple[int, ...]
    activation: str = "relu"

    @property
    def bias_shape(self) -> tuple[int]:
        """Shape of the bias: one number an output."""
        return (self.kernel_shape[-1],)


CONVOLUTIONS = (
    Layer("conv1", (3, 3, 1, 16)),
    Layer("conv2", (3, 3, 16, 32)),
    Layer("conv3", (3, 3, 32, 64)),
)
"""Without padding; each is followed by a max-pooling over 2 x 2 pixels."""

DENSE = (
    Layer("dense1", (64, 200)),
    Layer("dense2", (200, 100)),
    Layer("dense3", (100, 20)),
    Layer("dense4", (20, 1), "linear"),
)
"""After the global average of the third convolution's 64 channels."""

LAYERS = CONVOLUTIONS + DENSE

PARAMETER_COUNT = 58_437
"""Numbers that training adjusts (arXiv:2209.10333)."""
