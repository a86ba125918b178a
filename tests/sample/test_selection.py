"""Selection: even numbers per cell, the same whatever the order, and what is left out."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from szfast import read_halos
from szfast.errors import ArgumentError
from szfast.sample import coverage_figure, psz2_sample, select, synthetic_catalogue
from szfast.sample.selection import _filled_evenly


@given(st.lists(st.integers(0, 20), min_size=1, max_size=12), st.integers(0, 150))
def test_places_are_filled_evenly(capacity, number):
    capacity = np.array(capacity)
    filled = _filled_evenly(capacity, number, np.arange(len(capacity), dtype=np.uint64))
    assert filled.sum() == min(number, capacity.sum())
    assert (filled <= capacity).all()
    # no place has two more than another that could have had one more
    unfull = filled[filled < capacity]
    assert not len(unfull) or filled.max() - unfull.min() <= 1


@pytest.fixture
def even(table):
    """Thirty haloes in each of three cells at 0.2 < z < 0.3, five in a fourth, and a target in the second."""
    log10_mass = np.repeat([14.75, 14.85, 14.95, 15.05], [30, 30, 5, 30])
    haloes = table(np.linspace(0.21, 0.29, 95), log10_mass, region=[f"r{i % 7}" for i in range(95)])
    return haloes, table([0.25], [14.85])


def test_each_cell_about_the_target_has_the_same_number(even):
    haloes, target = even
    chosen = select(haloes, target=target, clusters=25)
    found = np.round(np.log10(chosen.clusters["M500c"].value), 2)
    # three cells are within one of the target's: five, all there are, and ten each; the fourth is two away
    assert [np.count_nonzero(found == each) for each in (14.75, 14.85, 14.95, 15.05)] == [10, 10, 5, 0]
    filled = chosen.cells[chosen.cells["selected"] > 0]
    assert filled["available"].tolist() == [30, 30, 5]
    assert filled["target"].tolist() == [0, 1, 0]
    assert chosen.left_out["away from the target"] == 30
    row = chosen.summary[2]
    assert (row["target"], row["covered"], row["available"], row["selected"]) == (1, 1, 65, 25)
    assert (row["least"], row["largest"]) == (5, 10)


def test_bins_have_the_same_number(table):
    haloes = table(np.repeat([0.05, 0.3], [50, 500]), 14.8, region="r")
    chosen = select(haloes, target=table([0.05, 0.3], 14.8), clusters=80)
    assert chosen.summary["selected"].tolist() == [40, 0, 40, 0]
    # what one bin lacks the other gives
    chosen = select(haloes, target=table([0.05, 0.3], 14.8), clusters=200)
    assert chosen.summary["selected"].tolist() == [50, 0, 150, 0]


def test_selection_depends_on_the_haloes_and_the_seed_alone(even):
    haloes, target = even
    first = select(haloes, target=target, clusters=25, seed=1)
    shuffled = haloes[np.random.default_rng(0).permutation(len(haloes))]
    again = select([shuffled[:40], shuffled[40:]], target=target, clusters=25, seed=1)
    assert list(first.clusters["region", "id"].iterrows()) == list(again.clusters["region", "id"].iterrows())
    other = select(haloes, target=target, clusters=25, seed=2)
    assert set(first.clusters["id"]) != set(other.clusters["id"])


def test_more_haloes_elsewhere_change_nothing_here(even, table):
    haloes, target = even
    more = table(np.full(20, 0.25), 15.15, region="far")
    first, again = (select(tables, target=target, clusters=25) for tables in (haloes, [haloes, more]))
    assert set(first.clusters["id"]) == set(again.clusters["id"])


def test_contaminated_haloes_and_regions_are_left_out(table):
    clean = table([0.25] * 3, [14.80, 14.82, 14.84], fMhires=[1.0, 0.97, 0.98])
    dirty = table([0.25] * 3, [14.80, 14.82, 14.84], fMhires=[1.0, 1.0, 0.5])
    chosen = select({"clean": clean, "dirty": dirty}, target=table([0.25], 14.8))
    # the heaviest halo of 'dirty' is contaminated: the whole region goes
    assert list(chosen.clusters["region", "id"].iterrows()) == [("clean", 0), ("clean", 2)]
    assert chosen.left_out["contaminated"] == 1
    assert chosen.left_out["in contaminated regions"] == 3


def test_lowest_mass(table):
    haloes = table([0.15, 0.15], [14.49, 14.51], region="r")
    target = table([0.15], 14.5)
    assert select(haloes, target=target).clusters["id"].tolist() == [1]
    chosen = select(haloes, target=target, min_mass=1e14 * u.Msun)
    assert chosen.clusters["id"].tolist() == [0, 1]


def test_real_haloes_of_two_boxes(real_data):
    target = psz2_sample(real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"))
    folder = real_data("gadget4/box")
    boxes = {
        "box": [
            read_halos(folder / f"fof_subhalo_tab_{i}.hdf5", snapshot=folder / f"snapshot_{i}.hdf5")
            for i in ("002", "003")
        ],
        "box_coolsf": read_halos(
            real_data("gadget4/box_coolsf/groups_002"), snapshot=real_data("gadget4/box_coolsf/snapdir_002")
        ),
    }
    chosen = select(boxes, target=target, min_mass=1e14 * u.Msun)
    # of the truth table's haloes those above 1e14 Msun that lie within a cell of a PSZ2 cluster
    assert sorted(np.round(chosen.clusters["M500c"].value * 0.6777 / 1e14, 3)) == pytest.approx(
        [0.679, 1.057, 1.072, 1.45, 1.476, 1.562], abs=2e-3
    )
    assert chosen.summary["selected"].tolist() == [0, 5, 1, 0]
    with pytest.raises(ArgumentError, match=r"none of 290 haloes.*lower min_mass"):
        select(boxes, target=target)


@pytest.fixture(scope="module")
def covering(real_data):
    pytest.importorskip("colossus")
    target = psz2_sample(real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"))
    return select(synthetic_catalogue(50_000, seed=1), target=target, clusters=2000)


def test_synthetic_clusters_cover_psz2(covering):
    summary = covering.summary
    assert summary["target"].tolist() == [228, 245, 443, 178]
    assert summary["selected"].tolist() == [500] * 4
    # every PSZ2 cluster above the lowest mass has simulated neighbours
    assert (summary["covered"] >= summary["target"] - summary["below"]).all()
    assert len(covering.clusters) == 2000
    full = covering.cells["selected"] < covering.cells["available"]
    for z_low, z_high in zip(summary["z_low"], summary["z_high"], strict=True):
        here = (covering.cells["z_high"] > z_low) & (covering.cells["z_high"] <= z_high) & full
        assert np.ptp(covering.cells["selected"][here]) <= 1


def test_coverage_is_drawn(covering, tmp_path):
    from szfast.maps.picture import save_figure

    figure = coverage_figure(covering)
    (axes,) = figure.axes
    simulated, target = axes.lines[:2]
    np.testing.assert_array_equal(simulated.get_xdata(), covering.clusters["redshift"])
    np.testing.assert_allclose(target.get_ydata(), np.log10(covering.target["M500c"].to_value("Msun")))
    assert sum(patch.get_hatch() is not None for patch in axes.patches) == np.sum(covering.cells["selected"] == 0)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    share = covering.summary["covered"].sum() / 1094
    assert texts[:2] == ["2000 simulated", f"1094 in the target, {share:.0%} of them covered"]
    assert save_figure(figure, tmp_path / "coverage.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"haloes": 5}, "'haloes': expected tables"),
        ({"haloes": []}, "'haloes': holds no table"),
        ({"clusters": 0}, "'clusters'"),
        ({"seed": 0.5}, "'seed'"),
        ({"min_mass": 1e14}, "'min_mass': expected a quantity"),
        ({"target": {"redshift": [0.1]}}, "'target': expected redshift, and M500c"),
    ],
)
def test_bad_arguments_are_refused(even, change, says):
    haloes, target = even
    options = {"haloes": haloes, "target": target} | change
    with pytest.raises(ArgumentError, match=says):
        select(options.pop("haloes"), **options)


def test_bad_tables_are_refused(table):
    target = table([0.25], 14.8)
    haloes = table([0.25], 14.8)
    with pytest.raises(ArgumentError, match="do not say which region"):
        select(haloes, target=target)
    with pytest.raises(ArgumentError, match="halo 0 of region r, snapshot synthetic, stands there twice"):
        select({"r": [haloes, haloes]}, target=target)
    with pytest.raises(ArgumentError, match="no column redshift"):
        select({"r": haloes["id", "M500c"]}, target=target)
    with pytest.raises(ArgumentError, match="all haloes are contaminated"):
        select({"r": table([0.25], 14.8, fMhires=0.9)}, target=target)
