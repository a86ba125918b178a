"""Weights from HDF5 files of others: plain arrays alone, their shapes checked before they are read."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from szfast.errors import NetworkError
from szfast.networks.weights import checked_array

REMEDY = "fetch the file again, or ask its authors for a complete one."


def read_weights(group: h5py.Group, path: str, shape: tuple[int, ...], name: str, file: Path) -> NDArray[np.float32]:
    """Read one array of weights below a group of an open file.

    Parameters
    ----------
    group : h5py.Group
        Where `path` starts.
    path : str
        The dataset's path below the group.
    shape : tuple of int
        The shape that the layer needs.
    name : str
        The array in szfast's words, for the error.
    file : Path
        The file, for the error.

    Raises
    ------
    NetworkError
        If the dataset is missing, lies outside the file, or is not a finite float array of that shape.
    """
    dataset = _dataset_inside(group, path)
    if dataset is None:
        problem = f"expected an array at {group.name.rstrip('/')}/{path}, found none in the file itself."
    elif dataset.dtype.kind != "f":
        problem = f"expected floating-point weights, found type {dataset.dtype}."
    elif dataset.shape != shape:
        problem = f"expected shape {shape}, found {dataset.shape}."
    else:
        return checked_array(dataset[()], shape, name, file)
    raise NetworkError(problem, file=file, field=name, remedy=REMEDY)


def _dataset_inside(group: h5py.Group, path: str) -> h5py.Dataset | None:
    found: object = group
    for part in path.split("/"):
        # Soft and external links could lead to another file of the reader's.
        if not isinstance(found, h5py.Group) or not isinstance(found.get(part, getlink=True), h5py.HardLink):
            return None
        found = found[part]
    if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external:
        return None
    return found
