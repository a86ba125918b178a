"""Mutations of small valid files that know their structure: headers, labels, counts, numbers, text."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np

NUMBERS = (0.0, -1.0, np.nan, np.inf, -np.inf, 1e-300, 1e300, 0.7, 2.0**31)
COUNTS = (0, 1, 2, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1)
_WORDS = (b"nan", b"inf", b"-1", b"0", b"1e400", b"x", b"", b"-", b"1 1", b"#", b"9" * 40, b"\xff\xfe", b"1d5")


def mutate_bytes(good: bytes, rng: np.random.Generator, hot: int) -> bytes:
    """One to three changes of a binary file; every second one falls in its first `hot` bytes."""
    raw = bytearray(good)
    for _ in range(rng.integers(1, 4)):
        end = min(hot, len(raw)) if rng.random() < 0.5 else len(raw)
        if end < 9:
            break
        at = int(rng.integers(0, end - 8))
        change = rng.integers(0, 7)
        if change == 0:
            raw[at] ^= 1 << rng.integers(0, 8)
        elif change == 1:
            raw[at : at + 4] = struct.pack("<I", int(rng.choice(COUNTS)))
        elif change == 2:
            raw[at : at + 8] = struct.pack("<d", float(rng.choice(NUMBERS)))
        elif change == 3:
            raw[at : at + 4] = struct.pack("<f", np.float32(rng.choice(NUMBERS[:5])))
        elif change == 4:
            del raw[at : at + int(rng.integers(1, 64))]
        elif change == 5:
            raw[at:at] = raw[at : at + int(rng.integers(1, 64))]
        else:
            del raw[at:]
    return bytes(raw)


def mutate_text(good: bytes, rng: np.random.Generator, separator: bytes = b"\t") -> bytes:
    """One to three changes of a text: words, columns, lines."""
    lines = [line.split(separator) for line in good.split(b"\n")]
    for _ in range(rng.integers(1, 4)):
        if not lines:
            break
        line = lines[int(rng.integers(0, len(lines)))]
        if not line:
            continue
        at = int(rng.integers(0, len(line)))
        change = rng.integers(0, 6)
        if change == 0:
            line[at] = _WORDS[int(rng.integers(0, len(_WORDS)))]
        elif change == 1:
            del line[at]
        elif change == 2:
            line.insert(at, line[at])
        elif change == 3:
            lines.remove(line)
        elif change == 4:
            lines.append(line)
        else:
            line[at] = line[at][: len(line[at]) // 2]
    return b"\n".join(separator.join(line) for line in lines)


def mutate_hdf5(place: str | BinaryIO, rng: np.random.Generator) -> None:
    """One or two changes of an HDF5 file through its own library: attributes and datasets of another value or kind."""
    import h5py

    with h5py.File(place, "a") as file:
        for _ in range(rng.integers(1, 3)):
            groups = _groups(file)
            group = groups[int(rng.integers(0, len(groups)))]
            arrays = sorted(name for name in group if isinstance(group.get(name), h5py.Dataset))
            if len(group.attrs) and (rng.random() < 0.6 or not arrays):
                _change_attribute(group, rng)
            elif arrays:
                _change_dataset(group, arrays[int(rng.integers(0, len(arrays)))], rng)


def _groups(file: object) -> list:
    """Groups with something to change, in all depths."""
    import h5py

    found, waiting = [], [file]
    while waiting:
        group = waiting.pop()
        inner = [group.get(name) for name in group]
        waiting += [each for each in inner if isinstance(each, h5py.Group)]
        if len(group.attrs) or any(isinstance(each, h5py.Dataset) for each in inner):
            found.append(group)
    return found or [file]


def _change_attribute(group: object, rng: np.random.Generator) -> None:
    name = sorted(group.attrs)[int(rng.integers(0, len(group.attrs)))]
    value = group.attrs[name]
    others = (
        float(rng.choice(NUMBERS)),
        int(rng.choice(COUNTS)),
        "text",
        np.array([]),
        np.zeros((2, 3)),
        np.full(np.shape(value), float(rng.choice(NUMBERS))),
        None,
    )
    other = others[int(rng.integers(0, len(others)))]
    if other is None:
        del group.attrs[name]
    else:
        group.attrs[name] = other


def _change_dataset(group: object, name: str, rng: np.random.Generator) -> None:
    values = group[name][()]
    del group[name]
    change = rng.integers(0, 7)
    if change == 0:
        return
    if change == 1:
        values = values[: len(values) // 2]
    elif change == 2 and values.dtype.kind in "fiu":
        values = values.astype("i2" if values.dtype.kind == "f" else "f4")
    elif change == 3:
        values = np.stack([values, values])
    elif change == 4:
        values = np.full(values.shape, b"text")
    elif values.dtype.kind in "fiu" and values.size:
        values = values.astype(np.float64)
        values.reshape(-1)[int(rng.integers(0, values.size))] = rng.choice(NUMBERS)
    group[name] = values
