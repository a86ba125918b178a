"""A snapshot larger than memory: time and peak memory of ``szfast maps``, against reading alone.

``python benchmarks/streaming.py --particles 1e8 --folder DIR`` writes a GADGET-4 snapshot of that many particles, the
test cluster repeated with jitter, 32 bytes each, measures, and deletes it. Each measurement is a process of its own, so
that the system tells its peak memory. The file is in the page cache as far as it fits there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from cases import CODE_MASS_MSUN
from numpy.typing import NDArray
from results import Table, machine, write_part
from test_cluster import make_cluster

HUBBLE, SCALE_FACTOR, BOX_KPC_H = 0.6777, 1 / 1.2, 100000.0
ENERGY_KM2_S2_PER_KEV = 1.5 * 1.602177e-16 / (0.588 * 1.672622e-27) / 1e6
"""3/2 k_B T / (mu m_p) of fully ionised primordial gas."""

INTRODUCTION = """\
Each run is a process of its own, whose peak memory the system tells. Reading alone and maps (27 clean views) of one
snapshot in GADGET-4's layout, that is in the page cache as far as it fits there.
"""

SZFAST = str(Path(sys.executable).with_name("szfast"))

READ_ALONE = """
import h5py, sys
with h5py.File(sys.argv[1]) as file:
    gas = file["PartType0"]
    for start in range(0, len(gas["Masses"]), 1 << 17):
        for name in ("Coordinates", "Masses", "InternalEnergy", "SmoothingLength", "ElectronAbundance"):
            gas[name][start : start + (1 << 17)]
"""


def columns(cluster: dict[str, NDArray[np.float64]], copies: int, rng: np.random.Generator) -> dict[str, Any]:
    """One copy of the cluster, of which `copies` make the whole: each particle moved by up to its kernel's size."""
    count, to_code = len(cluster["hsml"]), 1e3 * HUBBLE / SCALE_FACTOR
    jitter = 0.5 * cluster["hsml"][:, None] * rng.uniform(-1, 1, (count, 3))
    mass = cluster["mass"] / copies / CODE_MASS_MSUN * HUBBLE
    support = cluster["hsml"] * to_code / np.cbrt(copies)
    return {
        "Coordinates": (cluster["pos"] + jitter) * to_code + BOX_KPC_H / 2,
        "Masses": mass,
        "InternalEnergy": cluster["kT"] * ENERGY_KM2_S2_PER_KEV,
        "Density": 3 * 64 * mass / (4 * np.pi * support**3),
        "SmoothingLength": support,
        "ElectronAbundance": np.full(count, 1.158),
    }


def write_snapshot(path: Path, particles: int, of_cluster: int) -> None:
    """Write the cluster again and again, as GADGET-4 does: plain arrays, float32, in no order."""
    of_cluster = min(particles, of_cluster)
    cluster, copies, rng = make_cluster(of_cluster), max(1, particles // of_cluster), np.random.default_rng(1)
    count = copies * of_cluster
    with h5py.File(path, "w") as file:
        numbers = np.array([count, 0], dtype=np.uint64)
        file.create_group("Header").attrs.update(
            {
                "NumPart_ThisFile": numbers,
                "NumPart_Total": numbers,
                "MassTable": np.zeros(2),
                "Time": SCALE_FACTOR,
                "Redshift": 1 / SCALE_FACTOR - 1,
                "BoxSize": BOX_KPC_H,
                "NumFilesPerSnapshot": 1,
            }
        )
        units = {"UnitLength_in_cm": 3.085678e21, "UnitMass_in_g": 1.989e43, "UnitVelocity_in_cm_per_s": 1e5}
        cosmology = {"HubbleParam": HUBBLE, "Omega0": 0.307, "OmegaLambda": 0.693}
        file.create_group("Parameters").attrs.update(units | cosmology)
        for copy in range(copies):
            for name, values in columns(cluster, copies, rng).items():
                if copy == 0:
                    file.create_dataset(f"PartType0/{name}", (count, *values.shape[1:]), np.float32)
                file[f"PartType0/{name}"][copy * of_cluster : (copy + 1) * of_cluster] = values


def measured(command: list[str]) -> dict[str, float]:
    """Wall and CPU seconds and peak memory of a command."""
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{text}")
    found = {"wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
    profile = text.find('"profile"')
    return found | (json.loads(text[text.index("{", profile) : text.index("}", profile) + 1]) if profile > 0 else {})


def write_halos(path: Path, count: int) -> None:
    """A catalogue of centres all over the cluster."""
    at = np.random.default_rng(2).uniform(-1500, 1500, (count, 3)) + BOX_KPC_H / 2
    rows = [f"{i},{x:.1f},{y:.1f},{z:.1f},{3e14 - i * 1e11:.4g}" for i, (x, y, z) in enumerate(at)]
    path.write_text("\n".join(["id,x,y,z,M500c", *rows]) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--particles", type=float, default=1e7)
    parser.add_argument("--cluster", type=float, default=1e6, help="particles of the cluster that is repeated")
    parser.add_argument("--folder", type=Path, help="where the snapshot is written; default: the system's own")
    parser.add_argument("--halos", type=int, default=0, help="also map so many spheres of 1 Mpc in one pass")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and results.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        snapshot, halos, output = folder / "snapshot_000.hdf5", folder / "halos.csv", folder / "maps.fits"
        # a child's peak memory begins with its parent's: the large arrays are made elsewhere
        writer = multiprocessing.get_context("spawn").Process(
            target=write_snapshot, args=(snapshot, int(options.particles), int(options.cluster))
        )
        writer.start()
        writer.join()
        size = snapshot.stat().st_size
        maps = [SZFAST, "maps", "--noise", "none", "--profile", "--json", "--overwrite"]
        center = ["--center", ",".join([str(BOX_KPC_H / 2)] * 3), str(snapshot), "-o", str(output)]
        runs = {
            "h5py, five arrays in chunks": [sys.executable, "-c", READ_ALONE, str(snapshot)],
            "szfast maps --synthetic (what the program itself takes)": [*maps, "--synthetic", "-o", str(output)],
            "szfast maps --method beam": [*maps, "--method", "beam", *center],
        }
        if options.halos:
            write_halos(halos, options.halos)
            of_halos = ["--halos", str(halos), "--radius", "1 Mpc", "--method", "auto", str(snapshot)]
            runs[f"szfast maps --halos, {options.halos} of 1 Mpc"] = [*maps, *of_halos, "-o", str(output)]
        about = machine() | {"command": f"python benchmarks/streaming.py {' '.join(sys.argv[1:])}".strip()}
        found = {}
        for what, command in runs.items():
            found[what] = measured(command)
            print(f"{what}: {found[what]['wall_s']:.1f} s, {found[what]['peak_mb']:.0f} MB", flush=True)
    rows = []
    for what, row in found.items():
        waiting = f"{row['reading']:.1f}" if "reading" in row else ""
        rows.append([what, f"{row['wall_s']:.1f}", f"{row['cpu_s']:.1f}", f"{row['peak_mb']:.0f}", waiting])
    columns = ("run", "wall, s", "CPU, s", "peak memory, MB", "waiting for particles, s")
    table = Table(f"{options.particles:.0e} particles, {size / 1e9:.2f} GB", columns, rows)
    records = [{"run": what, **row} for what, row in found.items()]
    write_part(options.out, "streaming", INTRODUCTION, about, [table], records)


if __name__ == "__main__":
    main()
