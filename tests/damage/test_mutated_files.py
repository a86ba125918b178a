"""Mutated files: ten thousand by default, SZFAST_MUTATIONS for another number."""

from __future__ import annotations

import os
import re
import signal
import struct
import time

import numpy as np
import pytest
from damage.mutated import TARGETS, Target, ValidFile, fault_of

from szfast.errors import SnapshotError

MUTATIONS = int(os.environ.get("SZFAST_MUTATIONS", "10000"))
BATCH = 250

# what TensorFlow, zarr or healpy start in threads has no part in what a forked child reads
pytestmark = pytest.mark.filterwarnings("ignore")


def _batches():
    for target in TARGETS:
        wanted = MUTATIONS * target.share // 100
        for first in range(0, wanted, BATCH):
            count = min(BATCH, wanted - first)
            yield pytest.param(target, first, count, id=f"{target}, {first} to {first + count - 1}")


@pytest.mark.parametrize(("target", "first", "count"), list(_batches()))
def test_mutated_files(tmp_path, valid, target, first, count):
    """A batch in a process of its own, so that a crash names its case and takes nothing with it."""
    assert fault_of(target, valid(target.name), first, count, tmp_path) is None


def _refuses(path):
    raise SnapshotError("no.", file=path, field="it", remedy="another.")


def _refuses_without_a_field(path):
    raise SnapshotError("no.", file=path, remedy="another.")


def _spins(path):
    until = time.process_time() + 2.2
    while time.process_time() < until:
        pass
    _refuses(path)


def _takes_memory(path):
    np.ones(32 << 20)
    _refuses(path)


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (_refuses, None),
        (lambda path: np.ones(3), None),
        (_refuses_without_a_field, "unclear error"),
        (lambda path: 1 / 0, "ZeroDivisionError"),
        (lambda path: np.array([np.inf]), "not finite"),
        (lambda path: os._exit(3), "dies after case -1"),
        (lambda path: os.kill(os.getpid(), signal.SIGKILL), "dies after case -1"),
        (_spins, r"took 2\.\d s"),
        (_takes_memory, r"took \d+ MiB, more than 8 MiB"),
    ],
)
def test_the_faults_are_seen(tmp_path, read, fault):
    path = tmp_path / "file"
    path.write_bytes(struct.pack("<1000I", *range(1000)))
    # the valid file itself is read without a fault
    whole = ValidFile(path, lambda each: np.ones(1) if each == path or each.parent.name == "0" else read(each))
    found = fault_of(Target("GADGET format 1", 1), whole, 0, 3, tmp_path)
    assert found is None if fault is None else re.search(fault, found or "")
