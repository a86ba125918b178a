from __future__ import annotations

import subprocess
import sys

import pytest

import szfast.networks


def test_importing_loads_no_framework():
    code = "import sys, szfast.networks; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "szfast.networks" in loaded
    assert not {"keras", "tensorflow", "h5py", "astropy"} & set(loaded)


@pytest.mark.parametrize("name", szfast.networks.__all__)
def test_every_public_name_exists_twice_running(name):
    # A module of the same name would replace the function after its first use.
    assert callable(getattr(szfast.networks, name))
    assert callable(getattr(szfast.networks, name))


def test_other_names_do_not_exist():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        szfast.networks.nothing  # noqa: B018
