"""A run on clusters of another kind than it has learnt from."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from trained_run import VIEWS, round_clusters

from szfast.ensemble import read_chosen
from szfast.errors import ArgumentError, RunError
from szfast.evaluation import evaluate_on, map_sz_mass, sz_mass
from szfast.evaluation.other_clusters import learnt_masses, other_table1, shift_rows
from szfast.run_folder import create_run, open_run
from szfast.sample.dark_matter import default_cosmology

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


@pytest.fixture
def run(trained_run, tmp_path):
    return open_run(shutil.copytree(trained_run[0].path, tmp_path / "run"))


@pytest.fixture(scope="module")
def battaglia():
    return round_clusters(4, seed=5, profile="B12", code="synthetic B12")


def test_masses_are_those_of_the_chosen_networks(run, battaglia):
    table = evaluate_on(run, battaglia, "Battaglia")
    assert len(table) == 4 * VIEWS
    y = battaglia.noisy(realisation=1)
    expected = read_chosen(run.path).masses(y, battaglia.redshift_of())
    np.testing.assert_allclose(table["log10_M_pred"], expected["log10_M_pred"], atol=1e-5)
    np.testing.assert_allclose(table["out_of_domain"], expected["out_of_domain"], rtol=1e-3)
    np.testing.assert_array_equal(table["log10_M_true"], battaglia.log10_mass_of())
    assert set(table["code"]) == {"synthetic B12"}
    known = sz_mass(battaglia.labels["Y500"], battaglia.labels["redshift"], default_cosmology()).to_value("Msun")
    np.testing.assert_allclose(table["log10_M_SZ_true"], np.repeat(np.log10(known), VIEWS), rtol=1e-12)
    # on the very maps that the network saw
    measured = map_sz_mass(y, battaglia.redshift_of(), default_cosmology())["M500c"].to_value("Msun")
    np.testing.assert_allclose(table["log10_M_SZ"], np.log10(measured), rtol=1e-12)
    assert other_table1(table).rows()[4]["n"] == 4 * VIEWS


def test_the_run_keeps_each_data_set_once(run, battaglia, trained_run):
    evaluate_on(run, battaglia, "Battaglia")
    evaluate_on(run, trained_run[1], "its own")
    evaluate_on(run, battaglia, "Battaglia")
    names, counts = np.unique(run.read("evaluated")["dataset"], return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"Battaglia": 4 * VIEWS, "its own": 40 * VIEWS}
    own, other = shift_rows(run)
    assert (own["dataset"], own["clusters"], own["n"], own["learnt"]) == ("its own", 40, 40 * VIEWS, 1.0)
    rows = run.read("evaluated")
    low, high = learnt_masses(run, (0.0, 0.4))
    inside = (np.asarray(rows["log10_M_true"]) >= low) & (np.asarray(rows["log10_M_true"]) <= high)
    np.testing.assert_array_equal(np.asarray(rows["learnt"]), inside)
    # 5 % of the maps of its own kind lie outside by definition; 160 maps, a share of which set the scale
    assert own["share_outside"] < 0.12
    assert other["bias"] == pytest.approx(
        np.mean(1 - 10 ** np.asarray((rows["log10_M_true"] - rows["log10_M_pred"])[rows["dataset"] == "Battaglia"]))
    )


def test_refusals(run, battaglia, tmp_path):
    with pytest.raises(ArgumentError, match="no network has learnt"):
        evaluate_on(run, round_clusters(1, redshift=0.8), "far")
    with pytest.raises(ArgumentError, match="'name'"):
        evaluate_on(run, battaglia, " ")
    with pytest.raises(RunError, match=r"choice\.ecsv"):
        evaluate_on(create_run(tmp_path / "empty", {}), battaglia, "Battaglia")
