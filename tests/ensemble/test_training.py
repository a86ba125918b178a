"""Training of runs; the whole module needs the extra szfast[train]."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from szfast.dataset.lock import locked
from szfast.ensemble import Recipe, choose, read_chosen, shift_table, train
from szfast.ensemble.outcome import read_outcome
from szfast.ensemble.run import Task, split_of, train_run
from szfast.ensemble.runs import runs_table
from szfast.errors import ArgumentError, DataSetError, RunError
from szfast.networks import load, predict_log10_mass
from szfast.run_folder import open_run

pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")

pytestmark = [
    pytest.mark.keras,
    # TensorFlow's variables still implement NumPy 1's protocol.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

BINS = ((0.0, 0.2), (0.2, 0.4))


class StopHereError(Exception):
    pass


def task(folder, recipe, run=0, edges=(0.0, 0.4)):
    return Task(Path(folder), 1, edges, run, recipe)


def stop_after(epoch):
    def stop(progress):
        if progress.epoch == epoch:
            raise StopHereError

    return stop


@pytest.fixture(scope="module")
def longer():
    # an outcome score needs 30 validation maps in a tenth of a dex: a quarter of 96 gives none, so scores are NaN here
    return Recipe(variant="compact", epochs=4, batch_size=16, fractions=(0.5, 0.25, 0.25))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, dataset, longer):
    folder = tmp_path_factory.mktemp("run")
    train_run(dataset, task(folder, longer))
    return read_outcome(folder)


def test_same_keys_give_the_same_network(tmp_path, dataset, longer, undisturbed):
    train_run(dataset, task(tmp_path / "again", longer))
    train_run(dataset, task(tmp_path / "other", longer, run=1))
    again, other = read_outcome(tmp_path / "again"), read_outcome(tmp_path / "other")
    assert again.weights_sha256 == undisturbed.weights_sha256
    assert again.losses == undisturbed.losses
    assert other.weights_sha256 != undisturbed.weights_sha256
    assert other.split_sha256 != undisturbed.split_sha256


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path, dataset, longer, undisturbed, epoch):
    with pytest.raises(StopHereError):
        train_run(dataset, task(tmp_path, longer), after_epoch=stop_after(epoch))
    seen = []
    train_run(dataset, task(tmp_path, longer), after_epoch=lambda progress: seen.append(progress.epoch))
    assert seen == list(range(epoch + 1, 5))
    found = read_outcome(tmp_path)
    assert found.weights_sha256 == undisturbed.weights_sha256
    assert found.validation_losses == undisturbed.validation_losses
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "network.keras",
        "network.npz",
        "outcome.json",
        "split.npz",
    ]


def test_training_learns_and_stops_early(tmp_path, dataset):
    recipe = Recipe(variant="compact", epochs=60, patience=4, batch_size=16, learning_rate=3e-3)
    train_run(dataset, task(tmp_path, recipe))
    found = read_outcome(tmp_path)
    split = split_of(dataset, recipe, (0.0, 0.4), 0)
    variance = dataset.log10_mass_of(split.validation).var()
    # amplitude tells the mass to 0.05 in its logarithm: anything that has learnt is far below the sample's variance
    assert found.validation_loss < 0.3 * variance
    assert found.epochs == min(found.best_epoch + 5, 60)


def test_a_damaged_checkpoint_is_named(tmp_path, dataset, longer):
    with pytest.raises(StopHereError):
        train_run(dataset, task(tmp_path, longer), after_epoch=stop_after(1))
    state = tmp_path / "state.npz"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match="not the state of this network") as caught:
        train_run(dataset, task(tmp_path, longer))
    assert caught.value.file == state


def test_the_published_network_leaves_weights_that_need_no_framework(tmp_path, dataset):
    recipe = Recipe(epochs=1, batch_size=16, fractions=(0.5, 0.25, 0.25), augment=False)
    train_run(dataset, task(tmp_path, recipe))
    network = load(tmp_path / "network.npz")
    assert network.redshift_bin == (0.0, 0.4)
    with np.load(tmp_path / "split.npz") as side:
        y = dataset.noisy(side["validation"], realisation=0, run=0)
        found = predict_log10_mass(y, network, redshift=0.1, average=False)
        np.testing.assert_allclose(found, side["predicted"], atol=1e-4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, dataset, quick):
    # scores need 30 maps in a tenth of a dex: one cluster's mass for all predictions of two epochs of training
    return train(dataset, tmp_path_factory.mktemp("two") / "run", runs=2, bins=BINS, recipe=quick, workers=0)


def test_every_run_is_in_the_table(trained, dataset, quick):
    table = trained.read("runs")
    assert list(zip(table["bin"], table["run"], strict=True)) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert len(set(table["weights_sha256"])) == len(set(table["split_sha256"])) == 4
    for row in table:
        assert len(row["losses"]) == row["epochs"] == 2
        for name in ("weights", "keras", "split_file"):
            assert (trained.path / row[name]).is_file()
        split = dataset.split("region", quick.fractions, seed=0, run=int(row["run"]), within=_within(dataset, row))
        assert row["n_train"] == len(split.train)
    history = trained.read("history")
    assert len(history) == 8
    assert len(trained.read("sample")) == len(dataset.labels)


def _within(dataset, row):
    redshift = dataset.redshift_of()
    return np.flatnonzero((redshift > row["z_low"]) & (redshift <= row["z_high"]))


def test_a_finished_training_is_not_done_again_and_may_grow(trained, dataset, quick):
    before = trained.read("runs")["weights_sha256", "seconds"]
    train(dataset, trained.path, runs=3, bins=BINS, recipe=quick, workers=0)
    after = trained.read("runs")
    assert len(after) == 6
    kept = after[after["run"] < 2]["weights_sha256", "seconds"]
    assert all(before == kept)


def test_other_settings_and_a_second_trainer_are_refused(trained, dataset, other_dataset, quick):
    changed = quick.model_copy(update={"epochs": 3})
    with pytest.raises(RunError, match="other settings: recipe"):
        train(dataset, trained.path, runs=1, bins=BINS, recipe=changed, workers=0)
    with pytest.raises(RunError, match="other settings: labels"):
        train(other_dataset, trained.path, runs=1, bins=BINS, recipe=quick, workers=0)
    with locked(trained.path / ".lock", trained.path), pytest.raises(DataSetError, match="another process is building"):
        train(dataset, trained.path, runs=1, bins=BINS, recipe=quick, workers=0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"runs": 0}, "runs"),
        ({"bins": ()}, "bins"),
        ({"bins": ((0.5, 0.9),)}, "bins"),
        ({"bins": ((0.0, 0.3), (0.2, 0.4))}, "bins"),
        ({"workers": -1}, "workers"),
        ({"recipe": Recipe(variant="resnet")}, "variant"),
        ({"stacked": True, "workers": 2}, "stacked"),
        ({"stacked": True, "recipe": Recipe(variant="compact")}, "stacked"),
    ],
)
def test_arguments_are_checked_before_anything_is_written(tmp_path, dataset, change, field):
    with pytest.raises(ArgumentError) as caught:
        train(dataset, tmp_path / "run", **({"runs": 1, "bins": BINS, "workers": 0} | change))
    assert caught.value.field == field
    assert not (tmp_path / "run").exists()


KILLED = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from conftest import blobs
    from szfast.ensemble import Recipe, train

    if __name__ == "__main__":
        recipe = Recipe(variant="compact", epochs=int(sys.argv[3]), batch_size=4, fractions=(0.5, 0.25, 0.25))
        train(blobs(), sys.argv[2], runs=1, bins=((0.0, 0.4),), recipe=recipe, workers=1)
"""


