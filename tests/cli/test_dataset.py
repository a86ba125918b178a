"""``szfast dataset``: what is typed, what is said, what is there afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from in_process import InThisProcess

from szfast.dataset import open_dataset

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")

SET = """
path = "set.zarr"
[maps]
size = 16
pixel = "10 arcmin"
beam = "20 arcmin"
sightlines = "view.txt"
[[simulations]]
code = "GADGET-4"
region = "box"
snapshots = "snapshot_{snapshot}.hdf5"
halos = "halos.csv"
radius = "3 Mpc"
"""


@pytest.fixture
def set_toml(snapshot, catalogue, one_view, tmp_path):
    path = tmp_path / "set.toml"
    path.write_text(SET)
    return path


def test_build_info_verify_show(szfast, set_toml, tmp_path, as_json):
    pytest.importorskip("matplotlib")
    result = szfast("dataset", "build", set_toml, "--workers", 1, "--materialise", 1, "--json")
    assert result.code == 0, result.err
    made = as_json(result.out)
    assert (made["clusters"], made["maps"], made["regions"]) == (2, 2, 1)
    assert made["stored_realisations_of_noise"] == 1
    assert made["bytes"] == sum(file.stat().st_size for file in (tmp_path / "set.zarr").rglob("*") if file.is_file())
    told = szfast("dataset", "info", tmp_path / "set.zarr")
    assert told.code == 0
    assert "GADGET-4" in told.out
    verified = szfast("dataset", "verify", tmp_path / "set.zarr", "--json")
    assert verified.code == 0
    content = as_json(verified.out)
    assert content["problems"] == []
    clean = open_dataset(tmp_path / "set.zarr").clean()
    assert content["bins"][0]["mean y"] == pytest.approx(clean.mean(dtype=np.float64), rel=1e-9)
    drawn = szfast("dataset", "show", tmp_path / "set.zarr", "--cluster", 1, "-o", tmp_path / "views.png")
    assert drawn.code == 0, drawn.err
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "set.zarr/views/c/0/0/0").write_bytes(b"spoilt")
    damaged = szfast("dataset", "verify", tmp_path / "set.zarr")
    assert damaged.code == 1
    assert "views/c/0/0/0: its checksum" in damaged.out


def test_errors_are_one_message(one_error, set_toml, tmp_path):
    set_toml.write_text(SET.replace("size =", "sizes ="))
    said = one_error("dataset", "build", set_toml)
    assert "'maps.sizes': unknown key. Remedy: did you mean 'size'?" in said
    assert "no such data set" in one_error("dataset", "info", tmp_path / "none.zarr")


def test_a_bad_snapshot_is_left_out_where_asked(szfast, set_toml, tmp_path, monkeypatch):
    monkeypatch.setattr("szfast.dataset.building.Processes", InThisProcess)
    (tmp_path / "snapshot_011.hdf5").write_bytes(b"no snapshot")
    result = szfast("dataset", "build", set_toml, "--workers", 1, "--bad-snapshots", "leave out")
    assert result.code == 0, result.err
    assert "left out: GADGET-4, region box, snapshot 011: " in result.err
    assert len(open_dataset(tmp_path / "set.zarr")) == 2


def test_ctrl_c_says_that_the_build_goes_on(szfast, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("szfast.dataset.build", stop)
    result = szfast("dataset", "build", "set.toml")
    assert result.code == 130
    assert "interrupted; the same command goes on" in result.err
