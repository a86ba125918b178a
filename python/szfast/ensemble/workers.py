"""Where runs are done: single-threaded processes of this machine, or the workers of a Dask client."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from szfast.dataset import DataSet
from szfast.ensemble.run import Task, train_run
from szfast.errors import ArgumentError, RunError

ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
"""One process with one thread a core is the fastest on a CPU (measured 1.19 times one process with two)."""

_dataset: DataSet | None = None


def on_processes(workers: int, dataset: DataSet, tasks: Sequence[Task]) -> Iterator[None]:
    """Do the tasks on so many processes; yields as each is done.

    Raises
    ------
    RunError
        If a process dies.
    """
    if not tasks:
        return
    with ProcessPoolExecutor(
        min(workers, len(tasks)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(_portable(dataset),),
    ) as pool:
        futures = [pool.submit(_train_here, task) for task in tasks]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise RunError(
                "a training process died, perhaps for want of memory.",
                remedy="start again with fewer workers: finished epochs are kept.",
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def on_dask(client: Any, dataset: DataSet, tasks: Sequence[Task]) -> Iterator[None]:
    """Do the tasks on a Dask client's workers; yields as each is done.

    Raises
    ------
    ArgumentError
        If a worker has several threads: Keras's models in one process would get into each other's way.
    """
    from distributed import as_completed as completed

    threads = client.nthreads()
    if not threads or max(threads.values()) > 1:
        raise ArgumentError(
            f"expected workers of one thread each, found {sorted(threads.values())}.",
            field="client",
            remedy="start the workers with --nthreads 1.",
        )
    portable = _portable(dataset)
    sent = portable if isinstance(portable, Path) else client.scatter(portable, broadcast=True)
    futures = [client.submit(_train_there, sent, task, pure=False, key=f"szfast-{task.folder}") for task in tasks]
    try:
        for future in completed(futures):
            yield future.result()
    finally:
        client.cancel(futures)


def _portable(dataset: DataSet) -> DataSet | Path:
    """A path where the data set is on disk: it costs nothing to send."""
    return dataset if dataset.path is None else dataset.path.absolute()


def _begin(dataset: DataSet | Path) -> None:
    from szfast.ensemble.training import opened_dataset

    global _dataset
    os.environ.update(ONE_THREAD)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    _dataset = opened_dataset(dataset)


def _train_here(task: Task) -> None:
    assert _dataset is not None
    train_run(_dataset, task)


def _train_there(dataset: DataSet | Path, task: Task) -> None:
    from szfast.ensemble.training import opened_dataset

    train_run(opened_dataset(dataset), task)
