"""Gas particles in physical units, ready to be mapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.gas.electrons import COMPTON_Y_KPC2_PER_MSUN_K
from szfast.snapshots.header import Assumption

if TYPE_CHECKING:
    from astropy.units import Quantity

KERNELS = ("cubic", "wendland_c2", "wendland_c4", "uniform")
"""Smoothing kernels; the uniform sphere is there for tests and users' own particles."""


@dataclass(repr=False)
class Gas:
    """Gas particles in physical units, relative to an origin.

    Parameters
    ----------
    offset_kpc : (N, 3) float64 array
        Physical position relative to the origin.
    mass_msun, temperature_k, smoothing_length_kpc : (N,) float32 array
        Mass, temperature and the support radius of the kernel [physical kpc].
    electrons_per_hydrogen, hydrogen_fraction : (N,) float32 array
        Electrons per hydrogen atom, and hydrogen's share of the mass.
    origin_kpc : (3,) float64 array
        The origin in the snapshot's frame [comoving kpc].
    redshift : float
        Redshift of the snapshot.
    cosmology : FLRW
        The snapshot's cosmology.
    kernel : str
        One of `KERNELS`.
    electron_model : str
        Where the electrons come from, as written into every product.
    box_size_kpc : float or None
        Side of the periodic box [comoving kpc].
    radius_kpc : float or None
        Gas was read out to this distance from the origin [physical kpc]; None for all of it.
    excluded : dict
        Particles left out, by reason.
    assumptions : list of Assumption
        What was taken for granted.
    path : Path or None
        The snapshot; None for particles given as arrays.
    """

    offset_kpc: NDArray[np.float64]
    mass_msun: NDArray[np.float32]
    temperature_k: NDArray[np.float32]
    smoothing_length_kpc: NDArray[np.float32]
    electrons_per_hydrogen: NDArray[np.float32]
    hydrogen_fraction: NDArray[np.float32]
    origin_kpc: NDArray[np.float64]
    redshift: float
    cosmology: Any
    kernel: str
    electron_model: str
    box_size_kpc: float | None = None
    radius_kpc: float | None = None
    excluded: dict[str, int] = field(default_factory=dict)
    assumptions: list[Assumption] = field(default_factory=list)
    path: Path | None = None

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

    @property
    def center(self) -> Quantity:
        """The origin in the snapshot's frame, (3,) [comoving kpc]."""
        return _quantity(self.origin_kpc, "kpc")

    def summary(self) -> list[Assumption]:
        """List what was read and what was assumed: quantity, value, source."""
        from_file = "arrays" if self.path is None else self.path.name
        reach = "all" if self.radius_kpc is None else f"within {self.radius_kpc:.6g} physical kpc"
        rows = [
            Assumption("gas particles", f"{len(self)}, {reach}", from_file),
            Assumption(
                "centre", f"{', '.join(f'{x:.6g}' for x in self.origin_kpc)} kpc, comoving", "origin of the gas"
            ),
            Assumption("redshift of the gas", f"{self.redshift:.6g}", from_file),
            Assumption("electron model", self.electron_model, from_file),
        ]
        # A reader that took the kernel for granted says so itself.
        if all(row.quantity != "kernel" for row in self.assumptions):
            rows.append(Assumption("kernel", self.kernel, from_file))
        rows += [Assumption(f"{why} gas", "left out", f"{n} particles") for why, n in self.excluded.items()]
        return rows + self.assumptions

    def __repr__(self) -> str:
        source = "arrays" if self.path is None else self.path.name
        return f"<Gas of {source}: {len(self)} particles, z = {self.redshift:g}; print it to see what was assumed>"

    def __str__(self) -> str:
        rows = [("quantity", "value", "source")]
        rows += [(row.quantity, row.value, row.source) for row in self.summary()]
        first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
        return "\n".join(f"{a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in rows)

    def __rich__(self) -> Any:
        from rich.table import Table

        table = Table("quantity", "value", "source", title=None if self.path is None else str(self.path))
        for row in self.summary():
            table.add_row(row.quantity, row.value, row.source)
        return table


def _quantity(values: NDArray[Any], unit: str) -> Quantity:
    import astropy.units as u

    return u.Quantity(values, unit, copy=False)
