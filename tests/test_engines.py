"""What computes, and what is said where it cannot."""

from __future__ import annotations

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


def test_a_gpu_that_is_not_there(found):
    found(gpus=(A_GPU,))
    with pytest.raises(DeviceError, match="expected a GPU below 1, found 3"):
        device_named("cuda:3")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:0", "auto:1", "", None, 0])
def test_other_names_are_refused(name, found):
    found(obstacle="none", remedy="none")
    with pytest.raises(ArgumentError, match="expected cpu, cuda, cuda:N or auto"):
        device_named(name)
