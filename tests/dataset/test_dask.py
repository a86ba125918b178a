"""A Dask cluster makes the same store as processes do."""

from __future__ import annotations

import warnings

import pytest

from szfast.dataset import build
from szfast.errors import ArgumentError, DataSetError

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")
distributed = pytest.importorskip("distributed", reason="needs the extra szfast[dataset]")


@pytest.fixture
def scheduler():
    with warnings.catch_warnings():
        # of Dask's own making: ports in use, sockets closed late
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster:
            yield cluster.scheduler_address


def test_the_store_is_the_same(configuration, in_this_process, read_tree, scheduler):
    expected = read_tree(build(configuration).path)
    configuration.write_text(configuration.read_text().replace("set.zarr", "dask.zarr"))
    assert read_tree(build(configuration, dask=scheduler).path) == expected


def test_a_bad_snapshot_is_named(configuration, scheduler):
    (configuration.parent / "sims/b/snap_9.hdf5").write_bytes(b"no snapshot")
    with pytest.raises(DataSetError, match=r"region b, snapshot 9.*snap_9\.hdf5"):
        build(configuration, dask=scheduler)


def test_no_scheduler(configuration, monkeypatch):
    monkeypatch.setattr("szfast.dataset.workers.SECONDS_TO_ANSWER", 0.5)
    with pytest.raises(DataSetError, match="no Dask scheduler answers"):
        build(configuration, dask="tcp://127.0.0.1:1")
    with pytest.raises(ArgumentError, match="'workers'"):
        build(configuration, dask="tcp://127.0.0.1:1", workers=2)