def test_killed_in_its_process_it_goes_on(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(KILLED))
    command = [sys.executable, str(script), str(Path(__file__).parent)]
    folder, state = tmp_path / "killed", tmp_path / "killed" / "training" / "bin-1" / "run-0000" / "state.npz"
    process = subprocess.Popen([*command, str(folder), "12"])
    deadline = time.monotonic() + 200
    while not state.exists():
        assert process.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (state.parent / "outcome.json").exists()
    with np.load(state) as archive:
        at_kill = archive["losses"].copy()
    subprocess.run([*command, str(folder), "12"], check=True)
    found = json.loads((state.parent / "outcome.json").read_text())
    assert found["losses"][: len(at_kill)] == at_kill.tolist()
    assert not (folder / "training" / "maps.npy").exists()
    assert os.listdir(state.parent).count("state.npz") == 0


def test_stacked_runs_leave_what_single_ones_leave(tmp_path, dataset):
    recipe = Recipe(epochs=1, batch_size=32, fractions=(0.5, 0.25, 0.25))
    run = train(dataset, tmp_path / "run", runs=2, bins=((0.0, 0.4),), recipe=recipe, stacked=True)
    table = run.read("runs")
    assert len(set(table["weights_sha256"])) == len(set(table["split_sha256"])) == 2
    assert list(table["epochs"]) == [1, 1]
    for row in table:
        folder = (run.path / row["keras"]).parent
        with np.load(folder / "split.npz") as side:
            true = dataset.log10_mass_of(side["validation"])
            # what is predicted with the weights that were kept is as good as the validation loss told, up to symmetries
            assert np.mean((side["predicted"] - true) ** 2) == pytest.approx(row["validation_loss"], rel=0.2)
    assert not list(run.path.glob("training/bin-1/stack*"))
    with pytest.raises(RunError, match="other settings: stacked"):
        train(dataset, run.path, runs=2, bins=((0.0, 0.4),), recipe=recipe, workers=0)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory, dataset):
    # one mass for all, to a hundredth: every prediction falls into the same tenth of a dex, so that there is a score
    recipe = Recipe(variant="compact", epochs=2, batch_size=16, fractions=(0.34, 0.33, 0.33), learning_rate=1e-5)
    run = train(
        dataset, tmp_path_factory.mktemp("chosen") / "run", runs=4, bins=((0.0, 0.4),), recipe=recipe, workers=0
    )
    return run, choose(dataset, run.path), recipe


