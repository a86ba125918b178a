"""A run's folder: what goes in comes out, and what does not fit is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from astropy.table import QTable

from szfast.errors import RunError
from szfast.run_folder import create_run, open_run


@pytest.fixture
def predictions():
    return {
        "bin": [1, 2],
        "run": [7, 8],
        "maps": ["clean", "planck-like"],
        "cluster": [3, 4],
        "view": [0, 26],
        "redshift": [0.05, 0.15],
        "log10_M_true": [14.6, 14.7],
        "log10_M_pred": [14.61, 14.69],
    }


@pytest.fixture
def run(tmp_path):
    return create_run(tmp_path / "run", {"data set": "synthetic", "seed": 3})


def test_round_trip(run, predictions):
    run.write("predictions", predictions)
    again = open_run(run.path)
    assert again.about == {"data set": "synthetic", "seed": 3}
    assert again.has("predictions")
    assert not again.has("runs")
    found = again.read("predictions")
    for name, values in predictions.items():
        assert list(found[name]) == values
    assert sorted(path.name for path in run.path.iterdir()) == ["networks", "predictions.ecsv", "run.json"]


def test_examples_round_trip(run):
    maps = np.arange(8.0).reshape(2, 2, 2)
    run.write_examples(clean=maps, planck_like=-maps, redshift=[0.1, 0.2], log10_M500c=[14.5, 14.6])
    found = run.read_examples()
    np.testing.assert_array_equal(found["planck_like"], -maps)
    np.testing.assert_array_equal(found["log10_M500c"], [14.5, 14.6])


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("bin", [1.5, 2.5]),
        ("redshift", [0.1, np.nan]),
        ("maps", ["clean", "noisy"]),
        ("log10_M_pred", ["a", "b"]),
        ("lower68", [np.inf, 1.0]),
    ],
)
def test_wrong_columns_are_refused(run, predictions, column, values):
    with pytest.raises(RunError, match=column):
        run.write("predictions", {**predictions, column: values})
    assert not run.has("predictions")


def test_missing_parts_are_named(run, predictions, tmp_path):
    with pytest.raises(RunError, match=r"runs\.ecsv"):
        run.read("runs")
    with pytest.raises(RunError, match=r"examples\.npz"):
        run.read_examples()
    predictions.pop("view")
    with pytest.raises(RunError, match="'view'"):
        run.write("predictions", predictions)
    with pytest.raises(RunError, match=r"run\.json"):
        open_run(tmp_path)


def test_a_later_layout_and_a_damaged_file_are_refused(run, predictions):
    run.write("predictions", predictions)
    (run.path / "predictions.ecsv").write_text("# %ECSV 1.0\n# ---\nnothing")
    with pytest.raises(RunError, match=r"predictions\.ecsv"):
        run.read("predictions")
    (run.path / "run.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(RunError, match="layout 1, found 2"):
        open_run(run.path)


def test_masked_values_are_refused(run, predictions):
    table = QTable(predictions, masked=True)
    table["view"].mask = [True, False]
    with pytest.raises(RunError, match="'view'"):
        run.write("predictions", table)
