"""szfast's own file of one network: named arrays in NumPy's .npz, read without unpickling anything."""

from __future__ import annotations

import tokenize
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from szfast import whole_files
from szfast.arguments import path_in
from szfast.errors import NetworkError
from szfast.networks.filtered import FILTERED_DENSE, SHAPES, FilteredWeights
from szfast.networks.layers import LAYERS
from szfast.networks.weights import NetworkWeights

FORMATS = {1: "published", 2: "filtered"}
"""Layouts of the file by their version, each for a kind of network; a reader refuses a later one."""

_LEARNT = ("target_offset", "target_scale", "lowest_log10_mass")
_NUMBERS = {"published": ("input_mean", "input_std", *_LEARNT), "filtered": ("redshift_mean", "redshift_std", *_LEARNT)}
_DENSE = {"published": LAYERS, "filtered": FILTERED_DENSE}
_OTHERS: dict[str, dict[str, tuple[int, ...]]] = {"published": {}, "filtered": SHAPES}
_LONGEST_TEXT = 10_000
_REMEDY = "fetch the file again, or write it again with szfast.networks.save."


def save(network: NetworkWeights | FilteredWeights, path: str | Path) -> Path:
    """Write a network to a .npz file, whole or not at all.

    Parameters
    ----------
    network : NetworkWeights or FilteredWeights
        The network.
    path : str or Path
        A name that ends in .npz.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    NetworkError
        If the name does not end in .npz, or the file cannot be written.
    """
    kind = "filtered" if isinstance(network, FilteredWeights) else "published"
    version = next(number for number, name in FORMATS.items() if name == kind)
    arrays: dict[str, NDArray[np.generic]] = {"format": np.array(version, dtype=np.int64)}
    for layer, kernel, bias in zip(_DENSE[kind], network.kernels, network.biases, strict=True):
        arrays[f"{layer.name}_kernel"] = kernel
        arrays[f"{layer.name}_bias"] = bias
    for name in _OTHERS[kind]:
        arrays[name] = getattr(network, name)
    for name in _NUMBERS[kind]:
        arrays[name] = np.array(getattr(network, name), dtype=np.float64)
    arrays["redshift_bin"] = np.array(network.redshift_bin, dtype=np.float64)
    arrays["provenance"] = np.array(network.provenance[:_LONGEST_TEXT] or "not stated")
    with replaced(path, ".npz") as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)
    return Path(path)


def load(path: str | Path) -> NetworkWeights | FilteredWeights:
    """Read a network that `save` wrote.

    Every array's name, type, shape and values are checked, type and shape before the array is read.

    Raises
    ------
    NetworkError
        If the file is missing, truncated or not such a file, or an array is missing, pickled, of a wrong
        type or shape, or not finite.
    """
    file = path_in(path)
    if file.exists() and not file.is_file():
        # a pipe would be waited for, a device read without end
        raise NetworkError("is no file.", file=file, field="path", remedy="name one that szfast.networks.save wrote.")
    try:
        with zipfile.ZipFile(file) as archive:
            version = int(_read(archive, file, "format", "i", ()))
            if version not in FORMATS:
                raise NetworkError(
                    f"expected layout {' or '.join(map(str, FORMATS))}, found {version}.",
                    file=file,
                    field="format",
                    remedy="use the version of szfast that wrote it.",
                )
            return _network(archive, file, FORMATS[version])
    except FileNotFoundError:
        raise NetworkError("does not exist.", file=file, field="path", remedy="check the path.") from None
    except whole_files.DAMAGED_NPZ as error:
        raise NetworkError(
            f"is not a complete network file of szfast ({error}).", file=file, field="npz", remedy=_REMEDY
        ) from None


def _network(archive: zipfile.ZipFile, file: Path, kind: str) -> NetworkWeights | FilteredWeights:
    layers = _DENSE[kind]
    kernels = tuple(_read(archive, file, f"{layer.name}_kernel", "f", layer.kernel_shape) for layer in layers)
    biases = tuple(_read(archive, file, f"{layer.name}_bias", "f", layer.bias_shape) for layer in layers)
    others = {name: _read(archive, file, name, "f", shape) for name, shape in _OTHERS[kind].items()}
    numbers = {name: float(_read(archive, file, name, "f", ())) for name in _NUMBERS[kind]}
    low, high = _read(archive, file, "redshift_bin", "f", (2,))
    known = {"redshift_bin": (float(low), float(high)), "provenance": str(_read(archive, file, "provenance", "U", ()))}
    build: Any = FilteredWeights if kind == "filtered" else NetworkWeights
    try:
        network: NetworkWeights | FilteredWeights = build(kernels=kernels, biases=biases, **others, **numbers, **known)
        return network
    except NetworkError as error:
        raise NetworkError(error.problem, file=file, field=error.field, remedy=error.remedy) from None


def _read(archive: zipfile.ZipFile, file: Path, name: str, kind: str, shape: tuple[int, ...]) -> NDArray[Any]:
    def refuse(problem: str) -> NetworkError:
        return NetworkError(problem, file=file, field=name, remedy=_REMEDY)

    if f"{name}.npy" not in archive.namelist():
        raise refuse("is missing from the file.")
    try:
        with archive.open(f"{name}.npy") as stream:
            version = npy.read_magic(stream)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            found_shape, _, dtype = header(stream)
        if dtype.hasobject:
            raise refuse("holds pickled objects, which szfast never reads.")
        if dtype.kind != kind or dtype.itemsize > 4 * _LONGEST_TEXT:
            raise refuse(f"expected an array of kind '{kind}', found type {dtype}.")
        if found_shape != shape:
            raise refuse(f"expected shape {shape}, found {found_shape}.")
        with archive.open(f"{name}.npy") as stream:
            array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
            return array
    except (ValueError, SyntaxError, tokenize.TokenError) as error:
        raise refuse(f"cannot be read ({error}).") from None


@contextmanager
def replaced(path: str | Path, suffix: str) -> Iterator[Path]:
    """Give a temporary name beside `path`; what was written there takes its place at the end."""
    file = path_in(path)
    if file.suffix != suffix:
        raise NetworkError(
            f"expected a name that ends in {suffix}, found '{file.name}'.",
            file=file,
            field="path",
            remedy=f"name it '{file.stem}{suffix}'.",
        )
    with whole_files.replaced(file, NetworkError) as temporary:
        yield temporary
