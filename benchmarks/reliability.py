"""Try bad input, faults and load, and write what came of it: benchmarks/reliability/*.json, docs/reliability.md.

Usage: python benchmarks/reliability.py [--faults 20] [--clusters 10000] [--only STEP ...] [--page]

Steps: bad_input, bindings, interruption, faults, strangers, load; `nox -s fuzz` does one more. With --page the page is
written again from what is there; a step that has never run is said to be missing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from results import machine

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"

TESTS = {
    "bindings": ["tests/bindings"],
    "faults": [
        "tests/dataset/test_faults.py",
        "tests/dataset/test_killed_builders.py",
        "tests/ensemble/test_faults.py",
    ],
    "strangers": ["tests/networks/test_keras_safety.py", "tests/networks/test_npz.py", "tests/networks/test_keras.py"],
}
INTRODUCTION = (
    "Written by benchmarks/reliability.py, step by step; `nox -s reliability` does all steps. Each part is of the",
    "machine and date that stand below it, with as many kills as its row tells.",
)
TITLES = {
    "bad_input": "Bad input",
    "bindings": "Arguments, threads, forks and Ctrl-C",
    "interruption": "How soon Ctrl-C stops a long call",
    "faults": "Disks, rights, kills and clocks",
    "strangers": "Files of strangers",
    "load": "Load",
    "fuzzing": "Random input guided by coverage",
}
ELSEWHERE = ("fuzzing",)
"""Written by a session of nox of their own."""


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
            row.setdefault("recorded", {})[each.get("name")] = each.get("value")
    yield from found.values()


def interruption() -> dict[str, Any]:
    sys.path.insert(0, str(ROOT / "tests"))
    from interruption import LONG, longest_delay_s

    moments = 6
    rows = [
        {"what": what, "moments": moments, "longest_s": longest_delay_s(name, arguments(), moments=moments)}
        for what, (name, arguments) in LONG.items()
    ]
    return {"calls": rows}


def load(clusters: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "load.json"
        script = str(ROOT / "benchmarks" / "load.py")
        subprocess.run([sys.executable, script, "--clusters", str(clusters), "--out", str(out)], check=True)
        return {"rows": json.loads(out.read_text())}


def bad_input() -> None:
    # writes its own file, in its own form
    script = ROOT / "benchmarks" / "bad_input.py"
    if script.exists():
        subprocess.run([sys.executable, str(script)], cwd=ROOT, check=True)


def keep(step: str, content: dict[str, Any]) -> None:
    FOLDER.mkdir(exist_ok=True)
    content["machine"] = machine()
    (FOLDER / f"{step}.json").write_text(json.dumps(content, indent=1) + "\n")


def page() -> str:
    lines = ["# Reliability", "", *INTRODUCTION]
    for step, title in TITLES.items():
        file = FOLDER / f"{step}.json"
        lines += ["", f"## {title}", ""]
        lines += _part(step, json.loads(file.read_text())) if file.exists() else ["Not run yet."]
    return "\n".join(lines) + "\n"


def _part(step: str, content: Any) -> list[str]:
    if step == "bad_input":
        return _bad_input(content)
    if step == "interruption":
        rows = [[row["what"], f"{row['moments']}", f"{row['longest_s']:.3f}"] for row in content["calls"]]
        table = _table(["call", "moments", "longest time to stop [s]"], rows)
    elif step == "fuzzing":
        head = [
            "target",
            "executions",
            "time [s]",
            "branches reached: begin, end",
            "inputs kept: begin, end",
            "findings",
        ]
        table = _table(head, [_fuzzing_row(row) for row in content["targets"]])
    elif step == "load":
        head = ["what", "times", "time [s]", "memory [MB]: least, half-way, most", "more each [kB]", "file handles"]
        table = _table(head, [_load_row(row) for row in content["rows"]])
    else:
        head = ["what", "cases", "failed", "skipped", "time [s]", "on the way"]
        rows = [_test_row(row) for row in content["tests"]]
        sums = [sum(row[name] for row in content["tests"]) for name in ("cases", "failed", "skipped", "seconds")]
        table = _table(head, [*rows, ["all", *(f"{value:.0f}" for value in sums), ""]])
    return [*table, "", "; ".join(f"{name}: {value}" for name, value in content["machine"].items()) + "."]


def _test_row(row: dict[str, Any]) -> list[str]:
    recorded = ", ".join(f"{name}: {value}" for name, value in row.get("recorded", {}).items())
    return [row["what"], str(row["cases"]), str(row["failed"]), str(row["skipped"]), f"{row['seconds']:.1f}", recorded]


def _load_row(row: dict[str, Any]) -> list[str]:
    memory = ", ".join(f"{value:.1f}" for value in row["memory_mb"])
    handles = f"{row['file_handles'][0]}, at most {row['file_handles'][1]}"
    return [row["what"], str(row["times"]), f"{row['seconds']:.0f}", memory, f"{row['kb_more_each']:.2f}", handles]


def _fuzzing_row(row: dict[str, Any]) -> list[str]:
    pairs = [", ".join(map(str, row[name])) for name in ("coverage", "corpus")]
    return [row["target"], str(row["executions"]), str(row["seconds"]), *pairs, "; ".join(row["findings"]) or "0"]


def _bad_input(content: dict[str, Any]) -> list[str]:
    counts: dict[str, dict[str, int]] = {}
    for case in content["cases"]:
        of_reader = counts.setdefault(case["reader"], {})
        of_reader[case["outcome"]] = of_reader.get(case["outcome"], 0) + 1
    outcomes = sorted({outcome for of_reader in counts.values() for outcome in of_reader})
    rows = [[name, *(str(row.get(outcome, 0)) for outcome in outcomes)] for name, row in sorted(counts.items())]
    lines = [_sentence("damaged inputs", content["totals"]), "", *_table(["reader", *outcomes], rows)]
    if "mutations" in content:
        lines += ["", _sentence("mutated files", content["mutations"])]
    if "peers" in content:
        lines += ["", *_peers(content["peers"])]
    return lines


def _sentence(what: str, totals: dict[str, Any]) -> str:
    return f"{totals['cases']} {what}, {totals['failures']} failures, {totals['cpu_seconds']:.0f} s of CPU."


def _peers(peers: dict[str, Any]) -> list[str]:
    outcomes = list(next(iter(peers["totals"].values())))
    rows = [
        [f"{name} {peers['versions'][name]}", *(str(found[outcome]) for outcome in outcomes)]
        for name, found in peers["totals"].items()
    ]
    formats = ", ".join(peers["formats"])
    return [f"The same {peers['cases']} damaged snapshots of {formats}:", "", *_table(["code", *outcomes], rows)]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    steps = [step for step in TITLES if step not in ELSEWHERE]
    parser.add_argument("--faults", type=int, default=20)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--only", nargs="*", choices=steps, default=steps)
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    for step in [] if arguments.page else arguments.only:
        print(f"== {step}", flush=True)
        if step == "bad_input":
            bad_input()
        elif step == "interruption":
            keep(step, interruption())
        elif step == "load":
            keep(step, load(arguments.clusters))
        else:
            keep(step, run_tests(step, arguments.faults))
    PAGE.write_text(page())
    print(PAGE)


if __name__ == "__main__":
    main()
