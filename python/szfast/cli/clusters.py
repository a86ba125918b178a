"""Which clusters are mapped, and their gas: haloes of a catalogue, one centre, or the synthetic cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from szfast.cli.quantities import Frame, comoving_position, mass, physical_length

if TYPE_CHECKING:
    from szfast.gas import Gas
    from szfast.snapshots import Snapshot

LEAST_MASS = "1e14 Msun"
"""Haloes of a catalogue from this M500c on, where --min-mass is not given."""

SYNTHETIC_MSUN = 8e14
SYNTHETIC_REDSHIFT = 0.1


@dataclass(frozen=True)
class Cluster:
    """The gas of one cluster, and what is known of it.

    Parameters
    ----------
    gas : Gas
        About the cluster's centre.
    halo : Row, dict or None
        Row of the catalogue, or what stands for it.
    name : str or None
        None for the name that its snapshot and halo give.
    """

    gas: Gas
    halo: Any = None
    name: str | None = None


@dataclass(frozen=True)
class Reading:
    """How gas is read.

    Parameters
    ----------
    redshift : float or None
        At which the clusters are seen: the default radius follows from it. None for the snapshot's.
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

    def options(self) -> dict[str, Any]:
        """Arguments that both readers of gas share."""
        return {"electrons": self.electrons, "smoothing_scale": self.smoothing_scale, "progress": True}

    def reach(self, snapshot: Snapshot) -> Any:
        """Physical radius to read about each centre."""
        import astropy.units as u

        from szfast.maps.instrument import PLANCK
        from szfast.maps.make import observed_redshift, patch_radius_kpc, pixel_size_kpc

        header = snapshot.header
        seen_at = observed_redshift(self.redshift, header.redshift)
        if self.radius is not None:
            return physical_length(self.radius, Frame.of(header), "--radius")
        pixel_kpc = pixel_size_kpc(PLANCK, header.cosmology, seen_at)
        return patch_radius_kpc(PLANCK, pixel_kpc) * u.kpc


def halo_clusters(snapshot: Snapshot, catalogue: Path, min_mass: str | None, reading: Reading) -> list[Cluster]:
    """All haloes from a mass on, heaviest first, read in one pass over the snapshot."""
    from szfast.gas import gas_around
    from szfast.snapshots.halos import read_halos

    radius = reading.reach(snapshot)
    least = mass(min_mass or LEAST_MASS, Frame.of(snapshot.header), "--min-mass")
    halos = read_halos(catalogue, snapshot=snapshot, min_mass=least)
    gases = gas_around(snapshot, halos, radius, **reading.options())
    return [Cluster(gas, halo) for gas, halo in zip(gases, halos, strict=True)]


def centered_cluster(snapshot: Snapshot, center: str, reading: Reading) -> Cluster:
    """The gas about one centre."""
    from szfast.gas import read_snapshot

    position = comoving_position(center, Frame.of(snapshot.header), "--center")
    gas = read_snapshot(snapshot, center=position, radius=reading.reach(snapshot), **reading.options())
    return Cluster(gas)


def synthetic(redshift: float, seed: int) -> Cluster:
    """The synthetic cluster that needs no input."""
    import astropy.units as u
    import numpy as np

    from szfast.sample.synthetic import synthetic_cluster
    from szfast.snapshots.halos.columns import critical_density_msun_kpc3, radius_kpc

    gas = synthetic_cluster(M500c=SYNTHETIC_MSUN * u.Msun, redshift=redshift, seed=seed, scatter_dex=0.0)
    critical = critical_density_msun_kpc3(gas.cosmology, np.array([redshift]))
    R500c_kpc = float(radius_kpc(np.array([SYNTHETIC_MSUN]), 500.0, critical)[0])
    halo = {"id": 0, "center": gas.center, "M500c": SYNTHETIC_MSUN * u.Msun, "R500c": R500c_kpc * u.kpc}
    return Cluster(gas, halo=halo, name="synthetic cluster")
