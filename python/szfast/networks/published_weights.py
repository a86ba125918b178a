"""The networks that de Andres et al. published, one a redshift bin.

The files ``bestmodel-1.h5`` to ``bestmodel-4.h5`` of the repository The300th/DeepPlanck hold the weights
alone, in Keras 2's layout. The numbers that belong to them are carried here, from the same source: the input
is (y - mean) / std, the output log10 of M500c in Msun/h with h = 0.678.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from szfast.arguments import path_in
from szfast.errors import ArgumentError, NetworkError
from szfast.folder_members import member
from szfast.networks.hdf5_arrays import REMEDY, read_weights
from szfast.networks.layers import LAYERS
from szfast.networks.network_set import NetworkSet
from szfast.networks.weights import NetworkWeights

_log = logging.getLogger("szfast.networks")

HUBBLE = 0.678
"""h of the published networks' masses (arXiv:2209.10333)."""

SOURCE = "de Andres et al. 2022, arXiv:2209.10333, repository The300th/DeepPlanck"


@dataclass(frozen=True)
class _Published:
    redshift_bin: tuple[float, float]
    input_mean: float
    input_std: float
    lowest_log10_mass: float
    sha256: str
    """Of the arrays as little-endian float32, in the order of the layers, kernel before bias."""


PUBLISHED = {
    1: _Published(
        (0.0, 0.1),
        1.8827347385422218e-06,
        7.136290778515806e-06,
        14.0,
        "09d00455652b46171f0064f4f62727b5cb098874a831f9d535e4fb2529f79fab",
    ),
    2: _Published(
        (0.1, 0.2),
        2.2296471704066543e-07,
        2.036420289662876e-06,
        14.5,
        "0aceb1dd673e9bf135b57826d25a9b89582cfea11c357572e18dc4652f031cd9",
    ),
    3: _Published(
        (0.2, 0.4),
        8.347489023971544e-08,
        1.4639878011606421e-06,
        14.65,
        "6d9ca4af5cd9f5c000bf83a7ba36802c838dda16938a06b618666737afe00734",
    ),
    4: _Published(
        (0.4, 1.0),
        3.14216726766519e-08,
        1.300205829438648e-06,
        14.7,
        "89ee82539717589b27e0152ee9be1468761212c15aad0d2fc183fae01e258eca",
    ),
}
"""By the network's number; mean and standard deviation are those of y over the training set."""


def published(path: str | Path, *, number: int | None = None) -> NetworkSet:
    """Read the published networks.

    Parameters
    ----------
    path : str or Path
        One file ``bestmodel-N.h5``, or the folder that holds such files.
    number : int, optional
        The number N, 1 to 4, of one file whose name does not tell.

    Returns
    -------
    NetworkSet
        The networks, by rising redshift; a single file gives a set of one.

    Raises
    ------
    NetworkError
        If nothing is found, a file is not HDF5, is truncated, or lacks a layer, an array has a wrong shape or
        is not finite, the number is not 1 to 4, or it contradicts the file's name or content.
    ArgumentError
        If a number is given for a folder.
    """
    place = path_in(path)
    if not place.is_dir():
        return NetworkSet((_read(place, number),))
    if number is not None:
        raise ArgumentError(
            "numbers one file, but a folder is given.", field="number", remedy="give the file, or no number."
        )
    files = sorted(place.glob("bestmodel-*.h5"))
    if not files:
        raise NetworkError(
            "holds no file bestmodel-N.h5.", file=place, field="path", remedy=f"fetch the networks of {SOURCE}."
        )
    return NetworkSet(tuple(_read(member(place, file.name, NetworkError), None) for file in files))


