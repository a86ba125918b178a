"""The command ``doctor``."""

from __future__ import annotations

import json

import pytest

import szfast as package
from szfast import engines
from szfast.engines import Backends, Gpu


def test_it_says_what_is_here(szfast):
    result = szfast("doctor")
    assert result.code == 0
    assert package.__version__ in result.out
    assert "CPU engine" in result.out
    assert "Maps" in result.out


def test_json_says_the_same(szfast):
    found = json.loads(szfast("doctor", "--json").out)
    here = package.backends()
    assert found["usable"] == (not here.obstacle)
    assert found["obstacle"] == here.obstacle
    assert here.cuda_reason in found["CUDA engine"]


@pytest.mark.parametrize("built", [True, False])
def test_every_part_is_named(szfast, monkeypatch, built):
    gpus = (Gpu("Some GPU", "9.0", 80 * 2**30),) if built else ()
    here = Backends("v3", built, "the reason", gpus, "13.0", "13.0", "12.0", *(() if built else ("no CUDA", "get it.")))
    monkeypatch.setattr(engines, "backends", lambda: here)
    said = szfast("doctor").out
    assert "the reason" in said
    if built:
        assert "Some GPU, compute capability 9.0, 80.0 GiB" in said
        assert "Maps can be made on a GPU" in said
    else:
        assert "Maps are made on the CPU. No CUDA. To use a GPU: get it." in said


def test_a_gpu_that_cannot_be_used_is_named(szfast, monkeypatch):
    gpus = (Gpu("Old GPU", "7.5", 2**34, "its compute capability is below 8.0"), Gpu("Some GPU", "9.0", 80 * 2**30))
    here = Backends("v3", True, "nvcc 13.0", gpus, "13.0", "13.0", "12.0")
    monkeypatch.setattr(engines, "backends", lambda: here)
    said = " ".join(szfast("doctor").out.split())
    assert "cannot be used" in said
    assert "Maps can be made on a GPU" in said


def test_maps_on_a_gpu_that_is_not_there_fail_at_once(one_error, monkeypatch, tmp_path):
    here = Backends("v3", False, "x", obstacle="this szfast was built without CUDA", remedy="build it.")
    monkeypatch.setattr(engines, "backends", lambda: here)
    message = one_error("maps", "--synthetic", "--device", "cuda", "-o", tmp_path / "maps.fits")
    assert "'--device': this szfast was built without CUDA" in message
    assert not list(tmp_path.iterdir())
