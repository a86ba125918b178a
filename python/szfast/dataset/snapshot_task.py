"""A task with one snapshot: its haloes' gas in one pass, then maps of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.dataset.cluster import Cluster
from szfast.errors import DataSetError

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.dataset.configuration import MapsPart, SimulationPart
    from szfast.snapshots import Snapshot


@dataclass(frozen=True)
class SnapshotTask:
    """Clusters of one snapshot.

    Parameters
    ----------
    region, snapshot : str
        Names, from the path.
    path, halos : Path
        The snapshot and its halo catalogue.
    how : SimulationPart
        How both are read.
    halo_ids : tuple of int or None
        Haloes that a sample names; None for all from the least mass on.
    """

    region: str
    snapshot: str
    path: Path
    halos: Path
    how: SimulationPart
    halo_ids: tuple[int, ...] | None = None

    @property
    def code(self) -> str:
        """The simulation code."""
        return self.how.code

    def inputs(self) -> list[Path]:
        """Every file of snapshot and catalogue."""
        return [file for path in (self.path, self.halos) for file in _files(path)]

    def clusters(self, how: MapsPart) -> Iterator[Cluster]:
        """Read the gas of all haloes in one pass, and hand out one after the other."""
        from szfast.gas import gas_around
        from szfast.maps.observation import observed_redshift
        from szfast.snapshots import open_snapshot

        snapshot = open_snapshot(self.path)
        halos = self._chosen(snapshot)
        if len(halos) == 0:
            return
        seen_at = observed_redshift(self.how.redshift, snapshot.header.redshift)
        gases = gas_around(
            snapshot,
            halos,
            self._radius(snapshot, how, seen_at),
            electrons=self.how.electrons,
            smoothing_scale=self.how.smoothing_scale,
        )
        for halo in halos:
            known = {name: halo[name] for name in ("id", "center", "M500c", "R500c")}
            # taken out of the list: the gas of a mapped cluster is not needed again
            yield Cluster(gases.pop(0), known, seen_at, self.region, self.snapshot, self.code)

    def _chosen(self, snapshot: Snapshot) -> QTable:
        import astropy.units as u

        from szfast.snapshots.halos import read_halos

        halos = read_halos(self.halos, snapshot=snapshot)
        if self.halo_ids is None:
            return halos[halos["M500c"] >= u.Quantity(self.how.least_mass)]
        ids = np.asarray(halos["id"])
        absent = sorted(set(self.halo_ids) - set(ids.tolist()))
        if absent:
            raise DataSetError(
                f"the catalogue has no halo {absent[0]}, which the sample names.",
                file=self.halos,
                field="id",
                remedy="make the sample again from these catalogues.",
            )
        return halos[np.isin(ids, self.halo_ids)]

    def _radius(self, snapshot: Snapshot, how: MapsPart, seen_at: float) -> Any:
        import astropy.units as u

        from szfast.maps.observation import patch_radius_kpc, pixel_size_kpc

        if self.how.radius is not None:
            return u.Quantity(self.how.radius)
        instrument = how.as_instrument()
        pixel_kpc = pixel_size_kpc(instrument, snapshot.header.cosmology, seen_at)
        return patch_radius_kpc(instrument, pixel_kpc) * u.kpc


def _files(path: Path) -> list[Path]:
    """A file, all files of a folder, or all that begin with a stem."""
    if path.is_file():
        return [path]
    found = path.rglob("*") if path.is_dir() else path.parent.glob(path.name + "*")
    return sorted(file for file in found if file.is_file())
