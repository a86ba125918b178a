"""Gas particles in physical units, ready to be mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError
from szfast.gas.columns import GasColumns
from szfast.gas.electrons import COMPTON_Y_KPC2_PER_MSUN_K
from szfast.gas.source import GasSource, shared_by

if TYPE_CHECKING:
    from astropy.units import Quantity

KERNELS = ("cubic", "wendland_c2", "wendland_c4", "uniform")
"""Smoothing kernels; the uniform sphere is there for tests and users' own particles."""


@dataclass(repr=False)
class Gas(GasSource):
    """Gas particles in physical units, relative to an origin; `GasSource` says where from.

    Parameters
    ----------
    offset_kpc : (N, 3) float64 array
        Physical position relative to the origin.
    mass_msun, temperature_k, smoothing_length_kpc : (N,) float32 array
        Mass, temperature and the support radius of the kernel [physical kpc].
    electrons_per_hydrogen, hydrogen_fraction : (N,) float32 array
        Electrons per hydrogen atom, and hydrogen's share of the mass.
    """

    offset_kpc: NDArray[np.float64]
    mass_msun: NDArray[np.float32]
    temperature_k: NDArray[np.float32]
    smoothing_length_kpc: NDArray[np.float32]
    electrons_per_hydrogen: NDArray[np.float32]
    hydrogen_fraction: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.mass_msun)

    @classmethod
    def from_arrays(cls, **particles: Any) -> Gas:
        """Build gas from your own particles; see `szfast.gas.arrays.gas_from_arrays`."""
        from szfast.gas.arrays import gas_from_arrays

        return gas_from_arrays(**particles)

    def compton_y_kpc2(self) -> NDArray[np.float64]:
        """Compton area sigma_T k_B T N_e / (m_e c^2) of each particle [physical kpc^2], in float64."""
        electrons = self.mass_msun.astype(np.float64) * self.hydrogen_fraction * self.electrons_per_hydrogen
        area: NDArray[np.float64] = COMPTON_Y_KPC2_PER_MSUN_K * electrons * self.temperature_k
        return area

    def columns(self, center_kpc: NDArray[np.float64] | None = None, *, threads: int = 0) -> GasColumns:
        """What maps need of it, relative to a centre: a physical position relative to the origin."""
        from szfast._core import particle_columns

        x, y, z, area = particle_columns(
            np.ascontiguousarray(self.offset_kpc, dtype=np.float64),
            np.zeros(3) if center_kpc is None else np.ascontiguousarray(center_kpc, dtype=np.float64),
            *(
                np.ascontiguousarray(v, dtype=np.float32)
                for v in (self.mass_msun, self.hydrogen_fraction, self.electrons_per_hydrogen, self.temperature_k)
            ),
            factor=COMPTON_Y_KPC2_PER_MSUN_K,
            threads=threads,
        )
        return GasColumns(
            x_kpc=x,
            y_kpc=y,
            z_kpc=z,
            h_kpc=np.ascontiguousarray(self.smoothing_length_kpc, dtype=np.float32),
            area_kpc2=area,
            **shared_by(self),
        )

    @property
    def position(self) -> Quantity:
        """Physical position relative to the origin, (N, 3) [kpc]."""
        return _quantity(self.offset_kpc, "kpc")

    @property
    def mass(self) -> Quantity:
        """Mass, (N,) [Msun]."""
        return _quantity(self.mass_msun, "Msun")

    @property
    def temperature(self) -> Quantity:
        """Temperature, (N,) [K]."""
        return _quantity(self.temperature_k, "K")

    @property
    def smoothing_length(self) -> Quantity:
        """Support radius of the kernel, (N,) [physical kpc]."""
        return _quantity(self.smoothing_length_kpc, "kpc")

    @property
    def compton_y_area(self) -> Quantity:
        """Compton area of each particle, (N,) [physical kpc^2]."""
        return _quantity(self.compton_y_kpc2(), "kpc2")


def check_particles(gas: Gas) -> None:
    """Check the arrays of a gas that may have been changed since it was read or built.

    Raises
    ------
    ArgumentError
        If one has a wrong shape or kind, or a value that is not possible.
    """
    count = len(gas)
    names = ("offset_kpc", "mass_msun", "temperature_k", "smoothing_length_kpc", "electrons_per_hydrogen")
    for name in (*names, "hydrogen_fraction"):
        values = np.asarray(getattr(gas, name))
        shape = (count, 3) if name == "offset_kpc" else (count,)
        problem = None
        if values.shape != shape or values.dtype.kind not in "fiu":
            problem = f"expected numbers of shape {shape}, found {values.dtype} of shape {values.shape}"
        elif count:
            # NaN propagates through min and max
            low, high = float(values.min()), float(values.max())
            least = -np.inf if name == "offset_kpc" else 0.0
            if not (low >= least and np.isfinite(low) and high <= float(np.finfo(np.float32).max)):
                wanted = "finite numbers" if name == "offset_kpc" else "finite numbers from 0 on"
                problem = f"expected {wanted}, found {low:g} to {high:g}"
        if problem is not None:
            raise ArgumentError(
                f"{problem}.",
                file=gas.path,
                field=f"gas.{name}",
                remedy="correct the array, or leave these particles out; szfast.Gas.from_arrays checks what it takes.",
            )


def _quantity(values: NDArray[Any], unit: str) -> Quantity:
    import astropy.units as u

    return u.Quantity(values, unit, copy=False)
