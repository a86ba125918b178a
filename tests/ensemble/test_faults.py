"""Trainings on full disks, killed at random moments, and given files of strangers: nothing lost, nothing run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import killed_trainings
import numpy as np
import pytest
from killed_trainings import LOST_WORKERS, STEPS
from warm_process import WarmProcess

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
    sys.path[:0] = sys.argv[1:3]
    import conftest
    from killed_trainings import BINS, RECIPE
    from szfast.ensemble import train

    if __name__ == "__main__":
        train(conftest.blobs(), sys.argv[3], runs=2, bins=BINS, recipe=RECIPE, workers=1)
"""


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Checksums of the weights of a training that nobody disturbs, by a command and with a process of its own."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "script.py").write_text(textwrap.dedent(SCRIPT))
    tests = Path(__file__).parent
    subprocess.run([sys.executable, str(folder / "script.py"), str(tests), str(tests.parent), str(folder)], check=True)
    return list(runs_table(folder)["weights_sha256"])


@pytest.fixture(scope="module")
def trainer():
    process = WarmProcess(Path(killed_trainings.__file__), "run", "warm")
    yield process
    process.close()


def ended(trainer, folder):
    """Checksums of the weights after a last, undisturbed call, which must leave nothing behind."""
    trainer.start(str(folder), "")
    assert trainer.wait() == 0
    assert not list(folder.rglob(f"*{UNFINISHED}*"))
    assert not list(folder.rglob("state.npz"))
    assert not (folder / "training" / "maps.npy").exists()
    return list(runs_table(folder)["weights_sha256"])


takes_minutes = pytest.mark.skipif(not KILLS, reason="a minute; set SZFAST_FAULTS to the number of kills")


@needs_keras
@takes_minutes
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_it_ends_as_undisturbed(tmp_path, trainer, expected, step):
    trainer.start(str(tmp_path / "run"), step)
    assert trainer.wait() == (LOST_WORKERS if "(worker)" in step else -signal.SIGKILL)
    assert ended(trainer, tmp_path / "run") == expected


@needs_keras
@takes_minutes
@pytest.mark.timeout(3600)
def test_killed_at_random_moments_it_ends_as_undisturbed(tmp_path, trainer, expected, record_property):
    begin = time.monotonic()
    assert ended(trainer, tmp_path / "whole") == expected
    seconds = time.monotonic() - begin
    draw, finished = random.Random(4), 0
    epochs = []
    while len(epochs) < KILLS:
        folder = tmp_path / f"killed-{finished}"
        group = trainer.start(str(folder), "")
        time.sleep(draw.uniform(0, seconds))
        with suppress(ProcessLookupError):
            # trainer and workers at once, as where a batch system's time is over
            os.killpg(group, signal.SIGKILL)
        status = trainer.wait()
        assert status in (0, -signal.SIGKILL)
        if status:
            epochs.append(epochs_of(folder))
            continue
        assert list(runs_table(folder)["weights_sha256"]) == expected
        finished += 1
    assert ended(trainer, folder) == expected
    record_property("kills", len(epochs))
    record_property("finished between", finished)
    record_property("epochs when killed", dict(Counter(epochs)))


def epochs_of(folder):
    """Epochs that a training had kept of the run under way."""
    for state in folder.rglob("state.npz"):
        with suppress(OSError), np.load(state) as archive:
            return len(archive["losses"])
    return 0
