"""Gas as maps need it: float32 columns of positions, kernels and Compton areas."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from szfast.gas.source import GasSource

COLUMNS = ("x_kpc", "y_kpc", "z_kpc", "h_kpc", "area_kpc2")


@dataclass(repr=False, kw_only=True)
class GasColumns(GasSource):
    """Gas in 20 bytes a particle.

    Positions are relative to the origin, formed in float64 and then rounded: to 0.6 pc at 10 Mpc.

    Parameters
    ----------
    x_kpc, y_kpc, z_kpc : (N,) float32 array
        Physical position relative to the origin.
    h_kpc : (N,) float32 array
        Support radius of the kernel [physical kpc].
    area_kpc2 : (N,) float32 array
        Compton area.
    whole : bool
        Whether this is all gas of its cluster, or one batch of it.
    """

    x_kpc: NDArray[np.float32]
    y_kpc: NDArray[np.float32]
    z_kpc: NDArray[np.float32]
    h_kpc: NDArray[np.float32]
    area_kpc2: NDArray[np.float32]
    whole: bool = True

    def __len__(self) -> int:
        return len(self.x_kpc)

    def columns(self, center_kpc: NDArray[np.float64] | None = None) -> GasColumns:
        """The gas relative to another centre, a physical position relative to the origin."""
        if center_kpc is None:
            return self
        x, y, z = (
            (np.subtract(axis, at, dtype=np.float64)).astype(np.float32)
            for axis, at in zip((self.x_kpc, self.y_kpc, self.z_kpc), center_kpc, strict=True)
        )
        return replace(self, x_kpc=x, y_kpc=y, z_kpc=z)
