"""Build a data set: tasks make parts, parts become the store, and each step can be broken off and taken up again."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from szfast.arguments import require
from szfast.dataset.checksums import seal
from szfast.dataset.configuration import Configuration, checked_configuration, read_configuration
from szfast.dataset.gather import create, write_shard
from szfast.dataset.lock import locked
from szfast.dataset.parts import Order, WorkerError, make_part, order
from szfast.dataset.progress import progress_of
from szfast.dataset.store import building_folder, open_dataset
from szfast.dataset.tasks import tasks_of
from szfast.dataset.workers import DaskWorkers, Processes, Workers
from szfast.errors import ArgumentError, DataSetError, SzfastError
from szfast.maps.sightlines import SIGHTLINE_SETS, sightlines
from szfast.maps.spectrum import NOISE_PRESETS, noise_spectrum

if TYPE_CHECKING:
    from szfast.dataset.maps import DataSet

log = logging.getLogger("szfast.dataset")


def build(
    configuration: str | Path | dict[str, Any] | Configuration,
    *,
    workers: int = 0,
    dask: str | None = None,
    materialise: int | None = None,
    bad_snapshots: str | None = None,
    progress: bool = False,
) -> DataSet:
    """Build a data set, or go on with one that was broken off.

    A task for each region and snapshot maps its clusters and writes a part; then the parts are gathered into a store
    that appears under its name when it is whole. Parts are named after all that they are a function of. The store is
    the same, bit for bit, whatever the number of workers and however often it was broken off.

    Parameters
    ----------
    configuration : str, Path, dict or Configuration
        A TOML file, or what stands in one. Relative paths start at the file's folder, else at the working directory.
    workers : int
        Processes on this machine; zero for one a core. A script that calls this needs the usual
        ``if __name__ == "__main__":``.
    dask : str, optional
        Address or file of a Dask scheduler, whose workers do the tasks. They must see the same files.
    materialise, bad_snapshots : optional
        Instead of what the configuration says.
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    DataSet
        The finished data set.

    Raises
    ------
    DataSetError
        If the configuration is wrong, another process builds the same store, a store of another configuration is
        there, or a snapshot cannot be read and ``bad_snapshots`` is ``stop``.
    MissingExtraError
        If zarr, or dask where it is asked for, is not installed.
    """
    require("zarr", "dataset", "storing a data set")
    if dask is not None and workers:
        raise ArgumentError("expected processes or a Dask cluster, one of them.", field="workers")
    wanted, folder = _configuration(configuration, materialise, bad_snapshots)
    store = (folder / wanted.path).absolute()
    if not store.parent.is_dir():
        raise DataSetError("its folder does not exist.", file=store, field="path", remedy="make the folder.")
    building = building_folder(store)
    if store.exists() and not building.exists():
        return _finished(store, wanted)
    tasks = tasks_of(wanted, folder)
    with locked(building / "lock", store), closing(_crew(workers, dask)) as crew, _on_disk(store):
        if not store.exists():
            parts = building / "parts"
            parts.mkdir(exist_ok=True)
            orders = [order(task, wanted.maps, parts) for task in tasks]
            left_out = _make_parts(orders, crew, wanted, store, progress)
            made = [each.path for each in orders if each.path.exists()]
            _make_store(building / "store", made, wanted, left_out, crew, progress)
            os.rename(building / "store", store)
            _flush_folder(store.parent)
        shutil.rmtree(building)
    return _finished(store, wanted)


def _configuration(
    given: str | Path | dict[str, Any] | Configuration, materialise: int | None, bad_snapshots: str | None
) -> tuple[Configuration, Path]:
    folder = Path.cwd()
    if isinstance(given, str | Path):
        folder = Path(given).absolute().parent
        given = read_configuration(given)
    content = given.model_dump() if isinstance(given, Configuration) else dict(given)
    content = {**content, "maps": _maps_part(content.get("maps", {}), folder)}
    changes = {"materialise": materialise, "bad_snapshots": bad_snapshots}
    checked = checked_configuration(content | {k: v for k, v in changes.items() if v is not None})
    # both raise where there is no such name or file
    noise_spectrum(checked.maps.noise)
    sightlines(checked.maps.sightlines)
    return checked, folder


def _maps_part(given: Any, folder: Path) -> Any:
    """The part on maps with paths that workers elsewhere understand; what it names must exist."""
    if not isinstance(given, dict):
        return given
    part = dict(given)
    for name, presets in (("noise", (*NOISE_PRESETS, "none")), ("sightlines", SIGHTLINE_SETS)):
        if isinstance(part.get(name), str) and part[name] not in presets:
            part[name] = str((folder / part[name]).absolute())
    return part


def _finished(store: Path, wanted: Configuration) -> DataSet:
    dataset = open_dataset(store)
    same = dataset.provenance["configuration"] == wanted.content()
    if not same or dataset.provenance["materialised"] != wanted.materialise:
        raise DataSetError(
            "is there already, of another configuration.", file=store, remedy="name another path, or remove it."
        )
    return dataset


def _crew(workers: int, dask: str | None) -> Workers:
    return Processes(workers) if dask is None else DaskWorkers(dask)


def _make_parts(
    orders: list[Order], crew: Workers, wanted: Configuration, store: Path, progress: bool
) -> list[dict[str, str]]:
    """Do the tasks that are not done; list what had to be left out."""
    todo = [each for each in orders if not each.path.exists()]
    done = len(orders) - len(todo)
    if done:
        log.info("%s: %d of %d tasks were done before", store, done, len(orders))
    failed: dict[int, dict[str, str]] = {}
    said: set[str] = set()
    with progress_of("mapping", len(orders), shown=progress, done=done) as advance:
        for number, result in crew.results(make_part, todo):
            task = todo[number].task
            if isinstance(result, Exception):
                if isinstance(result, WorkerError) or not isinstance(result, SzfastError | OSError):
                    raise result
                failed[number] = _failure(task, result)
                if wanted.bad_snapshots == "stop":
                    raise _stopped(failed[number], store) from result
                log.warning("left out: %s", failed[number]["problem"])
                advance(1, 0)
                continue
            if not todo[number].path.exists():
                raise DataSetError(
                    "a worker's part is not seen here.", file=todo[number].path, remedy="build on a shared file system."
                )
            for warning in set(result.warnings) - said:
                log.warning("%s", warning)
            said.update(result.warnings)
            advance(1, result.maps)
    return [failed[number] for number in sorted(failed)]


def _failure(task: Any, error: Exception) -> dict[str, str]:
    return {"region": task.region, "snapshot": task.snapshot, "code": task.code, "problem": str(error)}


def _stopped(failure: dict[str, str], store: Path) -> DataSetError:
    return DataSetError(
        f"region {failure['region']}, snapshot {failure['snapshot']}, code {failure['code']}: {failure['problem']}",
        file=store,
        field="bad_snapshots",
        remedy="mend it and start again, the build goes on from here; or set bad_snapshots='leave out'.",
    )


def _make_store(
    path: Path,
    parts: list[Path],
    wanted: Configuration,
    left_out: list[dict[str, str]],
    crew: Workers,
    progress: bool,
) -> None:
    # a half-written store of an earlier run: a kill leaves no trace of how far it was
    if path.exists():
        shutil.rmtree(path)
    shards = create(path, parts, wanted, left_out)
    with progress_of("gathering", len(shards), shown=progress) as advance:
        for _, result in crew.results(write_shard, shards):
            if isinstance(result, Exception):
                raise result
            advance(1, result)
    seal(path)


@contextmanager
def _on_disk(store: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataSetError(
            f"cannot be written ({error.strerror or error}).",
            file=store,
            remedy="check the folder, its rights and space, and start again: the build goes on from here.",
        ) from error


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
