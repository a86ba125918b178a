"""The command run in this process, a small snapshot with two clusters, and its halo catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_snapshot import gas_columns, write_halos, write_small_snapshot
from typer.testing import CliRunner

from szfast.cli import app


@pytest.fixture(autouse=True)
def _without_debug(monkeypatch):
    monkeypatch.delenv("SZFAST_DEBUG", raising=False)


@pytest.fixture
def szfast():
    """Run the command: exit code, standard output and standard error, the latter with its line breaks undone."""

    def run(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        unwrapped = " ".join(result.stderr.replace("│", " ").split())
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=unwrapped)

    return run


@pytest.fixture
def one_error(szfast):
    """Run a command that must fail with one message, and return the message."""

    def run(*arguments):
        result = szfast(*arguments)
        assert result.code == 1
        assert result.err.count("error: ") == 1
        assert result.err.count("Remedy: ") == 1
        assert "Traceback" not in result.err
        return result.err[result.err.index("error: ") :]

    return run


@pytest.fixture
def columns():
    """The arrays of the small snapshot, for a test to spoil."""
    return gas_columns()


@pytest.fixture
def write_snapshot(tmp_path):
    """Write a GADGET-4 snapshot; columns and header entries may be changed, None leaves one out."""

    def write(name="snapshot_010.hdf5", **changes) -> Path:
        return write_small_snapshot(tmp_path / name, **changes)

    return write


@pytest.fixture
def snapshot(write_snapshot):
    return write_snapshot()


@pytest.fixture
def catalogue(tmp_path):
    """Three haloes, one of them light; centres in code units, masses in Msun."""
    return write_halos(tmp_path / "halos.csv")


@pytest.fixture
def one_view(tmp_path, monkeypatch):
    """A file with one line of sight, so that a test of the command is quick."""
    monkeypatch.chdir(tmp_path)
    Path("view.txt").write_text("# along z\n0 0 0\n")
    return "view.txt"


@pytest.fixture
def as_json():
    """Parse JSON, refusing the NaN that strict readers do not know."""

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    return lambda text: json.loads(text, parse_constant=refuse)
