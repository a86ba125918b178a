"""Random input for the bindings and the readers of snapshots, guided by the coverage of szfast's Python code (atheris).

Usage: python benchmarks/fuzz_targets.py bindings|binary_reader|hdf5_reader CORPUS [libFuzzer's options]

The bindings get calls that they take with arguments changed: anything but a TypeError, ValueError, KeyError,
MemoryError or RuntimeError of pybind11's is a finding, as are results that are not finite, and a crash. The readers
get small valid snapshots whose records, or groups, are changed: anything but an error of szfast's own that names file,
field and remedy, or finite gas, is one. The branches of the bindings and the engine guide too where they were built to
tell of them, as `nox -s fuzz` does where clang is there.
"""

from __future__ import annotations

import gc
import importlib
import logging
import pkgutil
import random
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris
import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))
REFUSALS = (TypeError, ValueError, KeyError, MemoryError, RuntimeError)
LENGTHS = (0, 1, 7, 100)
PARTS = ("szfast.snapshots", "szfast.gas", "szfast.maps")


def fuzz_bindings() -> Callable[[bytes], None]:
    from engine_calls import OPERATIONS, arguments, arrays_of, call, changed

    kinds = ["f4", "f8", "i4", "i8", "u8", "u1", ">f4", "c8"]
    numbers = [0, 1, -1, 2**31 - 1, -(2**31), 2**63, 0.0, -1e300, 1e300, float("nan"), float("inf"), None, "cubic"]
    known = {(name, count): arguments(name, count=count) for name in OPERATIONS for count in LENGTHS}

    def once(data: bytes) -> None:
        given_by = atheris.FuzzedDataProvider(data)
        name = OPERATIONS[given_by.ConsumeIntInRange(0, len(OPERATIONS) - 1)]
        count = LENGTHS[given_by.ConsumeIntInRange(0, len(LENGTHS) - 1)]
        given = known[name, 7 if name == "extent" else count]
        changes = given_by.ConsumeIntInRange(0, 3)
        for _ in range(changes):
            within = {f"design.{key}" for key in given.get("design", {})}
            names = sorted((set(given) | set(arrays_of(given)) | within) - {"design"})
            argument = names[given_by.ConsumeIntInRange(0, len(names) - 1)]
            array = arrays_of(given).get(argument)
            if array is None or given_by.ConsumeBool():
                value: Any = numbers[given_by.ConsumeIntInRange(0, len(numbers) - 1)]
            else:
                value = _changed_array(given_by, array, kinds)
            if argument not in {"pixels", "cells"} or not isinstance(value, int) or abs(value) < 512:
                given = changed(given, argument, value)
        try:
            found = call(name, given)
        except REFUSALS:
            return
        # nothing has no extent
        if count and not changes and not all(np.isfinite(each).all() for each in found):
            raise AssertionError(f"{name} gives what is not finite")

    return once


def _changed_array(given_by: Any, array: np.ndarray, kinds: list[str]) -> np.ndarray:
    other = array.copy()
    if other.size and given_by.ConsumeBool():
        raw = other.reshape(-1).view(np.uint8)
        raw[given_by.ConsumeIntInRange(0, len(raw) - 1)] ^= given_by.ConsumeIntInRange(1, 255)
    if given_by.ConsumeBool():
        other = other[: given_by.ConsumeIntInRange(0, len(other))]
    if given_by.ConsumeIntInRange(0, 7) == 0:
        other = np.zeros(other.shape, kinds[given_by.ConsumeIntInRange(0, len(kinds) - 1)])
    return other


def fuzz_reader(suffix: str) -> Callable[[bytes], None]:
    """The input is a snapshot's one file, or its first part."""
    import szfast

    file = Path(tempfile.mkdtemp(prefix="szfast-fuzz-")) / f"snapshot{suffix}"

    def once(data: bytes) -> None:
        file.write_bytes(data)
        try:
            gas = szfast.read_snapshot(file)
        except szfast.SzfastError as error:
            if error.file is None or error.field is None or not error.remedy:
                raise AssertionError(f"an error without file, field or remedy: {error}") from error
            return
        columns = gas.columns(threads=1)
        if not all(np.isfinite(np.asarray(each)).all() for each in columns.arrays):
            raise AssertionError("gas that is not finite")

    return once


def binary_seeds(corpus: Path) -> None:
    """Both formats, byte orders and precisions, and the parts of a snapshot of several files."""
    from snapshots.conftest import CodeGas, gas_columns, write_binary

    gas = CodeGas(columns=gas_columns(20))
    for format in (1, 2):
        for order in "<>":
            for real, parts in (("f4", 1), ("f8", 1), ("f4", 2)):
                with tempfile.TemporaryDirectory() as folder:
                    write_binary(Path(folder), gas, format=format, order=order, real=real, parts=parts)
                    for file in Path(folder).iterdir():
                        number = file.suffix.replace(".", "_")
                        (corpus / f"{format}{'le' if order == '<' else 'be'}_{real}_{parts}{number}").write_bytes(
                            file.read_bytes()
                        )


