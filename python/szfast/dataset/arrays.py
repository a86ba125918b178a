"""A data set in memory, from arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, redshifts_in, whole_in
from szfast.dataset.labels import as_table, noise_number
from szfast.dataset.maps import DataSet, Indices, Maps
from szfast.errors import ArgumentError, DataSetError
from szfast.maps.instrument import PLANCK, Instrument
from szfast.maps.spectrum import noise_spectrum
from szfast.whole_files import replaced

if TYPE_CHECKING:
    from szfast.dataset.maps import CleanMaps


MAPS_AT_ONCE = 1024


class MapsInMemory:
    """Clean maps in one array, in memory or mapped from a file.

    Parameters
    ----------
    clean : (clusters, V, n, n) float32 array
        The maps.
    """

    def __init__(self, clean: Maps) -> None:
        self.clean = clean
        self.shape = clean.shape

    def take(self, maps: Indices) -> Maps:
        """Maps by their indices, (n, size, size); always a copy."""
        flat = self.clean.reshape(-1, *self.shape[2:])
        taken: Maps = np.asarray(flat[maps])
        return taken


def loaded(dataset: DataSet, file: str | Path | None = None) -> MapsInMemory:
    """All clean maps of a data set, in memory or in a file that is mapped; see `DataSet.in_memory`."""
    if file is None:
        return MapsInMemory(dataset.clean().reshape(dataset.source.shape))
    file = Path(file)
    if file.exists():
        raise DataSetError("exists already.", file=file, field="path", remedy="name another file.")
    with replaced(file, DataSetError) as temporary:
        write_flat(dataset, temporary)
    return MapsInMemory(np.load(file, mmap_mode="r", allow_pickle=False))


def write_flat(dataset: DataSet, file: Path) -> None:
    """Write all clean maps of a data set as one array in a .npy file, (clusters, V, n, n) float32.

    A few at a time, and not through a mapped file: a full disk would end the process instead of raising an error.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": dataset.source.shape}
    with file.open("wb") as stream:
        np.lib.format.write_array_header_2_0(stream, header)
        for start in range(0, len(dataset), MAPS_AT_ONCE):
            some = dataset.clean(np.arange(start, min(start + MAPS_AT_ONCE, len(dataset))))
            stream.write(np.ascontiguousarray(some, dtype="<f4").data)


