"""Trainings on full disks, killed at random moments, and given files of strangers: nothing lost, nothing run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from szfast.ensemble import train
from szfast.ensemble.checkpoint import load_checkpoint
from szfast.ensemble.domain import read_domain
from szfast.ensemble.mapped import MappedMaps
from szfast.ensemble.outcome import read_split
from szfast.ensemble.runs import runs_table
from szfast.errors import RunError
from szfast.whole_files import UNFINISHED

KILLS = int(os.environ.get("SZFAST_FAULTS", "0"))
BINS = ((0.0, 0.4),)


class Trap:
    """Leaves a file where it is unpickled."""

    def __init__(self, sign):
        self.sign = sign

    def __reduce__(self):
        return open, (str(self.sign), "w")


@pytest.mark.parametrize(
    ("read", "names"),
    [
        (read_split, {"train", "validation", "test", "predicted"}),
        (lambda folder: load_checkpoint(folder / "split.npz", None), {"losses", "validation_losses", "state_000"}),
        (lambda folder: read_domain(folder / "split.npz"), {"mean", "precision", "scale"}),
    ],
    ids=["split", "checkpoint", "domain"],
)
def test_nothing_is_unpickled(tmp_path, read, names):
    sign = tmp_path / "sign"
    trap = np.array([Trap(sign)], dtype=object)
    np.savez(tmp_path / "split.npz", allow_pickle=True, **dict.fromkeys(names, trap))
    with pytest.raises(RunError) as caught:
        read(tmp_path)
    assert caught.value.file == tmp_path / "split.npz"
    assert not sign.exists()


def test_mapped_maps_are_not_unpickled(tmp_path):
    sign = tmp_path / "sign"
    np.save(tmp_path / "maps.npy", np.array([Trap(sign)], dtype=object), allow_pickle=True)
    with pytest.raises(RunError):
        MappedMaps(tmp_path / "maps.npy")
    assert not sign.exists()


needs_keras = pytest.mark.skipif(find_spec("tensorflow") is None, reason="needs the extra szfast[train]")


@needs_keras
@pytest.mark.skipif(not KILLS, reason="a minute; set SZFAST_FAULTS to the number of kills")
@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_full_disk_stops_a_training_that_then_goes_on(tmp_path, dataset, quick, small_disk, record_property):
    whole = train(dataset, tmp_path / "run", runs=1, bins=BINS, recipe=quick, workers=0)
    expected = list(runs_table(whole.path)["weights_sha256"])
    disk = small_disk(64)
    folder = disk.path / "run"
    errors = []
    # no room for the settings, then for the state
    for kilobytes in (8, 64, 100_000):
        disk.resize(kilobytes)
        try:
            train(dataset, folder, runs=1, bins=BINS, recipe=quick, workers=0)
        except RunError as error:
            errors.append(error)
    record_property("full disks", len(errors))
    assert len(errors) == 2
    for error in errors:
        assert "No space left" in error.problem or "cannot be made" in error.problem, error
        assert error.remedy
    assert list(runs_table(folder)["weights_sha256"]) == expected
    assert not list(folder.rglob(f"*{UNFINISHED}*"))


SCRIPT = """
    import sys
    sys.path.insert(0, sys.argv[1])
    from conftest import blobs
    from szfast.ensemble import Recipe, train

    if __name__ == "__main__":
        recipe = Recipe(variant="compact", epochs=12, batch_size=4, fractions=(0.5, 0.25, 0.25))
        train(blobs(), sys.argv[2], runs=2, bins=((0.0, 0.4),), recipe=recipe, workers=1)
"""


@needs_keras
@pytest.mark.skipif(not KILLS, reason="minutes; set SZFAST_FAULTS to the number of kills")
@pytest.mark.timeout(3600)
def test_killed_at_random_moments_it_ends_as_undisturbed(tmp_path, record_property):
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script), str(Path(__file__).parent)]
    begin = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True)
    seconds = time.monotonic() - begin
    expected = list(runs_table(tmp_path / "whole")["weights_sha256"])
    draw, folder = random.Random(4), tmp_path / "killed-0"
    hit = finished = 0
    for _ in range(KILLS):
        process = subprocess.Popen([*command, str(folder)], start_new_session=True, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=draw.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            # builder and workers at once, as where a batch system's time is over
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            hit += 1
            continue
        assert process.returncode == 0
        assert list(runs_table(folder)["weights_sha256"]) == expected
        finished += 1
        folder = tmp_path / f"killed-{finished}"
    subprocess.run([*command, str(folder)], check=True)
    record_property("kills", hit)
    record_property("finished between", finished)
    assert hit
    assert list(runs_table(folder)["weights_sha256"]) == expected
    assert not list(folder.rglob(f"*{UNFINISHED}*"))