def test_the_choice_is_the_smallest_score_and_is_told_on_maps_never_seen(chosen, dataset):
    run, choice, _ = chosen
    table = runs_table(run.path)
    row = choice.bins[0]
    assert row["score"] == np.nanmin(table["score"])
    assert row["biased_score"] == np.nanmax(table["score"])
    assert row["optimism"] == pytest.approx(row["fresh_score"] - row["score"], nan_ok=True)
    with np.load(run.path / "training" / "bin-1" / f"run-{row['run']:04d}" / "split.npz") as side:
        told = choice.predictions[choice.predictions["run"] == row["run"]]
        np.testing.assert_array_equal(told["cluster"] * dataset.n_views + told["view"], side["test"])
        regions = {name: set(dataset.labels["region"][side[name] // 2]) for name in ("train", "validation", "test")}
    assert not regions["test"] & (regions["train"] | regions["validation"])
    assert [bool(flag) for flag in run.read("runs")["chosen"]] == [number == row["run"] for number in range(4)]
    assert set(run.read("predictions")["run"]) == {row["run"], row["biased_run"]}


def test_too_few_maps_for_a_choice_are_told_of_before_training(dataset, tmp_path, caplog, monkeypatch, quick):
    monkeypatch.setattr("szfast.ensemble.training.create_run", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(dataset, tmp_path / "run", runs=1, bins=((0.0, 0.4),), recipe=quick, workers=0)
    held_back = len(split_of(dataset, quick, (0.0, 0.4), 0).validation)
    assert f"redshifts 0 to 0.4: {held_back} maps validate, a score needs 30" in caplog.text


def test_a_bin_without_a_score_is_left_without_a_choice(trained, dataset, tmp_path, caplog):
    folder = tmp_path / "run"
    shutil.copytree(trained.path, folder)
    with pytest.raises(RunError, match="no run of bin 1 has a score") as caught:
        choose(dataset, folder)
    assert caught.value.file is not None
    assert not (folder / "choice.ecsv").exists()
    for number, score in ((0, 0.3), (1, 0.2)):
        outcome = folder / "training" / "bin-2" / f"run-{number:04d}" / "outcome.json"
        outcome.write_text(json.dumps(json.loads(outcome.read_text()) | {"score": score}))
    caplog.clear()
    choice = choose(dataset, folder)
    assert "no run of bin 1 has a score" in caplog.text
    assert list(choice.bins["bin"]) == list(choice.bins["run"] + 1) == [2]
    runs = runs_table(folder)
    chosen = [(row["bin"], row["run"]) for row in open_run(folder).read("runs") if row["chosen"]]
    assert (len(runs), chosen) == (len(trained.read("runs")), [(2, 1)])
    assert [file.name for file in (folder / "networks").iterdir()] == ["bin-2.keras"]
    with pytest.raises(ArgumentError, match=r"no network has learnt redshift 0\.1"):
        read_chosen(folder).masses(dataset.clean([0]), 0.1)


def test_chosen_networks_predict_what_the_choice_told(chosen, dataset):
    run, choice, _ = chosen
    told = choice.predictions[choice.predictions["run"] == choice.bins["run"][0]]
    maps = np.asarray(told["cluster"] * dataset.n_views + told["view"])
    y = dataset.noisy(maps, realisation=1, run=int(choice.bins["run"][0]))
    found = read_chosen(run.path).masses(y, dataset.redshift_of(maps))
    np.testing.assert_allclose(found["log10_M_pred"], told["log10_M_pred"], atol=1e-5)
    np.testing.assert_allclose(found["out_of_domain"], told["out_of_domain"], rtol=1e-3)
    with pytest.raises(ArgumentError, match="no network has learnt redshift"):
        read_chosen(run.path).masses(y[:1], 0.9)


def test_a_shift_is_seen_in_the_table(chosen, dataset, other_dataset):
    run, _, _ = chosen
    rows = shift_table(
        {"blobs": read_chosen(run.path)}, {"same": dataset, "fainter": other_dataset}, ((0.0, 0.2), (0.2, 0.4))
    )
    assert list(rows["tested_on"]) == ["same", "same", "fainter", "fainter"]
    assert list(rows["n"]) == [48, 48, 48, 48]
    assert list(rows["clusters"]) == [24, 24, 24, 24]
    assert list(rows["z_max"]) == [0.2, 0.4, 0.2, 0.4]
    # rms^2 = bias^2 + scatter^2
    np.testing.assert_allclose(rows["rms_dex"] ** 2, rows["bias_dex"] ** 2 + rows["scatter_dex"] ** 2, rtol=1e-10)
    assert set(rows["trained_on"]) == {"blobs"}
    same, fainter = rows[:2], rows[2:]
    assert (np.abs(fainter["out_of_domain"] - same["out_of_domain"]) > 0).all()
