"""Time each stage from a snapshot to a mass, with a plain peer in the same run.

Usage: python benchmarks/stages.py [--sizes 100000,1000000] [--repeats 5] [--out benchmarks]
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import answers
import numpy as np
import peers
from cases import Case, data_folder, real_cases, synthetic_cases
from results import Table, machine, time_text, write_part

import szfast
from szfast import networks
from szfast.maps.method import Scene
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.observation import pixel_size_kpc
from szfast.maps.projection import project
from szfast.maps.sightlines import sightlines
from szfast.maps.spectrum import noise_spectrum

INTRODUCTION = """\
Medians of interleaved repeats, own code on all cores; cost is CPU time, summed over cores, per unit of work. A ratio
below 1 is less CPU time than the peer's, in the same run. Each answer was asserted first (answers.py). The peers of
reading, projection and FITS do less than szfast does (peers.py): bytes without units, points without a kernel, an array
without its provenance.
"""

PEER_VIEWS = 3
"""Views that the nearest-pixel peer makes: its cost per view does not depend on their number."""


@dataclass(frozen=True)
class Row:
    """One stage of one case; seconds are medians, costs are CPU time per unit of work."""

    case: str
    stage: str
    wall_s: float
    cpu_s: float
    unit: str
    cost: float
    peer: str = ""
    peer_cost: float | None = None

    @property
    def ratio(self) -> float | None:
        """Own cost over the peer's."""
        return None if self.peer_cost is None else self.cost / self.peer_cost


Seconds = tuple[float, float]


def seconds(work: Callable[[], Any]) -> Seconds:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def timed(repeats: int, *works: Callable[[], Any]) -> list[Seconds]:
    """Median wall and CPU seconds of each work; the works take turns, so that a busy moment meets all of them."""
    rounds = [[seconds(work) for work in works] for _ in range(repeats)]
    return [(median(s[i][0] for s in rounds), median(s[i][1] for s in rounds)) for i in range(len(works))]


def compared(
    case: Case, stage: str, repeats: int, unit: tuple[str, float], ours: Callable[[], Any], peer: Any = None
) -> Row:
    """Time one stage; unit is its name and how many of it one run makes; peer its name, work, and how many."""
    name, count = unit
    if peer is None:
        ((wall, cpu),) = timed(repeats, ours)
        return Row(case.name, stage, wall, cpu, name, cpu / count)
    (wall, cpu), (_, peer_cpu) = timed(repeats, ours, peer[1])
    return Row(case.name, stage, wall, cpu, name, cpu / count, peer[0], peer_cpu / peer[2])


def stages_of(case: Case, networks_of: networks.NetworkSet | None, folder: Path, repeats: int) -> Iterator[Row]:
    """Assert the answer of each stage, then time it."""
    instrument, spectrum = szfast.PLANCK, noise_spectrum("milca")
    views, key = sightlines("hemisphere27"), NoiseKey(seed=1)

    def read() -> szfast.Gas:
        return szfast.read_snapshot(case.snapshot, center=case.center, radius=case.radius)

    gas = read()
    answers.check_gas(case, gas)
    particles = len(gas)
    yield compared(
        case,
        "snapshot to gas",
        repeats,
        ("particle kept", particles),
        read,
        (peers.READ, lambda: peers.read(case.snapshot), particles),
    )

    grid = {
        "pixels": instrument.padded_size,
        "pixel_kpc": pixel_size_kpc(instrument, gas.cosmology, case.redshift),
    }
    projection = project(gas, views, **grid)
    answers.check_projection(gas, views, projection)
    yield compared(
        case,
        "projection, exact",
        repeats,
        ("particle and view", particles * len(views)),
        lambda: project(gas, views, **grid),
        (peers.PROJECT, lambda: peers.project(gas, views[:PEER_VIEWS], **grid), particles * PEER_VIEWS),
    )

    transfer = instrument.beam(instrument.multipoles()) / projection.pixel_kpc**2
    amplitude, rng = mode_amplitude(instrument, spectrum), np.random.default_rng(1)

    def peer_observe() -> Any:
        return peers.observe(projection.area_kpc2, transfer, amplitude, instrument.size, rng)

    scene = Scene(gas, views, instrument, projection.pixel_kpc, None, None, spectrum, key, threads=0)
    clean = scene.observe(projection.area_kpc2, None, noise=False)
    answers.check_clean(clean, projection, instrument)
    answers.check_noise(scene.observe(projection.area_kpc2, None, noise=True) - clean, peer_observe() - clean)
    yield compared(
        case,
        "beam and noise",
        repeats,
        ("map", len(views)),
        lambda: scene.observe(projection.area_kpc2, None, noise=True),
        (peers.OBSERVE, peer_observe, len(views)),
    )

    def whole() -> szfast.MapSet:
        return szfast.make_maps(
            snapshot=case.snapshot, center=case.center, radius=case.radius, redshift=case.redshift, noise="milca"
        )

    maps = whole()
    path, plain = folder / "maps.fits", folder / "plain.fits"
    szfast.write_maps(path, maps, overwrite=True)
    answers.check_file(path, maps)
    yield compared(
        case,
        "FITS, written and read",
        repeats,
        ("map", len(views)),
        lambda: (szfast.write_maps(path, maps, overwrite=True), szfast.read_maps(path)),
        (peers.WRITE, lambda: peers.write(plain, maps.y), len(views)),
    )
    if networks_of is not None:
        yield compared(
            case,
            "network, eight symmetries",
            repeats,
            ("map", len(views)),
            lambda: networks.predict_log10_mass(maps.y, networks_of, redshift=case.redshift),
        )
    yield compared(case, "snapshot to maps, whole", repeats, ("map", len(views)), whole)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="100000,1000000", help="particles of the synthetic clusters")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and results.json")
    options = parser.parse_args()
    logging.getLogger("szfast").setLevel(logging.ERROR)
    about = machine() | {"command": f"python benchmarks/stages.py {' '.join(sys.argv[1:])}".strip()}
    data, published = data_folder(), None
    if data is not None:
        published = networks.published(data / "deepplanck" / "weights")
        answers.check_networks(data, published)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [] if data is None else list(real_cases(data))
        cases += synthetic_cases(folder, tuple(int(size) for size in options.sizes.split(",") if size))
        for case in cases:
            for row in stages_of(case, published, folder, options.repeats):
                peer = "" if row.ratio is None else f", {row.ratio:.2f} of {row.peer}"
                print(f"{row.case}: {row.stage}: {row.wall_s:.4f} s{peer}", flush=True)
                rows.append(row)
    records = [{**dataclasses.asdict(row), "ratio": row.ratio} for row in rows]
    write_part(options.out, "stages", INTRODUCTION, about, tables(rows), records)


def tables(rows: list[Row]) -> list[Table]:
    """One table a case."""
    columns = ("stage", "wall, s", "CPU, s", "cost", "peer", "peer's cost", "ratio")
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        peer = ["", "", ""]
        if row.peer_cost is not None:
            peer = [row.peer, time_text(row.peer_cost), f"{row.ratio:.2f}"]
        cost = f"{time_text(row.cost)} per {row.unit}"
        found.setdefault(row.case, []).append([row.stage, f"{row.wall_s:.4f}", f"{row.cpu_s:.4f}", cost, *peer])
    return [Table(case, columns, cells) for case, cells in found.items()]


if __name__ == "__main__":
    main()
