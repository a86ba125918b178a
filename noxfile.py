"""Sessions of nox: `nox` runs tests and lint, `nox -s bench` the benchmarks."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox
from nox.command import CommandFailed

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["tests", "lint"]

PROJECT = nox.project.load_toml("pyproject.toml")
CPP_BUILD = Path("build", "ctest")


def group(name: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PROJECT, name)


def extra(name: str) -> list[str]:
    # tensorflow-cpu is the same module without 500 MB of GPU code
    requirements = PROJECT["project"]["optional-dependencies"][name]
    return [re.sub(r"^tensorflow\b", "tensorflow-cpu", each) for each in requirements]


def all_extras() -> list[str]:
    return [requirement for name in ("report", "dataset", "planck", "train") for requirement in extra(name)]


@nox.session
def tests(session: nox.Session) -> None:
    """Run the C++ tests and pytest; arguments after -- go to pytest, and leave the C++ tests out."""
    session.install(".", *all_extras(), *group("test"))
    if not session.posargs:
        cpp_tests(session)
    session.run("pytest", *session.posargs, env={"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"})


def cpp_tests(session: nox.Session) -> None:
    session.install("cmake>=3.25", "ninja")
    jobs = str(os.cpu_count() or 1)
    session.run("cmake", "--fresh", "-S", ".", "-B", str(CPP_BUILD), "-G", "Ninja", silent=True)
    session.run("cmake", "--build", str(CPP_BUILD), "--parallel", jobs, silent=True)
    session.run("ctest", "--test-dir", str(CPP_BUILD), "--output-on-failure", "--parallel", jobs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style, types and the layers."""
    session.install(*PROJECT["project"]["dependencies"], *extra("report"), *group("lint"))
    sources = sorted(str(path) for pattern in ("*.cpp", "*.hpp") for path in Path("cpp").rglob(pattern))
    commands = {
        "ruff check .": {},
        "ruff format --check .": {},
        f"clang-format --dry-run -Werror {' '.join(sources)}": {},
        "mypy": {},
        "lint-imports": {"PYTHONPATH": "python"},
    }
    failed = []
    for command, env in commands.items():
        # all of them, so that one run shows everything there is to mend
        try:
            session.run(*command.split(), env=env)
        except CommandFailed:
            failed.append(command.split()[0])
    if failed:
        session.error(f"failed: {', '.join(failed)}")


PEERS = ["py-sphviewer2", "swiftsimio", "pynbody", "yt", "meshoid", "ducc0"]
PEERS += ["fast-histogram", "numba", "pixell", "threadpoolctl"]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@nox.session
def bench(session: nox.Session) -> None:
    """Time each stage and how it grows, with --peers others too; writes benchmarks/results.json and RESULTS.md."""
    session.install(".")
    arguments = [argument for argument in session.posargs if argument != "--peers"]
    session.run("python", "benchmarks/stages.py", *arguments)
    session.run("python", "benchmarks/scaling.py")
    session.run("python", "benchmarks/streaming.py", "--halos", "10")
    if "--peers" in session.posargs:
        peers(session)


def peers(session: nox.Session) -> None:
    for package in PEERS:
        # one that cannot be built here is listed as absent
        try:
            session.install(package)
        except CommandFailed:
            session.warn(f"{package} cannot be installed")
    clusters = [str(Path(session.create_tmp(), f"cluster_{size}.npz")) for size in ("1e5", "1e6")]
    for size, cluster in zip(("1e5", "1e6"), clusters, strict=True):
        session.run("python", "benchmarks/test_cluster.py", size, cluster)
    session.run("python", "benchmarks/projection_peers.py", *clusters, env=ONE_THREAD)
    session.run("python", "benchmarks/beam_noise.py", env=ONE_THREAD)
