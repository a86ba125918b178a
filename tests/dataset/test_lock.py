"""The lock of a store: who holds it is told by the kernel alone, whatever its file says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from szfast.dataset import build
from szfast.dataset.lock import locked
from szfast.errors import DataSetError

HOLD = """
import sys
from pathlib import Path
from szfast.dataset.lock import locked
with locked(Path(sys.argv[1]), Path(sys.argv[1]).parent):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_one_at_a_time_and_the_other_is_named(tmp_path, holder):
    lock = tmp_path / "lock"
    with pytest.raises(DataSetError) as caught, locked(lock, tmp_path):
        pass
    assert f"process {holder.pid} on {socket.gethostname()}" in caught.value.problem
    assert (caught.value.file, caught.value.field) == (tmp_path, "path")
    assert caught.value.remedy
    # the file of a killed holder stays, its lock does not
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert lock.exists()
    with locked(lock, tmp_path):
        assert json.loads(lock.read_text())["process"] == os.getpid()
    assert not lock.exists()


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"host": "elsewhere", "process": 1}),
        # a number that another process has by now
        json.dumps({"host": socket.gethostname(), "process": os.getpid()}),
        json.dumps({"host": socket.gethostname(), "process": 2**40}),
        "not JSON",
        "",
        "[" * 100_000,
    ],
)
def test_a_file_that_was_left_behind_holds_nobody_up(tmp_path, content):
    (tmp_path / "lock").write_text(content)
    with locked(tmp_path / "lock", tmp_path):
        pass


@pytest.mark.parametrize("content", ["not JSON", "[1]", '{"process": 1}', "[" * 100_000])
def test_a_holder_whose_file_was_written_over_is_refused_all_the_same(tmp_path, holder, content):
    (tmp_path / "lock").write_text(content)
    with pytest.raises(DataSetError, match="another process is building it"), locked(tmp_path / "lock", tmp_path):
        pass


def test_a_link_of_a_stranger_is_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "lock").symlink_to(precious)
    with pytest.raises(DataSetError, match="cannot be written"), locked(tmp_path / "lock", tmp_path):
        pass
    assert precious.read_text() == "precious"


def test_two_builders_of_one_store(configuration, in_this_process):
    pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")
    building = configuration.parent / "set.zarr.building"
    with (
        locked(building / "lock", configuration.parent / "set.zarr"),
        pytest.raises(DataSetError, match="another process is building it") as caught,
    ):
        build(configuration)
    assert caught.value.file == configuration.parent / "set.zarr"
    assert len(build(configuration).labels) == 8
