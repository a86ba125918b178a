"""Run the fuzzers one after the other, and write what came of it: benchmarks/reliability/fuzzing.json.

Usage: python benchmarks/fuzz.py [--seconds 90] [--engine build/fuzz/cpp/fuzz/fuzz_engine] [--corpus FOLDER]

Targets: the engine's operations in C++ on each CPU level, where fuzz_engine is built (SZFAST_FUZZ of CMake); the
bindings and the readers of snapshots in Python (fuzz_targets.py). The exit status is 1 where something was found; the
input that found it then stands in the folder of the corpus. A corpus that is kept is gone on with.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from results import machine

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "reliability" / "fuzzing.json"
LEVELS = ("baseline", "v3", "v4")
PYTHON = ("bindings", "binary_reader", "hdf5_reader")
NOT_HERE = 77
_STATUS = re.compile(r"^#(\d+)\s+(\w+)\s+(?:cov: (\d+) )?.*corp: (\d+)/", re.MULTILINE)
_FINDING = re.compile(r"^(?:szfast: .*|SUMMARY: .*|.*runtime error: .*|\w*(?:Error|Exception): .*)$", re.MULTILINE)


def run(name: str, command: list[str], env: dict[str, str], folder: Path) -> dict[str, Any] | None:
    """One target; None where this machine has not what it needs."""
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    print(f"== {name}", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        # libFuzzer's own status of a finding is that of what is not here
        [*command, f"-artifact_prefix={folder}/{name}-", "-error_exitcode=1"],
        cwd=ROOT,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(errors="replace")
    if done.returncode == NOT_HERE:
        print(said.strip().splitlines()[-1])
        return None
    lines = _STATUS.findall(said)
    if not lines:
        sys.exit(f"{name} did not run:\n{said[-3000:]}")
    with_coverage = [line for line in lines if line[2]]
    found = [line[:300] for line in _FINDING.findall(said)] if done.returncode else []
    row = {
        "target": name,
        "executions": int(lines[-1][0]),
        "seconds": round(time.monotonic() - started),
        "coverage": [
            int(line[2]) for line in (with_coverage or [("", "", "0", "")])[:: max(len(with_coverage) - 1, 1)]
        ],
        "corpus": [int(lines[0][3]), int(lines[-1][3])],
        "findings": found or ([f"exit status {done.returncode}"] if done.returncode else []),
    }
    print(json.dumps(row), flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=90, help="for each target")
    parser.add_argument("--engine", type=Path, help="fuzz_engine, as CMake builds it")
    parser.add_argument("--corpus", type=Path, help="where inputs are kept that reach something new")
    parser.add_argument("--output", type=Path, default=RESULT)
    given = parser.parse_args()
    about = machine()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.corpus or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        limit = f"-max_total_time={given.seconds}"
        rows = []
        for level in LEVELS if given.engine else ():
            name = f"engine.{level}"
            command = [str(given.engine.resolve()), str(folder / name), limit, "-max_len=600", "-len_control=0"]
            # what leaks is looked for by the tests under sanitizers
            env = {"SZFAST_CPU_LEVEL": level, "ASAN_OPTIONS": "detect_leaks=0"}
            rows.append(run(name, command, env, folder))
        script = str(ROOT / "benchmarks" / "fuzz_targets.py")
        for name in PYTHON:
            rows.append(run(name, [sys.executable, script, name, str(folder / name), limit], {}, folder))
        kept = [row for row in rows if row is not None]
        given.output.write_text(json.dumps({"targets": kept, "machine": about}, indent=1) + "\n")
        print(given.output)
        found = sum(len(row["findings"]) > 0 for row in kept)
        if found:
            sys.exit(f"{found} of {len(kept)} targets found something" + (f": see {folder}" if given.corpus else ""))


if __name__ == "__main__":
    main()
