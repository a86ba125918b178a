"""The GPU's benchmark, run to its end by the host's emulation of a GPU, and where there is none."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest

import szfast
from szfast import engines

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
SMALL = szfast.Instrument("small", 2.4 * u.arcmin, 24, 10 * u.arcmin, noise="milca")


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu

    return gpu


def test_it_runs_to_its_end_and_writes_its_results(gpu, monkeypatch, tmp_path, capsys):
    cuda = pytest.importorskip("szfast._cuda", reason=f"not built: {engines.backends().cuda_reason}")
    own = threading.local()

    def device():
        if not hasattr(own, "device"):
            own.device = cuda.EmulatedDevice()
        return own.device

    monkeypatch.setattr("szfast.maps.observation.device_named", lambda name: None if name == "cpu" else device())
    case = gpu.case_of(200, views=2, instrument=SMALL, radius_sigma=2.0, rtol=3e-2)
    memory, rows = gpu.run(device, np, lambda: None, case, repeats=1, clusters=2, maps=2, values=1 << 12)
    gpu.write(tmp_path, szfast.backends(), "NumPy for CuPy", case, memory, rows)
    part = json.loads((tmp_path / "results.json").read_text())["parts"]["gpu"]
    page = (tmp_path / "RESULTS.md").read_text()
    assert capsys.readouterr().out.startswith("memory ")
    assert {row.who for row in rows} == {"szfast, GPU", "szfast, CPU", "CuPy"}
    assert all(row.seconds > 0 for row in rows)
    for work in (
        "exact, on pixels",
        "beam method",
        "beam and noise",
        "make_maps, exact",
        "data set, engine: 2 clusters",
    ):
        assert work in page
    assert "none: the kernels were run by the host" in part["about"]["GPU"]
    # what has a floor is not faster than it
    floors = [record["floor_s"] for record in part["records"] if record.get("floor_s")]
    assert len(floors) == 5


def test_floors_are_counted_from_bytes_and_adds(gpu):
    from gpu_floor import Demand, Memory, demands

    case = gpu.case_of(1000, instrument=SMALL)
    asked = demands(case)
    # 27 views read each particle of 20 bytes four times; the mesh's 64 points are touched once
    assert asked["exact"].bytes == 20 * 1000 * 4
    assert asked["beam"].adds == 64 * 1000
    n, size = SMALL.padded_size, SMALL.size
    assert asked["map"] == Demand(4.0 * (5 * n**2 + 2 * size**2))
    memory = Memory(bytes_per_s=1e3, adds_per_s=10.0)
    assert memory.floor_s(Demand(2e3, 5.0)) == 2.0
    assert memory.floor_s(Demand(2e3, 5.0).times(3).plus(Demand(0, 100.0))) == 11.5


def test_without_a_gpu_it_says_so_in_one_line_and_times_nothing(tmp_path):
    if not szfast.backends().obstacle:
        pytest.skip("there is a GPU")
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 77
    assert done.stdout == ""
    assert done.stderr.startswith("Nothing was timed: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
