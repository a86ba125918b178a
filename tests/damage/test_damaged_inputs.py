"""Every damaged input is read rightly, or refused by an error that names file, field and remedy."""

from __future__ import annotations

import os
import shutil
import time

import numpy as np
import pytest
from damage import judge as judging
from damage.every_case import KINDS, cases_of
from damage.judge import Case, judge

from szfast.errors import SnapshotError

# what TensorFlow, zarr or healpy start in threads has no part in what a forked child reads
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

LEAST = {
    "snapshot": 90,
    "contradiction": 110,
    "halo": 58,
    "sky": 70,
    "store": 40,
    "weight": 60,
    "configuration": 50,
    "table": 55,
    "stranger": 70,
}
NEEDS = {"sky": ["healpy"], "store": ["zarr"], "stranger": ["zarr", "healpy"]}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_damaged_inputs(tmp_path, kind):
    for module in NEEDS.get(kind, ()):
        pytest.importorskip(module)
    cases = cases_of(kind, tmp_path)
    assert len(cases) >= LEAST[kind]
    failed = []
    for number, case in enumerate(cases):
        place = tmp_path / str(number)
        place.mkdir()
        verdict = judge(case, place)
        if not verdict.good:
            failed.append(f"{case}: {verdict.outcome}: {verdict.detail[:300]} ({verdict.seconds:.2f} s)")
        shutil.rmtree(place)
    assert not failed, "\n".join(failed)


def _refuses(path):
    raise SnapshotError("no.", file=path, field="it", remedy="another.")


def _refuses_without_a_field(path):
    raise SnapshotError("no.", file=path, remedy="another.")


def _spins(path):
    until = time.process_time() + 0.4
    while time.process_time() < until:
        pass
    _refuses(path)


def _takes_memory(path):
    np.ones(1 << 23)
    _refuses(path)


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (_refuses, "refused"),
        (_refuses_without_a_field, "unclear error"),
        (lambda path: 1 / 0, "unclear error"),
        (lambda path: [2.0], "wrong"),
        (lambda path: [1.0, 1.0], "wrong"),
        (lambda path: [np.nan], "wrong"),
        (lambda path: [1.0], "right"),
        (lambda path: os._exit(3), "crash"),
        (lambda path: time.sleep(30), "hang"),
        (_spins, "hang"),
        (_takes_memory, "memory"),
    ],
)
def test_the_judge_itself(tmp_path, monkeypatch, read, outcome):
    monkeypatch.setattr(judging, "WALL_SECONDS", 10.0)
    case = Case("none", "none", lambda folder: folder, read, np.array([1.0]))
    assert judge(case, tmp_path, seconds_allowed=0.2).outcome == outcome
