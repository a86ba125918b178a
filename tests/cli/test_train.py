"""``szfast train`` and ``szfast runs`` on a small store; needs the extras szfast[train,dataset]."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")
pytest.importorskip("zarr", reason="needs the extra szfast[dataset]")
pytest.importorskip("colossus", reason="needs the extra szfast[dataset]")

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

CONFIGURATION = """
dataset = "maps.zarr"
folder = "training"
runs = 1
bins = [[0.0, 1.0]]
[recipe]
variant = "compact"
epochs = 1
fractions = [0.34, 0.33, 0.33]
learning_rate = 1e-6
split_by = "map"
"""


@pytest.fixture
def configuration(one_view, tmp_path):
    from szfast.dataset import build

    Path("views.txt").write_text("".join(f"{10 * view} {5 * view} 0\n" for view in range(12)))
    synthetic = {"clusters": 16, "particles": 200, "regions": 16}
    build({"path": "maps.zarr", "synthetic": synthetic, "maps": {"sightlines": "views.txt"}}, workers=1)
    Path("train.toml").write_text(CONFIGURATION)
    return "train.toml"


# 63 validation maps: an untrained network predicts masses within a few tenths of a dex, so that 30 share one
def test_from_a_store_to_a_choice(szfast, configuration, as_json):
    result = szfast("train", configuration, "--stacked", "--json")
    assert result.code == 1
    assert "expected published or filtered" in result.err
    assert not Path("training").exists()
    content = as_json(szfast("train", configuration, "--workers", "1", "--json").out)
    assert [row["bin"] for row in content["choice"]] == [1]
    assert content["variants"][0]["variant"] == "compact"
    listed = as_json(szfast("runs", "training", "--json").out)
    assert [(row["run"], row["epochs"], row["chosen"]) for row in listed["runs"]] == [(0, 1, True)]
    assert len(listed["runs"][0]["losses"]) == 1
    shown = szfast("runs", "training", "-o", "runs.ecsv")
    assert "score is below" in shown.out
    assert Path("runs.ecsv").is_file()


def test_a_misspelt_key_is_named(one_error, one_view):
    Path("train.toml").write_text(CONFIGURATION.replace("epochs", "epoch"))
    assert "did you mean 'epochs'" in one_error("train", "train.toml")


def test_a_folder_without_a_run_is_refused(one_error, one_view):
    Path("empty").mkdir()
    assert "not the folder of a run" in one_error("runs", "empty")


def test_other_clusters_and_means_of_runs(szfast, configuration, one_error, as_json):
    text = CONFIGURATION.replace("compact", "filtered").replace("runs = 1", "runs = 2")
    Path("train.toml").write_text(text)
    assert szfast("train", "train.toml", "--stacked").code == 0
    table = as_json(
        szfast(
            "shift", "training", "same=maps.zarr", "less noise=maps.zarr@homogeneous", "--members", "2", "--json"
        ).out
    )["domain_shift"]
    assert [row["tested_on"] for row in table] == ["same", "less noise"]
    assert {row["trained_on"] for row in table} == {"this run"}
    assert (table[0]["z_min"], table[0]["z_max"], table[0]["n"], table[0]["clusters"]) == (0.0, 1.0, 192, 16)
    # less noise than learnt moves the maps towards the middle of the domain
    assert 0 < table[1]["out_of_domain"] < table[0]["out_of_domain"]
    assert szfast("shift", "training", "same=maps.zarr").code == 0
    assert "expected NAME=PATH, found 'maps.zarr'" in one_error("shift", "training", "maps.zarr")
    assert szfast("maps", "--synthetic", "-o", "maps.fits").code == 0
    (one,) = as_json(szfast("mass", "maps.fits", "--networks", "training", "--members", "2", "--json").out)["clusters"]
    assert len(one["lower68"]) == len(one["log10_M500c"])
    assert "expected 1 to 2 networks" in one_error("mass", "maps.fits", "--networks", "training", "--members", "3")
    Path("empty").mkdir()
    assert "expected a run's folder" in one_error("mass", "maps.fits", "--networks", "empty", "--members", "2")


def test_a_data_set_that_is_not_there_is_told_before_keras_is_imported(tmp_path):
    (tmp_path / "train.toml").write_text('dataset = "nowhere.zarr"\nfolder = "run"\n')
    code = (
        "import sys; from typer.testing import CliRunner; from szfast.cli import app;"
        "told = CliRunner().invoke(app, ['train', 'train.toml']);"
        "print(told.exit_code, 'there is no such data set' in told.stderr, *{'keras', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.split() == ["1", "True"]
