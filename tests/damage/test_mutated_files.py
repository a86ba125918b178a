"""Ten thousand mutated files: each is read, or refused by an error of szfast's own."""

from __future__ import annotations

import os
import pickle
import signal
import time
import warnings
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from damage.mutations import mutate_bytes, mutate_hdf5, mutate_text
from snapshots import conftest as written
from snapshots.halos import conftest as written_halos

import szfast
from szfast.errors import SzfastError

BATCH = 250
SECONDS_A_FILE = 2.0


@dataclass(frozen=True)
class Target:
    """What is mutated, how often, and how it is read."""

    name: str
    batches: int

    def good(self, folder: Path) -> Path:
        """The valid file."""
        if self.name == "AHF":
            path = folder / "GadgetX.z0.250.AHF_halos"
            written_halos.write_ahf(path, written_halos.ahf_columns(written_halos.made(20)))
            return path
        if self.name.startswith("SUBFIND"):
            written_halos.write_subfind(folder / "tab_007.hdf5", written_halos.made(20))
            return folder / "tab_007.hdf5"
        gas = written.CodeGas(columns=written.gas_columns(60))
        if self.name.startswith("GADGET format"):
            return written.write_binary(folder, gas, format=int(self.name[-1]))
        writers = {"GADGET-4": written.write_gadget4, "SWIFT": written.write_swift, "GIZMO": written.write_gizmo}
        return writers[self.name.split(",")[0]](folder, gas)

    def mutate(self, good: bytes, path: Path, rng: np.random.Generator) -> None:
        """Write one mutation of the valid file."""
        if self.name == "AHF":
            path.write_bytes(mutate_text(good, rng))
        elif self.name.endswith("structure"):
            path.write_bytes(good)
            mutate_hdf5(str(path), rng)
        else:
            path.write_bytes(mutate_bytes(good, rng, hot=600 if "format" in self.name else 6000))

    def read(self, path: Path) -> np.ndarray:
        """What is read, as numbers that must be finite."""
        if self.name == "AHF" or self.name.startswith("SUBFIND"):
            halos = szfast.read_halos(path, snapshot=written_halos.snapshot())
            return np.concatenate([halos["M500c"].value, halos["R500c"].value, halos["center"].value.ravel()])
        gas = szfast.read_snapshot(path)
        return np.concatenate([gas.compton_y_kpc2(), gas.smoothing_length_kpc, np.ravel(gas.offset_kpc)])


TARGETS = [
    Target("GADGET format 1", 8),
    Target("GADGET format 2", 10),
    Target("GADGET-4, bytes", 4),
    Target("SWIFT, bytes", 3),
    Target("GADGET-4, structure", 3),
    Target("SWIFT, structure", 3),
    Target("GIZMO, structure", 2),
    Target("SUBFIND, bytes", 2),
    Target("SUBFIND, structure", 2),
    Target("AHF", 3),
]


@pytest.fixture(scope="module", autouse=True)
def _modules_loaded(tmp_path_factory):
    """What the first reading imports is not a file's fault."""
    for target in (TARGETS[0], TARGETS[-1]):
        target.read(target.good(tmp_path_factory.mktemp("good")))


def test_ten_thousand_in_all():
    assert sum(target.batches for target in TARGETS) * BATCH == 10_000


@pytest.mark.parametrize(("target", "batch"), [(t, i) for t in TARGETS for i in range(t.batches)], ids=str)
def test_mutated_files(tmp_path, target, batch):
    """A batch in a process of its own, so that a crash names its case and takes nothing with it."""
    ours, theirs = Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _run_batch(target, batch, tmp_path, theirs)
    theirs.close()
    case, told = -1, None
    while True:
        if not ours.poll(5 * SECONDS_A_FILE):
            os.kill(child, signal.SIGKILL)
            told = f"hangs at case {case + 1}"
            break
        try:
            case, told = pickle.loads(ours.recv_bytes())
        except EOFError:
            break
    _, status = os.waitpid(child, 0)
    assert told is None, f"{target.name}, batch {batch}, case {case}: {told}"
    assert status == 0, f"{target.name}, batch {batch}: dies after case {case}, wait status {status}"
    assert case == BATCH - 1


def _run_batch(target: Target, batch: int, folder: Path, pipe: object) -> None:
    path = target.good(folder)
    good = path.read_bytes()
    for case in range(BATCH):
        rng = np.random.Generator(np.random.Philox(key=[batch * BATCH + case, len(target.name)]))
        # a new file each time: HDF5 remembers what it could not close
        mutated = folder / f"{case}_{path.name}"
        try:
            target.mutate(good, mutated, rng)
            fault = _fault(target, mutated)
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
        mutated.unlink(missing_ok=True)
        if fault is not None or case % 10 == 9:
            pipe.send_bytes(pickle.dumps((case, fault)))
        if fault is not None:
            break
    os._exit(0)


def _fault(target: Target, path: Path) -> str | None:
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = target.read(path)
        except SzfastError as error:
            values = np.zeros(0)
            if error.file is None or not error.remedy:
                return f"unclear error: {error}"
    if not np.isfinite(values).all():
        return "read what is not finite"
    seconds = time.process_time() - started
    return f"took {seconds:.1f} s" if seconds > SECONDS_A_FILE else None
