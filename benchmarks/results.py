"""Where the figures go: results.json for programs, RESULTS.md for people."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from szfast._core import cpu_level

import szfast

INTRODUCTION = """\
# Results of benchmarks/stages.py

Medians of interleaved repeats, own code on all cores; cost is CPU time, summed over cores, per unit of work. A ratio
below 1 is less CPU time than the peer's, in the same run. Each answer was asserted first (answers.py). The peers of
reading, projection and FITS do less than szfast does (peers.py): bytes without units, points without a kernel, an array
without its provenance.
"""


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


def write_results(folder: Path, rows: Sequence[Any], about: dict[str, str]) -> None:
    """Write both files."""
    records = [{**dataclasses.asdict(row), "ratio": row.ratio} for row in rows]
    (folder / "results.json").write_text(json.dumps({"about": about, "rows": records}, indent=1) + "\n")
    lines = [INTRODUCTION, *(f"- {what}: {value}" for what, value in about.items())]
    for case in dict.fromkeys(row.case for row in rows):
        lines += ["", f"## {case}", "", "| stage | wall, s | CPU, s | cost | peer | peer's cost | ratio |"]
        lines += ["|---|---|---|---|---|---|---|"]
        lines += [_line(row) for row in rows if row.case == case]
    (folder / "RESULTS.md").write_text("\n".join(lines) + "\n")


def _line(row: Any) -> str:
    cost = f"{_time(row.cost)} per {row.unit}"
    peer = ["", "", ""] if row.ratio is None else [row.peer, _time(row.peer_cost), f"{row.ratio:.2f}"]
    return "| " + " | ".join([row.stage, f"{row.wall_s:.4f}", f"{row.cpu_s:.4f}", cost, *peer]) + " |"


def _time(seconds: float) -> str:
    for size, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
