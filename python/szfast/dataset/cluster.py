"""One cluster on its way into a data set: its gas, its maps, its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.dataset.configuration import MapsPart
    from szfast.dataset.maps import Maps
    from szfast.gas import Gas

SMALL_GAS = 50_000
"""Particles below which ``auto`` means ``exact``: the search for a mesh costs more than it saves."""


@dataclass(frozen=True)
class Cluster:
    """The gas of one cluster, and what its catalogue knows.

    Parameters
    ----------
    gas : Gas
        Centred on the cluster.
    halo : dict
        id, center, M500c and R500c, as in a row of `szfast.read_halos`.
    redshift : float
        At which it is seen.
    region, snapshot, code : str
        Where it comes from.
    """

    gas: Gas
    halo: dict[str, Any]
    redshift: float
    region: str
    snapshot: str
    code: str

    def mapped(self, how: MapsPart) -> tuple[Maps, dict[str, Any]]:
        """Clean maps of all views, (V, n, n), and the labels but the row's number."""
        from szfast.dataset.labels import noise_number
        from szfast.gas import spherical_compton_y
        from szfast.maps.make import make_maps

        maps = make_maps(
            self.gas,
            halo=self.halo,
            redshift=self.redshift,
            sightlines=how.sightlines,
            instrument=how.as_instrument(),
            noise=None,
            method="exact" if how.method == "auto" and len(self.gas) < SMALL_GAS else how.method,
            rtol=how.rtol,
            threads=1,
            device=how.device,
        )
        halo_id = int(self.halo["id"])
        identity = (self.region, self.snapshot, self.code, halo_id)
        labels = {
            "name": f"{self.region} {self.snapshot} {halo_id}",
            "region": self.region,
            "snapshot": self.snapshot,
            "code": self.code,
            "halo_id": halo_id,
            "redshift": self.redshift,
            "M500c": float(self.halo["M500c"].to_value("Msun")),
            "R500c": float(self.halo["R500c"].to_value("kpc")),
            "Y500": float(spherical_compton_y(self.gas, radius=self.halo["R500c"]).to_value("Mpc2")),
            "center": maps.center_kpc,
            "pixel": maps.pixel_kpc,
            "noise_cluster": noise_number(*identity),
        }
        return maps.y, labels
