"""Where the figures go: results.json for programs, RESULTS.md for people."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import scipy
from szfast._core import cpu_level

import szfast

PARTS = ("stages", "scaling", "streaming", "projection_peers", "beam_noise")
"""Scripts whose tables are shown, in this order."""


@dataclass(frozen=True)
class Table:
    """A table of text under a title."""

    title: str
    columns: tuple[str, ...]
    rows: list[list[str]]

    def lines(self) -> list[str]:
        """As Markdown."""
        rule = "|" + "---|" * len(self.columns)
        return ["", f"### {self.title}", "", _row(self.columns), rule, *map(_row, self.rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def machine() -> dict[str, str]:
    """The machine and the versions that the figures belong to."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    # what others did on the machine when the run began
    load = f"{os.getloadavg()[0]:.1f}"
    return {
        "CPU": f"{model}, {os.cpu_count()} cores, level {cpu_level()}",
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "versions": f"szfast {szfast.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}",
        "load before the run": load,
        "date": datetime.now(UTC).date().isoformat(),
    }


def write_part(
    folder: Path, part: str, introduction: str, about: dict[str, str], tables: list[Table], records: list[Any]
) -> None:
    """Print a script's tables, and replace its part of both files; what other scripts wrote stays."""
    path = folder / "results.json"
    parts = json.loads(path.read_text()).get("parts", {}) if path.exists() else {}
    parts[part] = {
        "introduction": " ".join(introduction.split()),
        "about": about,
        "tables": [dataclasses.asdict(table) for table in tables],
        "records": records,
    }
    path.write_text(json.dumps({"parts": parts}, indent=1) + "\n")
    lines = [
        "# Results of the benchmarks",
        "",
        "Written by the scripts of this folder; `nox -s bench -- --peers` runs all.",
    ]
    for name in PARTS:
        if name in parts:
            lines += _section(name, parts[name])
    (folder / "RESULTS.md").write_text("\n".join(lines) + "\n")
    print("\n".join(_section(part, parts[part])), flush=True)


def _section(name: str, part: dict[str, Any]) -> list[str]:
    lines = ["", f"## {name}.py", "", *wrap(part["introduction"], 120), ""]
    lines += [f"- {what}: {value}" for what, value in part["about"].items()]
    for table in part["tables"]:
        lines += Table(**table).lines()
    return lines


def time_text(seconds: float) -> str:
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
