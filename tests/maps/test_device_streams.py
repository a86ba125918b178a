"""Gas that comes in batches, and many clusters at a time: on a GPU, and anywhere with its kernels run by the host."""

from __future__ import annotations

import threading

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable
from small_snapshot import CENTERS_KPC_H, HUBBLE, REDSHIFT, write_small_snapshot

import szfast
from szfast import engines
from szfast.errors import ArgumentError
from szfast.gas import stream
from szfast.maps.halos import make_halo_maps
from szfast.maps.sightlines import sightlines
from szfast.snapshots import open_snapshot

cuda = pytest.importorskip("szfast._cuda", reason=f"not built: {engines.backends().cuda_reason}")

SMALL = szfast.Instrument("small", 2.4 * u.arcmin, 24, 10 * u.arcmin, noise="milca")
NARROW = szfast.Instrument("narrow", 2.4 * u.arcmin, 24, 3 * u.arcmin, noise="milca")
VIEWS = sightlines("hemisphere27")[:2]
CENTERS = CENTERS_KPC_H / HUBBLE * u.kpc
SAME = 1e-5
"""Of the peak: what is promised of two devices."""


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def own(request, monkeypatch):
    """``device="cuda"`` means a device of each thread's own; all that were asked for."""
    devices, of_thread = [], threading.local()
    if request.param == "gpu" and szfast.backends().obstacle:
        pytest.skip(szfast.backends().obstacle)
    ordinal = engines.check_device("cuda") if request.param == "gpu" else None

    def named(name):
        if name == "cpu":
            return None
        if not hasattr(of_thread, "device"):
            of_thread.device = cuda.EmulatedDevice() if ordinal is None else cuda.Device(ordinal)
            devices.append(of_thread.device)
        return of_thread.device

    for module in ("szfast.maps.observation", "szfast.maps.many"):
        monkeypatch.setattr(f"{module}.device_named", named)
    return devices


def assert_same(found, expected):
    assert np.abs(np.asarray(found) - expected).max() <= SAME * np.abs(expected).max()


@pytest.fixture
def snapshot(tmp_path):
    return open_snapshot(write_small_snapshot(tmp_path / "snapshot_010.hdf5"), chunk_rows=50)


@pytest.mark.parametrize("rows", [60, 10**6])
@pytest.mark.parametrize(
    ("method", "instrument", "noise"),
    [("exact", SMALL, None), ("exact", SMALL, "milca"), ("beam", SMALL, "milca"), ("exact", NARROW, "milca")],
)
def test_batches_of_a_snapshot_are_mapped_on_the_device(own, snapshot, monkeypatch, rows, method, instrument, noise):
    monkeypatch.setattr(stream, "BATCH_ROWS", rows)
    options = dict(center=CENTERS[0], radius=3 * u.Mpc, sightlines=VIEWS, seed=3, cluster=4)
    options |= dict(method=method, instrument=instrument, noise=noise, rtol=2e-2)
    expected = szfast.make_maps(snapshot=snapshot, **options)
    maps = szfast.make_maps(snapshot=snapshot, **options, device="cuda")
    assert maps.method == expected.method
    assert_same(maps.y, expected.y)
    np.testing.assert_allclose(maps.conserved.loaded_kpc2, expected.conserved.loaded_kpc2, rtol=1e-5)
    stays = szfast.make_maps(snapshot=snapshot, **options, device="cuda", on_device=True)
    assert isinstance(stays.y, cuda.DeviceArray)
    np.testing.assert_array_equal(stays.to_host().y, maps.y)
    assert len(own) == 1


def test_haloes_of_a_snapshot_are_mapped_on_the_device_in_one_pass(own, snapshot, monkeypatch):
    # a few particles at a time: the maps of each halo are sums of batches
    monkeypatch.setattr(stream, "WAITING_ROWS", 100)
    mass = np.array([3e14, 2e14]) * u.Msun
    columns = {"center": CENTERS, "M500c": mass, "R500c": [1000, 900] * u.kpc, "redshift": [REDSHIFT] * 2}
    halos = QTable({"id": [7, 8]} | columns)
    options = dict(sightlines=VIEWS, instrument=SMALL, seed=2, method="exact", rtol=2e-2)
    expected = dict(make_halo_maps(snapshot, halos, **options))
    found = dict(make_halo_maps(snapshot, halos, **options, device="cuda", on_device=True))
    assert sorted(found) == [0, 1]
    for row, maps in found.items():
        assert maps.key == expected[row].key
        assert_same(maps.y, expected[row].y)


def test_each_stream_has_a_device_of_its_own(own):
    options = dict(instrument=SMALL, sightlines=VIEWS, rtol=2e-2)
    clusters = [
        szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.2, particles=count, seed=4)
        for count in (150, 400, 100, 300, 200, 120)
    ]
    expected = [szfast.make_maps(gas, **options).y for gas in clusters]
    found = list(szfast.make_maps_of(iter(clusters), device="cuda", streams=3, on_device=True, **options))
    # one looks which device there is, three make the maps
    assert 2 <= len(own) <= 4
    for maps, y in zip(found, expected, strict=True):
        assert_same(maps.y, y)


def test_what_fails_on_one_stream_ends_all(own):
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.2, particles=100, seed=4)
    clusters = [gas, "no gas", gas, gas]
    made = szfast.make_maps_of(clusters, device="cuda", streams=2, instrument=SMALL, sightlines=VIEWS, rtol=2e-2)
    next(made)
    with pytest.raises(ArgumentError, match="expected a Gas, found str"):
        list(made)
