"""How far a build is: a bar on a terminal, lines in the log elsewhere."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("szfast.dataset")

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def progress_of(what: str, total: int, *, shown: bool, done: int = 0) -> Iterator[Callable[[int, int], None]]:
    """Show how many tasks and maps are done, maps per second and the time that is left.

    Parameters
    ----------
    what : str
        What is done.
    total : int
        Number of tasks.
    shown : bool
        Show a bar, where standard error is a terminal.
    done : int
        Tasks that an earlier run has done.

    Yields
    ------
    callable
        To be told of each step: tasks, maps.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    stderr = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("tasks, {task.fields[rate]} maps/s,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    bar_shown = shown and stderr.is_terminal
    started = last_line = time.monotonic()
    made = tasks_now = 0
    with Progress(*columns, console=stderr, transient=True, disable=not bar_shown) as bar:
        task = bar.add_task(what, total=total, completed=done, rate="-")

        def advance(tasks: int, maps: int) -> None:
            nonlocal made, tasks_now, last_line
            made, tasks_now = made + maps, tasks_now + tasks
            now = time.monotonic()
            rate = made / max(now - started, 1e-9)
            bar.update(task, advance=tasks, rate=f"{rate:.0f}")
            if now - last_line > SECONDS_BETWEEN_LINES or done + tasks_now == total:
                last_line = now
                left = (total - done - tasks_now) * (now - started) / max(tasks_now, 1)
                log.info("%s: %d of %d tasks, %.0f maps/s, %.0f s left", what, done + tasks_now, total, rate, left)

        yield advance
