"""Builders that are killed: the next one goes on, the store is the same, no process is left behind."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import killed_builds
import pytest
from killed_builds import LOST_WORKERS, STEPS
from warm_process import WarmProcess

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


def _is_gone(state):
    return "Z" in state and "l" not in state


def group_is_gone(group):
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    # a zombie is gone, whether or not its new parent has taken note; with threads (Zl) it still holds its files
    return not any(int(line.split()[0]) == group and not _is_gone(line.split()[1]) for line in listed.splitlines())


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


@pytest.fixture(scope="module")
def builder(undisturbed_build):
    process = WarmProcess(Path(killed_builds.__file__), "run", "warm", str(undisturbed_build[0]))
    yield process
    process.close()


def finished(builder, configuration):
    """Whether a last, undisturbed call makes the store and leaves nothing else."""
    group = builder.start(str(configuration), "")
    status = builder.wait()
    wait_for(lambda: group_is_gone(group))
    return status == 0 and not (configuration.parent / "killed.zarr.building").exists()


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_it_ends_as_undisturbed(undisturbed_build, read_tree, builder, step):
    configuration, undisturbed = undisturbed_build
    group = builder.start(str(configuration), step)
    status = builder.wait()
    assert status == (LOST_WORKERS if "worker)" in step else -signal.SIGKILL)
    wait_for(lambda: group_is_gone(group))
    store = configuration.parent / "killed.zarr"
    assert store.exists() == (step in ("renamed", "half the folder removed"))
    assert finished(builder, configuration)
    assert read_tree(store) == undisturbed
    shutil.rmtree(store)


def undisturbed_seconds(builder, configuration, store):
    shutil.rmtree(store, ignore_errors=True)
    begin = time.monotonic()
    assert finished(builder, configuration)
    return time.monotonic() - begin


def stage(building, store):
    """How far a build was when it was killed."""
    if store.exists():
        return "renamed"
    metadata = building / "store" / "zarr.json"
    if metadata.exists() and b"sha256" in metadata.read_bytes().split(b'"inputs"')[0]:
        return "sealed"
    if (building / "store").exists():
        return "gathering"
    return "mapping" if list(building.glob("parts/*.npz")) else "beginning"


def youngest_child(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children")
    listed = children.read_text().split() if children.exists() else []
    return int(listed[-1]) if listed else None


@pytest.mark.skipif(not KILLS, reason="a minute; set SZFAST_FAULTS to the number of kills")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("victim", ["builder", "worker"])
def test_killed_at_random_moments_it_ends_as_undisturbed(
    undisturbed_build, read_tree, builder, record_property, victim
):
    configuration, undisturbed = undisturbed_build
    store, building = configuration.parent / "killed.zarr", configuration.parent / "killed.zarr.building"
    # moments are drawn over the quickest build: later ones would mostly meet nobody
    seconds = min(undisturbed_seconds(builder, configuration, store) for _ in range(3))
    draw, stages, between = random.Random(9), [], 0
    while len(stages) < KILLS:
        if store.exists() and not building.exists():
            assert read_tree(store) == undisturbed
            shutil.rmtree(store)
            between += 1
        group = builder.start(str(configuration), "")
        time.sleep(draw.uniform(0, seconds))
        hit = youngest_child(group) if victim == "worker" else group
        with suppress(ProcessLookupError):
            if hit is not None:
                os.kill(hit, signal.SIGKILL)
        status = builder.wait()
        wait_for(lambda group=group: group_is_gone(group))
        assert status in {0, LOST_WORKERS if victim == "worker" else -signal.SIGKILL}
        if status:
            stages.append(stage(building, store))
    assert finished(builder, configuration)
    record_property("kills", len(stages))
    record_property("finished between", between)
    record_property("met", dict(Counter(stages)))
    assert read_tree(store) == undisturbed
    shutil.rmtree(store)