def from_arrays(
    clean: Any,
    *,
    M500c: Any,
    redshift: Any,
    region: Any = None,
    name: Any = None,
    snapshot: Any = None,
    code: Any = None,
    halo_id: Any = None,
    R500c: Any = None,
    Y500: Any = None,
    center: Any = None,
    pixel: Any = None,
    noise_cluster: Any = None,
    views: Any = None,
    instrument: Instrument = PLANCK,
    noise: Any = "instrument",
    seed: int = 0,
) -> DataSet:
    """Make a data set of maps that are in memory.

    Parameters
    ----------
    clean : (clusters, V, n, n) array
        Maps with beam and without noise, dimensionless y.
    M500c : (clusters,) Quantity
        Mass within R500c.
    redshift : (clusters,) array
        Redshift at which each cluster is seen.
    region, name, snapshot, code : (clusters,) sequence of str, optional
        Default: a region for each cluster, ``cluster 0`` and so on, ``arrays``, ``unknown``.
    halo_id : (clusters,) int array, optional
        Default: the row.
    R500c, Y500, center, pixel : Quantity, optional
        (clusters,), and (clusters, 3) for center; NaN where not given.
    noise_cluster : (clusters,) uint64 array, optional
        Numbers in the noise key; default: made of region, snapshot, code and halo_id.
    views : (V, 3, 3) array, optional
        Rotation matrices; default: ``hemisphere27`` where there are 27, else that many in its manner.
    instrument : Instrument
        What the maps are seen with.
    noise : str, Path, NoiseSpectrum or None
        What `DataSet.noisy` adds; default: the instrument's.
    seed : int
        Seed of the noise key.

    Returns
    -------
    DataSet
        The data set.

    Raises
    ------
    ArgumentError
        If a shape, a unit or a value is wrong.
    """
    from szfast import __version__

    if not isinstance(instrument, Instrument):
        raise ArgumentError(f"expected an Instrument, found {type(instrument).__name__}.", field="instrument")
    whole_in(seed, "seed")
    maps = _clean(clean, instrument)
    count = len(maps)
    mass = array_in(M500c, "Msun", "M500c", shape=(count,))
    if not (mass > 0).all():
        raise ArgumentError("expected positive masses.", field="M500c")
    columns: dict[str, NDArray[Any]] = {
        "cluster": np.arange(count),
        "name": _texts(name, [f"cluster {row}" for row in range(count)], "name"),
        "region": _texts(region, [f"region {row}" for row in range(count)], "region"),
        "snapshot": _texts(snapshot, ["arrays"] * count, "snapshot"),
        "code": _texts(code, ["unknown"] * count, "code"),
        "halo_id": _numbers(np.arange(count) if halo_id is None else halo_id, "iu", count, "halo_id"),
        "redshift": redshifts_in(_numbers(redshift, "iuf", count, "redshift")),
        "M500c": mass,
        "R500c": _optional(R500c, "kpc", (count,), "R500c"),
        "Y500": _optional(Y500, "Mpc2", (count,), "Y500"),
        "center": _optional(center, "kpc", (count, 3), "center"),
        "pixel": _optional(pixel, "kpc", (count,), "pixel"),
    }
    identity = zip(*(columns[part] for part in ("region", "snapshot", "code", "halo_id")), strict=True)
    if noise_cluster is None:
        noise_cluster = np.array([noise_number(*each) for each in identity], dtype=np.uint64)
    numbers = _numbers(noise_cluster, "iu", count, "noise_cluster")
    if (numbers < 0).any():
        raise ArgumentError("expected numbers from 0 on.", field="noise_cluster")
    columns["noise_cluster"] = numbers.astype(np.uint64)
    source: CleanMaps = MapsInMemory(maps)
    return DataSet(
        labels=as_table(columns),
        views=_views(views, maps.shape[1]),
        instrument=instrument,
        noise=noise_spectrum(instrument.noise if isinstance(noise, str) and noise == "instrument" else noise),
        seed=seed,
        source=source,
        provenance={"version": __version__, "source": "arrays"},
    )


def _clean(clean: Any, instrument: Instrument) -> Maps:
    maps = np.asarray(clean)
    size = instrument.size
    if maps.ndim != 4 or maps.shape[2:] != (size, size) or 0 in maps.shape or maps.dtype.kind != "f":
        raise ArgumentError(
            f"expected maps of shape (clusters, views, {size}, {size}), found {maps.dtype} of shape {maps.shape}.",
            field="clean",
            remedy="give floating-point maps; instrument= says their size.",
        )
    # a whole data set is checked without a mask of its size
    if not all(np.isfinite(each).all() for each in maps):
        raise ArgumentError("holds values that are not finite.", field="clean", remedy="remove NaN and infinity.")
    return maps if isinstance(maps, np.memmap) else np.ascontiguousarray(maps, dtype=np.float32)


def _views(views: Any, count: int) -> NDArray[np.float64]:
    from szfast.maps.sightlines import hemisphere, sightlines

    matrices = hemisphere(count) if views is None else sightlines(np.asarray(views))
    if len(matrices) != count:
        raise ArgumentError(f"expected {count} views, as there are maps, found {len(matrices)}.", field="views")
    return matrices


def _texts(values: Any, default: list[str], name: str) -> NDArray[Any]:
    if values is not None and (isinstance(values, str | bytes) or np.ndim(values) != 1):
        raise ArgumentError(f"expected {len(default)} names, one a cluster, found {type(values).__name__}.", field=name)
    texts = default if values is None else [str(value) for value in values]
    if len(texts) != len(default):
        raise ArgumentError(f"expected {len(default)} names, one a cluster, found {len(texts)}.", field=name)
    return np.array(texts)


def _numbers(values: Any, kinds: str, count: int, name: str) -> NDArray[Any]:
    numbers = np.asarray(values)
    if numbers.shape != (count,) or numbers.dtype.kind not in kinds:
        raise ArgumentError(
            f"expected {count} numbers, one a cluster, found {numbers.dtype} of shape {numbers.shape}.", field=name
        )
    return numbers


def _optional(values: Any, unit: str, shape: tuple[int, ...], name: str) -> NDArray[np.float64]:
    return np.full(shape, np.nan) if values is None else array_in(values, unit, name, shape=shape)
