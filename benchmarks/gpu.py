"""Time the GPU's engine: against a floor counted beforehand, the CPU's engine, and CuPy written the plain way.

Usage: python benchmarks/gpu.py [--particles 1000000] [--clusters 7106] [--repeats 5] [--out benchmarks]

Needs a GPU and szfast[cuda]. Without a GPU it says so in one line and ends with status 77: nothing was timed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gpu_data_set import data_set, data_set_by_library
from gpu_floor import Demand, Memory, demands, memory_of
from gpu_work import Case, Row, case_of, check, observations, projections, whole_calls
from results import Table, machine, time_text, write_part

import szfast
from szfast import engines
from szfast.engines import Backends
from szfast.errors import SzfastError

NO_GPU = 77
"""Exit status: nothing was timed."""

INTRODUCTION = """\
One cluster on all views, wall time, medians; maps of GPU and CPU agree to 1e-5 of the peak, which was asserted first.
CuPy's nearest pixel has no kernel, and its noise other random numbers. A floor is the longer of two times, counted
before the runs: bytes that have to travel over the speed of a plain copy, and whole numbers that have to be added at
scattered places over the speed of plain scattered adds. Particles of data sets are made on the GPU, within the time.
"""


def run(
    device_of: Callable[[], Any],
    xp: Any,
    wait: Callable[[], Any],
    case: Case,
    *,
    repeats: int,
    clusters: int,
    maps: int,
    values: int = 1 << 26,
) -> tuple[Memory, list[Row]]:
    """Count the floor, assert the answers, time everything.

    Parameters
    ----------
    device_of : callable
        This thread's device.
    xp : module
        CuPy, or what has its functions.
    wait : callable
        Waits for what `xp` has begun.
    case : Case
        A cluster.
    repeats, clusters, maps : int
        Repeats of each; clusters of a data set; maps that are observed together.
    values : int
        Size of the arrays by which the memory is measured.
    """
    particles = len(case.columns[0])
    memory = memory_of(xp, wait, case, repeats, values)
    print(floors_text(memory, demands(case)), flush=True)
    check(device_of(), case, min(20, maps))
    rows = projections(device_of(), xp, wait, case, repeats)
    rows += observations(device_of(), xp, wait, case, repeats, maps)
    rows += whole_calls(case, repeats, particles)
    rows.append(data_set_by_library(xp, case, max(1, clusters // 20), particles))
    rows.append(data_set(device_of, xp, case, clusters, particles))
    return memory, rows


def floors_text(memory: Memory, asked: dict[str, Demand]) -> str:
    """The floors, before anything is timed."""
    floors = ", ".join(f"{name} {time_text(memory.floor_s(demand))}" for name, demand in asked.items())
    rates = f"memory {memory.bytes_per_s * 1e-9:.3g} GB/s, {memory.adds_per_s:.3g} scattered adds a second"
    return f"{rates}; floors: {floors}"


def write(folder: Path, here: Backends, library: str, case: Case, memory: Memory, rows: list[Row]) -> None:
    """Put the rows into the results."""
    asked = demands(case)
    lines, records = [], []
    for row in rows:
        floor_s = memory.floor_s(asked[row.demand].times(row.of_demand)) if row.demand else None
        ratio = "" if floor_s is None else f"{row.seconds / floor_s:.3g}"
        rate = f"{row.units / row.seconds:.3g} {row.unit}"
        floor = "" if floor_s is None else time_text(floor_s)
        lines.append([row.work, row.who, time_text(row.seconds), rate, floor, ratio])
        records.append(asdict(row) | {"per_second": row.units / row.seconds, "floor_s": floor_s})
    gpu = next((gpu for gpu in here.gpus if not gpu.problem), None)
    name = (
        "none: the kernels were run by the host" if gpu is None else f"{gpu.name}, {gpu.memory_bytes / 2**30:.0f} GiB"
    )
    about = {
        "GPU": name,
        "CUDA": f"driver {here.driver or 'none'}, runtime {here.runtime}, cuFFT {here.cufft or 'none'}, {library}",
        "cluster": f"{len(case.columns[0]):.0e} particles, {len(case.views)} views",
        "memory": f"copies {memory.bytes_per_s * 1e-9:.3g} GB/s, scattered adds {memory.adds_per_s:.3g} a second",
        **machine(),
    }
    columns = ("work", "who", "time", "a second", "floor", "times the floor")
    records.append({"memory": asdict(memory), "demands": {name: asdict(each) for name, each in asked.items()}})
    write_part(folder, "gpu", INTRODUCTION, about, [Table(name, columns, lines)], records)


def main() -> None:
    """Time, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--particles", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, default=7106)
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    asked = parser.parse_args()
    here = szfast.backends()
    if here.obstacle:
        print(f"Nothing was timed: {here.obstacle}. Remedy: {here.remedy}", file=sys.stderr)
        sys.exit(NO_GPU)
    try:
        import cupy
    except ImportError as error:
        sys.exit(f"CuPy cannot be loaded ({error}): pip install 'szfast[cuda]'.")
    case = case_of(asked.particles)
    try:
        memory, rows = run(
            lambda: engines.device_named("cuda"),
            cupy,
            cupy.cuda.Device().synchronize,
            case,
            repeats=asked.repeats,
            clusters=asked.clusters,
            maps=asked.maps,
        )
    except SzfastError as error:
        sys.exit(str(error))
    write(asked.out, here, f"CuPy {cupy.__version__}", case, memory, rows)


if __name__ == "__main__":
    main()
