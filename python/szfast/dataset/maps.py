"""A data set of maps: clean maps that are stored, noise that is made from its key, and labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from szfast.dataset.split import Split, split_maps
from szfast.errors import ArgumentError
from szfast.maps.instrument import Instrument
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.spectrum import NoiseSpectrum

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.maps.mapset import MapSet

Maps = NDArray[np.float32]
Indices = NDArray[np.int64]

NOISE_BLOCK = 2048
"""Maps whose noise is made at once: the noise of a whole data set would need its memory twice."""


class CleanMaps(Protocol):
    """Where clean maps are kept."""

    shape: tuple[int, int, int, int]

    def take(self, maps: Indices) -> Maps:
        """Maps by their indices, (n, size, size)."""


@dataclass(frozen=True, eq=False, repr=False)
class DataSet:
    """Maps of many clusters, seen from the same lines of sight.

    Map i is view ``i % n_views`` of cluster ``i // n_views``. From `open_dataset` or `from_arrays`.

    Parameters
    ----------
    labels : QTable
        One row a cluster: cluster, name, region, snapshot, code, halo_id, redshift, M500c [Msun], R500c [physical kpc],
        Y500 [Mpc2], center (3,) [comoving kpc], pixel [physical kpc], noise_cluster.
    views : (V, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    instrument : Instrument
        What the maps are seen with.
    noise : NoiseSpectrum or None
        What `noisy` adds.
    seed : int
        Seed of the noise key.
    source : CleanMaps
        Where the clean maps are kept.
    provenance : dict
        Version, configuration, inputs.
    path : Path or None
        The store; None in memory.
    """

    labels: QTable
    views: NDArray[np.float64]
    instrument: Instrument
    noise: NoiseSpectrum | None
    seed: int
    source: CleanMaps
    provenance: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None

    def __len__(self) -> int:
        return len(self.labels) * len(self.views)

    def __repr__(self) -> str:
        size = self.instrument.size
        where = "in memory" if self.path is None else str(self.path)
        counts = f"{len(self.labels)} clusters x {self.n_views} views of {size} x {size}"
        return f"<DataSet {where}: {counts}, {self.instrument.name}>"

    @property
    def n_views(self) -> int:
        """Views of each cluster."""
        return len(self.views)

    @property
    def is_in_memory(self) -> bool:
        """Whether the clean maps are in memory, or in a file that is mapped into it."""
        from szfast.dataset.arrays import MapsInMemory

        return isinstance(self.source, MapsInMemory)

    @cached_property
    def _redshift(self) -> NDArray[np.float64]:
        return np.asarray(self.labels["redshift"], dtype=np.float64)

    @cached_property
    def _log10_mass(self) -> NDArray[np.float64]:
        logarithm: NDArray[np.float64] = np.log10(self.labels["M500c"].to_value("Msun"))
        return logarithm

    @cached_property
    def _amplitude(self) -> NDArray[np.float64]:
        if self.noise is None:
            raise ArgumentError("this data set has no noise spectrum.", field="noise", remedy="use clean maps.")
        return mode_amplitude(self.instrument, self.noise)

    @cached_property
    def _no_transfer(self) -> NDArray[np.float64]:
        return np.ones_like(self.instrument.multipoles())

    def indices(self, maps: Any = None) -> Indices:
        """Map indices, checked; all of them by default.

        Parameters
        ----------
        maps : (n,) int array, optional
            0 to ``len(self) - 1``.

        Raises
        ------
        ArgumentError
            If they are no whole numbers in this range.
        """
        if maps is None:
            return np.arange(len(self), dtype=np.int64)
        found = np.asarray(maps)
        if found.ndim != 1 or (found.size and found.dtype.kind not in "iu"):
            raise ArgumentError(
                f"expected a one-dimensional array of whole numbers, found {found.dtype} of shape {found.shape}.",
                field="maps",
                remedy="give map indices; np.flatnonzero makes them of a mask.",
            )
        if found.size and not (found.min() >= 0 and found.max() < len(self)):
            raise ArgumentError(
                f"expected indices from 0 to {len(self) - 1}, found {found.min()} to {found.max()}.", field="maps"
            )
        return found.astype(np.int64)

    def cluster_of(self, maps: Any = None) -> Indices:
        """Row of each map's cluster in the labels."""
        return self.indices(maps) // self.n_views

    def redshift_of(self, maps: Any = None) -> NDArray[np.float64]:
        """Redshift at which each map's cluster is seen, (n,)."""
        redshift: NDArray[np.float64] = self._redshift[self.cluster_of(maps)]
        return redshift

    def log10_mass_of(self, maps: Any = None) -> NDArray[np.float64]:
        """Log10 of each map's M500c in Msun, (n,)."""
        logarithm: NDArray[np.float64] = self._log10_mass[self.cluster_of(maps)]
        return logarithm

    def clean(self, maps: Any = None) -> Maps:
        """Maps with beam and without noise.

        Parameters
        ----------
        maps : (n,) int array, optional
            Map indices; all by default.

        Returns
        -------
        (n, size, size) float32 array
            Dimensionless y.

        Raises
        ------
        ArgumentError
            If an index is out of range.
        DataSetError
            If the store is damaged.
        """
        return self.source.take(self.indices(maps))

    def noise_keys(self, maps: Any = None, *, realisation: Any = 0, run: int = 0) -> NDArray[np.uint64]:
        """Noise keys, (n, 5): seed, cluster, view, realisation, run; see `noisy`."""
        indices = self.indices(maps)
        draws = np.asarray(realisation)
        if draws.shape not in {(), indices.shape} or draws.dtype.kind not in "iu" or (draws < 0).any():
            raise ArgumentError(
                f"expected a whole number from 0 on, or one a map, found {realisation!r}.", field="realisation"
            )
        NoiseKey(seed=self.seed, realisation=int(draws.max(initial=0)), run=run)
        keys = np.empty((len(indices), 5), dtype=np.uint64)
        keys[:, 0] = self.seed
        keys[:, 1] = np.asarray(self.labels["noise_cluster"], dtype=np.uint64)[indices // self.n_views]
        keys[:, 2] = indices % self.n_views
        keys[:, 3] = draws
        keys[:, 4] = run
        return keys

    def noise_of(self, maps: Any = None, *, realisation: Any = 0, run: int = 0, threads: int = 0) -> Maps:
        """Noise alone, as `noisy` adds it; (n, size, size) float32."""
        from szfast._core import observe

        noise: Maps = observe(
            maps=None,
            keys=self.noise_keys(maps, realisation=realisation, run=run),
            size=self.instrument.size,
            transfer=self._no_transfer,
            amplitude=self._amplitude,
            threads=threads,
        )
        return noise

    def noisy(self, maps: Any = None, *, realisation: Any = 0, run: int = 0, threads: int = 0) -> Maps:
        """Clean maps with noise from its key: same key, same noise, on any machine and in any batch.

        Parameters
        ----------
        maps : (n,) int array, optional
            Map indices; all by default.
        realisation : int or (n,) int array
            Number of the draw, one for all maps or one a map.
        run : int
            Number of the training run.
        threads : int
            Zero for all cores; the noise does not depend on it.

        Returns
        -------
        (n, size, size) float32 array
            Dimensionless y.

        Raises
        ------
        ArgumentError
            If an index or a number is out of range, or the data set has no noise spectrum.
        """
        indices = self.indices(maps)
        y = self.clean(indices)
        add_noise(self, y, indices, realisation=realisation, run=run, threads=threads)
        return y

    def in_memory(self, file: str | Path | None = None) -> DataSet:
        """The same data set with its clean maps in memory, where random batches are quick.

        Parameters
        ----------
        file : str or Path, optional
            A ``.npy`` file that is written and mapped into memory, for data sets larger than that.

        Returns
        -------
        DataSet
            With the same labels, views and keys.

        Raises
        ------
        DataSetError
            If the file exists.
        """
        from szfast.dataset.arrays import loaded

        return self if self.is_in_memory else replace(self, source=loaded(self, file))

    def split(
        self,
        by: str = "region",
        fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
        *,
        seed: int = 0,
        run: int = 0,
        within: Any = None,
    ) -> Split:
        """Divide maps into training, validation and test; see `szfast.dataset.split.split_maps`."""
        return split_maps(self, by, fractions, seed=seed, run=run, within=within)

    def map_set(self, cluster: int, *, noise: bool = True, realisation: int = 0) -> MapSet:
        """All views of one cluster as `make_maps` returns them, for pictures and files.

        Parameters
        ----------
        cluster : int
            Row of the labels.
        noise : bool
            False for clean maps.
        realisation : int
            Number of the draw.

        Raises
        ------
        ArgumentError
            If there is no such cluster.
        """
        from szfast.dataset.one_cluster import map_set

        return map_set(self, cluster, noise=noise, realisation=realisation)


def add_noise(
    dataset: DataSet, y: Maps, maps: Indices, *, realisation: Any = 0, run: int = 0, threads: int = 0
) -> None:
    """Add noise to clean maps in place; see `DataSet.noisy`.

    Parameters
    ----------
    dataset : DataSet
        Whose keys and spectrum.
    y : (n, size, size) float32 array
        Clean maps.
    maps : (n,) int array
        Their indices.
    realisation, run, threads
        As in `DataSet.noisy`.
    """
    draws = np.broadcast_to(np.asarray(realisation), maps.shape)
    for start in range(0, len(maps), NOISE_BLOCK):
        block = slice(start, start + NOISE_BLOCK)
        y[block] += dataset.noise_of(maps[block], realisation=draws[block], run=run, threads=threads)
