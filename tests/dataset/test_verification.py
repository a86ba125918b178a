"""Damage that verify has to find, and statistics against those of the maps."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.dataset import build, open_dataset, verify
from szfast.errors import DataSetError

zarr = pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")


@pytest.fixture
def store(configuration, in_this_process):
    return build(configuration).path


def test_a_whole_store(store):
    found = verify(store)
    assert found.problems == []
    assert found.maps == 24
    clean = open_dataset(store).clean().astype(np.float64)
    (row,) = found.statistics
    assert (row["redshift"], row["clusters"], row["maps"]) == ("0.2-0.4", 8, 24)
    assert row["mean y"] == pytest.approx(clean.mean(), rel=1e-12)
    assert row["std y"] == pytest.approx(clean.std(), rel=1e-9)
    assert row["median peak y"] == pytest.approx(np.median(clean.max(axis=(1, 2))), rel=1e-12)
    assert row["lowest log10 M500c"].value == pytest.approx(np.log10(2e14), rel=1e-12)


def a_flipped_bit(store):
    shard = store / "clean/c/0/0/0/0"
    content = bytearray(shard.read_bytes())
    content[1000] ^= 4
    shard.write_bytes(content)


def a_missing_shard(store):
    (store / "clean/c/0/0/0/0").unlink()


def a_stranger(store):
    (store / "clean/c/0/0/0/0.partial").write_text("x")


def a_changed_label(store):
    labels = zarr.open_group(store, mode="r+")["labels/M500c"]
    labels[2] = -1.0


def an_infinite_map(store):
    clean = zarr.open_group(store, mode="r+")["clean"]
    clean[3, 1, 5, 5] = np.inf


def a_missing_column(store):
    zarr.open_group(store, mode="r+")["labels"].__delitem__("region")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (a_flipped_bit, ["clean/c/0/0/0/0: its checksum", "clusters 0 to 7 cannot be read"]),
        (a_missing_shard, ["clean/c/0/0/0/0: is missing", "maps are missing"]),
        (a_stranger, ["0.partial: does not belong"]),
        (
            a_changed_label,
            ["labels/M500c/c/0: its checksum", "M500c: expected positive numbers, found -1"],
        ),
        (an_infinite_map, ["clean/c/0/0/0/0: its checksum", "cluster 3, view 1: holds values that are not finite"]),
        (a_missing_column, ["labels/region/c/0: is missing", "region"]),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_damage_is_found(store, damage, words):
    damage(store)
    problems = "\n".join(verify(store).problems)
    for word in words:
        assert word in problems


@pytest.mark.parametrize("damage", [a_flipped_bit, a_missing_shard])
def test_damaged_maps_are_not_handed_out(store, damage):
    damage(store)
    with pytest.raises(DataSetError, match=r"cannot be read.*Remedy"):
        open_dataset(store).clean([0])


def test_what_is_no_store(tmp_path):
    with pytest.raises(DataSetError, match="no such data set"):
        open_dataset(tmp_path / "none.zarr")
    with pytest.raises(DataSetError, match="is not a data set of szfast"):
        verify(tmp_path)
    zarr.create_group(tmp_path / "other.zarr")
    with pytest.raises(DataSetError, match="is not a data set of szfast"):
        open_dataset(tmp_path / "other.zarr")