def hdf5_seeds(corpus: Path) -> None:
    from snapshots import conftest as written

    gas = written.CodeGas(columns=written.gas_columns(20))
    for name in ("gadget_hdf5", "gadget4", "arepo", "gizmo", "swift"):
        with tempfile.TemporaryDirectory() as folder:
            path = getattr(written, f"write_{name}")(Path(folder), gas)
            (corpus / name).write_bytes(path.read_bytes())


def mutate_binary(data: bytes, most: int, seed: int) -> bytes:
    """Change records: their content, length, marks, label, order; or any bytes, as libFuzzer does."""
    pick = random.Random(seed)
    records = _records(data)
    if len(records) < 2 or pick.random() < 0.3:
        return atheris.Mutate(data, most)
    at = pick.randrange(len(records))
    start, size, end = records[at]
    whole = data[start:end]
    change = pick.randrange(6)
    if change == 0:
        content = whole[4 : 4 + size]
        width = pick.choice((4, 8))
        place = pick.randrange(max(len(content) // width, 1)) * width
        value = pick.choice((0, 1, 2**31 - 1, 2**32 - 1, 0x7FC00000, 0x7F800000, pick.getrandbits(32)))
        made = content[:place] + value.to_bytes(width, pick.choice(("little", "big"))) + content[place + width :]
        whole = whole[:4] + made[:size] + whole[4 + size :]
    elif change == 1:
        # a record of another length with marks that fit
        order = "little" if int.from_bytes(whole[:4], "little") == size else "big"
        content = whole[4 : 4 + size][: pick.randrange(size + 1)] + bytes(pick.choice((0, 0, 4, 12)))
        mark = len(content).to_bytes(4, order)
        whole = mark + content + mark
    elif change == 2:
        mark = pick.choice((0, 8, 256, size + 4, 2**31, 2**32 - 1)).to_bytes(4, "little")
        whole = mark + whole[4:] if pick.random() < 0.5 else whole[:-4] + mark
    elif change == 3:
        whole = b""
    elif change == 4:
        whole = whole + whole
    else:
        names = (b"POS ", b"MASS", b"U   ", b"RHO ", b"HSML", b"NE  ", b"TEMP", b"MHI ", b"SFR ", b"XXXX")
        whole = whole[:4] + pick.choice(names) + whole[8:] if size == 8 else whole[::-1]
    return (data[:start] + whole + data[end:])[:most]


def _records(data: bytes) -> list[tuple[int, int, int]]:
    """(start, length of the content, end) of the records that follow each other from the file's start."""
    found, start = [], 0
    while start + 8 <= len(data):
        for order in ("little", "big"):
            size = int.from_bytes(data[start : start + 4], order)
            end = start + size + 8
            if end <= len(data) and data[end - 4 : end] == data[start : start + 4]:
                break
        else:
            break
        found.append((start, size, end))
        start = end
    return found


def mutate_hdf5_bytes(data: bytes, most: int, seed: int) -> bytes:
    """Change attributes and arrays through HDF5's own library; or any bytes, as libFuzzer does."""
    import io

    from damage.mutations import mutate_hdf5

    buffer = io.BytesIO(data)
    try:
        if seed % 4 == 0:
            raise OSError
        mutate_hdf5(buffer, np.random.default_rng(seed))
    # what is damaged already, its library does not change any more
    except Exception:
        return atheris.Mutate(data, most)
    made = buffer.getvalue()
    return made if len(made) <= most else data[:most]


def _instrument() -> None:
    """Make szfast's functions tell what they reach, however they were imported."""
    for part in PARTS:
        package = importlib.import_module(part)
        for module in pkgutil.iter_modules(package.__path__, f"{part}."):
            importlib.import_module(module.name)
    functions = [each for each in gc.get_objects() if isinstance(each, types.FunctionType)]
    for each in functions:
        if str(each.__module__).startswith("szfast"):
            atheris.instrument_func(each)


def main() -> None:
    target, corpus, *options = sys.argv[1:]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    place = Path(corpus)
    place.mkdir(parents=True, exist_ok=True)
    mutators = {"binary_reader": mutate_binary, "hdf5_reader": mutate_hdf5_bytes}
    mutator = {"custom_mutator": mutators[target]} if target in mutators else {}
    longest = {"bindings": 256, "binary_reader": 1 << 14, "hdf5_reader": 1 << 17}[target]
    limits = ["-rss_limit_mb=4096", "-timeout=20", f"-max_len={longest}", "-len_control=0"]
    if target == "bindings":
        once = fuzz_bindings()
    elif target == "binary_reader":
        once = fuzz_reader("")
        binary_seeds(place)
    else:
        once = fuzz_reader(".hdf5")
        hdf5_seeds(place)
    _instrument()
    atheris.Setup([sys.argv[0], *limits, *options, corpus], once, **mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
