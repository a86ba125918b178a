"""What computes: the CPU's engine, and GPUs where there are some."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any

from szfast.errors import ArgumentError, DeviceError

DEVICES = ("cpu", "cuda", "auto")
"""Where maps are made; ``cuda:1`` is the second GPU."""

_own = threading.local()


@dataclass(frozen=True)
class Gpu:
    """A GPU that is seen.

    Parameters
    ----------
    name : str
        As its driver calls it.
    capability : str
        Compute capability, for example 9.0.
    memory_bytes : int
        All of its memory.
    problem : str
        Why it cannot be used; empty where it can.
    """

    name: str
    capability: str
    memory_bytes: int
    problem: str = ""


@dataclass(frozen=True)
class Backends:
    """What was built, and what is found on this machine.

    Parameters
    ----------
    cpu_level : str
        Instructions in use: baseline, v3 (AVX2) or v4 (AVX-512).
    cuda_built : bool
        Whether this installation has the engine for GPUs.
    cuda_reason : str
        With what it was built, or why it was not.
    gpus : tuple of Gpu
        GPUs that are seen, by their numbers.
    driver, runtime, cufft : str
        Versions of the driver, of the CUDA runtime built in, and of cuFFT; empty where there is none.
    obstacle : str
        Why maps cannot be made on a GPU; empty where they can.
    remedy : str
        What to do about it.
    """

    cpu_level: str
    cuda_built: bool
    cuda_reason: str
    gpus: tuple[Gpu, ...] = ()
    driver: str = ""
    runtime: str = ""
    cufft: str = ""
    obstacle: str = ""
    remedy: str = ""


@cache
def backends() -> Backends:
    """Say what was built, and which GPUs are seen.

    Returns
    -------
    Backends
        Found once in a process.
    """
    from szfast import _build
    from szfast._core import cpu_level

    built: tuple[str, bool, str] = (cpu_level(), _build.CUDA, _build.CUDA_REASON)
    if not _build.CUDA:
        return Backends(
            *built,
            obstacle=f"this szfast was built without CUDA: {_build.CUDA_REASON}",
            remedy="install it with pip install 'szfast[cuda]' --no-binary szfast -C szfast.cuda=wheel, which brings "
            "NVIDIA's compiler, or with nvcc on PATH.",
        )
    module = _cuda()
    seen, transforms = module.surroundings(), module.transform_library()
    gpus = tuple(Gpu(name, f"{major}.{minor}", memory, problem) for name, major, minor, memory, problem in seen["gpus"])
    obstacle = remedy = ""
    if gpus and all(gpu.problem for gpu in gpus):
        obstacle = "no GPU can be used: " + "; ".join(f"{gpu.name}: {gpu.problem}" for gpu in gpus)
        remedy = "use a GPU of compute capability 8.0 or newer that computes for everybody."
    elif not gpus:
        obstacle = f"no GPU can be used: {seen['no_gpu'] or 'none is seen'}"
        remedy = (
            f"install NVIDIA's driver for CUDA {_major(seen['runtime_version'])} or newer, on a machine with a GPU."
        )
    elif not transforms["library"]:
        obstacle = f"cuFFT cannot be loaded: {transforms['problem']}"
        remedy = "pip install 'szfast[cuda]'."
    return Backends(
        *built,
        gpus=gpus,
        driver=_version(seen["driver_version"]),
        runtime=_version(seen["runtime_version"]),
        cufft=_cufft_version(transforms["version"]),
        obstacle=obstacle,
        remedy=remedy,
    )


def check_device(name: str) -> int | None:
    """Number of the GPU that a name means, or None for the CPU; no GPU is touched.

    Parameters
    ----------
    name : str
        ``cpu``; ``cuda``, the first GPU that can be used, or ``cuda:N``; ``auto``: ``cuda`` where that can be, else
        ``cpu``.

    Raises
    ------
    ArgumentError
        If there is no such name.
    DeviceError
        If a GPU is asked for where none can be used; it says what is missing.
    """
    kind, number = _kind_and_number(name)
    if kind == "cpu":
        return None
    found = backends()
    if found.obstacle:
        if kind == "auto":
            return None
        raise DeviceError(f"{found.obstacle}.", field="device", remedy=found.remedy)
    if number is None:
        return next(ordinal for ordinal, gpu in enumerate(found.gpus) if not gpu.problem)
    if number >= len(found.gpus):
        raise DeviceError(f"expected a GPU below {len(found.gpus)}, found {number}.", field="device")
    if problem := found.gpus[number].problem:
        raise DeviceError(
            f"{found.gpus[number].name}, GPU {number}, cannot be used: {problem}.",
            field="device",
            remedy="give another one, or device='cpu'.",
        )
    return number


def check_device_name(name: str) -> None:
    """Refuse what names no device, whether this machine has it or not.

    Raises
    ------
    ArgumentError
        If there is no such name.
    """
    _kind_and_number(name)


def _kind_and_number(name: str) -> tuple[str, int | None]:
    kind, colon, number = name.partition(":") if isinstance(name, str) else ("", "", "")
    if kind not in DEVICES or (colon and not (kind == "cuda" and number.isdecimal())):
        raise ArgumentError(f"expected cpu, cuda, cuda:N or auto, found {name!r}.", field="device")
    return kind, int(number) if colon else None


def device_named(name: str) -> Any:
    """The GPU of this thread by its name, or None for the CPU.

    Parameters
    ----------
    name : str
        As `check_device` takes it.

    Returns
    -------
    szfast._cuda.Device or None
        One for each thread, so that threads do not wait for one another.

    Raises
    ------
    ArgumentError
        If there is no such name.
    DeviceError
        If a GPU is asked for where none can be used; it says what is missing.
    """
    ordinal = check_device(name)
    if ordinal is None:
        return None
    own: dict[int, Any] = _own.__dict__.setdefault("devices", {})
    if ordinal not in own:
        own[ordinal] = _cuda().Device(ordinal)
    return own[ordinal]


def operation(name: str, device: Any, threads: int) -> Callable[..., Any]:
    """An operation of the engine, on a device or, with None, on so many threads of the CPU."""
    if device is not None:
        found: Callable[..., Any] = getattr(device, name)
        return found
    from szfast import _core

    return partial(getattr(_core, name), threads=threads)


def _cuda() -> ModuleType:
    from szfast import _cuda as module

    loaded: ModuleType = module
    return loaded


def _major(version: int) -> int:
    return version // 1000


def _version(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}" if version else ""


def _cufft_version(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 100}" if version else ""
