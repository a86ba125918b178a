"""What every reader of halo catalogues hands over: plain arrays in physical units."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.constants import G_KPC_KM2_S2_MSUN
from szfast.errors import HaloCatalogueError
from szfast.snapshots.header import Assumption, SnapshotHeader


@dataclass
class HaloColumns:
    """Haloes of one catalogue, in the order of the file.

    Parameters
    ----------
    format : str
        ``AHF``, ``SUBFIND`` or ``table``.
    id : (N,) array
        The catalogue's own identifiers.
    center_kpc : (N, 3) array
        Centre in the snapshot's frame [comoving kpc].
    m500c_msun : (N,) array
        Mass in R500c.
    r500c_kpc, r200c_kpc : (N,) array or None
        Radii [physical kpc].
    m200c_msun : (N,) array or None
        Mass in R200c.
    redshift : (N,) array
        Redshift of the snapshot that the halo was found in.
    header : SnapshotHeader or None
        Cosmology and units; None where nothing tells them.
    high_resolution_fraction : (N,) array or None
        Share of the mass in high-resolution particles (``fMhires``), in zoom simulations.
    assumptions : list of Assumption
        What was taken for granted.
    """

    format: str
    id: NDArray[Any]
    center_kpc: NDArray[np.float64]
    m500c_msun: NDArray[np.float64]
    r500c_kpc: NDArray[np.float64] | None
    m200c_msun: NDArray[np.float64] | None
    r200c_kpc: NDArray[np.float64] | None
    redshift: NDArray[np.float64]
    header: SnapshotHeader | None
    high_resolution_fraction: NDArray[np.float64] | None = None
    assumptions: list[Assumption] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.m500c_msun)


def critical_density_msun_kpc3(cosmology: Any, redshift: NDArray[np.float64]) -> NDArray[np.float64]:
    """Critical density 3 H(z)^2 / (8 pi G) [Msun / physical kpc^3]."""
    hubble_km_s_kpc = np.asarray(cosmology.H(redshift).to_value("km / (s kpc)"), dtype=np.float64)
    density: NDArray[np.float64] = 3.0 * hubble_km_s_kpc**2 / (8.0 * np.pi * G_KPC_KM2_S2_MSUN)
    return density


def radius_kpc(
    mass_msun: NDArray[np.float64], overdensity: float, critical_msun_kpc3: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Radius [physical kpc] of a sphere of `overdensity` times the critical density."""
    radius: NDArray[np.float64] = np.cbrt(3.0 * mass_msun / (4.0 * np.pi * overdensity * critical_msun_kpc3))
    return radius


def check_stored_masses(mass: NDArray[np.float64], name: str, path: Path) -> None:
    """Refuse masses that are not finite or negative; a zero stands for a halo too small to have one.

    Raises
    ------
    HaloCatalogueError
        If there is one.
    """
    bad = ~(np.isfinite(mass) & (mass >= 0))
    if bad.any():
        raise HaloCatalogueError(
            f"expected masses of zero or more, found {mass[bad.argmax()]:g} in row {int(bad.argmax())}.",
            file=path,
            field=name,
            remedy="correct or remove this halo's row.",
        )
