"""Stores by addresses, and looks into stores of strangers: a path is a path."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from szfast.dataset import build, open_dataset, verify
from szfast.errors import DataSetError

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")


@pytest.fixture
def store(configuration, in_this_process):
    return build(configuration).path


@pytest.fixture
def no_connections(monkeypatch):
    def connect(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/set.zarr", "https://127.0.0.1/s", "s3://set/zarr", "memory://set", "file://HERE"]
)
@pytest.mark.parametrize("as_path", [False, True])
@pytest.mark.parametrize("look", [open_dataset, verify])
def test_an_address_is_a_path_that_is_not_there(store, no_connections, address, as_path, look):
    text = address.replace("HERE", str(store))
    with pytest.raises(DataSetError) as caught:
        look(Path(text) if as_path else text)
    assert caught.value.file == Path(text)
    assert caught.value.remedy


def test_a_folder_called_like_an_address_is_a_folder(store, no_connections, monkeypatch):
    monkeypatch.chdir(store.parent)
    Path("http:").mkdir()
    shutil.copytree(store, "http:/set.zarr")
    assert len(open_dataset("http://set.zarr").labels) == 8


def test_verify_tells_of_checksums_of_files_out_of_the_store(store):
    metadata = json.loads((store / "zarr.json").read_text())
    metadata["attributes"]["szfast"]["sha256"]["../set.toml"] = "0"
    (store / "zarr.json").write_text(json.dumps(metadata))
    assert verify(store).problems == ["../set.toml: is missing"]


def test_verify_follows_no_link(store):
    (store / "labels/more").symlink_to(store.parent / "set.toml")
    with pytest.raises(DataSetError, match="leads out of its folder") as caught:
        verify(store)
    assert caught.value.file == store / "labels/more"


def test_a_store_may_itself_be_reached_by_a_link(store, tmp_path):
    (tmp_path / "link.zarr").symlink_to(store)
    assert len(open_dataset(tmp_path / "link.zarr").labels) == 8
