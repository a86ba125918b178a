"""One cluster of a data set as a set of maps, for pictures and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from szfast.errors import ArgumentError
from szfast.maps.mapset import Conserved, MapSet
from szfast.maps.noise import NoiseKey

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet


def map_set(dataset: DataSet, cluster: int, *, noise: bool = True, realisation: int = 0) -> MapSet:
    """All views of one cluster; see `DataSet.map_set`."""
    if isinstance(cluster, bool) or not 0 <= cluster < len(dataset.labels):
        raise ArgumentError(f"expected a row from 0 to {len(dataset.labels) - 1}, found {cluster!r}.", field="cluster")
    row = dataset.labels[int(cluster)]
    maps = np.arange(dataset.n_views) + int(cluster) * dataset.n_views
    with_noise = noise and dataset.noise is not None
    y = dataset.noisy(maps, realisation=realisation) if with_noise else dataset.clean(maps)
    pixel_kpc = float(row["pixel"].to_value("kpc"))
    inside_kpc2 = y.sum(axis=(1, 2), dtype=np.float64) * pixel_kpc**2
    projection = dataset.provenance.get("maps", {})
    return MapSet(
        y=y,
        views=dataset.views,
        instrument=dataset.instrument,
        name=str(row["name"]),
        redshift=float(row["redshift"]),
        snapshot_redshift=float(row["redshift"]),
        pixel_kpc=pixel_kpc,
        noise=dataset.noise.name if with_noise and dataset.noise is not None else None,
        key=NoiseKey(seed=dataset.seed, cluster=int(row["noise_cluster"]), realisation=realisation),
        sightlines=str(projection.get("sightlines", "matrices")),
        kernel="unknown",
        electron_model=str(projection.get("electrons", "unknown")),
        method=str(projection.get("method", "unknown")),
        conserved=Conserved(inside_kpc2, inside_kpc2, inside_kpc2),
        center_kpc=np.asarray(row["center"].to_value("kpc")),
        M500c_msun=float(row["M500c"].to_value("Msun")),
        R500c_kpc=float(row["R500c"].to_value("kpc")),
        source=str(row["snapshot"]),
        version=str(dataset.provenance.get("version", "")),
    )
