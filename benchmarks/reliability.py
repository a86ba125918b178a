"""Try bad input, faults and load, and write what came of it: benchmarks/reliability/*.json, docs/reliability.md.

Usage: python benchmarks/reliability.py [--faults 20] [--clusters 10000] [--only STEP ...] [--page]

Steps: bad_input, bindings, interruption, faults, strangers, load; `nox -s sanitizers` and `nox -s fuzz` do one more
each. With --page the page is written again from what is there; a step that has never run is said to be missing.
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from reliability_page import FOLDER, ROOT, failures, write_page
from results import machine

TESTS = {
    "bindings": ["tests/bindings", "tests/test_arguments.py"],
    "faults": [
        "tests/dataset/test_faults.py",
        "tests/dataset/test_killed_builders.py",
        "tests/dataset/test_lock.py",
        "tests/ensemble/test_faults.py",
        "tests/test_whole_files.py",
    ],
    "strangers": [
        "tests/dataset/test_strangers.py",
        "tests/networks/test_keras_safety.py",
        "tests/networks/test_npz.py",
        "tests/networks/test_published_weights.py",
    ],
}
STEPS = ("bad_input", "bindings", "interruption", "faults", "strangers", "load")
"""Those of this script, in their order."""


def run_tests(step: str, faults: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
            *TESTS[step],
        ]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"SZFAST_FAULTS": str(faults)}, check=False)
        return {"tests": list(_tests(ElementTree.parse(report)))}


def _tests(report: Any) -> Iterator[dict[str, Any]]:
    """Every test function with its cases, failures, skips, seconds and what it recorded."""
    found: dict[str, dict[str, Any]] = {}
    for case in report.iter("testcase"):
        words = re.sub(r"\[.*", "", case.get("name")).removeprefix("test_").replace("_", " ")
        row = found.setdefault(words, {"what": words, "cases": 0, "failed": 0, "skipped": 0, "seconds": 0.0})
        row["cases"] += 1
        row["seconds"] += float(case.get("time"))
        row["failed"] += len(case.findall("failure")) + len(case.findall("error"))
        row["skipped"] += len(case.findall("skipped"))
        for each in case.iter("property"):
            # of several cases, one behind the other
            recorded = row.setdefault("recorded", {})
            recorded[each.get("name")] = "; ".join(filter(None, (recorded.get(each.get("name")), each.get("value"))))
    yield from found.values()


def interruption() -> dict[str, Any]:
    sys.path.insert(0, str(ROOT / "tests"))
    from interruption import LONG, longest_delay_s

    moments, begin = 6, time.perf_counter()
    rows = [
        {"what": what, "moments": moments, "longest_s": longest_delay_s(name, arguments(), moments=moments)}
        for what, (name, arguments) in LONG.items()
    ]
    return {"calls": rows, "seconds": time.perf_counter() - begin}


def load(clusters: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "load.json"
        script = str(ROOT / "benchmarks" / "load.py")
        subprocess.run([sys.executable, script, "--clusters", str(clusters), "--out", str(out)], check=True)
        return {"rows": json.loads(out.read_text())}


def bad_input() -> None:
    # writes its own file, in its own form; failures are told in it
    subprocess.run([sys.executable, str(ROOT / "benchmarks" / "bad_input.py")], cwd=ROOT, check=False)


def keep(step: str, content: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    content["machine"] = machine()
    (FOLDER / f"{step}.json").write_text(json.dumps(content, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", choices=STEPS, default=STEPS)
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    steps = [] if arguments.page else arguments.only
    for step in steps:
        print(f"== {step}", flush=True)
        if step == "bad_input":
            bad_input()
        elif step == "interruption":
            keep(step, interruption())
        elif step == "load":
            keep(step, load(arguments.clusters))
        else:
            keep(step, run_tests(step, arguments.faults))
    print(write_page())
    failed = {step: count for step in steps if (count := failures(step))}
    if failed:
        sys.exit(f"failures: {', '.join(f'{step} {count}' for step, count in failed.items())}")


if __name__ == "__main__":
    main()
