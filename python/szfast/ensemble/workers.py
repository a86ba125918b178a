"""Where runs are done: single-threaded processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence

from szfast.dataset import DataSet
from szfast.dataset.workers import DaskWorkers, LostWorkersError, Processes
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


def on_processes(workers: int, dataset: DataSet, tasks: Sequence[Task]) -> Iterator[int]:
    """Do the tasks on so many processes, zero for one a core; yields the number of each that is done.

    Raises
    ------
    RunError
        If a process dies.
    """
    if not tasks:
        return
    crew = Processes(workers)
    try:
        yield from _done(crew, dataset, tasks)
    finally:
        crew.close()


def on_dask(scheduler: str, dataset: DataSet, tasks: Sequence[Task]) -> Iterator[int]:
    """Do the tasks on the workers of a Dask cluster; yields the number of each that is done.

    Raises
    ------
    ArgumentError
        If a worker has several threads: Keras's models in one process would get into each other's way.
    """
    if not tasks:
        return
    crew = DaskWorkers(scheduler)
    try:
        threads = crew.client.nthreads()
        if any(count > 1 for count in threads.values()):
            raise ArgumentError(
                f"expected workers of one thread each, found {sorted(threads.values())}.",
                field="dask",
                remedy="start the workers with --nthreads 1.",
            )
        yield from _done(crew, dataset, tasks)
    finally:
        crew.close()


def _done(crew: Processes | DaskWorkers, dataset: DataSet, tasks: Sequence[Task]) -> Iterator[int]:
    try:
        for number, result in crew.results(functools.partial(_train_there, dataset), tasks):
            if isinstance(result, Exception):
                raise result
            yield number
    except LostWorkersError as error:
        raise RunError(error.problem, field=error.field, remedy=error.remedy) from error


def _train_there(dataset: DataSet, task: Task) -> None:
    # before TensorFlow is first imported in this process
    os.environ.update(ONE_THREAD)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    train_run(dataset, task)
