"""Gas that comes in batches gives the maps of all of it, in bounded memory."""

from __future__ import annotations

import logging
import time
import tracemalloc

import astropy.units as u
import h5py
import numpy as np
import pytest
from astropy.table import QTable

import szfast
from szfast.errors import SnapshotError
from szfast.gas import stream
from szfast.maps.halos import make_halo_maps
from szfast.maps.profile import STAGES, Profile, profiled
from szfast.maps.sightlines import hemisphere
from szfast.snapshots import open_snapshot

HUBBLE, REDSHIFT, BOX_KPC_H = 0.7, 0.25, 40000.0
CENTERS_KPC_H = np.array([[10000.0, 20000.0, 30000.0], [100.0, 20000.0, 39900.0], [12000.0, 20000.0, 30000.0]])
PARTICLES = 3000
VIEWS = hemisphere(27)[:3]


def write(path, *, order=None):
    """Three clusters of GADGET-4 gas, two of them near each other; some of it forms stars."""
    rng = np.random.default_rng(5)
    position = np.concatenate([center + rng.normal(0.0, 350.0, (PARTICLES, 3)) for center in CENTERS_KPC_H])
    rows = rng.permutation(len(position)) if order is None else order(position)
    count = len(position)
    smoothing = rng.uniform(50, 400, count)
    gas = {
        "Coordinates": np.mod(position, BOX_KPC_H)[rows],
        "Masses": rng.uniform(0.1, 0.3, count),
        "InternalEnergy": rng.uniform(2e5, 9e5, count),
        "SmoothingLength": smoothing,
        "Density": 3 * 64 * 0.2 / (4 * np.pi * smoothing**3),
        "ElectronAbundance": np.full(count, 1.1),
        "StarFormationRate": np.where(np.arange(count) % 50 == 0, 1.0, 0.0),
    }
    header = {
        "NumPart_ThisFile": [count, 0],
        "NumPart_Total": [count, 0],
        "MassTable": [0.0, 0.0],
        "Time": 1 / (1 + REDSHIFT),
        "Redshift": REDSHIFT,
        "BoxSize": BOX_KPC_H,
        "NumFilesPerSnapshot": 1,
    }
    cosmology = {"HubbleParam": HUBBLE, "Omega0": 0.3, "OmegaLambda": 0.7}
    units = {"UnitLength_in_cm": 3.085678e21, "UnitMass_in_g": 1.989e43, "UnitVelocity_in_cm_per_s": 1e5}
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(header)
        file.create_group("Parameters").attrs.update(cosmology | units)
        for name, values in gas.items():
            file[f"PartType0/{name}"] = values.astype("f4")
    return path


def along_x(position):
    return np.argsort(position[:, 0])


@pytest.fixture
def snapshot(tmp_path):
    return open_snapshot(write(tmp_path / "snapshot_010.hdf5"), chunk_rows=500)


@pytest.fixture
def halos():
    mass = np.array([3e14, 2e14, 1e14]) * u.Msun
    return QTable(
        {
            "id": [7, 8, 9],
            "center": CENTERS_KPC_H / HUBBLE * u.kpc,
            "M500c": mass,
            "R500c": [1000, 900, 800] * u.kpc,
            "redshift": [REDSHIFT] * 3,
        }
    )


@pytest.mark.parametrize("rows", [700, 2500, 10**6])
@pytest.mark.parametrize(("method", "noise"), [("exact", None), ("exact", "milca"), ("beam", None), ("auto", "milca")])
def test_batches_do_not_matter(tmp_path, monkeypatch, rows, method, noise):
    """The file is in order of x, so that batches peak at different places."""
    path = write(tmp_path / "snapshot_010.hdf5", order=along_x)
    where = {"center": CENTERS_KPC_H[0] / HUBBLE * u.kpc, "radius": 5 * u.Mpc}
    options = {"noise": noise, "seed": 3, "method": method, "sightlines": VIEWS}
    gas = szfast.read_snapshot(path, **where)
    whole = szfast.make_maps(gas, cluster=4, **options)
    monkeypatch.setattr(stream, "BATCH_ROWS", rows)
    maps = szfast.make_maps(snapshot=open_snapshot(path, chunk_rows=500), **where, cluster=4, **options)
    peak = szfast.make_maps(gas, **options | {"noise": None}).y.max()
    # The exact method's sums differ by their order alone; two results of the beam method by both their errors.
    tolerance = 2e-6 if method == "exact" or rows == 10**6 else 2e-3
    np.testing.assert_allclose(maps.y, whole.y, atol=tolerance * peak, rtol=0)
    np.testing.assert_allclose(maps.conserved.patch_kpc2, whole.conserved.patch_kpc2, rtol=1e-6)
    np.testing.assert_allclose(maps.conserved.loaded_kpc2, whole.conserved.loaded_kpc2, rtol=1e-6)
    # what is cheaper for few particles may be another method
    assert maps.method == whole.method or method == "auto"
    assert maps.bound is None or maps.bound <= 1e-3
    assert maps.assumptions == whole.assumptions
    assert any("star-forming" in row[0] for row in maps.assumptions)


