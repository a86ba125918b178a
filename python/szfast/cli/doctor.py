"""``szfast doctor``: what was built, and what this machine has for it."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import typer

from szfast.cli.reporting import show_json, show_line, show_table

if TYPE_CHECKING:
    from szfast.engines import Backends

EXAMPLES = "Examples:\n\nszfast doctor\n\nszfast doctor --json"

Row = tuple[str, str]


def doctor(as_json: bool = typer.Option(False, "--json", help="Write what is found as JSON.")) -> None:
    """Say what was built, which GPUs are seen, and why maps cannot be made on one.

    The exit status is 0 in any case: a machine without a GPU is no error.
    """
    from szfast import __version__
    from szfast.engines import backends

    found = backends()
    rows = [("szfast", __version__), ("Python", platform.python_version()), *_rows(found)]
    if as_json:
        show_json({**dict(rows), "usable": not found.obstacle, "obstacle": found.obstacle, "remedy": found.remedy})
        return
    show_table("szfast doctor", ("what", "found"), rows)
    if found.obstacle:
        obstacle = found.obstacle[:1].upper() + found.obstacle[1:]
        show_line(f"Maps are made on the CPU. {obstacle}. To use a GPU: {found.remedy}")
    else:
        show_line("Maps can be made on a GPU: device='cuda' or device='auto'.")


def _rows(found: Backends) -> list[Row]:
    rows = [
        ("CPU engine", f"level {found.cpu_level}"),
        ("CUDA engine", f"{'built' if found.cuda_built else 'not built'}, {found.cuda_reason}"),
    ]
    if not found.cuda_built:
        return rows
    rows += [("CUDA runtime", f"{found.runtime}, built in"), ("CUDA driver", found.driver or "none")]
    for number, gpu in enumerate(found.gpus):
        memory = f"{gpu.memory_bytes / 2**30:.1f} GiB"
        text = f"{gpu.name}, compute capability {gpu.capability}, {memory}"
        rows.append((f"GPU {number}", f"{text}; cannot be used: {gpu.problem}" if gpu.problem else text))
    if not found.gpus:
        rows.append(("GPUs", "none"))
    rows.append(("cuFFT", found.cufft or "cannot be loaded"))
    return rows
