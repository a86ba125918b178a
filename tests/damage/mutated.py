"""Mutated files of each format: read, or refused by an error of szfast's own, a batch in a process."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pickle
import resource
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
from damage.container_mutations import mutate_file, mutate_folder
from damage.every_case import cases_of
from damage.judge import memory, memory_from_here
from damage.mutations import mutate_bytes, mutate_hdf5, mutate_text
from snapshots import conftest as written
from snapshots.halos import conftest as written_halos

import szfast
from szfast.errors import SzfastError

SECONDS_A_FILE = 2.0
SPARE_BYTES = 8 << 20
"""Beside twice the file: what a reader takes for any. Its modules are loaded, so less than a lone process needs."""

ALLOCATED_APART_BYTES = 1 << 20
"""Longer arrays go back to the system when they are freed, so that the next case's growth is its own."""


@dataclass(frozen=True)
class Target:
    """What is mutated, how many of a hundred mutations it gets, and what it needs.

    Parameters
    ----------
    name : str
        The reader, and behind a comma whether bytes or the structure of HDF5 are mutated.
    share : int
        Per cent of all mutations.
    kind : str or None
        The module of cases that writes and reads the valid file; None for snapshots and haloes.
    needs : str or None
        A package that reading needs and szfast alone does not.
    """

    name: str
    share: int
    kind: str | None = None
    needs: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def here(self) -> bool:
        """Whether it can be read here."""
        return self.needs is None or importlib.util.find_spec(self.needs) is not None

    def valid(self, folder: Path) -> ValidFile:
        """Write the valid file; read it, which loads what reading needs and is not a file's fault."""
        if self.kind is None:
            valid = ValidFile(self._written(folder), self._read)
        else:
            whole = next(case for case in cases_of(self.kind, folder) if (case.reader, case.damage) == self._case)
            place = folder / "valid"
            place.mkdir()
            valid = ValidFile(whole.make(place), whole.read)
        assert np.isfinite(valid.read(valid.path)).all()
        return valid

    @property
    def _case(self) -> tuple[str, str]:
        return self.name, "nothing"

    def _written(self, folder: Path) -> Path:
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

    def _read(self, path: Path) -> np.ndarray:
        if self.name == "AHF" or self.name.startswith("SUBFIND"):
            halos = szfast.read_halos(path, snapshot=written_halos.snapshot())
            return np.concatenate([halos["M500c"].value, halos["R500c"].value, halos["center"].value.ravel()])
        gas = szfast.read_snapshot(path)
        return np.concatenate([gas.compton_y_kpc2(), gas.smoothing_length_kpc, np.ravel(gas.offset_kpc)])

    def mutate(self, good: Path, path: Path, rng: np.random.Generator) -> None:
        """Write one mutation of the valid file, or folder."""
        if good.is_dir():
            mutate_folder(good, path, rng)
        elif self.kind is not None:
            path.write_bytes(mutate_file(good.read_bytes(), good.name, rng))
        elif self.name == "AHF":
            path.write_bytes(mutate_text(good.read_bytes(), rng))
        elif self.name.endswith("structure"):
            shutil.copyfile(good, path)
            mutate_hdf5(str(path), rng)
        else:
            path.write_bytes(mutate_bytes(good.read_bytes(), rng, hot=600 if "format" in self.name else 6000))


@dataclass(frozen=True)
class ValidFile:
    """A valid file or folder, and how it is read: numbers that must be finite."""

    path: Path
    read: Callable[[Path], np.ndarray]


TARGETS = [
    Target("GADGET format 1", 14),
    Target("GADGET format 2", 17),
    Target("GADGET-4, bytes", 8),
    Target("SWIFT, bytes", 6),
    Target("GADGET-4, structure", 6),
    Target("SWIFT, structure", 6),
    Target("GIZMO, structure", 4),
    Target("SUBFIND, bytes", 3),
    Target("SUBFIND, structure", 3),
    Target("AHF", 5),
    Target("PSZ2", 4, "sky", "healpy"),
    Target("HEALPix", 4, "sky", "healpy"),
    Target("weights .npz", 2, "weight"),
    Target("weights .h5", 2, "weight"),
    Target("weights .keras", 2, "weight"),
    Target("Zarr store", 2, "store", "zarr"),
    Target("TOML of a data set", 2, "configuration"),
    Target("TOML of a training", 2, "configuration"),
    Target("mass catalogue", 2, "table"),
    Target("lensing table", 2, "table"),
    Target("maps in FITS", 3, "table"),
    Target("run folder", 1, "table"),
]


assert sum(target.share for target in TARGETS) == 100


def fault_of(target: Target, valid: ValidFile, first: int, count: int, folder: Path) -> str | None:
    """Read mutations `first` to `first + count` of a target in a process of their own; what is wrong, or None."""
    ours, theirs = Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _run(target, valid, first, count, folder, theirs)
    theirs.close()
    case, told = first - 1, None
    while True:
        # of the wall: others may have the machine too
        if not ours.poll(20 * SECONDS_A_FILE):
            os.kill(child, signal.SIGKILL)
            told = "hangs behind this case"
            break
        try:
            case, told = pickle.loads(ours.recv_bytes())
        except EOFError:
            break
    _, status = os.waitpid(child, 0)
    if told is not None:
        return f"{target.name}, case {case}: {told}"
    if status != 0 or case != first + count - 1:
        return f"{target.name}: dies after case {case}, wait status {status}"
    return None


def mutation(target: Target, valid: ValidFile, case: int, folder: Path) -> Path:
    """Write a case of a target into a folder of its own: the same for the same number."""
    rng = np.random.Generator(np.random.Philox(key=[case, len(target.name)]))
    # a new file each time: HDF5 remembers what it could not close
    place = folder / str(case)
    place.mkdir()
    target.mutate(valid.path, place / valid.path.name, rng)
    return place / valid.path.name


def _run(target: Target, valid: ValidFile, first: int, count: int, folder: Path, pipe: object) -> None:
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    _return_freed_memory()
    # what a damaged file asks for must not take the machine down
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    valid.read(valid.path)
    for case in range(first, first + count):
        try:
            path = mutation(target, valid, case, folder)
            fault = _fault(valid, path)
            shutil.rmtree(path.parent)
        except BaseException as error:
            fault = f"{type(error).__name__}: {error}"
        if fault is not None or case % 10 == 9 or case == first + count - 1:
            pipe.send_bytes(pickle.dumps((case, fault)))
        if fault is not None:
            break
    os._exit(0)


def _fault(valid: ValidFile, path: Path) -> str | None:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    limit = 2 * sum(each.stat().st_size for each in files) + SPARE_BYTES
    before = memory_from_here()
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = valid.read(path)
        except SzfastError as error:
            values = np.zeros(0)
            if error.file is None or error.field is None or not error.remedy:
                return f"unclear error: {error}"
    seconds = time.process_time() - started
    grown = memory("VmHWM") - before
    if not np.isfinite(values).all():
        return "read what is not finite"
    if grown > limit:
        return f"took {grown >> 20} MiB, more than {limit >> 20} MiB"
    return f"took {seconds:.1f} s" if seconds > SECONDS_A_FILE else None


def _return_freed_memory() -> None:
    # otherwise glibc keeps what one case freed for the next, whose growth then does not show
    if sys.platform == "linux":
        m_mmap_threshold = -3
        ctypes.CDLL(None).mallopt(m_mmap_threshold, ALLOCATED_APART_BYTES)
