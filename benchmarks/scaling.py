"""How cost grows: with particles, views and pixels, and from a file in the page cache to 27 clean maps.

``python benchmarks/scaling.py [--most 1e7] [--rounds 3] [--out FOLDER]``, on all cores. The clusters are those of
test_cluster.py of 10^5 particles, thinned, or repeated with jitter and smaller kernels.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import astropy.units as u
import numpy as np
import peers
import streaming
from astropy.cosmology import FlatLambdaCDM
from results import Table, machine, time_text, write_part
from test_cluster import make_cluster

import szfast
from szfast.maps.sightlines import hemisphere

COSMOLOGY = FlatLambdaCDM(H0=67.77, Om0=0.307)
PARTICLES, VIEWS, PIXELS = (10**4, 10**5, 10**6, 10**7), (1, 27, 100, 1000), (64, 128, 256, 512)
OF_CLUSTER = 10**5
METHODS = ("exact", "beam")

INTRODUCTION = """\
Clean maps by make_maps from gas in memory, everything counted: medians of interleaved rounds on all cores, CPU time
summed over cores. Planck's 96 pixels at z = 0.2 unless said, rtol = 1e-3; with other numbers of pixels the field is the
same, 165 arcmin. From a file: read, selected, projected (27 views); h5py loads five whole arrays and does nothing else.
"""


def gas_of(cluster: dict[str, Any], count: int) -> szfast.Gas:
    """Gas of so many particles: some of the cluster's, or all of them again and again."""
    size, rng = len(cluster["hsml"]), np.random.default_rng(3)
    rows = np.arange(count) % size if count > size else rng.choice(size, count, replace=False)
    shrunk = (size / count) ** (1 / 3)
    h = cluster["hsml"][rows]
    position = cluster["pos"][rows] + (0.5 * h[:, None] * rng.uniform(-1, 1, (count, 3)) if count > size else 0.0)
    return szfast.Gas.from_arrays(
        position=position * u.Mpc,
        mass=cluster["mass"][rows] * size / count * u.Msun,
        temperature=cluster["kT"][rows] * u.keV,
        smoothing_length=h * shrunk * u.Mpc,
        redshift=0.2,
        cosmology=COSMOLOGY,
    )


def timed(work: dict[str, Callable[[], Any]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median wall and CPU seconds of each, in turns; what takes over five seconds is run once."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            if not found[name] or found[name][0][0] < 5:
                wall, cpu = time.perf_counter(), time.process_time()
                run()
                found[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {name: (median(t[0] for t in times), median(t[1] for t in times)) for name, times in found.items()}


def maps_of(gas: szfast.Gas, **options: Any) -> dict[str, Callable[[], Any]]:
    return {
        method: lambda method=method: szfast.make_maps(gas, noise=None, method=method, **options)  # type: ignore[misc]
        for method in METHODS
    }


def planck_like(pixels: int) -> szfast.Instrument:
    return szfast.Instrument("Planck-like", 96 * 1.717 / pixels * u.arcmin, pixels, 10 * u.arcmin)


def growth(most: int, rounds: int) -> tuple[list[Table], list[dict[str, Any]]]:
    """The tables of growth with particles, views and pixels."""
    cluster = make_cluster(OF_CLUSTER)
    middle = gas_of(cluster, OF_CLUSTER)
    cases: dict[str, dict[int, Callable[[], dict[str, Callable[[], Any]]]]] = {
        "particles": {n: lambda n=n: maps_of(gas_of(cluster, n)) for n in PARTICLES if n <= most},  # type: ignore[misc]
        "views": {n: lambda n=n: maps_of(middle, sightlines=hemisphere(n)) for n in VIEWS},  # type: ignore[misc]
        "pixels": {n: lambda n=n: maps_of(middle, instrument=planck_like(n)) for n in PIXELS},  # type: ignore[misc]
    }
    tables, records = [], []
    for what, runs in cases.items():
        rows = []
        for number, make in runs.items():
            particles, views = number if what == "particles" else OF_CLUSTER, number if what == "views" else 27
            work = make()
            # tables that are made once a process
            if particles <= OF_CLUSTER and views <= 100:
                for run in work.values():
                    run()
            for method, (wall, cpu) in timed(work, rounds).items():
                ns = cpu / particles / views * 1e9
                print(f"{what} {number}, {method}: {wall:.3f} s", flush=True)
                rows.append([f"{number}", method, time_text(wall), time_text(cpu), f"{ns:.3g}"])
                records.append({"growth": what, "number": number, "method": method, "wall_s": wall, "cpu_s": cpu})
        title = f"{what}: {'27 views' if what != 'views' else '10^5 particles'}"
        tables.append(Table(title, (what, "method", "wall", "CPU", "CPU ns per particle and view"), rows))
    return tables, records


def from_file(particles: int, rounds: int) -> tuple[Table, list[dict[str, Any]]]:
    """From a file in the page cache to 27 clean maps, against h5py."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "snapshot_000.hdf5"
        streaming.write_snapshot(path, particles, OF_CLUSTER)
        where = {"center": [streaming.BOX_KPC_H / 2 / streaming.HUBBLE] * 3 * u.kpc, "radius": 12 * u.Mpc}
        work = {
            "h5py, five arrays": lambda: peers.read(path),
            "read_snapshot": lambda: szfast.read_snapshot(path, **where),
            "make_maps(snapshot=), beam": lambda: szfast.make_maps(snapshot=path, noise=None, method="beam", **where),
        }
        for run in work.values():
            run()
        found = timed(work, max(5, rounds))
    reading = found["h5py, five arrays"]
    rows = [
        [name, time_text(wall), time_text(cpu), f"{wall / reading[0]:.2f}", f"{cpu / reading[1]:.2f}"]
        for name, (wall, cpu) in found.items()
    ]
    columns = ("run", "wall", "CPU", "wall over h5py's", "CPU over h5py's")
    records = [{"from_file": name, "wall_s": wall, "cpu_s": cpu} for name, (wall, cpu) in found.items()]
    return Table(f"from a file of {particles:.0e} particles", columns, rows), records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=float, default=1e7, help="most particles")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and results.json")
    options = parser.parse_args()
    logging.getLogger("szfast").setLevel(logging.ERROR)
    about = machine() | {"command": f"python benchmarks/scaling.py {' '.join(sys.argv[1:])}".strip()}
    table, of_file = from_file(min(10**6, int(options.most)), options.rounds)
    tables, records = growth(int(options.most), options.rounds)
    write_part(options.out, "scaling", INTRODUCTION, about, [table, *tables], of_file + records)


if __name__ == "__main__":
    main()
