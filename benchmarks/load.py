"""Memory and file handles while many small clusters go through szfast: reading, mapping, and the data-set pipeline.

Usage: python benchmarks/load.py [--clusters 10000] [--out FILE]

Each is done over and over in one process (the pipeline's workers with it), and looked at fifty times on the way. The
slope is that of a straight line through the second half: what is kept for good grows, caches do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import psutil
from astropy.cosmology import Planck15

import szfast
from szfast.dataset import building
from szfast.gas.arrays import gas_from_arrays

LOOKS = 50


class Watch:
    """Memory and open files of this process, by what was done till then."""

    def __init__(self, total: int) -> None:
        self.process = psutil.Process()
        self.every = max(total // LOOKS, 1)
        self.started = time.perf_counter()
        self.done: list[int] = []
        self.memory_mb: list[float] = []
        self.handles: list[int] = []

    def look(self, done: int) -> None:
        """Look, where it is time to."""
        if done % self.every == 0:
            self.done.append(done)
            self.memory_mb.append(self.process.memory_info().rss / 1e6)
            self.handles.append(self.process.num_fds())

    def summary(self, what: str) -> dict[str, Any]:
        """What was seen: memory [MB] at least, half-way and at most, and how much it grew each time [kB]."""
        half = len(self.done) // 2
        slope = np.polyfit(self.done[half:], self.memory_mb[half:], 1)[0]
        return {
            "what": what,
            "times": self.done[-1],
            "seconds": time.perf_counter() - self.started,
            "memory_mb": [min(self.memory_mb), self.memory_mb[half], max(self.memory_mb)],
            "kb_more_each": float(slope * 1000),
            "file_handles": [self.handles[half], max(self.handles), self.handles[-1]],
        }


def repeated(what: str, times: int, once: Callable[[int], object]) -> dict[str, Any]:
    once(0)
    watch = Watch(times)
    for number in range(1, times + 1):
        once(number)
        watch.look(number)
    return watch.summary(what)


def reading(folder: Path, times: int) -> dict[str, Any]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from small_snapshot import CENTERS_KPC_H, write_small_snapshot

    path = write_small_snapshot(folder / "snapshot.hdf5")
    center = CENTERS_KPC_H[0] / 0.7 * u.kpc

    def once(_: int) -> object:
        return szfast.read_snapshot(path, center=center, radius=2 * u.Mpc)

    return repeated("a snapshot read", times, once)


def mapping(times: int) -> dict[str, Any]:
    instrument = szfast.Instrument("small", 10 * u.arcmin, 16, 20 * u.arcmin, noise="milca")
    rng, views = np.random.default_rng(1), np.eye(3)[None]
    columns = {"mass": np.full(200, 1e10) * u.Msun, "temperature": np.full(200, 5e7) * u.K}
    columns |= {"smoothing_length": np.full(200, 200.0) * u.kpc}

    def once(number: int) -> object:
        gas = gas_from_arrays(
            position=rng.normal(0, 500, (200, 3)) * u.kpc, redshift=0.2, cosmology=Planck15, **columns
        )
        return szfast.make_maps(gas, sightlines=views, instrument=instrument, method="exact", cluster=number)

    return repeated("a cluster mapped", times, once)


class InThisProcess:
    """The pipeline's workers without processes, so that all memory is seen; looks after each task."""

    def __init__(self, watch: Watch) -> None:
        self.watch, self.done = watch, 0

    def results(self, function: Any, tasks: Any) -> Any:
        """Do each task at once, in order."""
        # what gathers the clusters at the end takes more memory, in one step
        gathers = self.done > 0
        for number, task in enumerate(tasks):
            made = function(task)
            if not gathers:
                self.done += 1
                self.watch.look(self.done)
            yield number, made

    def close(self) -> None:
        """Nothing is held."""


def pipeline(folder: Path, clusters: int) -> dict[str, Any]:
    (folder / "view.txt").write_text("0 0 0\n")
    regions = max(clusters // 10, 1)
    maps = {"instrument": "small", "size": 16, "pixel": "10 arcmin", "beam": "20 arcmin", "method": "exact"}
    configuration = {
        "path": str(folder / "load.zarr"),
        "maps": maps | {"sightlines": str(folder / "view.txt")},
        "synthetic": {"clusters": clusters, "particles": 100, "regions": regions},
    }
    watch = Watch(regions)
    building._crew = lambda *_: InThisProcess(watch)
    dataset = building.build(configuration)
    assert len(dataset) == clusters
    found = watch.summary("ten clusters of a data set")
    return found | {"clusters": clusters, "kb_more_each": found["kb_more_each"] / 10}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            reading(Path(folder), arguments.clusters),
            mapping(arguments.clusters),
            pipeline(Path(folder), arguments.clusters),
        ]
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
