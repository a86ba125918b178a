"""Where gas comes from, and how its particles were treated."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.snapshots.header import Assumption

if TYPE_CHECKING:
    from astropy.units import Quantity


@dataclass(repr=False, kw_only=True)
class GasSource:
    """What holds for all particles of a gas.

    Parameters
    ----------
    origin_kpc : (3,) float64 array
        The origin of the positions in the snapshot's frame [comoving kpc].
    redshift : float
        Redshift of the snapshot.
    cosmology : FLRW
        The snapshot's cosmology.
    kernel : str
        One of `szfast.gas.KERNELS`.
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
        raise NotImplementedError

    @property
    def center(self) -> Quantity:
        """The origin in the snapshot's frame, (3,) [comoving kpc]."""
        import astropy.units as u

        return u.Quantity(self.origin_kpc, "kpc", copy=False)

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


@dataclass(repr=False, kw_only=True)
class ReadGas(GasSource):
    """Gas that was read and is not kept.

    Parameters
    ----------
    count : int
        Its particles.
    """

    count: int

    def __len__(self) -> int:
        return self.count


SHARED = tuple(GasSource.__dataclass_fields__)
"""Names of what holds for all particles of a gas."""


def shared_by(gas: GasSource) -> dict[str, Any]:
    """What holds for all particles of a gas, as arguments for another one from the same source."""
    return {name: getattr(gas, name) for name in SHARED}
