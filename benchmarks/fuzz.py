"""Random input for the engine's bindings and the binary reader, guided by the coverage of Python code (atheris).

Usage: python benchmarks/fuzz.py bindings|binary_reader [--seconds 90]

The bindings get calls that they take with arguments changed: anything but a TypeError, ValueError, KeyError,
MemoryError or RuntimeError of pybind11's is a finding, as is a crash. The reader gets a small GADGET file with bytes
changed: anything but an error of szfast or finite gas is one. libFuzzer's own lines tell executions and coverage.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris
import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))
REFUSALS = (TypeError, ValueError, KeyError, MemoryError, RuntimeError)
LENGTHS = (0, 1, 7, 100)


def fuzz_bindings() -> Any:
    from engine_calls import OPERATIONS, arguments, arrays_of, call, changed

    kinds = ["f4", "f8", "i4", "i8", "u8", "u1", ">f4", "c8"]
    numbers = [0, 1, -1, 2**31 - 1, -(2**31), 2**63, 0.0, -1e300, 1e300, float("nan"), float("inf"), None, "cubic"]

    def once(data: bytes) -> None:
        given_by = atheris.FuzzedDataProvider(data)
        name = OPERATIONS[given_by.ConsumeIntInRange(0, len(OPERATIONS) - 1)]
        given = arguments(
            name, count=LENGTHS[given_by.ConsumeIntInRange(0, len(LENGTHS) - 1)] if name != "extent" else 7
        )
        for _ in range(given_by.ConsumeIntInRange(0, 3)):
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
            call(name, given)
        except REFUSALS:
            return

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


def fuzz_binary_reader() -> Any:
    import szfast

    folder = tempfile.mkdtemp(prefix="szfast-fuzz-")
    file = Path(folder) / "snapshot"
    whole = _gadget_file()

    def once(data: bytes) -> None:
        given_by, content = atheris.FuzzedDataProvider(data), bytearray(whole)
        for _ in range(given_by.ConsumeIntInRange(0, 8)):
            content[given_by.ConsumeIntInRange(0, len(content) - 1)] = given_by.ConsumeIntInRange(0, 255)
        if given_by.ConsumeBool():
            del content[given_by.ConsumeIntInRange(0, len(content)) :]
        file.write_bytes(content)
        try:
            gas = szfast.read_snapshot(file)
        except szfast.SzfastError:
            return
        columns = gas.columns(threads=1)
        if not all(np.isfinite(np.asarray(each)).all() for each in columns.arrays):
            raise AssertionError("gas that is not finite")

    return once


def _gadget_file() -> bytes:
    """GADGET's second format with ten gas particles."""
    count, rng = 10, np.random.default_rng(3)
    numbers = np.zeros(6, "i4")
    numbers[0] = count
    head = numbers.tobytes() + np.zeros(6).tobytes() + np.array([0.8, 0.25]).tobytes()
    head += bytes(8) + numbers.tobytes() + np.array([0, 1], "i4").tobytes()
    head += np.array([40000.0, 0.3, 0.7, 0.7]).tobytes()
    blocks = {
        "HEAD": head.ljust(256, b"\0"),
        "POS ": (20000 + rng.normal(0, 300, (count, 3))).astype("f4").tobytes(),
        "VEL ": np.zeros((count, 3), "f4").tobytes(),
        "ID  ": np.arange(count, dtype="u4").tobytes(),
        "MASS": np.full(count, 3.0, "f4").tobytes(),
        "U   ": np.full(count, 6e5, "f4").tobytes(),
        "RHO ": np.full(count, 3 * 10 * 3.0 / (4 * np.pi * 700.0**3), "f4").tobytes(),
        "NE  ": np.full(count, 1.1, "f4").tobytes(),
        "HSML": np.full(count, 700.0, "f4").tobytes(),
    }
    made = b""
    for name, content in blocks.items():
        for record in (name.encode() + np.int32(len(content) + 8).tobytes(), content):
            mark = np.int32(len(record)).tobytes()
            made += mark + record + mark
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=["bindings", "binary_reader"])
    parser.add_argument("--seconds", type=int, default=90)
    arguments = parser.parse_args()
    with atheris.instrument_imports(include=["szfast"], enable_loader_override=False):
        once = fuzz_bindings() if arguments.target == "bindings" else fuzz_binary_reader()
        # what is imported when it is first used
        once(b"")
    options = [
        f"-max_total_time={arguments.seconds}",
        "-rss_limit_mb=4096",
        "-timeout=20",
        "-max_len=256",
        "-len_control=0",
    ]
    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
