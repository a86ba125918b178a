"""What a .keras file may name before Keras builds anything from it: a known layer, and arrays of its own."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from szfast.errors import NetworkError
from szfast.hdf5_links import lying_elsewhere

LARGEST_MEMBER = 64 * 1024**2
"""Bytes: far above the 0.7 MB of a network with its optimiser; a larger member is no such file."""

_MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
"""What Keras writes for these networks: none has assets, or weights as .npz."""

_LAYERS = (
    *("AveragePooling2D", "Concatenate", "Conv2D", "Dense", "Dropout", "EinsumDense", "GlobalAveragePooling2D"),
    *("Flatten", "InputLayer", "MaxPooling2D", "Normalization", "Rescaling"),
)
_KNOWN = {("keras.layers", name) for name in _LAYERS} | {
    ("keras", "DTypePolicy"),
    ("keras", "Sequential"),
    ("keras.initializers", "GlorotUniform"),
    ("keras.initializers", "Zeros"),
    ("keras.src.models.functional", "Functional"),
    ("keras.src.ops.numpy", "Arcsinh"),
    (None, "__keras_tensor__"),
}
"""Module and class of everything that `szfast.networks.variants` consist of."""

_REMEDY = "give a network that szfast trained; anything else in such a file may run code."


def check_keras_file(file: Path) -> None:
    """Refuse a .keras file that names anything but the layers of szfast's networks, or arrays outside of itself.

    Keras imports and calls what a file's description names; its ``safe_mode`` has been circumvented before.

    Parameters
    ----------
    file : Path
        The file.

    Raises
    ------
    NetworkError
        If it is damaged, or names something else.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_members(archive, file)
            description = json.loads(member(archive, file, "config.json"))
            weights = member(archive, file, "model.weights.h5")
        _check_names(description, file)
        with h5py.File(io.BytesIO(weights), "r") as arrays:
            elsewhere = lying_elsewhere(arrays)
        if elsewhere is not None:
            raise NetworkError("leads out of the file, or in circles.", file=file, field=elsewhere, remedy=_REMEDY)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, ValueError, RuntimeError) as error:
        # a RecursionError is a RuntimeError
        raise NetworkError(
            f"is not a complete .keras file ({error}).", file=file, field="keras", remedy=_REMEDY
        ) from None


def _check_members(archive: zipfile.ZipFile, file: Path) -> None:
    """Refuse members that Keras would unpack beside the known ones, or read in their stead."""
    names = archive.namelist()
    odd = [name for name in names if name not in _MEMBERS or names.count(name) > 1]
    if odd:
        raise NetworkError(
            "is no member of a network's file, or stands there twice.", file=file, field=odd[0][:80], remedy=_REMEDY
        )


def member(archive: zipfile.ZipFile, file: Path, name: str) -> bytes:
    """Content of a member of a .keras file that is neither absent nor too large.

    Raises
    ------
    NetworkError
        If it is.
    """
    if name not in archive.namelist():
        raise NetworkError("is missing from the file.", file=file, field=name, remedy=_REMEDY)
    size = archive.getinfo(name).file_size
    if size > LARGEST_MEMBER:
        raise NetworkError(
            f"expected at most {LARGEST_MEMBER} bytes, found {size}.", file=file, field=name, remedy=_REMEDY
        )
    with archive.open(name) as content:
        # no more than the archive tells, which may be a lie
        return content.read(size)


def _check_names(description: Any, file: Path) -> None:
    if not isinstance(description, dict):
        raise NetworkError("expected the description of a model.", file=file, field="config.json", remedy=_REMEDY)
    # how it was trained is not built again
    for entry in _entries({key: value for key, value in description.items() if key != "compile_config"}):
        module, name = entry.get("module"), entry["class_name"]
        if (module, name) not in _KNOWN or entry.get("registered_name") not in (None, name):
            raise NetworkError(
                f"names {module}.{name}, which is no part of szfast's networks."[:200],
                file=file,
                field="config.json",
                remedy=_REMEDY,
            )


def _entries(content: Any) -> Iterator[dict[str, Any]]:
    """Everything below a description that is to be built."""
    if isinstance(content, dict):
        if "class_name" in content or "module" in content:
            yield {"class_name": None, **content}
        for value in content.values():
            yield from _entries(value)
    elif isinstance(content, list):
        for value in content:
            yield from _entries(value)
