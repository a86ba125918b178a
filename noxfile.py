"""Sessions of nox: `nox` runs tests and lint, `nox -s bench` the benchmarks."""

from __future__ import annotations

import json
import os
import re
import shutil
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
    sources = sorted(str(path) for pattern in ("*.cpp", "*.hpp", "*.cu") for path in Path("cpp").rglob(pattern))
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


NOTHING_TIMED = 77
SANITIZER_TOOLS = ("memcheck", "racecheck", "synccheck")


@nox.session
def gpu(session: nox.Session) -> None:
    """On a machine with a GPU: build, test, also under compute-sanitizer where it is there, and time; else build."""
    built_with = "on" if shutil.which("nvcc") else "wheel"
    session.install(".", f"--config-settings=szfast.cuda={built_with}")
    session.install(*extra("cuda"), *group("test"))
    session.run("szfast", "doctor")
    usable = json.loads(str(session.run("szfast", "doctor", "--json", silent=True)))["usable"]
    session.run("pytest", "-m", "gpu", "tests")
    if usable:
        sanitize(session)
    session.run("python", "benchmarks/gpu.py", *session.posargs, success_codes=[0, NOTHING_TIMED])
    if not usable:
        session.skip("no GPU can be used here: the engine is built, nothing has run on a GPU")


def sanitize(session: nox.Session) -> None:
    sanitizer = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path="/usr/local/cuda/bin")
    if sanitizer is None:
        session.warn("compute-sanitizer is not on PATH: memory and races were not checked")
        return
    tests_of_kernels = ["python", "-m", "pytest", "-m", "gpu", "--timeout", "3000", "tests/maps"]
    for tool in SANITIZER_TOOLS:
        session.run(sanitizer, "--tool", tool, "--error-exitcode", "1", *tests_of_kernels, external=True)


SANITIZERS = {"asan": "address,undefined", "tsan": "thread"}


@nox.session
def sanitizers(session: nox.Session) -> None:
    """Run the tests of C++, the bindings and readers with memory, undefined behaviour and races watched."""
    session.install("cmake>=3.25", "ninja", "scikit-build-core>=1.1", "pybind11>=3")
    session.install(*PROJECT["project"]["dependencies"], *group("test"))
    for name, which in SANITIZERS.items():
        build, site = Path("build", name), Path("build", name, "site")
        shutil.rmtree(site, ignore_errors=True)
        settings = {"cmake.build-type": "RelWithDebInfo", "cmake.define.SZFAST_SANITIZE": which}
        settings |= {"build-dir": str(build), "install.strip": "false", "szfast.cuda": "off"}
        flags = [f"--config-settings={key}={value}" for key, value in settings.items()]
        session.install("--no-build-isolation", "--no-deps", "--force-reinstall", "--target", str(site), ".", *flags)
    session.run("python", "benchmarks/sanitizers.py")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Call engine, bindings and readers at random, guided by coverage; seconds for each after --."""
    clang = clang_with_fuzzer(session)
    session.install("cmake>=3.25", "ninja", "scikit-build-core>=1.1", "pybind11>=3", "atheris>=3")
    session.install(*PROJECT["project"]["dependencies"], *group("test"))
    build = Path("build", "fuzz")
    bindings: list[str] = []
    env = {"SZFAST_CUDA": "off"}
    arguments = ["--seconds", session.posargs[0] if session.posargs else "90", "--corpus", str(build / "corpus")]
    if clang:
        defined = ["-DSZFAST_FUZZ=ON", "-DCMAKE_BUILD_TYPE=RelWithDebInfo", f"-DCMAKE_CXX_COMPILER={clang}"]
        session.run("cmake", "--fresh", "-S", ".", "-B", str(build), "-G", "Ninja", *defined, silent=True)
        session.run("cmake", "--build", str(build), "--target", "fuzz_engine", silent=True)
        # the bindings tell atheris's libFuzzer what they reach; an optimiser of whole programs loses that
        where = "import importlib.util as u; print(u.find_spec('atheris.core_with_libfuzzer').origin)"
        library = str(session.run("python", "-c", where, silent=True)).strip()
        settings = {"INTERPROCEDURAL_OPTIMIZATION": "OFF", "MODULE_LINKER_FLAGS": library}
        bindings = [f"-Ccmake.define.CMAKE_{name}={value}" for name, value in settings.items()]
        env |= {"CXX": clang, "CXXFLAGS": "-fsanitize=fuzzer-no-link"}
        arguments += ["--engine", str(build / "cpp" / "fuzz" / "fuzz_engine")]
    flags = ["--no-build-isolation", "--no-deps", "--reinstall", f"--config-settings=build-dir={build}-python"]
    session.install(*flags, *bindings, ".", env=env)
    session.run("python", "benchmarks/fuzz.py", *arguments)


def clang_with_fuzzer(session: nox.Session) -> str | None:
    """The newest clang++ that links libFuzzer, or None, having said what to install."""
    names = ["clang++", *(f"clang++-{version}" for version in range(25, 12, -1))]
    target = Path(session.create_tmp(), "nothing.cpp")
    target.write_text('extern "C" int LLVMFuzzerTestOneInput(const unsigned char *, unsigned long) { return 0; }\n')
    for name in filter(shutil.which, names):
        tried = [name, "-fsanitize=fuzzer,address", str(target), "-o", str(target.with_suffix(""))]
        if session.run(*tried, external=True, silent=True, success_codes=range(256)) == "":
            return name
    session.warn(
        "no clang++ with libFuzzer is on PATH (Debian, Ubuntu: apt-get install clang libclang-rt-dev, or clang-14 "
        "libclang-rt-14-dev): the engine is not fuzzed in C++, and the bindings without its coverage"
    )
    return None


@nox.session
def reliability(session: nox.Session) -> None:
    """Try bad input, faults and load; writes benchmarks/reliability/*.json and docs/reliability.md."""
    # yt and pynbody read the same damaged snapshots
    session.install(".", *all_extras(), *group("test"), "psutil", "yt", "pynbody")
    session.run("python", "benchmarks/reliability.py", *session.posargs, env={"TF_CPP_MIN_LOG_LEVEL": "2"})


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
