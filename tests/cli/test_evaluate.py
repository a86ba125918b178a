"""``szfast evaluate``: clusters of another kind, from a store to the run's report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")
pytest.importorskip("colossus", reason="needs the extra szfast[dataset]")
pytest.importorskip("matplotlib", reason="needs the extra szfast[report]")

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


def test_another_profile_shows_in_the_report(szfast, one_error, trained_run, one_view, as_json):
    from szfast.dataset import build

    run = shutil.copytree(trained_run[0].path, "run")
    synthetic = {"clusters": 6, "particles": 200, "regions": 6, "profile": "B12"}
    made = build({"path": "b12.zarr", "synthetic": synthetic, "maps": {"sightlines": one_view}}, workers=1)
    assert set(made.labels["code"]) == {"synthetic B12"}
    near = int((made.redshift_of() <= 0.4).sum())
    assert 0 < near < 6
    content = as_json(szfast("evaluate", run, "b12.zarr", "--name", "Battaglia", "--json").out)
    assert content["dataset"] == "Battaglia"
    assert [row["n"] for row in content["bins"]] == [near]
    assert {row["column"] for row in content["table1"]} >= {"planck_like"}
    shown = szfast("evaluate", run, "b12.zarr")
    assert shown.code == 0, shown.err
    assert "share outside" in shown.out
    assert szfast("report", run, "-o", "report").code == 0
    text = Path("report/index.html").read_text()
    assert "Battaglia (code: synthetic B12)" in text
    assert "b12 (code: synthetic B12)" in text
    assert "run.json" in one_error("evaluate", "b12.zarr", "b12.zarr")
    assert "is not a data set of szfast" in one_error("evaluate", run, "report")
