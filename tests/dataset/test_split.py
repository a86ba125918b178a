"""Splits: nothing in two places, nothing lost, groups whole, and an audit that sees what leaks."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.dataset import Split, leakage_audit
from szfast.dataset.bins import PLANCK_BINS, bin_numbers, within_bin
from szfast.errors import ArgumentError


@pytest.mark.parametrize("by", ["region", "cluster", "map"])
@pytest.mark.parametrize("run", [0, 1, 2])
def test_every_map_stands_on_one_side(dataset, by, run):
    split = dataset.split(by=by, run=run)
    together = np.concatenate(list(split.sides.values()))
    np.testing.assert_array_equal(np.sort(together), np.arange(180))
    # a side misses its share by less than one group: 15 maps in a region, 3 of a cluster
    group = {"region": 15, "cluster": 3, "map": 1}[by]
    for side, share in zip(split.sides.values(), split.fractions, strict=True):
        assert abs(len(side) - share * 180) < group + 1e-9


@pytest.mark.parametrize(("by", "whole"), [("region", {"region", "cluster"}), ("cluster", {"cluster"}), ("map", set())])
def test_groups_stay_whole(dataset, by, whole):
    split = dataset.split(by=by)
    region = np.arange(180) // 3 % 12
    cluster = np.arange(180) // 3
    for name, group in (("region", region), ("cluster", cluster)):
        sides = [set(group[maps]) for maps in split.sides.values()]
        shared = sides[0] & sides[1] | sides[0] & sides[2] | sides[1] & sides[2]
        assert (not shared) == (name in whole)
        audit = leakage_audit(dataset, split)
        audited = set(audit["group"][audit["level"] == name])
        assert audited == {f"{name} {number}" for number in shared}


def test_audit_counts_and_finds_a_map_on_two_sides(dataset):
    sides = (np.array([0, 1, 50]), np.array([2]), np.array([50]))
    audit = leakage_audit(dataset, Split(*sides, by="map", fractions=(0.8, 0.1, 0.1), seed=0, run=0))
    # maps 0 to 2 are cluster 0 of region 0, map 50 is cluster 16 of region 4
    assert [tuple(row) for row in audit] == [
        ("region", "region 0", 2, 1, 0),
        ("region", "region 4", 1, 0, 1),
        ("cluster", "cluster 0", 2, 1, 0),
        ("cluster", "cluster 16", 1, 0, 1),
        ("map", "50", 1, 0, 1),
    ]


def test_split_is_a_function_of_seed_and_run(dataset):
    def test_of(**key):
        return tuple(dataset.split(**key).test)

    assert test_of(seed=3, run=4) == test_of(seed=3, run=4)
    different = {test_of(seed=seed, run=run) for seed in range(5) for run in range(5)}
    assert len(different) > 8  # of the 12 regions that may be the test set


def test_within_a_bin(dataset):
    maps = np.flatnonzero(within_bin(dataset.redshift_of(), (0.4, 1)))
    split = dataset.split(within=maps)
    np.testing.assert_array_equal(np.sort(np.concatenate(list(split.sides.values()))), maps)


def test_few_groups_fill_every_side(dataset):
    within = np.flatnonzero(np.arange(180) // 3 % 12 < 3)
    split = dataset.split(within=within)
    assert [len(side) for side in split.sides.values()] == [15, 15, 15]
    with pytest.raises(ArgumentError, match="2 groups"):
        dataset.split(within=within[np.isin(within // 3 % 12, [0, 1])])


def test_a_leaking_split_says_so(dataset, caplog):
    dataset.split(by="map")
    assert "not independent" in caplog.text


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"by": "halo"}, "by"),
        ({"fractions": (0.8, 0.1)}, "fractions"),
        ({"fractions": (0.8, 0.1, 0.2)}, "fractions"),
        ({"fractions": (0, 0.5, 0.5)}, "fractions"),
        ({"seed": -1}, "seed"),
        ({"run": 0.5}, "run"),
    ],
)
def test_wrong_options_are_refused(dataset, options, field):
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        dataset.split(**options)


def test_planck_bins_are_open_below():
    # SCIENCE section 5: (0, 0.1], (0.1, 0.2], (0.2, 0.4], (0.4, 1]
    assert bin_numbers([0.0, 0.1, 0.10001, 0.2, 0.4, 1.0, 1.1], PLANCK_BINS).tolist() == [-1, 0, 1, 1, 2, 3, -1]
    with pytest.raises(ArgumentError, match="overlap"):
        bin_numbers([0.1], ((0.0, 0.2), (0.1, 0.3)))
