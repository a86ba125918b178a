"""Run the tests of C++, of the bindings and of readers with sanitizers: writes benchmarks/reliability/sanitizers.json.

`nox -s sanitizers` builds szfast into build/asan and build/tsan before. Every part runs on every CPU level that the
machine has. A finding, or a test that fails, ends the script with status 1 when all parts are through.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "reliability" / "sanitizers.json"
LEVELS = ("baseline", "v3", "v4")
SANITIZERS = {"asan": "memory, undefined behaviour", "tsan": "races"}
SEVERAL = ["--parallel", str(os.cpu_count() or 1)]

READERS = ["tests/gas", "tests/snapshots"]
# whether other threads go on is told from times, which are not those of the engine here
BINDINGS = {"asan": "not other_threads"}
# nor may a child that is forked among threads start any of its own under this sanitizer
BINDINGS["tsan"] = f"{BINDINGS['asan']} and not forked_while"
SECONDS_TO_STOP = "5"
OPTIONS = {
    "asan": {
        "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1:print_summary=1",
    },
    # CPython and NumPy are not compiled for it: their locks count, their own accesses do not
    "tsan": {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1:allocator_may_return_null=1"},
}


def parts_of(sanitizer: str) -> dict[str, list[str]]:
    """Commands by what they test."""
    # what a program says as it dies must not be lost with pytest's own record of it
    shown = ["--capture=sys", "-p", "no:cacheprovider", "--timeout", "900"]
    pytest = [sys.executable, "-m", "pytest", "-q", *shown]
    parts = {"C++ tests": ["ctest", "--test-dir", f"build/{sanitizer}", "--output-on-failure", *SEVERAL]}
    parts["bindings"] = [*pytest, "tests/bindings", "-k", BINDINGS[sanitizer]]
    if sanitizer == "asan":
        parts["readers"] = [*pytest, *READERS]
    return parts


def environment(sanitizer: str, reports: Path | None = None) -> dict[str, str]:
    """Variables for a program built with the sanitizer, which writes what it finds into a folder."""
    options = dict(OPTIONS[sanitizer])
    if reports is not None:
        options = {name: f"{value}:log_path={reports / 'report'}" for name, value in options.items()}
    return os.environ | options


def of_python(sanitizer: str, variables: dict[str, str]) -> dict[str, str]:
    # Python itself is built without: these have to come first, and exceptions of C++ to be known to them
    libraries = [_library(f"lib{sanitizer}.so"), _library("libstdc++.so")]
    paths = [str(ROOT / "build" / sanitizer / "site"), str(ROOT / "benchmarks")]
    variables = variables | {"LD_PRELOAD": " ".join(libraries), "PYTHONPATH": os.pathsep.join(paths)}
    if "ASAN_OPTIONS" in variables:
        # what Python and NumPy keep to the end is no leak of the engine
        variables["ASAN_OPTIONS"] += ":detect_leaks=0"
    return variables


def _library(name: str) -> str:
    command = ["gcc", f"-print-file-name={name}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def machine() -> dict[str, Any]:
    """The machine as the watched engine sees it, and the CPU levels that it has."""
    told = "import json, results; print(json.dumps([results.machine(), results.cpu_level()]))"
    variables = of_python("asan", environment("asan")) | {"SZFAST_CPU_LEVEL": ""}
    answer = subprocess.run([sys.executable, "-c", told], env=variables, check=True, stdout=subprocess.PIPE, text=True)
    about, highest = json.loads(answer.stdout)
    return {"about": about, "levels": LEVELS[: LEVELS.index(highest) + 1]}


def run(sanitizer: str, what: str, level: str, command: list[str]) -> dict[str, Any]:
    """A part on a CPU level: its cases, those that failed, and what the sanitizer found."""
    print(f"== {sanitizer}, {what}, {level}", flush=True)
    folder = ROOT / "build" / sanitizer / "reports" / f"{what} {level}".replace(" ", "-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    variables = environment(sanitizer, folder)
    variables |= {"SZFAST_CPU_LEVEL": level, "SZFAST_SECONDS_TO_STOP": SECONDS_TO_STOP}
    junit = folder / "tests.xml"
    if what == "C++ tests":
        command = [*command, "--tests-regex", f"[.]{level}$", "--output-junit", str(junit)]
    else:
        variables = of_python(sanitizer, variables)
        command = [*command, f"--junitxml={junit}"]
    begin = time.perf_counter()
    status = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    seconds = time.perf_counter() - begin
    reports = "\n".join(file.read_text(errors="replace") for file in sorted(folder.glob("report*")))
    print(reports, end="", flush=True)
    cases, failed = _counts(junit)
    # a program that died has written no file
    failed = max(failed, int(status != 0))
    findings = len(re.findall("^SUMMARY: ", reports, re.MULTILINE))
    row = {"sanitizer": SANITIZERS[sanitizer], "what": what, "level": level, "cases": cases, "failed": failed}
    return row | {"findings": findings, "seconds": round(seconds, 1)}


def _counts(junit: Path) -> tuple[int, int]:
    """Tests that ran, and those that failed."""
    cases = list(ElementTree.parse(junit).iter("testcase")) if junit.exists() else []
    failed = sum(bool(case.findall("failure") or case.findall("error")) for case in cases)
    return len(cases) - sum(bool(case.findall("skipped")) for case in cases), failed


def main() -> None:
    seen = machine()
    rows = [
        run(sanitizer, what, level, command)
        for sanitizer in SANITIZERS
        for what, command in parts_of(sanitizer).items()
        for level in seen["levels"]
    ]
    for row in rows:
        print(", ".join(f"{name}: {value}" for name, value in row.items()))
    RESULT.write_text(json.dumps({"parts": rows, "machine": seen["about"]}, indent=1) + "\n")
    sys.exit(any(row["failed"] or row["findings"] or not row["cases"] for row in rows))


if __name__ == "__main__":
    main()
