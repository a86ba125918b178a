"""The store of a data set: one Zarr v3 group with maps, labels, views, noise spectrum and provenance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import path_in, require
from szfast.dataset.labels import COLUMNS, as_table
from szfast.dataset.maps import DataSet
from szfast.dataset.packed_sizes import zstd_size
from szfast.dataset.store_members import check_members
from szfast.dataset.stored_maps import DAMAGED, SHARD_CLUSTERS, StoredMaps
from szfast.errors import DataSetError, NoiseTableError
from szfast.maps.spectrum import NoiseSpectrum

if TYPE_CHECKING:
    from szfast.dataset.configuration import MapsPart

FORMAT = 1
ATTRIBUTE = "szfast"
"""Name of the attribute of the root group that holds the provenance."""

_MOST_CLUSTERS = 10**7
"""More than any data set has: labels of them still fit into memory."""

_LABEL_BYTES = 1024
"""More than the longest label of a cluster has."""

_SPARE_BYTES = 1 << 20
"""More than views and a noise spectrum have."""


def create_store(
    path: Path,
    columns: dict[str, NDArray[Any]],
    views: NDArray[np.float64],
    spectrum: NoiseSpectrum | None,
    size: int,
    realisations: int,
) -> None:
    """Make a store without maps.

    Parameters
    ----------
    path : Path
        A folder that does not exist.
    columns : dict
        Labels as plain arrays.
    views : (V, 3, 3) array
        Lines of sight.
    spectrum : NoiseSpectrum or None
        Noise.
    size : int
        Pixels along a side.
    realisations : int
        Of stored noise.
    """
    zarr = require("zarr", "dataset", "storing a data set")
    root = zarr.create_group(path, zarr_format=3)
    labels = root.create_group("labels")
    for column in COLUMNS:
        values = columns[column.name]
        array = labels.create_array(
            column.name,
            shape=values.shape,
            chunks=values.shape,
            dtype=str if column.dtype == "str" else column.dtype,
            dimension_names=("cluster", "axis")[: values.ndim],
            attributes={"description": column.description} | ({"units": column.unit} if column.unit else {}),
        )
        array[:] = values.astype(object) if column.dtype == "str" else values
    _whole(root, "views", views, ("view", "row", "column"))
    if spectrum is not None:
        _whole(root, "noise_ell", spectrum.ell, ("ell",))
        _whole(root, "noise_power", spectrum.power, ("ell",))
    shape = (len(columns["cluster"]), len(views), size, size)
    names = ("cluster", "view", "y", "x")
    _maps(root, "clean", shape, names)
    if realisations:
        _maps(root, "noisy", (realisations, *shape), ("realisation", *names))


def _whole(root: Any, name: str, values: NDArray[np.float64], dimensions: tuple[str, ...]) -> None:
    array = root.create_array(
        name, shape=values.shape, chunks=values.shape, dtype="float64", dimension_names=dimensions
    )
    array[:] = values


def _maps(root: Any, name: str, shape: tuple[int, ...], dimensions: tuple[str, ...]) -> None:
    from zarr.codecs import BloscCodec, Crc32cCodec

    chunk = (1,) * (len(shape) - 3) + shape[-3:]
    clusters = min(SHARD_CLUSTERS, shape[-4])
    root.create_array(
        name,
        shape=shape,
        chunks=chunk,
        shards=(1,) * (len(shape) - 4) + (clusters, *shape[-3:]),
        dtype="float32",
        # what was never written is seen
        fill_value=float("nan"),
        compressors=[BloscCodec(cname="zstd", clevel=3, shuffle="shuffle", typesize=4), Crc32cCodec()],
        dimension_names=dimensions,
    )


def open_dataset(path: str | Path) -> DataSet:
    """Open the store of a data set, read only.

    Parameters
    ----------
    path : str or Path
        What ``szfast dataset build`` has made.

    Returns
    -------
    DataSet
        Its maps are read when they are asked for.

    Raises
    ------
    DataSetError
        If there is no such store, or it is damaged.
    MissingExtraError
        If zarr is not installed.
    """
    path = path_in(path)
    if not path.exists():
        building = building_folder(path).exists()
        raise DataSetError(
            "is not finished." if building else "there is no such data set.",
            file=path,
            field="path",
            remedy="start 'szfast dataset build' again." if building else "check the path.",
        )
    root = open_group(path)
    check_claim(root, path)
    dataset = dataset_of(root, path)
    _check_usable(dataset, path)
    return dataset


def open_group(path: Path) -> Any:
    """The store's root group, read only.

    Raises
    ------
    DataSetError
        If it is none.
    """
    zarr = require("zarr", "dataset", "reading a data set")
    check_members(path)
    try:
        # what is consolidated may tell of other arrays than those that were looked at
        root = zarr.open_group(path, mode="r", zarr_format=3, use_consolidated=False)
        attributes = dict(root.attrs[ATTRIBUTE])
    # whatever zarr and JSON meet in damaged metadata
    except (OSError, ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataSetError(
            f"is not a data set of szfast ({type(error).__name__}).",
            file=path,
            field="zarr",
            remedy="give what 'build' made.",
        ) from error
    if attributes.get("format") != FORMAT:
        raise DataSetError(
            f"expected format {FORMAT}, found {attributes.get('format')!r:.40}.",
            file=path,
            field="format",
            remedy="use a newer szfast.",
        )
    return root


def check_claim(root: Any, path: Path) -> None:
    """Refuse a finished store that claims more clusters than its files can hold: their labels would be made of nothing.

    Raises
    ------
    DataSetError
        If it does, or has no maps.
    """
    most = SHARD_CLUSTERS * sum(1 for _ in path.rglob("*"))
    try:
        count = root["clean"].shape[0]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataSetError(f"is damaged ({type(error).__name__}).", file=path, field="clean", remedy=DAMAGED) from error
    if not 0 < count <= most:
        raise DataSetError(
            f"expected 1 to {most} clusters in so many files, found {count}.", file=path, field="clean", remedy=DAMAGED
        )


def dataset_of(root: Any, path: Path) -> DataSet:
    """The data set of a root group.

    Raises
    ------
    DataSetError
        If an array is absent or damaged.
    """
    provenance = dict(root.attrs[ATTRIBUTE])
    how = _how(provenance, path)
    try:
        _check_layout(root, how, path)
        _check_sizes(path, root["clean"].shape[0])
        columns = {column.name: np.asarray(root["labels"][column.name][:]) for column in COLUMNS}
        views = np.asarray(root["views"][:])
        spectrum = None
        if how.noise != "none":
            spectrum = NoiseSpectrum(Path(how.noise).name, root["noise_ell"][:], root["noise_power"][:])
        source = StoredMaps(root["clean"], path)
        labels = as_table(columns)
    except DataSetError as error:
        raise DataSetError(error.problem, file=path, field=error.field, remedy=DAMAGED) from None
    # whatever zarr meets in damaged arrays
    except (
        OSError,
        ArithmeticError,
        ValueError,
        LookupError,
        RuntimeError,
        TypeError,
        AttributeError,
        MemoryError,
        NoiseTableError,
    ) as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise DataSetError(f"is damaged ({said[0]}).", file=path, field="zarr", remedy=DAMAGED) from error
    return DataSet(
        labels=labels,
        views=views,
        instrument=how.as_instrument(),
        noise=spectrum,
        seed=how.seed,
        source=source,
        provenance=provenance,
        path=path,
    )


def _how(provenance: dict[str, Any], path: Path) -> MapsPart:
    from szfast.dataset.configuration import MapsPart

    try:
        how = MapsPart.model_validate(provenance["configuration"]["maps"])
        how.as_instrument()
    except (KeyError, TypeError, ValueError) as error:
        said = str(error).replace("\n", " ")
        raise DataSetError(
            f"its provenance does not tell how the maps were made ({said:.200}).",
            file=path,
            field="configuration",
            remedy=DAMAGED,
        ) from None
    return how


def _check_layout(root: Any, how: MapsPart, path: Path) -> None:
    """Compare the shapes that the metadata claim with each other, before anything of that size is made."""
    clean, views, labels = root["clean"], root["views"], root["labels"]
    count = clean.shape[0]
    if not 0 < count <= _MOST_CLUSTERS:
        problem, field = f"expected 1 to {_MOST_CLUSTERS} clusters, found {count}.", "clean"
    elif clean.dtype != np.float32 or clean.shape != (count, views.shape[0], how.size, how.size):
        wanted = f"float32 maps of shape {(count, views.shape[0], how.size, how.size)}"
        problem, field = f"expected {wanted}, found {clean.dtype} of {clean.shape}.", "clean"
    elif views.shape[1:] != (3, 3):
        problem, field = f"expected views of shape (V, 3, 3), found {views.shape}.", "views"
    elif clean.chunks != (1, *clean.shape[1:]) or not 0 < (clean.shards or (0,))[0] <= SHARD_CLUSTERS:
        problem, field = f"expected a chunk a cluster, found {clean.chunks} in {clean.shards}.", "clean"
    else:
        short = [column.name for column in COLUMNS if labels[column.name].shape[:1] != (count,)]
        if not short:
            return
        problem, field = f"expected {count} labels, found {labels[short[0]].shape}.", short[0]
    raise DataSetError(problem, file=path, field=field, remedy=DAMAGED)


def _check_sizes(path: Path, clusters: int) -> None:
    """Refuse labels that would unpack to more than labels are."""
    most = _SPARE_BYTES + _LABEL_BYTES * clusters
    for name in ("labels", "views", "noise_ell", "noise_power"):
        for file in (path / name).rglob("c/**/*"):
            if file.is_file() and ((size := zstd_size(file)) is None or size > most):
                problem = (
                    f"expected at most {most} bytes in {file.relative_to(path)}, found {size or 'an unknown number'}."
                )
                raise DataSetError(problem, file=path, field=name, remedy=DAMAGED)


def _check_usable(dataset: DataSet, path: Path) -> None:
    """Refuse what a training would take without a word: masses that are no masses, views that are no rotations."""
    for name in ("redshift", "M500c"):
        values = np.asarray(getattr(dataset.labels[name], "value", dataset.labels[name]))
        if not (values > 0).all():
            problem = f"expected positive numbers, found {values.min():g}."
            raise DataSetError(problem, file=path, field=name, remedy=DAMAGED)
    if not largest_skew(dataset.views) < 1e-6:
        raise DataSetError("a matrix is no rotation.", file=path, field="views", remedy=DAMAGED)


def largest_skew(views: NDArray[np.float64]) -> float:
    """How far matrices (V, 3, 3) are from rotations: the largest entry of R R^T - 1."""
    return float(np.abs(views @ np.swapaxes(views, 1, 2) - np.eye(3)).max())


def building_folder(path: Path) -> Path:
    """Where a store is built, beside its place."""
    return path.with_name(path.name + ".building")
