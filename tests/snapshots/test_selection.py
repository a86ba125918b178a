"""Spheres of gas against brute force, whatever the chunks; memory that does not grow with the file."""

from __future__ import annotations

import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from szfast import _core
from szfast.errors import ArgumentError, SnapshotError
from szfast.snapshots import open_snapshot
from szfast.snapshots.chunk import Chunk
from szfast.snapshots.selection import Spheres


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    radius=st.floats(0.01, 0.49),
    center=st.tuples(*[st.floats(0, 1)] * 3),
    periodic=st.booleans(),
)
def test_sphere_against_all_images(seed, radius, center, periodic):
    coordinates = np.random.default_rng(seed).random((200, 3)).astype(np.float32)
    images = np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    images = images if periodic else images[13:14]
    distance = np.linalg.norm(coordinates[:, None] + images - np.array(center), axis=2)
    expected = np.flatnonzero((distance <= radius).any(axis=1))
    spheres = Spheres(np.array([center]), np.array([radius]), 1.0 if periodic else None)
    found = spheres.select(coordinates)
    rows = found[0][1] if found else np.zeros(0, int)
    np.testing.assert_array_equal(rows, expected)
    if rows.size:
        offset = found[0][2]
        np.testing.assert_allclose(np.linalg.norm(offset, axis=1), distance[rows].min(axis=1), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1.0, 0.1, 1e-3]),
    largest=st.floats(0.02, 0.9),
    periodic=st.booleans(),
)
def test_many_spheres_through_cells(seed, scale, largest, periodic):
    """Enough spheres that the chunk is sorted into cells: each finds what it finds alone."""
    rng = np.random.default_rng(seed)
    coordinates = ((0.95 + scale * rng.random((400, 3))) % 1.0).astype(np.float32)
    centers, radii = rng.random((40, 3)), largest * rng.random(40)
    box = 1.0 if periodic else None
    together = {k: found for k, *found in Spheres(centers, radii, box).select(coordinates)}
    for k in range(40):
        alone = Spheres(centers[k : k + 1], radii[k : k + 1], box).select(coordinates)
        assert len(alone) == (k in together)
        for found, expected in zip(together.get(k, []), alone[0][1:] if alone else [], strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("chunk_rows", [1, 7, 100, 299, 300, 10**6])
def test_chunks_do_not_matter(tmp_path, written, code_gas, chunk_rows):
    path = written.gizmo(tmp_path, code_gas, parts=2)
    center = np.array([100.0, 25000.0, 49900.0]) * written.length_kpc
    whole = open_snapshot(path).gas(center, 1200.0)
    gas = open_snapshot(path, chunk_rows=chunk_rows).gas(center, 1200.0)
    assert 0 < len(whole) < 300
    for name in ("offset_kpc", "mass_msun", "hydrogen_fraction", "wind_delay_time"):
        np.testing.assert_array_equal(getattr(gas, name), getattr(whole, name))


@pytest.mark.parametrize("writer", ["binary", "swift", "arepo"])
def test_many_centres_in_one_pass(tmp_path, written, code_gas, writer):
    snapshot = open_snapshot(getattr(written, writer)(tmp_path, code_gas, parts=2), chunk_rows=50)
    centers = np.array([[0, 25000, 0], [100, 24500, 49900], [500, 25500, 49000]]) * written.length_kpc
    radii = np.array([500.0, 1500.0, 900.0])
    for center, radius, gas in zip(centers, radii, snapshot.gas_around(centers, radii), strict=True):
        alone = snapshot.gas(center, radius)
        np.testing.assert_array_equal(gas.offset_kpc, alone.offset_kpc)
        np.testing.assert_array_equal(gas.mass_msun, alone.mass_msun)
        np.testing.assert_array_equal(gas.origin_kpc, center)
        assert np.linalg.norm(gas.offset_kpc, axis=1).max() <= radius


def test_centre_alone_wraps_everything_about_it(tmp_path, written, code_gas):
    snapshot = open_snapshot(written.gadget(tmp_path, code_gas))
    center = np.array([100.0, 25000.0, 49900.0]) * written.length_kpc
    gas = snapshot.gas(center)
    assert len(gas) == snapshot.gas_count
    # Drawn from a normal distribution of 900 kpc/h about this centre, wrapped into the box.
    assert np.abs(gas.offset_kpc).max() < 5 * 900 * written.length_kpc * written.scale_factor


def test_a_sphere_wider_than_the_box_takes_each_particle_once(tmp_path, written, code_gas, caplog):
    snapshot = open_snapshot(written.gadget(tmp_path, code_gas))
    gas = snapshot.gas(np.zeros(3), 2 * written.box_kpc)
    assert len(gas) == snapshot.gas_count
    assert "nearest image" in caplog.text


def test_a_sphere_needs_a_centre_inside_the_box(tmp_path, written, code_gas):
    snapshot = open_snapshot(written.gadget(tmp_path, code_gas))
    with pytest.raises(ArgumentError, match=r"outside the box.*Remedy") as caught:
        snapshot.gas([-10.0, 5.0, 5.0], 100.0)
    assert caught.value.field == "center"
    assert caught.value.file is not None
    with pytest.raises(ArgumentError, match="needs a centre"):
        snapshot.gas(radius_kpc=100.0)
    with pytest.raises(ArgumentError, match="positive"):
        snapshot.gas([1.0, 1.0, 1.0], -1.0)
    with pytest.raises(ArgumentError, match="finite"):
        snapshot.gas([np.nan, 1.0, 1.0], 1.0)
    with pytest.raises(ArgumentError, match="three finite"):
        snapshot.gas([1.0, 1.0], 1.0)
    with pytest.raises(ArgumentError, match="three finite"):
        snapshot.gas(np.ones((2, 3)), 1.0)
    with pytest.raises(ArgumentError, match="one radius"):
        snapshot.gas_around(np.ones((2, 3)), [1.0])


def test_an_empty_sphere_is_an_error(tmp_path, written, code_gas):
    snapshot = open_snapshot(written.gadget(tmp_path, code_gas))
    full = np.array([100.0, 25000.0, 49900.0]) * written.length_kpc
    with pytest.raises(SnapshotError, match="no gas within") as caught:
        snapshot.gas(full / 2, 10.0)
    assert caught.value.remedy
    with pytest.raises(SnapshotError, match="centre 1"):
        snapshot.gas_around([full, full / 2], [1000.0, 10.0])


def test_memory_stays_bounded(tmp_path, written, code_gas):
    """400,000 particles of 36 bytes, in chunks of 5,000, around a centre that takes few."""
    rng = np.random.default_rng(5)
    count = 400_000
    path = tmp_path / "large.hdf5"
    with h5py.File(written.gadget(tmp_path, code_gas)) as small, h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(dict(small["Header"].attrs))
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = [count, 0, 0, 0, 0, 0]
        gas = file.create_group("PartType0")
        gas["Coordinates"] = rng.random((count, 3)) * 50000
        for name in ("Masses", "InternalEnergy", "SmoothingLength"):
            gas[name] = np.resize(small[f"PartType0/{name}"][:], count)
    snapshot = open_snapshot(path, chunk_rows=5000)
    center = np.full(3, 0.5 * written.box_kpc)
    snapshot.gas(center, 3000.0)
    tracemalloc.start()
    gas = snapshot.gas(center, 3000.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 50 < len(gas) < 2000
    # A chunk and its temporaries are 1 MB, the file's arrays 14 MB.
    assert peak < 2e6


def test_compressed_arrays_are_unpacked_once(tmp_path, written, code_gas, monkeypatch):
    """Rows that are compressed together are read together, whatever the length of chunks asked for."""
    plain, packed = written.gadget(tmp_path, code_gas), tmp_path / "packed.hdf5"
    with h5py.File(plain) as file, h5py.File(packed, "w") as copy:
        copy.create_group("Header").attrs.update(dict(file["Header"].attrs))
        for name, values in file["PartType0"].items():
            rows = (64, *values.shape[1:])
            copy.create_dataset(f"PartType0/{name}", data=values[()], chunks=rows, compression="gzip")
    reads = []
    snapshot = open_snapshot(packed, chunk_rows=100)
    monkeypatch.setattr("szfast.snapshots.snapshot.Chunk.load", _noting(reads, Chunk.load))
    gas, expected = snapshot.gas(), open_snapshot(plain).gas()
    assert reads[:3] == [(0, 128), (128, 256), (256, 300)]
    np.testing.assert_array_equal(gas.mass_msun, expected.mass_msun)
    np.testing.assert_array_equal(gas.offset_kpc, expected.offset_kpc)


def _noting(reads, load):
    def noted(chunk, spheres):
        reads.append((chunk.start, chunk.stop))
        return load(chunk, spheres)

    return noted


@pytest.mark.parametrize("box", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_core_takes_spheres_that_hold_all_some_or_none_of_a_run(box, kind):
    """Sorted along x, so that runs of particles lie inside, outside and on the surface."""
    rng = np.random.default_rng(3)
    coordinates = rng.random((5000, 3))
    coordinates = coordinates[np.argsort(coordinates[:, 0])].astype(kind)
    for radius in (0.05, 0.4, 2.0, np.inf):
        center = np.array([0.98, 0.5, 0.02])
        offset = coordinates.astype("f8") - center
        offset -= box * np.round(offset)
        rows, found = _core.within_sphere(coordinates, center=center, radius=radius, box=box, scale=2.0)
        expected = np.flatnonzero(np.linalg.norm(offset, axis=1) <= radius)
        np.testing.assert_array_equal(rows, expected)
        np.testing.assert_allclose(found, 2 * offset[expected], atol=1e-15)


@pytest.mark.parametrize("row", [0, 17, 4999])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_core_tells_of_coordinates_that_are_not_finite(row, value):
    coordinates = np.random.default_rng(3).random((5000, 3)).astype("f4")
    low, high = _core.extent(coordinates)
    np.testing.assert_array_equal(low, coordinates.min(axis=0))
    np.testing.assert_array_equal(high, coordinates.max(axis=0))
    coordinates[row, 1] = value
    low, high = _core.extent(coordinates)
    assert np.isnan(low[1])
    assert np.isnan(high[1])
