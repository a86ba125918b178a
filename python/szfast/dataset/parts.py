"""Parts: what one task has made, in one file that is whole or absent."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset.checksums import sha256
from szfast.dataset.labels import COLUMNS
from szfast.errors import DataSetError
from szfast.maps.sightlines import sightlines
from szfast.whole_files import DAMAGED_NPZ, replaced

if TYPE_CHECKING:
    from szfast.dataset.configuration import MapsPart
    from szfast.dataset.maps import Maps
    from szfast.dataset.tasks import Task

LABELS = tuple(column for column in COLUMNS if column.name != "cluster")


class WorkerError(DataSetError):
    """A worker cannot do its part, whatever the snapshot: the build stops, and nothing is left out."""


@dataclass(frozen=True)
class Order:
    """What a worker is asked to do.

    Parameters
    ----------
    task : SnapshotTask or SyntheticTask
        Whose clusters.
    how : MapsPart
        How they are mapped.
    path : Path
        Where the part goes.
    version : str
        Version of szfast that asks.
    """

    task: Task
    how: MapsPart
    path: Path
    version: str


def order(task: Task, how: MapsPart, folder: Path) -> Order:
    """Name a task's part after all that it is a function of; another configuration never meets it."""
    from szfast import __version__

    stamps = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in task.inputs()]
    # noise is not part of clean maps; a file of angles may change under its name
    mapping = how.model_dump(mode="json", exclude={"noise", "seed", "sightlines"})
    views = hashlib.blake2b(sightlines(how.sightlines).tobytes()).hexdigest()
    identity = [type(task).__name__, _plain(task), mapping, views, stamps, __version__]
    digest = hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()
    return Order(task, how, folder / f"{digest}.npz", __version__)


def _plain(task: Task) -> dict[str, Any]:
    fields = {field.name: getattr(task, field.name) for field in dataclasses.fields(task)}
    return {name: _plain_value(value) for name, value in fields.items()}


def _plain_value(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_plain_value(each) for each in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.astuple(value)
    return str(value) if isinstance(value, Path) else value


@dataclass(frozen=True)
class Made:
    """What a task tells its builder.

    Parameters
    ----------
    maps : int
        How many maps were made.
    warnings : tuple of str
        What was logged on the way, each once.
    """

    maps: int
    warnings: tuple[str, ...]


class _Keeping(logging.Handler):
    """Keeps warnings: a worker's standard error is no place that anyone reads."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, once."""
        self.messages[record.getMessage()] = None


def make_part(asked: Order) -> Made:
    """Do a task: map its clusters, and write the part.

    Parameters
    ----------
    asked : Order
        From `order`.

    Returns
    -------
    Made
        How many maps were made, and what is to be known of them.

    Raises
    ------
    SzfastError
        If the snapshot, its catalogue or an argument is at fault.
    WorkerError
        If the part cannot be written, or the worker is of another version.
    """
    from szfast import __version__

    if asked.version != __version__:
        raise WorkerError(
            f"this worker has szfast {__version__}, the builder {asked.version}.",
            remedy="install one version everywhere.",
        )
    keeping, logger = _Keeping(), logging.getLogger("szfast")
    logger.addHandler(keeping)
    try:
        made = [cluster.mapped(asked.how) for cluster in asked.task.clusters(asked.how)]
    finally:
        logger.removeHandler(keeping)
    size = asked.how.size
    columns: dict[str, NDArray[Any]] = {
        column.name: np.array([labels[column.name] for _, labels in made], dtype=column.dtype) for column in LABELS
    }
    if not made:
        columns["center"] = np.zeros((0, 3))
    clean = np.stack([y for y, _ in made]) if made else np.zeros((0, 1, size, size), dtype=np.float32)
    inputs = [{"file": str(file), "sha256": sha256(file)} for file in asked.task.inputs()]
    _write(asked.path, {**columns, "clean": clean, "inputs": np.array(json.dumps(inputs))})
    return Made(int(clean.shape[0] * clean.shape[1]), tuple(keeping.messages))


def _write(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    # on the disk by `replaced`
    with replaced(path, WorkerError) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def read_labels(path: Path) -> tuple[dict[str, NDArray[Any]], list[dict[str, str]]]:
    """Labels of a part and the inputs with their checksums; its maps are not read."""
    with _opened(path) as part:
        return {column.name: part[column.name] for column in LABELS}, json.loads(str(part["inputs"]))


def read_clean(path: Path) -> Maps:
    """Maps of a part, (clusters, V, n, n)."""
    with _opened(path) as part:
        clean: Maps = part["clean"]
        return clean


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        # arrays are read, and found to be damaged, within
        with np.load(path, allow_pickle=False) as part:
            yield part
    except DAMAGED_NPZ as error:
        raise DataSetError(
            f"this part of the data set is damaged ({error}).",
            file=path,
            field="npz",
            remedy="remove it, and build again.",
        ) from error