@pytest.mark.parametrize("waiting", [600, 4000, 10**6])
def test_haloes_in_one_pass_are_those_mapped_alone(snapshot, halos, monkeypatch, waiting):
    monkeypatch.setattr(stream, "WAITING_ROWS", waiting)
    together = dict(make_halo_maps(snapshot, halos, seed=2, sightlines=VIEWS))
    assert sorted(together) == [0, 1, 2]
    for row, maps in together.items():
        alone = szfast.make_maps(snapshot=snapshot, halo=halos[row], seed=2, sightlines=VIEWS)
        assert (maps.name, maps.key, maps.M500c_msun) == (alone.name, alone.key, alone.M500c_msun)
        np.testing.assert_allclose(maps.y, alone.y, atol=2e-6 * alone.y.max(), rtol=0)
        assert maps.assumptions == alone.assumptions


def test_more_haloes_than_fit_take_another_pass(snapshot, halos, monkeypatch):
    monkeypatch.setattr("szfast.maps.halos.MOST_BYTES", 2 * 8 * 3 * 96**2)
    together = dict(make_halo_maps(snapshot, halos, noise=None, sightlines=VIEWS))
    for row, maps in together.items():
        assert maps.M500c_msun == halos[row]["M500c"].to_value("Msun")
        alone = szfast.make_maps(snapshot=snapshot, halo=halos[row], noise=None, sightlines=VIEWS)
        np.testing.assert_allclose(maps.y, alone.y, atol=2e-6 * alone.y.max(), rtol=0)


def test_a_halo_without_gas_is_an_error(snapshot, halos):
    halos["center"][1] = [25000, 5000, 5000] * u.kpc
    with pytest.raises(SnapshotError, match=r"no gas within .* of centre 1"):
        dict(make_halo_maps(snapshot, halos, radius=100 * u.kpc))


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    """Gas of 9,000 particles 40 times over, in batches of 4,000: 20 bytes each wait, of 32 in the file."""
    once, path = write(tmp_path / "once.hdf5"), tmp_path / "often.hdf5"
    with h5py.File(once) as small, h5py.File(path, "w") as file:
        for group in ("Header", "Parameters"):
            file.create_group(group).attrs.update(dict(small[group].attrs))
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = [40 * 3 * PARTICLES, 0]
        for name, values in small["PartType0"].items():
            file[f"PartType0/{name}"] = np.concatenate([values[()]] * 40)
    monkeypatch.setattr(stream, "BATCH_ROWS", 4000)
    view = np.eye(3)[None]
    where = {"center": CENTERS_KPC_H[0] / HUBBLE * u.kpc, "radius": 20 * u.Mpc, "sightlines": view, "noise": None}
    once_mapped = szfast.make_maps(snapshot=once, **where)
    snapshot = open_snapshot(path, chunk_rows=2000)
    tracemalloc.start()
    maps = szfast.make_maps(snapshot=snapshot, **where)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(maps.y, 40 * once_mapped.y, atol=40 * 2e-6 * once_mapped.y.max(), rtol=0)
    # All particles would be 7 MB as columns, the file's arrays 11 MB.
    assert peak < 3e6


def test_no_view_off_centre_is_told_of_batches(tmp_path, monkeypatch, caplog):
    """A batch of an ordered file lies off the centre; the cluster does not."""
    path = write(tmp_path / "snapshot_010.hdf5", order=along_x)
    monkeypatch.setattr(stream, "BATCH_ROWS", 700)
    with caplog.at_level(logging.WARNING, "szfast.maps"):
        szfast.make_maps(
            snapshot=open_snapshot(path, chunk_rows=500),
            center=CENTERS_KPC_H[0] / HUBBLE * u.kpc,
            radius=2 * u.Mpc,
            noise=None,
            sightlines=VIEWS,
        )
    assert "off" not in caplog.text
    assert "far from the centre" not in caplog.text


def test_a_profile_adds_up(snapshot, halos):
    with profiled(Profile()) as profile:
        szfast.make_maps(snapshot=snapshot, halo=halos[0], sightlines=VIEWS)
    assert set(profile.seconds) <= set(STAGES)
    assert all(profile.seconds[name] > 0 for name in ("reading", "projection", "beam"))
    assert profile.seconds["noise"] >= 0


def test_stages_inside_others_count_once():
    profile = Profile()
    with profile.stage("projection"):
        time.sleep(0.05)
        with profile.stage("beam"):
            time.sleep(0.1)
        profile.beside(0.02)
    assert 0.02 <= profile.seconds["projection"] < 0.08
    assert profile.seconds["beam"] >= 0.1
