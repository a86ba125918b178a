"""Valid files of every reader that are mutated."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from damage.mutated import TARGETS, ValidFile


@pytest.fixture(scope="session")
def valid(tmp_path_factory) -> Callable[[str], ValidFile]:
    """A reader's valid file, written when it is first asked for; the test is skipped where it cannot be read."""
    known: dict[str, ValidFile] = {}

    def of(name: str) -> ValidFile:
        target = next(target for target in TARGETS if target.name == name)
        if not target.here:
            pytest.skip(f"needs {target.needs}")
        if name not in known:
            known[name] = target.valid(tmp_path_factory.mktemp("valid"))
        return known[name]

    return of