def _read(file: Path, number: int | None) -> NetworkWeights:
    chosen = _number(file, number)
    constants = PUBLISHED[chosen]
    kernels, biases = _arrays(file)
    _check_identity(file, chosen, kernels, biases)
    return NetworkWeights(
        kernels,
        biases,
        input_mean=constants.input_mean,
        input_std=constants.input_std,
        redshift_bin=constants.redshift_bin,
        target_offset=-math.log10(HUBBLE),
        lowest_log10_mass=constants.lowest_log10_mass,
        provenance=f"{SOURCE}, network {chosen}",
    )


def _number(file: Path, number: int | None) -> int:
    told = re.fullmatch(r"bestmodel-(\d+)", file.stem)
    named = int(told[1]) if told else None
    chosen = named if number is None else number
    if chosen is None:
        problem = "does not tell which of the four networks it is."
    elif chosen not in PUBLISHED:
        problem = f"expected a network numbered 1 to 4, found {chosen}."
    elif named is not None and named != chosen:
        problem = f"is named network {named}, but number={chosen} was given."
    else:
        return chosen
    raise NetworkError(
        problem,
        file=file,
        field="number",
        remedy="name the file bestmodel-N.h5, or give number=N, N from 1 to 4.",
    )


def _arrays(file: Path) -> tuple[tuple[NDArray[np.float32], ...], tuple[NDArray[np.float32], ...]]:
    if not file.is_file():
        raise NetworkError("does not exist.", file=file, field="path", remedy="check the path.")
    kernels: list[NDArray[np.float32]] = []
    biases: list[NDArray[np.float32]] = []
    try:
        with h5py.File(file, "r") as archive:
            names = _weighted_layers(archive, file)
            for layer, name in zip(LAYERS, names, strict=True):
                paths = _texts(archive[name].attrs.get("weight_names"))
                for part, shape, arrays in (
                    ("kernel", layer.kernel_shape, kernels),
                    ("bias", layer.bias_shape, biases),
                ):
                    path = next((p for p in paths if p.endswith(f"/{part}:0")), f"{part}:0")
                    arrays.append(read_weights(archive[name], path, shape, f"{layer.name}_{part}", file))
    except (OSError, KeyError, RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise NetworkError(
            f"is not a complete HDF5 file of weights ({error}).", file=file, field="HDF5", remedy=REMEDY
        ) from None
    return tuple(kernels), tuple(biases)


def _weighted_layers(archive: h5py.File, file: Path) -> list[str]:
    # Keras 2 numbers layers by session (conv2d_474): the attribute alone tells their order.
    names = [
        name
        for name in _texts(archive.attrs.get("layer_names"))
        if isinstance(archive.get(name, getlink=True), h5py.HardLink)
        and isinstance(archive[name], h5py.Group)
        and _texts(archive[name].attrs.get("weight_names"))
    ]
    if len(names) != len(LAYERS):
        raise NetworkError(
            f"expected {len(LAYERS)} layers with weights, found {len(names)}{': ' if names else ''}{', '.join(names)}.",
            file=file,
            field="layer_names",
            remedy=REMEDY,
        )
    return names


def _texts(attribute: object) -> list[str]:
    items = np.atleast_1d(np.asarray([] if attribute is None else attribute)).tolist()
    return [item.decode() if isinstance(item, bytes) else str(item) for item in items]


def _check_identity(
    file: Path, number: int, kernels: Sequence[NDArray[np.float32]], biases: Sequence[NDArray[np.float32]]
) -> None:
    digest = hashlib.sha256()
    for kernel, bias in zip(kernels, biases, strict=True):
        digest.update(kernel.astype("<f4").tobytes())
        digest.update(bias.astype("<f4").tobytes())
    found = next((n for n, known in PUBLISHED.items() if known.sha256 == digest.hexdigest()), None)
    if found is None:
        _log.warning("%s: these weights are not those of published network %d", file, number)
    elif found != number:
        raise NetworkError(
            f"holds the weights of network {found}, not {number}.",
            file=file,
            field="number",
            remedy=f"name the file bestmodel-{found}.h5, or give number={found}.",
        )
