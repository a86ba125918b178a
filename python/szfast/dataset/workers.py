"""Who does the tasks: processes on this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar

from szfast.arguments import require
from szfast.errors import DataSetError

SECONDS_TO_ANSWER = 30.0


class LostWorkersError(DataSetError):
    """Workers have died, whatever they were working on."""


def _lost(cause: BaseException) -> LostWorkersError:
    return LostWorkersError(
        f"workers died, perhaps for want of memory ({type(cause).__name__}).",
        field="workers",
        remedy="start again with fewer workers: what is done is kept.",
    )


Task = TypeVar("Task")
Result = TypeVar("Result")


class Workers(Protocol):
    """Runs a function on many tasks."""

    def results(
        self, function: Callable[[Any], Result], tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """Number of each task with its result, or the exception that it raised, as they are done."""

    def close(self) -> None:
        """Let go of the workers; what is not begun is not done."""


class Processes:
    """Processes on this machine, one thread each.

    Parameters
    ----------
    count : int
        Zero for one a core.
    """

    def __init__(self, count: int = 0) -> None:
        # spawn: a fork of a process with threads may hang
        context = multiprocessing.get_context("spawn")
        heard, self._line = context.Pipe(duplex=False)
        self.pool = ProcessPoolExecutor(
            count or _cores(), mp_context=context, initializer=_end_with_builder, initargs=(heard,)
        )
        self._unfinished: dict[Future[Any], int] = {}

    def close(self) -> None:
        """End the processes, at once where they still work: what is whole is kept."""
        if not all(future.done() for future in self._unfinished):
            # nobody reads it, so that all see it
            self._line.send(None)
        self.pool.shutdown(cancel_futures=True)
        self._line.close()

    def results(
        self, function: Callable[[Any], Result], tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """See `Workers.results`."""
        try:
            futures = {self.pool.submit(function, task): number for number, task in enumerate(tasks)}
        except BrokenProcessPool as broken:
            # one that had nothing to do has died
            raise _lost(broken) from broken
        self._unfinished = futures
        for future in as_completed(futures):
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                raise _lost(error) from error
            if error is not None and not isinstance(error, Exception):
                raise error
            yield futures.pop(future), error or future.result()


def _cores() -> int:
    # a batch system grants a process fewer cores than the machine has
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_builder(line: Connection) -> None:
    """End this process when its builder says so, or is gone: one that is killed leaves no workers behind."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        wait([line] if parent is None else [line, parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class DaskWorkers:
    """Workers of a Dask cluster that the user has started.

    Parameters
    ----------
    scheduler : str
        Address of the scheduler, for example ``tcp://node1:8786``, or its scheduler file.

    Raises
    ------
    MissingExtraError
        If dask.distributed is not installed.
    DataSetError
        If nothing answers there, or there are no workers.
    """

    def __init__(self, scheduler: str) -> None:
        distributed = require("distributed", "dataset", "building on a Dask cluster")
        where = {"scheduler_file": scheduler} if scheduler.endswith(".json") else {"address": scheduler}
        try:
            self.client = distributed.Client(**where, timeout=SECONDS_TO_ANSWER, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise DataSetError(
                f"no Dask scheduler answers at '{scheduler}' ({error}).",
                field="dask",
                remedy="start one with 'dask scheduler', and workers with 'dask worker'.",
            ) from error

    def close(self) -> None:
        """Leave the cluster as it is."""
        self.client.close()

    def results(
        self, function: Callable[[Any], Result], tasks: Sequence[Any]
    ) -> Iterator[tuple[int, Result | Exception]]:
        """See `Workers.results`."""
        distributed = require("distributed", "dataset", "building on a Dask cluster")
        futures = {self.client.submit(function, task, pure=False): number for number, task in enumerate(tasks)}
        try:
            for future in distributed.as_completed(list(futures), loop=self.client.loop):
                number = futures.pop(future)
                error = future.exception()
                if isinstance(error, distributed.scheduler.KilledWorker):
                    raise _lost(error) from error
                yield number, error or future.result()
        finally:
            self.client.cancel(list(futures))
