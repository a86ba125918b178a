"""Runs on a Dask cluster; needs the extras szfast[train,dataset]."""

from __future__ import annotations

import os

import pytest

from szfast.ensemble import train
from szfast.ensemble.workers import ONE_THREAD
from szfast.errors import ArgumentError

pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")
distributed = pytest.importorskip("distributed", reason="needs the extra szfast[dataset]")

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    # dask's own servers leave sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def scheduler(monkeypatch):
    for name in ONE_THREAD:
        # the worker shares this process, and sets them
        monkeypatch.setenv(name, os.environ.get(name, ""))

    def start(threads):
        return distributed.LocalCluster(
            n_workers=1, threads_per_worker=threads, processes=False, protocol="tcp", dashboard_address=None
        )

    return start


def test_runs_are_done_by_dask_workers(tmp_path, dataset, quick, scheduler):
    with scheduler(1) as cluster:
        run = train(dataset, tmp_path / "run", runs=2, bins=((0.0, 0.4),), recipe=quick, dask=cluster.scheduler_address)
    table = run.read("runs")
    assert list(table["run"]) == [0, 1]
    assert len(set(table["weights_sha256"])) == 2


def test_workers_with_several_threads_are_refused(tmp_path, dataset, quick, scheduler):
    with scheduler(2) as cluster, pytest.raises(ArgumentError, match="one thread each"):
        train(dataset, tmp_path / "run", runs=1, bins=((0.0, 0.4),), recipe=quick, dask=cluster.scheduler_address)
