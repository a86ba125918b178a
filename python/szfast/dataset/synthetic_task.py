"""A task without inputs: synthetic clusters of one region, each a function of its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from szfast.dataset.cluster import Cluster

if TYPE_CHECKING:
    from szfast.dataset.configuration import MapsPart


@dataclass(frozen=True)
class SyntheticRow:
    """One cluster of the synthetic catalogue."""

    cluster: int
    redshift: float
    M500c_msun: float
    R500c_kpc: float


@dataclass(frozen=True)
class SyntheticTask:
    """Synthetic clusters of one region.

    Parameters
    ----------
    region : str
        Its name.
    rows : tuple of SyntheticRow
        The clusters.
    particles : int
        Gas particles of each.
    profile : str
        Their pressure profile, ``A10``, ``P13`` or ``B12``.
    seed : int
        Of the whole catalogue.
    """

    region: str
    rows: tuple[SyntheticRow, ...]
    particles: int
    profile: str
    seed: int

    @property
    def snapshot(self) -> str:
        """What stands for the snapshot's name."""
        return f"seed {self.seed}"

    @property
    def code(self) -> str:
        """What stands for the simulation code's name."""
        return "synthetic" if self.profile == "A10" else f"synthetic {self.profile}"

    def inputs(self) -> list[Path]:
        """No file is read."""
        return []

    def clusters(self, how: MapsPart) -> Iterator[Cluster]:
        """Make one cluster after the other."""
        import astropy.units as u

        from szfast.sample import synthetic_cluster

        for row in self.rows:
            mass = row.M500c_msun * u.Msun
            gas = synthetic_cluster(
                M500c=mass,
                redshift=row.redshift,
                cluster=row.cluster,
                seed=self.seed,
                particles=self.particles,
                profile=self.profile,
            )
            halo = {"id": row.cluster, "center": gas.center, "M500c": mass, "R500c": row.R500c_kpc * u.kpc}
            yield Cluster(gas, halo, row.redshift, self.region, self.snapshot, self.code)
