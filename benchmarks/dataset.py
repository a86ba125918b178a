"""Time and memory of building a data set of synthetic clusters, and the whole Planck set extrapolated from it.

Usage: python benchmarks/dataset.py [--clusters 200] [--particles 20000] [--crew processes] [--workers 2]
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from results import machine

import szfast
from szfast.dataset import building

WHOLE_SET = 7106
"""Clusters of the published set: 191,862 maps of 27 views each."""


class PeakMemory:
    """Largest memory of this process and its children together; shared pages are shared out (PSS)."""

    def __init__(self) -> None:
        self.peak, self.done = 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self.done.wait(0.5):
            tree = [psutil.Process(), *psutil.Process().children(recursive=True)]
            self.peak = max(self.peak, sum(_pss(process) for process in tree))

    def __enter__(self) -> PeakMemory:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


@contextmanager
def crew_options(crew: str, workers: int) -> Iterator[dict[str, Any]]:
    if crew == "processes":
        yield {"workers": workers}
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        yield {"dask": cluster.scheduler_address}


@contextmanager
def stage_times() -> Iterator[dict[str, float]]:
    """When the first and the last part were made, and how long the store took."""
    times: dict[str, float] = {}
    make_store = building._make_store

    def timed(store: Path, parts: list[Path], *rest: Any) -> None:
        written = [part.stat().st_mtime for part in parts]
        times["first part"], times["last part"] = min(written), max(written)
        begun = time.time()
        make_store(store, parts, *rest)
        times["gathering"] = time.time() - begun

    building._make_store = timed
    try:
        yield times
    finally:
        building._make_store = make_store


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--clusters", type=int, default=200)
    options.add_argument("--particles", type=int, default=20000)
    options.add_argument("--crew", choices=("processes", "dask"), default="processes")
    options.add_argument("--workers", type=int, default=2)
    asked = options.parse_args()
    synthetic = {"clusters": asked.clusters, "particles": asked.particles, "regions": max(asked.clusters // 5, 2)}
    print(", ".join(machine().values()))
    with tempfile.TemporaryDirectory() as folder, crew_options(asked.crew, asked.workers) as crew:
        configuration = {"path": f"{folder}/set.zarr", "synthetic": synthetic}
        with PeakMemory() as memory, stage_times() as times:
            begun = time.time()
            dataset = szfast.dataset.build(configuration, **crew)
        files = [file for file in Path(folder, "set.zarr").rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files)
        assert not szfast.dataset.verify(dataset.path).problems
    report(asked, times, begun, dataset, memory.peak, size, len(files))


def report(
    asked: argparse.Namespace, times: dict[str, float], begun: float, dataset: Any, peak: int, size: int, files: int
) -> None:
    maps, regions = len(dataset), len(set(dataset.labels["region"]))
    starting = times["first part"] - begun
    # each region is as large as the next; the first stands for the start of the workers
    rate = maps * (1 - 1 / regions) / (times["last part"] - times["first part"])
    print(f"{asked.crew}, {asked.workers} workers: {len(dataset.labels)} clusters, {maps} maps")
    print(f"first part after {starting:.1f} s, then {rate:.1f} maps/s; gathering {times['gathering']:.1f} s")
    print(f"peak memory {peak / 2**20:.0f} MiB, {size / maps / 1e3:.1f} kB a map, {files} files")
    scale = WHOLE_SET / len(dataset.labels)
    print(
        f"extrapolated to {WHOLE_SET} clusters: mapping {(starting + maps * scale / rate) / 60:.1f} min, "
        f"gathering {times['gathering'] * scale / 60:.1f} min at most, {size * scale / 1e9:.2f} GB"
    )


if __name__ == "__main__":
    main()
