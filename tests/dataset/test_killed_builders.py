"""Builders that are killed: the next one goes on, the store is the same, no process is left behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from szfast.dataset import build

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")

LONGEST_WAIT = 120.0
KILLS = int(os.environ.get("SZFAST_FAULTS", "0"))
COMMAND = [sys.executable, "-c", "from szfast.cli import main; main()", "dataset", "build", "--workers", "1"]


def started(configuration):
    # a session of its own: the group is empty when builder and workers are gone
    return subprocess.Popen(
        [*COMMAND, str(configuration)], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def wait_for(condition, process=None):
    end = time.monotonic() + LONGEST_WAIT
    while not condition():
        assert time.monotonic() < end, "it took too long"
        if process is not None and process.poll() is not None:
            return
        time.sleep(0.002)


def group_is_gone(group):
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    # a zombie is gone, whether or not its new parent has taken note
    return not any(int(line.split()[0]) == group and "Z" not in line for line in listed.splitlines())


def killed(configuration, moment, delay_s):
    """Kill a builder, not its workers, some time after a moment; tell whether it still ran."""
    process = started(configuration)
    wait_for(moment, process)
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    wait_for(lambda: group_is_gone(process.pid))
    assert process.returncode in {0, -signal.SIGKILL}, said
    return process.returncode == -signal.SIGKILL


def test_a_killed_build_ends_as_an_undisturbed_one(configuration, in_this_process, read_tree):
    build(configuration)
    undisturbed = read_tree(configuration.parent / "set.zarr")
    configuration.write_text(configuration.read_text().replace("set.zarr", "killed.zarr"))
    store = configuration.parent / "killed.zarr"
    building = configuration.parent / "killed.zarr.building"
    draw = random.Random(8)
    moments = [
        lambda: len(list(building.glob("parts/*.npz"))) >= 1,
        lambda: len(list(building.glob("parts/*.npz"))) >= 3,
        lambda: (building / "store/clean").exists(),
    ]
    still_ran = [killed(configuration, moment, draw.uniform(0, 0.02)) for moment in moments]
    assert any(still_ran)
    process = started(configuration)
    _, said = process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 0, said
    assert read_tree(store) == undisturbed
    assert not building.exists()


@pytest.mark.skipif(not KILLS, reason="minutes; set SZFAST_FAULTS to the number of kills")
@pytest.mark.timeout(3600)
def test_killed_at_random_moments_it_ends_as_undisturbed(configuration, in_this_process, read_tree, record_property):
    undisturbed = read_tree(build(configuration).path)
    store = configuration.parent / "killed.zarr"
    configuration.write_text(configuration.read_text().replace("set.zarr", "killed.zarr"))
    begin = time.monotonic()
    undisturbed_process = started(configuration)
    undisturbed_process.communicate()
    assert undisturbed_process.returncode == 0
    seconds = time.monotonic() - begin
    draw, hit, finished = random.Random(9), 0, 0
    for _ in range(KILLS):
        if store.exists():
            assert read_tree(store) == undisturbed
            shutil.rmtree(store)
            finished += 1
        hit += killed(configuration, lambda: True, draw.uniform(0, seconds))
    process = started(configuration)
    _, said = process.communicate(timeout=LONGEST_WAIT)
    assert process.returncode == 0, said
    record_property("kills", hit)
    record_property("finished between", finished)
    assert hit
    assert read_tree(store) == undisturbed
