"""Real snapshots against what is known of them, and against their arrays read directly."""

from __future__ import annotations

import astropy.units as u
import h5py
import numpy as np
import pytest

from szfast.snapshots import open_snapshot

BOXES = {
    "box": ("gadget4/box/snapshot_002.hdf5", ["gadget4/box/snapshot_002.hdf5"]),
    "box_coolsf": (
        "gadget4/box_coolsf/snapdir_002",
        [f"gadget4/box_coolsf/snapdir_002/snapshot_002.{i}.hdf5" for i in range(2)],
    ),
}


def stored(real_data, files, name):
    arrays = []
    for file in files:
        with h5py.File(real_data(file)) as opened:
            arrays.append(opened[f"PartType0/{name}"][:])
    return np.concatenate(arrays)


@pytest.fixture(params=BOXES.values(), ids=BOXES.keys())
def box(request, real_data):
    path, files = request.param
    return open_snapshot(real_data(path)), lambda name: stored(real_data, files, name)


def test_the_three_hundred(real_data):
    snapshot = open_snapshot(real_data("the300/snap_Gadget_sample"))
    assert snapshot.gas_count == 36562
    header = snapshot.header
    assert (header.redshift, header.hubble) == (0.0, 0.6777)
    assert (header.omega_m, header.omega_lambda) == (0.307115, 0.692885)
    center = np.array([2501.6, 2497.2, 2503.0]) * header.code_length_kpc
    gas = snapshot.gas(center, 1444 / 0.6777)
    distance = np.linalg.norm(gas.offset_kpc, axis=1)
    assert distance.max() <= 1444 / 0.6777
    # The data's README: gas fraction 0.135 within R500 of a cluster of 1.751e15 Msun/h.
    assert gas.mass_msun.sum(dtype=float) / (1.751e15 / 0.6777) == pytest.approx(0.135, abs=5e-4)
    assert gas.electron_per_hydrogen.max() == pytest.approx(1.1579, abs=1e-4)


def test_gas_of_a_whole_box_is_omega_baryon(box):
    snapshot, _ = box
    header = snapshot.header
    density = snapshot.gas().mass_msun.sum(dtype=float) * u.Msun / (header.box_size_kpc * u.kpc) ** 3
    # GADGET's rounded G, parsec and solar mass leave a part in a thousand.
    assert (density / header.cosmology.critical_density0).to_value("") == pytest.approx(0.048206, rel=1e-3)


def test_arrays_of_a_box(box):
    snapshot, raw = box
    gas = snapshot.gas()
    a, h = snapshot.header.scale_factor, 0.6777
    length = (3.085678e21 * u.cm).to_value(u.kpc) / h * a
    mass = (1.989e43 * u.g).to_value(u.Msun) / h
    np.testing.assert_allclose(gas.offset_kpc, raw("Coordinates") * np.float64(length), rtol=1e-12)
    np.testing.assert_allclose(gas.mass_msun, raw("Masses") * mass, rtol=2e-7)
    np.testing.assert_allclose(gas.smoothing_length_kpc, raw("SmoothingLength") * length, rtol=2e-7)
    np.testing.assert_allclose(gas.internal_energy_km2_s2, raw("InternalEnergy"), rtol=2e-7)


def test_sphere_across_the_corner_of_a_box(box):
    snapshot, raw = box
    header = snapshot.header
    center = np.array([50.0, 49900.0, 20.0])
    offset = raw("Coordinates").astype(float) - center
    offset = (offset + 25000) % 50000 - 25000
    inside = np.linalg.norm(offset, axis=1) <= 4000
    physical = header.code_length_kpc * header.scale_factor
    gas = snapshot.gas(center * header.code_length_kpc, 4000 * physical)
    assert 0 < inside.sum() == len(gas)
    np.testing.assert_allclose(gas.offset_kpc, offset[inside] * physical, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("name", ["snapdir_002", "snapdir_002/snapshot_002", "snapdir_002/snapshot_002.1.hdf5"])
def test_folder_stem_and_part_mean_the_same(real_data, name):
    real_data("gadget4/box_coolsf/snapdir_002/snapshot_002.0.hdf5")
    snapshot = open_snapshot(real_data("gadget4/box_coolsf") / name)
    assert [part.name for part in snapshot.parts] == ["snapshot_002.0.hdf5", "snapshot_002.1.hdf5"]
    assert snapshot.gas_count == 32768
    assert snapshot.gas().electron_per_hydrogen.min() > 0
