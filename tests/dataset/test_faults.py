"""Disks that are full or read-only, workers that die, clocks that jump: a clear error, and then the same store."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from interruption import ctrl_c_after

from szfast.dataset import build, building, open_dataset, verify
from szfast.dataset.arrays import loaded
from szfast.dataset.workers import LostWorkersError, Processes
from szfast.errors import DataSetError

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")

STEP_KB, ENOUGH_KB = 12, 4096
KILLS = int(os.environ.get("SZFAST_FAULTS", "0"))


@pytest.fixture
def undisturbed(configuration, in_this_process, read_tree):
    """The store as it should be; its configuration is left for the test."""
    store = build(configuration).path
    tree = read_tree(store)
    shutil.rmtree(store)
    return tree


def on(disk, configuration):
    configuration.write_text(configuration.read_text().replace("set.zarr", f"{disk.path.name}/set.zarr"))
    return disk.path / "set.zarr"


@pytest.mark.parametrize("bad_snapshots", ["stop", "leave out"])
def test_a_full_disk_loses_no_cluster(
    configuration, undisturbed, small_disk, read_tree, bad_snapshots, record_property
):
    disk = small_disk(STEP_KB)
    store = on(disk, configuration)
    errors = []
    # full while parts are written, while the store is, while it is sealed
    for size in itertools.count(STEP_KB, STEP_KB):
        disk.resize(size)
        try:
            build(configuration, bad_snapshots=bad_snapshots)
        except DataSetError as error:
            errors.append((error, store.exists()))
        else:
            break
        assert size < ENOUGH_KB
    record_property("full disks", len(errors))
    assert len({str(error) for error, _ in errors}) > 3
    for error, was_there in errors:
        assert "No space left" in error.problem
        assert "space" in (error.remedy or "")
        assert disk.path in error.file.parents
        assert not was_there
    assert read_tree(store) == undisturbed


def set_immutable(folder, immutable):
    flag = "+i" if immutable else "-i"
    return subprocess.run(["chattr", flag, str(folder)], capture_output=True, check=False).returncode == 0


def test_rights_that_are_lost_in_the_midst(configuration, undisturbed, read_tree, monkeypatch):
    parts = configuration.parent / "set.zarr.building" / "parts"
    original, done = building.make_part, []

    def make_part(order):
        if len(done) == 2 and not set_immutable(parts, True):
            pytest.skip("no rights can be taken from root here")
        done.append(order)
        return original(order)

    monkeypatch.setattr(building, "make_part", make_part)
    try:
        with pytest.raises(DataSetError, match="not permitted") as caught:
            build(configuration, bad_snapshots="leave out")
    finally:
        if parts.exists():
            set_immutable(parts, False)
    assert "rights" in (caught.value.remedy or "")
    assert len(list(parts.glob("*.npz"))) == 2
    assert read_tree(build(configuration).path) == undisturbed


def test_a_read_only_disk(configuration, small_disk):
    disk = small_disk(ENOUGH_KB)
    on(disk, configuration)
    disk.make_read_only()
    with pytest.raises(DataSetError, match="Read-only file system"):
        build(configuration)


@pytest.mark.skipif(not hasattr(os, "fork") or os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_whose_rights_were_lost(configuration, in_this_process, tmp_path_factory):
    folder = tmp_path_factory.mktemp("closed")
    folder.chmod(0o555)
    configuration.write_text(configuration.read_text().replace("set.zarr", str(folder / "set.zarr")))
    for parent in (*configuration.parents, folder.parent):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(0o711)
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            build(configuration)
        except DataSetError as error:
            os._exit(0 if "Permission denied" in error.problem and error.remedy else 3)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(folder.iterdir()) == []


def test_maps_are_copied_into_a_file_or_not_at_all(dataset, small_disk):
    disk = small_disk(64)
    file = disk.path / "maps.npy"
    with pytest.raises(DataSetError, match="No space left"):
        loaded(dataset, file)
    assert list(disk.path.iterdir()) == []
    disk.resize(ENOUGH_KB)
    maps = np.arange(len(dataset))
    np.testing.assert_array_equal(loaded(dataset, file).take(maps), dataset.clean(maps))


def kill_this_process(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_ctrl_c_does_not_wait_for_what_workers_are_at():
    crew = Processes(1)
    try:
        with pytest.raises(KeyboardInterrupt), ctrl_c_after(2.0):
            list(crew.results(time.sleep, [60, 60]))
    finally:
        begin = time.monotonic()
        crew.close()
    assert time.monotonic() - begin < 20


def test_a_worker_process_that_dies_is_told_of():
    crew = Processes(1)
    try:
        with pytest.raises(LostWorkersError, match="workers died") as caught:
            list(crew.results(kill_this_process, [0]))
        assert "fewer workers" in (caught.value.remedy or "")
    finally:
        crew.close()


def test_a_worker_process_that_dies_without_work_is_told_of():
    crew = Processes(1)
    try:
        assert [result for _, result in crew.results(abs, [-1])] == [1]
        (process,) = crew.pool._processes.values()
        process.kill()
        process.join()
        # until the pool has taken note
        end = time.monotonic() + 20
        while not crew.pool._broken and time.monotonic() < end:
            time.sleep(0.01)
        with pytest.raises(LostWorkersError, match="workers died"):
            list(crew.results(abs, [-1]))
    finally:
        crew.close()


@pytest.mark.skipif(not KILLS, reason="a minute; set SZFAST_FAULTS to the number of kills")
def test_a_dask_worker_killed_in_mid_task(configuration, undisturbed, read_tree, record_property):
    distributed = pytest.importorskip("distributed", reason="needs the extra szfast[dataset]")
    with warnings.catch_warnings():
        # of Dask's own making: ports in use, sockets closed late
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
            ) as cluster,
            ThreadPoolExecutor(1) as pool,
        ):
            victim = next(iter(cluster.workers.values())).pid
            building = configuration.parent / "set.zarr.building/parts"
            made = pool.submit(build, configuration, dask=cluster.scheduler_address)
            end = time.monotonic() + 120
            while not made.done() and time.monotonic() < end:
                # in the midst of the second part
                if building.exists() and list(building.glob("*.npz")):
                    os.kill(victim, signal.SIGKILL)
                    break
                time.sleep(0.001)
            store = made.result(timeout=240).path
            survived = victim in {worker.pid for worker in cluster.workers.values()}
    record_property("killed", not survived)
    assert not survived
    assert read_tree(store) == undisturbed


def test_a_clock_that_jumps_changes_nothing(configuration, undisturbed, read_tree, monkeypatch):
    jumps = itertools.cycle([0.0, 4e9, -1e9, 86400.0])
    for name in ("time", "time_ns"):
        real = getattr(time, name)
        scale = 10**9 if name.endswith("ns") else 1
        monkeypatch.setattr(
            time, name, lambda real=real, scale=scale: max(0, real() + type(real())(next(jumps) * scale))
        )
    store = build(configuration).path
    assert read_tree(store) == undisturbed
    # files that claim to be of another time are read again, to the same end
    shutil.rmtree(store)
    for number, file in enumerate(sorted((configuration.parent / "sims").rglob("*.hdf5"))):
        os.utime(file, (1e9 * (number % 5), 1e9 * (number % 5)))
    assert read_tree(build(configuration).path) == undisturbed
    assert not verify(store).problems
    assert len(open_dataset(store)) == len(open_dataset(store).labels) * 3
