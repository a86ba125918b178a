"""Mutated files: a thousand by default, SZFAST_MUTATIONS=10000 for as many as a release gets."""

from __future__ import annotations

import os

import pytest
from damage.mutated import TARGETS, fault_of, load_modules

MUTATIONS = int(os.environ.get("SZFAST_MUTATIONS", "1000"))
BATCH = 250


@pytest.fixture(scope="module", autouse=True)
def _modules_loaded(tmp_path_factory):
    load_modules(tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_mutated_files(tmp_path, target):
    """A batch in a process of its own, so that a crash names its case and takes nothing with it."""
    wanted = MUTATIONS * target.share // 40
    assert wanted > 0
    for first in range(0, wanted, BATCH):
        place = tmp_path / str(first)
        place.mkdir()
        assert fault_of(target, first, min(BATCH, wanted - first), place) is None
