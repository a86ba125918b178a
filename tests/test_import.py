"""What `import szfast` costs and gives."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import szfast

HEAVY = {"tensorflow", "keras", "astropy", "scipy", "h5py", "matplotlib", "pydantic", "rich"}


def in_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_importing_loads_nothing_heavy():
    loaded = set(in_new_process("import sys, szfast; print(*sys.modules)").split())
    assert "szfast" in loaded
    assert not HEAVY & loaded


def test_importing_takes_under_half_a_second():
    code = "import time; start = time.perf_counter(); import szfast; print(time.perf_counter() - start)"
    # the best of three: other work on the machine can only add to it
    assert min(float(in_new_process(code)) for _ in range(3)) < 0.5


@pytest.mark.parametrize("name", szfast.__all__)
def test_every_public_name_is_there(name):
    assert name in dir(szfast)
    assert getattr(szfast, name) is getattr(szfast, name)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="'szfast' has no attribute 'nothing'"):
        szfast.nothing  # noqa: B018


def test_version_is_the_package_s():
    assert szfast.__version__ == version("szfast")
