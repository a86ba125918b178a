"""One damaged input, read in a process of its own: what came of it, how long it took, how much memory."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from szfast.errors import SzfastError

SECONDS = 2.0
"""Longer is a hang: of the process's own time, since others may have the machine too."""

WALL_SECONDS = 20.0
"""Longer is a hang whatever the process waits for."""

SPARE_BYTES = 24 << 20
"""Beside twice the file: what a reader's own modules and a chunk take."""

Summary = np.ndarray


@dataclass(frozen=True)
class Case:
    """A reader, a damage, how to make it, how to read it.

    Parameters
    ----------
    reader, damage : str
        Names for the table.
    make : callable
        From an empty folder to the path to read.
    read : callable
        From that path to numbers that would show a wrong reading.
    right : array or None
        Those numbers, where the input can be read rightly; None where it must be refused.
    """

    reader: str
    damage: str
    make: Callable[[Path], Path]
    read: Callable[[Path], Summary]
    right: Summary | None = None

    def __str__(self) -> str:
        return f"{self.reader}: {self.damage}"


@dataclass(frozen=True)
class Verdict:
    """What came of a case.

    Parameters
    ----------
    outcome : str
        ``refused`` (an SzfastError with its remedy), ``right``, or a failure: ``wrong``, ``unclear error``, ``crash``,
        ``hang``, ``memory``.
    detail : str
        The message, or what was read.
    seconds : float
        The process's own time.
    grown_bytes : int
        Growth of the process's peak memory.
    """

    outcome: str
    detail: str
    seconds: float
    grown_bytes: int

    @property
    def good(self) -> bool:
        """Read rightly, or refused with a clear error."""
        return self.outcome in ("refused", "right")


def judge(case: Case, folder: Path, *, spare_bytes: int = SPARE_BYTES, seconds_allowed: float = SECONDS) -> Verdict:
    """Make a case's input, and read it in a forked process under limits of time and memory."""
    path = case.make(folder)
    files = [each for each in folder.rglob("*") if each.is_file()]
    limit = 2 * sum(each.stat().st_size for each in files) + spare_bytes
    ours, theirs = multiprocessing.Pipe(duplex=False)
    with warnings.catch_warnings():
        # the child reads one file and ends; it takes no lock that another thread may hold
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _read_and_tell(case, path, theirs)
    theirs.close()
    told = ours.poll(WALL_SECONDS * seconds_allowed / SECONDS)
    try:
        message = pickle.loads(ours.recv_bytes()) if told else None
    except EOFError:
        message = None
    if not told:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if message is None:
        died = "hang" if not told else "crash"
        return Verdict(died, f"wait status {status}", WALL_SECONDS, 0)
    outcome, detail, grown, seconds = message
    if seconds > seconds_allowed:
        outcome = "hang"
    elif grown > limit:
        outcome, detail = "memory", f"{grown >> 20} MiB for files of {(limit - spare_bytes) >> 21} MiB: {detail}"
    return Verdict(outcome, detail, seconds, grown)


def memory_from_here() -> int:
    """Give what is free back to the system, forget the peak; what is left [bytes], zero where it is not told.

    A forked process would take again what its parent had freed, without growing.
    """
    if sys.platform != "linux":
        return 0
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def memory(name: str) -> int:
    """What this process has (VmRSS) or had at most (VmHWM) [bytes]."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(name))
    return int(line.split()[1]) * 1024


def _read_and_tell(case: Case, path: Path, pipe: object) -> None:
    # a shell's bomb must not take the machine down
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    before = memory_from_here()
    started = time.process_time()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), contextlib.redirect_stdout(nowhere):
        outcome, detail = _outcome(case, path)
    seconds = time.process_time() - started
    grown = memory("VmHWM") - before
    pipe.send_bytes(pickle.dumps((outcome, detail, grown, seconds)))
    os._exit(0)


def _outcome(case: Case, path: Path) -> tuple[str, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(case.read(path), dtype=np.float64)
    except SzfastError as error:
        clear = error.file is not None and error.field is not None and bool(error.remedy)
        return ("refused" if clear else "unclear error"), str(error)
    except BaseException as error:
        return "unclear error", f"{type(error).__name__}: {error}"
    if case.right is not None and found.shape == case.right.shape and np.allclose(found, case.right, rtol=1e-5):
        return "right", str(found)
    return "wrong", f"read {found}, expected {'a refusal' if case.right is None else case.right}"
