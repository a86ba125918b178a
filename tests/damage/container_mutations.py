"""Mutations that know what a file is made of: FITS cards, members of an archive, JSON, text; and of folders."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from damage.mutations import COUNTS, NUMBERS, mutate_bytes, mutate_hdf5, mutate_text

_CARD, _BLOCK = 80, 2880
_FORMS = (
    "'E       '",
    "'J       '",
    "'1024E   '",
    "'99999999D'",
    "'P       '",
    "'0A      '",
    "'Z       '",
    "'20A     '",
)
_SEPARATORS = {".csv": b",", ".ecsv": b" ", ".toml": b" "}
_DEEP = 300
"""Deeper JSON is a damage of its own, of weight_cases."""


def mutate_file(good: bytes, name: str, rng: np.random.Generator) -> bytes:
    """One mutation of a file's bytes, by the kind that its name tells; every fifth knows nothing of the kind."""
    suffix = Path(name).suffix
    if rng.random() < 0.2:
        return mutate_bytes(good, rng, hot=6000)
    if suffix == ".fits":
        return _mutate_fits(good, rng)
    if suffix in (".npz", ".keras"):
        return _mutate_zip(good, rng)
    if suffix == ".h5":
        return _mutate_hdf5_bytes(good, rng)
    if suffix == ".json":
        return _mutate_json(good, rng)
    if suffix in _SEPARATORS:
        return mutate_text(good, rng, _SEPARATORS[suffix])
    if suffix == ".npy":
        return _mutate_npy(good, rng)
    return mutate_bytes(good, rng, hot=64)


def mutate_folder(good: Path, folder: Path, rng: np.random.Generator) -> None:
    """Make a folder like a good one with one or two files mutated, or one of them taken away."""
    files = sorted(each for each in good.rglob("*") if each.is_file())
    for each in files:
        copy = folder / each.relative_to(good)
        copy.parent.mkdir(parents=True, exist_ok=True)
        # a file that is mutated is written anew
        os.link(each, copy)
    described = [each for each in files if each.suffix == ".json"]
    for _ in range(rng.integers(1, 3)):
        some = described if described and rng.random() < 0.5 else files
        chosen = some[int(rng.integers(0, len(some)))]
        copy = folder / chosen.relative_to(good)
        copy.unlink(missing_ok=True)
        if rng.random() > 0.05:
            # from the good file, whatever was done to it before
            copy.write_bytes(mutate_file(_unhidden(chosen), chosen.name, rng))


def _unhidden(file: Path) -> bytes:
    """A file's bytes, without the copy of all metadata in a store's root, which would hide the others."""
    if file.name != "zarr.json":
        return file.read_bytes()
    content = json.loads(file.read_text())
    content.pop("consolidated_metadata", None)
    return json.dumps(content).encode()


def _mutate_fits(good: bytes, rng: np.random.Generator) -> bytes:
    raw = bytearray(good)
    for _ in range(rng.integers(1, 4)):
        cards = _cards(raw)
        if not cards or rng.random() < 0.25:
            raw = bytearray(mutate_bytes(bytes(raw), rng, hot=len(raw)))
            continue
        at = cards[int(rng.integers(0, len(cards)))]
        change = rng.integers(0, 7)
        if change == 0:
            raw[at : at + _CARD] = b" " * _CARD
        elif change == 1:
            other = cards[int(rng.integers(0, len(cards)))]
            raw[at : at + _CARD] = raw[other : other + _CARD]
        elif change == 2:
            raw[at : at + 3] = b"END"
        elif change == 3:
            del raw[at : at + _CARD]
            raw += b" " * _CARD
        else:
            value = [f"{rng.choice(COUNTS)}", f"{rng.choice(NUMBERS):.6G}", str(rng.choice(_FORMS)), "T"][change - 4 :]
            text = value[0] if change > 4 else value[int(rng.integers(0, 2))]
            raw[at + 10 : at + 30] = text.rjust(20)[:20].encode()
    return bytes(raw)


