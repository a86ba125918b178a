"""The command as a whole: help, version, errors, and the installed program in a process of its own."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import szfast as library
from szfast.cli import app
from szfast.cli.reporting import _as_typed
from szfast.errors import ArgumentError, HaloCatalogueError, SnapshotError

PROGRAM = [sys.executable, "-c", "from szfast.cli import main; main()"]


def test_version(szfast):
    assert szfast("--version").out == f"szfast {library.__version__}\n"


@pytest.mark.parametrize("command", ["maps", "mass", "check", "doctor", "plot"])
def test_help_has_examples(szfast, command):
    result = szfast(command, "--help")
    assert result.code == 0
    assert "Examples:" in result.out
    assert f"szfast {command} " in result.out


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from typer.testing import CliRunner; from szfast.cli import app;"
        "assert CliRunner().invoke(app, ['maps', '--help']).exit_code == 0;"
        "heavy = {'numpy', 'astropy', 'h5py', 'scipy', 'matplotlib'};"
        "print(*heavy.intersection(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_unknown_command_is_a_usage_error(szfast):
    assert szfast("mops").code == 2
    assert szfast("maps").code == 2


def test_debug_shows_where(monkeypatch, tmp_path):
    arguments = ["plot", "nowhere.fits", "-o", str(tmp_path / "views.png")]
    pytest.importorskip("matplotlib")
    raised = CliRunner().invoke(app, ["--debug", *arguments]).exception
    assert isinstance(raised, library.SzfastError)
    monkeypatch.setenv("SZFAST_DEBUG", "1")
    assert isinstance(CliRunner().invoke(app, arguments).exception, library.SzfastError)


def test_no_memory(one_error, monkeypatch, snapshot, tmp_path):
    def fail(path):
        raise MemoryError

    monkeypatch.setattr("szfast.snapshots.open_snapshot", fail)
    assert "not enough memory" in one_error("maps", snapshot, "--center", "1,2,3", "-o", tmp_path / "maps.fits")


def test_a_warning_of_the_library_is_shown_once(szfast, write_snapshot, catalogue, one_view, tmp_path):
    path = write_snapshot(columns={"ElectronAbundance": None})
    arguments = (path, "--halos", catalogue, "--sightlines", one_view, "-o", tmp_path / "maps.fits")
    result = szfast("maps", *arguments)
    assert result.err.count("no electron fraction, fully ionised gas is taken") == 1
    assert "INFO" not in result.err
    assert "INFO" in szfast("--verbose", "maps", *arguments, "--overwrite").err
    assert len(logging.getLogger("szfast").handlers) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            ArgumentError("bad.", field="min_mass", remedy="lower min_mass."),
            "'--min-mass': bad. Remedy: lower --min-mass.",
        ),
        (
            SnapshotError("bad.", file="a", field="redshift", remedy="redshift=0.1, or electrons='fully_ionised'."),
            "a, 'redshift': bad. Remedy: --redshift 0.1, or --electrons 'fully_ionised'.",
        ),
        (HaloCatalogueError("bad.", remedy="give redshift=."), "bad. Remedy: give --redshift."),
        (SnapshotError("bad.", file="a"), "a: bad."),
    ],
)
def test_arguments_are_spelt_as_options(error, text):
    assert _as_typed(error, ["redshift", "min_mass", "electrons"]) == text


def _run(*arguments, **options):
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def test_a_process_of_its_own(snapshot, one_view, tmp_path):
    output = tmp_path / "maps [1].fits"
    arguments = (
        "maps",
        snapshot,
        "--center",
        "10,20,30 Mpc/h",
        "--radius",
        "2 Mpc",
        "--sightlines",
        one_view,
        "-o",
        output,
    )
    done = _run(*arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"maps: {output}"
    assert len(library.read_maps(output)) == 1
    again = _run(*arguments)
    assert again.returncode == 1
    assert again.stdout == ""
    (line,) = again.stderr.splitlines()
    assert line.startswith(f"error: {output}, '--output': exists already.")


def test_ctrl_c(tmp_path):
    # The signal arrives while the snapshot is opened.
    code = (
        "import os, signal, szfast.snapshots; from szfast.cli import main;"
        # a shell's background jobs, and what they start, ignore it
        "signal.signal(signal.SIGINT, signal.default_int_handler);"
        "szfast.snapshots.open_snapshot = lambda path: os.kill(os.getpid(), signal.SIGINT); main()"
    )
    arguments = ("maps", "snapshot", "--center", "1,2,3", "-o", str(tmp_path / "maps.fits"))
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


LATIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_terminal_without_utf8_costs_no_table(tmp_path):
    """The names of clusters are in tables, whatever the terminal can show."""
    code = (
        "from pathlib import Path; from astropy.table import QTable; from szfast.cli.outputs import write_table;"
        "write_table(QTable({'name': ['snap \\xdf']}), Path('masses.ecsv'))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env={**os.environ, **LATIN})
    assert "snap ß" in (tmp_path / "masses.ecsv").read_text(encoding="utf-8")


def test_settings_that_matplotlib_refuses(tmp_path):
    pytest.importorskip("matplotlib")
    arguments = ("maps", "--synthetic", "--plot", "views.png", "-o", "maps.fits")
    done = _run(*arguments, cwd=tmp_path, env={**os.environ, "MPLBACKEND": "nonsense"})
    assert done.returncode == 1
    assert done.stderr.startswith("error: drawing maps needs the package 'matplotlib', which refuses its settings")
    assert "unset MPLBACKEND" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_standard_output_on_a_full_disk(one_error, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("szfast.cli.check.show_error", full)
    assert "standard output cannot be written (No space left on device)" in one_error("check", "nowhere")
