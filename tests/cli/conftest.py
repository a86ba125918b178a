"""The command run in this process, a small snapshot with two clusters, and its halo catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from szfast.cli import app

HUBBLE, REDSHIFT, BOX_KPC_H, PARTICLES = 0.7, 0.25, 40000.0, 200
CENTERS_KPC_H = np.array([[10000.0, 20000.0, 30000.0], [100.0, 20000.0, 39900.0]])


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


def gas_columns() -> dict[str, np.ndarray]:
    """Two clusters of 200 particles in GADGET's code units, 700 kpc/h wide, at 3e7 K."""
    rng = np.random.default_rng(5)
    position = np.concatenate([center + rng.normal(0.0, 350.0, (PARTICLES, 3)) for center in CENTERS_KPC_H])
    count = len(position)
    # 200 particles in about 4 pi / 3 (600 kpc/h)^3: 40 of them within 350 kpc/h
    smoothing = np.full(count, 350.0)
    mass = np.full(count, 3.0)
    return {
        "Coordinates": np.mod(position, BOX_KPC_H),
        "Velocities": np.zeros((count, 3)),
        "ParticleIDs": np.arange(count),
        "Masses": mass,
        "Density": 3 * 40 * mass / (4 * np.pi * smoothing**3),
        "InternalEnergy": np.full(count, 6e5),
        "SmoothingLength": smoothing,
        "ElectronAbundance": np.full(count, 1.1),
    }


@pytest.fixture
def columns():
    """The arrays of the small snapshot, for a test to spoil."""
    return gas_columns()


@pytest.fixture
def write_snapshot(tmp_path):
    """Write a GADGET-4 snapshot; columns and header entries may be changed, None leaves one out."""

    def write(name="snapshot_010.hdf5", *, columns=None, header=None, parameters=None) -> Path:
        content = {**gas_columns(), **(columns or {})}
        counts = np.array([len(content["ParticleIDs"]), 0])
        head = {
            "NumPart_ThisFile": counts,
            "NumPart_Total": counts,
            "MassTable": np.zeros(2),
            "Time": 1 / (1 + REDSHIFT),
            "Redshift": REDSHIFT,
            "BoxSize": BOX_KPC_H,
            "NumFilesPerSnapshot": 1,
            **(header or {}),
        }
        rest = {
            "HubbleParam": HUBBLE,
            "Omega0": 0.3,
            "OmegaLambda": 0.7,
            "UnitLength_in_cm": 3.085678e21,
            "UnitMass_in_g": 1.989e43,
            "UnitVelocity_in_cm_per_s": 1e5,
            **(parameters or {}),
        }
        with h5py.File(tmp_path / name, "w") as file:
            for group, attributes in (("Header", head), ("Parameters", rest)):
                file.create_group(group).attrs.update({k: v for k, v in attributes.items() if v is not None})
            for key, values in content.items():
                if values is not None:
                    file[f"PartType0/{key}"] = values.astype("u4" if key == "ParticleIDs" else "f4")
        return tmp_path / name

    return write


@pytest.fixture
def snapshot(write_snapshot):
    return write_snapshot()


@pytest.fixture
def catalogue(tmp_path):
    """Three haloes, one of them light; centres in code units, masses in Msun."""
    lines = ["id,x,y,z,M500c", "77,100,20000,39900,2e14", "5,10000,20000,30000,3e14", "9,30000,5000,5000,1e13"]
    path = tmp_path / "halos.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


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
