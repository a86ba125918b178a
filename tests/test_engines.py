"""What computes, and what is said where it cannot."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from test_import import in_new_process

import szfast
from szfast import engines
from szfast.engines import Backends, Gpu, device_named
from szfast.errors import ArgumentError, DeviceError

A_GPU = Gpu("Some GPU", "9.0", 2**36)


@pytest.fixture
def found(monkeypatch):
    """Pretend that this is what is found here."""

    def pretend(**what):
        result = Backends("v4", what.pop("cuda_built", True), "nvcc 13.0", **what)
        monkeypatch.setattr(engines, "backends", lambda: result)

    return pretend


def test_what_is_here_agrees_with_itself():
    here = szfast.backends()
    assert here.cpu_level in {"baseline", "v3", "v4"}
    assert bool(here.obstacle) == bool(here.remedy)
    assert here.obstacle or here.gpus
    assert here.cuda_reason


def test_no_cuda_module_is_loaded_for_the_cpu():
    code = "import sys, szfast.engines; szfast.engines.device_named('cpu'); print('szfast._cuda' in sys.modules)"
    assert in_new_process(code).strip() == "False"


def test_without_a_gpu_auto_is_the_cpu_and_cuda_says_what_is_missing(found):
    found(obstacle="no GPU can be used: none is seen", remedy="install NVIDIA's driver.")
    assert device_named("auto") is None
    with pytest.raises(DeviceError, match=r"'device': no GPU can be used: none is seen\. Remedy: install NVIDIA's"):
        device_named("cuda")


def test_a_build_without_cuda_says_how_to_get_one(monkeypatch):
    from szfast import _build

    monkeypatch.setattr(_build, "CUDA", False)
    monkeypatch.setattr(_build, "CUDA_REASON", "no nvcc was found when szfast was built")
    here = engines.backends.__wrapped__()
    assert not here.cuda_built
    assert "built without CUDA: no nvcc was found" in here.obstacle
    assert "szfast.cuda=wheel" in here.remedy


@pytest.fixture
def seen(monkeypatch):
    """Pretend that these GPUs are seen by an engine that loads cuFFT."""
    from szfast import _build

    def pretend(*gpus, no_gpu=""):
        module = SimpleNamespace(
            surroundings=lambda: dict(gpus=gpus, driver_version=13000, runtime_version=13000, no_gpu=no_gpu),
            transform_library=lambda: dict(library="libcufft.so.12", version=12000, problem=""),
            Device=lambda ordinal: f"GPU {ordinal}",
        )
        monkeypatch.setattr(_build, "CUDA", True)
        monkeypatch.setattr(engines, "_cuda", lambda: module)
        monkeypatch.setattr(engines, "backends", engines.backends.__wrapped__)
        monkeypatch.setattr(engines, "_own", threading.local())

    return pretend


OLD, NEW = ("Old GPU", 7, 5, 2**34, "its compute capability is below 8.0"), ("New GPU", 9, 0, 2**36, "")


def test_the_first_gpu_that_can_be_used_is(seen):
    seen(OLD, NEW, NEW)
    assert engines.backends().obstacle == ""
    assert device_named("cuda") == device_named("auto") == device_named("cuda:1") == "GPU 1"
    assert device_named("cuda:2") == "GPU 2"
    with pytest.raises(DeviceError, match=r"Old GPU, GPU 0, cannot be used: its compute capability is below 8\.0"):
        device_named("cuda:0")


def test_where_no_gpu_can_be_used_each_is_told_of(seen):
    seen(OLD, ("Other GPU", 9, 0, 2**36, "its compute mode is 'prohibited'"))
    assert device_named("auto") is None
    with pytest.raises(DeviceError, match=r"Old GPU: its compute capability .*; Other GPU: its compute mode"):
        device_named("cuda")


def test_no_gpu_is_told_by_the_driver_s_words(seen):
    seen(no_gpu="CUDA driver version is insufficient for CUDA runtime version")
    with pytest.raises(DeviceError, match=r"no GPU can be used: CUDA driver version is insufficient.*for CUDA 13"):
        device_named("cuda")


def test_a_gpu_that_is_not_there(found):
    found(gpus=(A_GPU,))
    with pytest.raises(DeviceError, match="expected a GPU below 1, found 3"):
        device_named("cuda:3")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:0", "auto:1", "", None, 0])
def test_other_names_are_refused(name, found):
    found(obstacle="none", remedy="none")
    with pytest.raises(ArgumentError, match="expected cpu, cuda, cuda:N or auto"):
        device_named(name)