def _cards(raw: bytearray) -> list[int]:
    """Where the cards of all headers stand that can be found."""
    found, block, within = [], 0, True
    while block < len(raw):
        starts = raw[block : block + 8] in (b"SIMPLE  ", b"XTENSION")
        if starts or within:
            within = True
            for at in range(block, min(block + _BLOCK, len(raw) - _CARD), _CARD):
                if raw[at : at + 8] == b"END     ":
                    within = False
                    break
                found.append(at)
        block += _BLOCK
    return found


def _mutate_zip(good: bytes, rng: np.random.Generator) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    # no member twice: what is damaged cannot be taken apart
    chosen = rng.permutation(len(members))[: rng.integers(1, 3)]
    dropped = set()
    for at in (int(each) for each in chosen):
        name, content = members[at]
        change = rng.integers(0, 8)
        if change == 0:
            dropped.add(at)
        elif change == 1:
            members[at] = name[: len(name) // 2] or "x", content
        elif change == 2:
            members[at] = members[at - 1][0], content
        else:
            members[at] = name, mutate_file(content, name, rng)
    made = io.BytesIO()
    # packed members take time that tells nothing
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in (each for at, each in enumerate(members) if at not in dropped):
            archive.writestr(name, content)
    return made.getvalue()


def _mutate_npy(good: bytes, rng: np.random.Generator) -> bytes:
    """The text that says what an array is, or its values, or both in another kind."""
    change = rng.integers(0, 4)
    if change == 0:
        return mutate_bytes(good, rng, hot=128)
    array = np.load(io.BytesIO(good))
    if change == 1 or array.dtype.kind not in "fiu" or not array.size:
        kinds = ("f8", "f4", "i8", "u1", "U3", "c8", ">f4", "?")
        array = np.zeros(array.shape[: int(rng.integers(0, 5))], kinds[int(rng.integers(0, len(kinds)))])
    elif change == 2:
        array = np.array(array)
        with np.errstate(all="ignore"):
            values = np.array(rng.choice(NUMBERS)).astype(array.dtype)
        array.reshape(-1)[int(rng.integers(0, array.size))] = values
    else:
        array = np.stack([array, array]) if rng.random() < 0.5 else array.reshape(-1)
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def _mutate_hdf5_bytes(good: bytes, rng: np.random.Generator) -> bytes:
    buffer = io.BytesIO(good)
    mutate_hdf5(buffer, rng)
    return buffer.getvalue()


def _mutate_json(good: bytes, rng: np.random.Generator) -> bytes:
    content = json.loads(good)
    for _ in range(rng.integers(1, 3)):
        places = list(_places(content))
        if places:
            holder, key = places[int(rng.integers(0, len(places)))]
            _change_entry(holder, key, rng)
    return json.dumps(content).encode()


def _places(content: object) -> list[tuple[object, object]]:
    """(holder, key) of every entry at any depth."""
    entries = list(content.items()) if isinstance(content, dict) else []
    entries = list(enumerate(content)) if isinstance(content, list) else entries
    return [place for key, value in entries for place in [(content, key), *_places(value)]]


def _change_entry(holder: object, key: object, rng: np.random.Generator) -> None:
    value = holder[key]
    deep: object = value
    for _ in range(_DEEP):
        deep = [deep]
    number = value if isinstance(value, int | float) else 1
    others: list[Callable[[], object]] = [
        lambda: float(rng.choice(NUMBERS)),
        lambda: int(rng.choice(COUNTS)),
        lambda: -1,
        lambda: 10**400,
        lambda: "text",
        lambda: None,
        lambda: [],
        lambda: {},
        lambda: [value, value],
        lambda: {"text": value},
        lambda: True,
        lambda: number * 2,
        lambda: deep,
        lambda: str(value) + "x",
    ]
    if rng.random() < 0.15:
        del holder[key]
    else:
        holder[key] = others[int(rng.integers(0, len(others)))]()
