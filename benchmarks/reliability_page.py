"""The page docs/reliability.md, from what the steps of reliability.py left in benchmarks/reliability/*.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "reliability"
PAGE = ROOT / "docs" / "reliability.md"

SECONDS_TO_STOP = 0.2
"""Within which Ctrl-C has to stop a call."""

GROWN_MB = 5.0
"""By which memory may grow over the second half of a load: caches that are not yet full."""

INTRODUCTION = (
    "Written by benchmarks/reliability.py from what was run, step by step. `nox -s reliability` does the steps but for",
    "two, which need builds of their own: `nox -s sanitizers` and `nox -s fuzz`. Below each part stand its machine and",
    "date. A failure is: of an input, anything but the right result or one error that names file, field and remedy,",
    f"within 2 s and twice the file's size; of Ctrl-C, more than {SECONDS_TO_STOP:g} s; of a load, memory that grows",
    f"by over {GROWN_MB:g} MB in its second half, or files that stay open; else, a test that fails.",
)

Content = dict[str, Any]
Count = tuple[str, int, int, float]
"""What was tried, cases, failures, seconds."""


def failures(step: str) -> int:
    """How many failures a step that has run has left."""
    return sum(failed for _, _, failed, _ in COUNTS[step](_content(step)))


def write_page() -> Path:
    """Write the page from what is there; a step that never ran is said to be missing."""
    lines = ["# Reliability", "", *INTRODUCTION, "", *_summary()]
    for step, (title, _) in STEPS.items():
        lines += ["", f"## {title}", ""]
        if not (FOLDER / f"{step}.json").exists():
            lines.append("Not run yet.")
            continue
        content = _content(step)
        machine = "; ".join(f"{name}: {value}" for name, value in content["machine"].items())
        lines += [*STEPS[step][1](content), "", f"{machine}."]
    PAGE.write_text("\n".join(lines) + "\n")
    return PAGE


def _content(step: str) -> Content:
    found: Content = json.loads((FOLDER / f"{step}.json").read_text())
    return found


def _summary() -> list[str]:
    counts = [row for step in STEPS if (FOLDER / f"{step}.json").exists() for row in COUNTS[step](_content(step))]
    rows = [(what, f"{cases:,}", str(failed), f"{seconds:.0f}") for what, cases, failed, seconds in counts]
    return _table(("tried", "cases", "failures", "time [s]"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _bad_input(content: Content) -> list[str]:
    counts: dict[str, Counter[str]] = {}
    for case in content["cases"]:
        counts.setdefault(case["reader"], Counter())[case["outcome"]] += 1
    outcomes = sorted({outcome for of_reader in counts.values() for outcome in of_reader})
    rows = [[name, *(str(row[outcome]) for outcome in outcomes)] for name, row in sorted(counts.items())]
    targets = ", ".join(f"{name} {count}" for name, count in content["mutations"]["targets"].items())
    return [
        *_table(["reader", *outcomes], rows),
        "",
        f"Mutated files: {targets}.",
        "",
        *_peers(content["peers"]),
    ]


def _peers(peers: Content) -> list[str]:
    outcomes = list(next(iter(peers["totals"].values())))
    rows = [
        [f"{name} {peers['versions'][name]}", *(str(found[outcome]) for outcome in outcomes)]
        for name, found in peers["totals"].items()
    ]
    formats = ", ".join(peers["formats"])
    return [f"The same {peers['cases']} damaged snapshots of {formats}:", "", *_table(["code", *outcomes], rows)]


def _count_bad_input(content: Content) -> list[Count]:
    totals = {"damaged inputs": content["totals"], "mutated files": content["mutations"]}
    return [(what, each["cases"], each["failures"], each["cpu_seconds"]) for what, each in totals.items()]


def _tests(content: Content) -> list[str]:
    rows = []
    for row in content["tests"]:
        on_the_way = ", ".join(f"{name}: {value}" for name, value in row.get("recorded", {}).items())
        numbers = (str(row[name]) for name in ("cases", "failed", "skipped"))
        rows.append([row["what"], *numbers, f"{row['seconds']:.1f}", on_the_way])
    return _table(["what", "cases", "failed", "skipped", "time [s]", "on the way"], rows)


def _count_tests(what: str) -> Callable[[Content], list[Count]]:
    def count(content: Content) -> list[Count]:
        rows = content["tests"]
        cases = sum(row["cases"] - row["skipped"] for row in rows)
        # no test at all is a failure too
        failed = sum(row["failed"] for row in rows) + int(not cases)
        return [(what, cases, failed, sum(row["seconds"] for row in rows))]

    return count


def _interruption(content: Content) -> list[str]:
    rows = [[row["what"], str(row["moments"]), f"{row['longest_s']:.3f}"] for row in content["calls"]]
    return _table(["call", "moments", "longest time to stop [s]"], rows)


def _count_interruption(content: Content) -> list[Count]:
    rows = content["calls"]
    late = sum(row["longest_s"] > SECONDS_TO_STOP for row in rows)
    return [("Ctrl-C in long calls", sum(row["moments"] for row in rows), late, content["seconds"])]


def _load(content: Content) -> list[str]:
    head = ["what", "times", "time [s]", "memory [MB]: least, half-way, most", "more each [kB]", "file handles"]
    rows = []
    for row in content["rows"]:
        memory = ", ".join(f"{value:.1f}" for value in row["memory_mb"])
        handles = f"{row['file_handles'][0]}, at most {row['file_handles'][1]}"
        numbers = [str(row["times"]), f"{row['seconds']:.0f}", memory, f"{row['kb_more_each']:.2f}", handles]
        rows.append([row["what"], *numbers])
    return _table(head, rows)


def _count_load(content: Content) -> list[Count]:
    counts = []
    for row in content["rows"]:
        grown_mb = row["kb_more_each"] * row.get("clusters", row["times"]) / 2 / 1000
        failed = int(grown_mb > GROWN_MB) + int(row["file_handles"][2] > row["file_handles"][0])
        counts.append((f"load: {row['what']}", row.get("clusters", row["times"]), failed, row["seconds"]))
    return counts


def _sanitizers(content: Content) -> list[str]:
    names = ("sanitizer", "what", "level", "cases", "failed", "findings")
    rows = [[*(str(row[name]) for name in names), f"{row['seconds']:.0f}"] for row in content["parts"]]
    return _table(["watched for", "what", "CPU level", "cases", "failed", "findings", "time [s]"], rows)


def _count_sanitizers(content: Content) -> list[Count]:
    rows = content["parts"]
    failed = sum(row["failed"] + row["findings"] for row in rows)
    cases, seconds = (sum(row[name] for row in rows) for name in ("cases", "seconds"))
    return [("memory, undefined behaviour and races", cases, failed, seconds)]


def _fuzzing(content: Content) -> list[str]:
    rows = []
    for row in content["targets"]:
        pairs = [", ".join(map(str, row[name])) for name in ("coverage", "corpus")]
        numbers = [f"{row['executions']:,}", str(row["seconds"])]
        rows.append([row["target"], *numbers, *pairs, "; ".join(row["findings"]) or "0"])
    head = ["target", "executions", "time [s]", "branches reached: begin, end", "inputs kept: begin, end", "findings"]
    return _table(head, rows)


def _count_fuzzing(content: Content) -> list[Count]:
    rows = content["targets"]
    executions, seconds = (sum(row[name] for row in rows) for name in ("executions", "seconds"))
    return [("random input guided by coverage", executions, sum(len(row["findings"]) for row in rows), seconds)]


STEPS: dict[str, tuple[str, Callable[[Content], list[str]]]] = {
    "bad_input": ("Bad input", _bad_input),
    "bindings": ("Arguments, threads, forks and Ctrl-C", _tests),
    "interruption": ("How soon Ctrl-C stops a long call", _interruption),
    "faults": ("Disks, rights, kills and clocks", _tests),
    "strangers": ("Files of strangers", _tests),
    "load": ("Load", _load),
    "sanitizers": ("Memory, undefined behaviour and races", _sanitizers),
    "fuzzing": ("Random input guided by coverage", _fuzzing),
}
"""Title of each step's part of the page, and its table."""

COUNTS: dict[str, Callable[[Content], list[Count]]] = {
    "bad_input": _count_bad_input,
    "bindings": _count_tests("arguments, threads, forks and Ctrl-C"),
    "interruption": _count_interruption,
    "faults": _count_tests("disks, rights, kills and clocks"),
    "strangers": _count_tests("files of strangers"),
    "load": _count_load,
    "sanitizers": _count_sanitizers,
    "fuzzing": _count_fuzzing,
}
