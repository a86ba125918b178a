"""Gas whose particles are on a GPU already: CuPy's arrays, or any with ``__cuda_array_interface__``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from szfast.arguments import choice_in
from szfast.errors import ArgumentError
from szfast.gas.particles import KERNELS, Gas


@dataclass(repr=False)
class GasOnDevice(Gas):
    """Gas as maps need it, on a GPU; what maps do not need is not known.

    Parameters
    ----------
    lent : tuple of (N,) float32 arrays
        x, y, z and support radius [physical kpc], Compton area [physical kpc^2]; used where they are.
    """

    lent: tuple[Any, ...] = ()

    def __len__(self) -> int:
        return int(self.lent[0].shape[0])

    def columns_on(self, device: Any, center_kpc: Any) -> tuple[Any, ...]:
        """The columns, for a GPU and about the origin alone.

        Raises
        ------
        ArgumentError
            If the maps are to be made elsewhere, or about another centre.
        """
        if device is None:
            raise ArgumentError("the gas is on a GPU.", field="device", remedy="give device='cuda'.")
        if center_kpc is not None:
            raise ArgumentError("expected none for gas on a GPU.", field="center", remedy="shift its positions.")
        return self.lent


def gas_on_device(
    *,
    x_kpc: Any,
    y_kpc: Any,
    z_kpc: Any,
    smoothing_length_kpc: Any,
    compton_area_kpc2: Any,
    redshift: float,
    cosmology: Any,
    kernel: str = "cubic",
    electron_model: str = "given as Compton areas",
) -> GasOnDevice:
    """Take particles from a GPU's memory, where a quantity cannot be: units stand in the names.

    Parameters
    ----------
    x_kpc, y_kpc, z_kpc : (N,) float32 array
        Physical position relative to the cluster's centre, with ``__cuda_array_interface__``.
    smoothing_length_kpc : (N,) float32 array
        Physical support radius of the kernel.
    compton_area_kpc2 : (N,) float32 array
        Compton area sigma_T k_B T N_e / (m_e c^2) of each particle.
    redshift : float
        Redshift of the snapshot.
    cosmology : FLRW
        An astropy cosmology.
    kernel : str
        One of `szfast.gas.particles.KERNELS`.
    electron_model : str
        Where the electrons come from, as written into every product.

    Returns
    -------
    GasOnDevice
        For ``make_maps(..., device="cuda")``.

    Raises
    ------
    ArgumentError
        If the arrays are of different lengths or the kernel is unknown.
    """
    lent = (x_kpc, y_kpc, z_kpc, smoothing_length_kpc, compton_area_kpc2)
    shapes = {tuple(column.shape) for column in lent}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ArgumentError(f"expected columns of one length, found shapes {sorted(shapes)}.", field="x_kpc")
    choice_in(kernel, KERNELS, "kernel")
    nothing = np.empty(0, dtype=np.float32)
    return GasOnDevice(
        offset_kpc=np.empty((0, 3)),
        mass_msun=nothing,
        temperature_k=nothing,
        smoothing_length_kpc=nothing,
        electrons_per_hydrogen=nothing,
        hydrogen_fraction=nothing,
        origin_kpc=np.zeros(3),
        redshift=float(redshift),
        cosmology=cosmology,
        kernel=kernel,
        electron_model=electron_model,
        lent=lent,
    )
