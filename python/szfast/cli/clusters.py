"""Which clusters are mapped, and how their gas is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from szfast.cli.quantities import Frame, mass, physical_length

if TYPE_CHECKING:
    from szfast.gas import Gas
    from szfast.snapshots import Snapshot

LEAST_MASS = "1e14 Msun"
"""Haloes of a catalogue from this M500c on, where --min-mass is not given."""

SYNTHETIC_MSUN = 8e14
SYNTHETIC_REDSHIFT = 0.1


@dataclass(frozen=True)
class Reading:
    """How gas is read.

    Parameters
    ----------
    redshift : float or None
        At which the clusters are seen; None for the snapshot's.
    radius : str or None
        Physical radius as typed; None for out to the corners of the patch.
    electrons : str or float
        Electron model.
    smoothing_scale : float
        Multiplies smoothing lengths.
    """

    redshift: float | None
    radius: str | None
    electrons: str | float
    smoothing_scale: float

    def options(self, snapshot: Snapshot) -> dict[str, Any]:
        """Arguments of the functions that make maps of a snapshot."""
        radius = None if self.radius is None else physical_length(self.radius, Frame.of(snapshot.header), "--radius")
        return {
            "redshift": self.redshift,
            "radius": radius,
            "electrons": self.electrons,
            "smoothing_scale": self.smoothing_scale,
            "progress": True,
        }


def halos_of(snapshot: Snapshot, catalogue: Path, min_mass: str | None) -> Any:
    """All haloes from a mass on, heaviest first."""
    from szfast.snapshots.halos import read_halos

    least = mass(min_mass or LEAST_MASS, Frame.of(snapshot.header), "--min-mass")
    return read_halos(catalogue, snapshot=snapshot, min_mass=least)


def synthetic(redshift: float, seed: int) -> tuple[Gas, dict[str, Any]]:
    """The gas of the synthetic cluster that needs no input, and what stands for its row of a catalogue."""
    import astropy.units as u
    import numpy as np

    from szfast.sample.synthetic import synthetic_cluster
    from szfast.snapshots.halos.columns import critical_density_msun_kpc3, radius_kpc

    gas = synthetic_cluster(M500c=SYNTHETIC_MSUN * u.Msun, redshift=redshift, seed=seed)
    critical = critical_density_msun_kpc3(gas.cosmology, np.array([redshift]))
    R500c_kpc = float(radius_kpc(np.array([SYNTHETIC_MSUN]), 500.0, critical)[0])
    halo = {"id": 0, "center": gas.center, "M500c": SYNTHETIC_MSUN * u.Msun, "R500c": R500c_kpc * u.kpc}
    return gas, halo
