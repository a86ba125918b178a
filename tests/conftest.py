"""Where the real data are, for the tests that compare with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _data_folder() -> Path | None:
    if "SZFAST_DATA" in os.environ:
        return Path(os.environ["SZFAST_DATA"])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return beside if beside.is_dir() else None


@pytest.fixture(scope="session")
def real_data():
    """Path of a real file or folder by its name below the data folder; skips where it is absent."""

    def find(name: str) -> Path:
        folder = _data_folder()
        if folder is None:
            pytest.skip(f"{name}: $SZFAST_DATA is not set and ../shared/data does not exist")
        path = folder / name
        if not path.exists():
            pytest.skip(f"{name} is not in {folder}")
        return path

    return find


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory):
    """A run with a chosen network and the data set it has learnt; a test that writes into it takes a copy."""
    pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")
    from trained_run import train_run

    return train_run(tmp_path_factory.mktemp("trained") / "run")
