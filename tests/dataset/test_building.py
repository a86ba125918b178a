"""Built data sets against the same steps one by one; what is broken off, wrong or in use."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tomllib

import astropy.units as u
import numpy as np
import pytest
from small_snapshot import HALOS, write_halos

import szfast
from szfast import engines
from szfast.dataset import build, open_dataset
from szfast.engines import Backends
from szfast.errors import DataSetError, DeviceError, MissingExtraError, SzfastError

zarr = pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")


def test_maps_and_labels_are_those_of_the_library(configuration, in_this_process, small_instrument):
    dataset = build(configuration)
    folder = configuration.parent
    assert [tuple(row) for row in dataset.labels["region", "snapshot", "halo_id"]] == [
        # natural order of snapshots, heaviest halo first
        (region, snapshot, halo)
        for region in "ab"
        for snapshot in ("9", "10")
        for halo in (5, 77)
    ]
    row = 0
    for region in "ab":
        for name in ("9", "10"):
            snapshot = folder / f"sims/{region}/snap_{name}.hdf5"
            halos = szfast.read_halos(folder / f"sims/{region}/halos_{name}_z0.25.csv", snapshot=snapshot)
            for halo in halos[:2]:
                gas = szfast.read_snapshot(snapshot, halo=halo, radius=3 * u.Mpc)
                expected = szfast.make_maps(
                    gas, halo=halo, noise=None, instrument=small_instrument, sightlines=folder / "views.txt"
                )
                label = dataset.labels[row]
                np.testing.assert_array_equal(dataset.clean([3 * row, 3 * row + 1, 3 * row + 2]), expected.y)
                assert label["M500c"] == halo["M500c"]
                assert label["R500c"] == halo["R500c"]
                assert label["Y500"] == szfast.gas.spherical_compton_y(gas, radius=halo["R500c"])
                assert label["pixel"].to_value("kpc") == expected.pixel_kpc
                np.testing.assert_array_equal(label["center"], halo["center"])
                row += 1
    assert len(dataset) == 3 * row
    assert (dataset.labels["redshift"] == 0.25).all()
    assert len(set(dataset.labels["noise_cluster"])) == row
    np.testing.assert_array_equal(dataset.views, expected.views)


def test_provenance_tells_inputs_configuration_and_version(configuration, in_this_process):
    provenance = build(configuration).provenance
    assert provenance["version"] == szfast.__version__
    assert provenance["configuration"]["simulations"][0]["least_mass"] == "1e14 Msun"
    assert provenance["configuration"]["maps"]["seed"] == 5
    sums = {each["file"]: each["sha256"] for each in provenance["inputs"]}
    snapshot = configuration.parent / "sims/b/snap_10.hdf5"
    assert sums[str(snapshot)] == hashlib.sha256(snapshot.read_bytes()).hexdigest()
    assert len(sums) == 8


def test_maps_are_made_where_the_configuration_says(configuration, in_this_process, monkeypatch):
    cuda = pytest.importorskip("szfast._cuda", reason="built without CUDA")
    expected = build(configuration)
    device = cuda.EmulatedDevice()
    monkeypatch.setattr("szfast.maps.observation.device_named", lambda name: device if name == "cuda" else None)
    for asked in ("auto", "cuda"):
        # what 'auto' means is settled before any map is made, and recorded
        monkeypatch.setattr("szfast.dataset.building.check_device", lambda name: 0)
        content = tomllib.loads(configuration.read_text()) | {"path": f"{asked}.zarr", "materialise": 0}
        content["maps"] |= {"device": asked}
        monkeypatch.chdir(configuration.parent)
        found = build(content)
        assert found.provenance["configuration"]["maps"]["device"] == "cuda"
        peak = expected.clean(range(len(expected))).max(axis=(1, 2), keepdims=True)
        difference = np.abs(found.clean(range(len(found))) - expected.clean(range(len(expected))))
        assert 0 < (difference / peak).max() <= 1e-5
    monkeypatch.setattr("szfast.dataset.building.check_device", lambda name: None)
    on_cpu = build(content | {"path": "cpu.zarr", "maps": content["maps"] | {"device": "auto"}})
    assert on_cpu.provenance["configuration"]["maps"]["device"] == "cpu"
    np.testing.assert_array_equal(on_cpu.clean([0, 5]), expected.clean([0, 5]))


def test_a_gpu_that_is_not_there_stops_before_any_work(configuration, in_this_process, monkeypatch):
    here = Backends("v3", False, "x", obstacle="this szfast was built without CUDA", remedy="build it.")
    monkeypatch.setattr(engines, "backends", lambda: here)
    content = tomllib.loads(configuration.read_text())
    monkeypatch.chdir(configuration.parent)
    with pytest.raises(DeviceError, match="built without CUDA"):
        build(content | {"maps": content["maps"] | {"device": "cuda"}})
    assert not list(configuration.parent.glob("*set.zarr*"))


def test_noise_is_made_from_the_key_and_stored_where_asked(configuration, in_this_process):
    dataset = build(configuration)
    assert dataset.seed == 5
    stored = zarr.open_group(dataset.path, mode="r")["noisy"]
    assert stored.shape == (2, 8, 3, 16, 16)
    for realisation in range(2):
        np.testing.assert_array_equal(stored[realisation].reshape(24, 16, 16), dataset.noisy(realisation=realisation))
    plain = build(configuration.parent / "set.toml", materialise=2)  # the finished one
    assert plain.path == dataset.path


def test_other_programs_find_their_way(configuration, in_this_process):
    root = zarr.open_group(build(configuration).path, mode="r")
    clean = root["clean"]
    assert clean.metadata.dimension_names == ("cluster", "view", "y", "x")
    assert clean.chunks == (1, 3, 16, 16)
    assert clean.shards == (8, 3, 16, 16)
    assert clean.dtype == np.float32
    assert root["labels/M500c"].attrs["units"] == "Msun"
    assert root["labels/region"][:].tolist() == ["a"] * 4 + ["b"] * 4


def test_shards_hold_what_parts_share(configuration, in_this_process, monkeypatch, read_tree):
    whole = build(configuration).clean()
    monkeypatch.setattr("szfast.dataset.gather.SHARD_CLUSTERS", 3)
    monkeypatch.setattr("szfast.dataset.store.SHARD_CLUSTERS", 3)
    monkeypatch.setattr("szfast.dataset.stored_maps.SHARD_CLUSTERS", 3)
    text = configuration.read_text().replace("set.zarr", "shards.zarr")
    configuration.write_text(text)
    dataset = build(configuration)
    assert len([name for name in read_tree(dataset.path) if name.startswith("clean/c/")]) == 3
    np.testing.assert_array_equal(dataset.clean(), whole)
    picked = np.random.default_rng(0).integers(0, 24, 50)
    np.testing.assert_array_equal(dataset.clean(picked), whole[picked])
    np.testing.assert_array_equal(dataset.clean([]), whole[:0])
    np.testing.assert_array_equal(dataset.in_memory().clean(picked), whole[picked])
    np.testing.assert_array_equal(dataset.in_memory(configuration.parent / "flat.npy").clean(picked), whole[picked])


def test_what_is_done_is_not_done_again(configuration, in_this_process, monkeypatch, read_tree):
    build(configuration)
    undisturbed = read_tree(configuration.parent / "set.zarr")
    assert in_this_process[-1].done == ["make_part"] * 4 + ["write_shard"]
    text = configuration.read_text().replace("set.zarr", "again.zarr")
    configuration.write_text(text)

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("szfast.dataset.building.write_shard", stopped)
        with pytest.raises(KeyboardInterrupt):
            build(configuration)
    with pytest.raises(DataSetError, match="not finished"):
        open_dataset(configuration.parent / "again.zarr")
    # one part is lost, and one of another configuration lies about
    parts = sorted((configuration.parent / "again.zarr.building/parts").iterdir())
    parts[2].rename(parts[2].with_name("f" * 32 + ".npz"))
    build(configuration)
    assert in_this_process[-1].done == ["make_part", "write_shard"]
    assert read_tree(configuration.parent / "again.zarr") == undisturbed
    assert not (configuration.parent / "again.zarr.building").exists()


def test_a_changed_input_is_mapped_again(configuration, in_this_process, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("szfast.dataset.building.write_shard", stopped)
        with pytest.raises(KeyboardInterrupt):
            build(configuration)
    changed = configuration.parent / "sims/a/snap_9.hdf5"
    os.utime(changed, ns=(0, 0))
    (configuration.parent / "views.txt").write_text("0 0 0\n30 40 50\n80 10 20\n")  # same views: no change
    build(configuration)
    assert in_this_process[-1].done == ["make_part", "write_shard"]


def test_a_bad_snapshot_stops_the_build_or_is_left_out(configuration, in_this_process, read_tree, caplog):
    build(configuration)
    undisturbed = read_tree(configuration.parent / "set.zarr")
    bad = configuration.parent / "sims/a/snap_10.hdf5"
    good = bad.read_bytes()
    bad.write_bytes(good[: len(good) // 2])
    configuration.write_text(configuration.read_text().replace("set.zarr", "left.zarr"))
    with pytest.raises(DataSetError, match=r"region a, snapshot 10, code GADGET-4.*Remedy: mend it") as caught:
        build(configuration)
    assert "snap_10.hdf5" in str(caught.value)
    assert not (configuration.parent / "left.zarr").exists()
    dataset = build(configuration, bad_snapshots="leave out")
    assert dataset.labels["region"].tolist() == ["a", "a", "b", "b", "b", "b"]
    assert [(each["region"], each["snapshot"]) for each in dataset.provenance["left_out"]] == [("a", "10")]
    assert "left out" in caplog.text
    # mended: the stopped build goes on to what it would have been
    configuration.write_text(configuration.read_text().replace("left.zarr", "mended.zarr"))
    with pytest.raises(DataSetError):
        build(configuration)
    bad.write_bytes(good)
    build(configuration)
    assert read_tree(configuration.parent / "mended.zarr") == undisturbed


def test_nothing_to_make_a_set_of(configuration, in_this_process):
    configuration.write_text(configuration.read_text().replace("1e14 Msun", "1e16 Msun"))
    with pytest.raises(DataSetError, match="no cluster"):
        build(configuration)


def test_a_sample_chooses_haloes(configuration, in_this_process):
    sample = configuration.parent / "sample.csv"
    sample.write_text("region,snapshot,id\nb,9,77\na,10,5\n")
    text = configuration.read_text() + 'sample = "sample.csv"\n'
    configuration.write_text(text)
    labels = build(configuration).labels
    assert [tuple(row) for row in labels["region", "snapshot", "halo_id"]] == [("a", "10", 5), ("b", "9", 77)]
    configuration.write_text(text.replace("set.zarr", "other.zarr"))
    sample.write_text("region,snapshot,id\nc,9,77\n")
    with pytest.raises(DataSetError, match="1 snapshots that are not there, first c 9"):
        build(configuration)
    sample.write_text("region,snapshot,id\nb,9,78\n")
    with pytest.raises(DataSetError, match="no halo 78"):
        build(configuration)


def test_two_builders_refuse_each_other(configuration, in_this_process):
    building = configuration.parent / "set.zarr.building"
    building.mkdir()
    # the lock's file of a builder that is gone is no lock
    (building / "lock").write_text(json.dumps({"host": "elsewhere", "process": 77}))
    with (building / "lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DataSetError, match=r"another process is building it .process 77 on elsewhere"):
            build(configuration)
    assert len(build(configuration)) == 24


def test_a_finished_store_is_left_alone(configuration, in_this_process, read_tree):
    store = build(configuration).path
    before = read_tree(store)
    build(configuration)
    assert len(in_this_process) == 1
    # broken off after the store had got its name
    (configuration.parent / "set.zarr.building/parts").mkdir(parents=True)
    build(configuration)
    assert not (configuration.parent / "set.zarr.building").exists()
    with pytest.raises(DataSetError, match="there already, of another configuration"):
        build(configuration, materialise=0)
    configuration.write_text(configuration.read_text().replace("seed = 5", "seed = 6"))
    with pytest.raises(DataSetError, match="there already, of another configuration"):
        build(configuration)
    assert read_tree(store) == before


def test_one_snapshot_of_a_code_stands_there_once(configuration, in_this_process):
    text = configuration.read_text()
    configuration.write_text(text + text[text.index("[[simulations]]") :])
    with pytest.raises(DataSetError, match="snapshot 9 of region a stands there twice"):
        build(configuration)
    assert not in_this_process


def test_one_halo_stands_there_once(configuration, in_this_process):
    write_halos(configuration.parent / "sims/b/halos_9_z0.25.csv", (*HALOS, HALOS[1]))
    with pytest.raises(DataSetError, match="2 haloes have the same id, that of halo 77"):
        build(configuration)


def test_a_missing_extra_is_named(configuration, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises((MissingExtraError, SzfastError), match=r"szfast\[dataset\]"):
        build(configuration)


def test_synthetic_clusters_need_no_input(tmp_path, in_this_process):
    pytest.importorskip("colossus", reason="needs the extra szfast[dataset]")
    maps = {"size": 16, "pixel": "10 arcmin", "beam": "20 arcmin", "sightlines": "euler27", "noise": "none"}
    synthetic = {"clusters": 4, "particles": 200, "regions": 2, "seed": 3}
    dataset = build({"path": str(tmp_path / "made.zarr"), "maps": maps, "synthetic": synthetic})
    catalogue = szfast.sample.synthetic_catalogue(4, seed=3, regions=2)
    for column in ("region", "redshift", "M500c", "R500c"):
        assert np.asarray(dataset.labels[column]).tolist() == np.asarray(catalogue[column]).tolist()
    gas = szfast.sample.synthetic_cluster(catalogue[2], seed=3, particles=200)
    expected = szfast.make_maps(
        gas, noise=None, sightlines="euler27", instrument=dataset.instrument, method="auto", redshift=gas.redshift
    )
    np.testing.assert_array_equal(dataset.clean(np.arange(54, 81)), expected.y)
    assert dataset.noise is None
