"""Clean maps in one flat file that all processes share: random batches come from no compressed chunks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.dataset import DataSet
from szfast.errors import RunError
from szfast.whole_files import replaced

_BLOCK = 1024


class MappedMaps:
    """Clean maps in a .npy file, read page by page; a copy for another process is no more than the file's name.

    Parameters
    ----------
    path : Path
        The file, (clusters, views, n, n) float32.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.maps: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RunError(
                f"cannot be read ({error}).", file=path, field="content", remedy="delete it: training writes it again."
            ) from None
        clusters, views, height, width = self.maps.shape
        self.shape = (clusters, views, height, width)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path,)

    def take(self, maps: NDArray[np.int64]) -> NDArray[np.float32]:
        """Maps by their indices, (n, size, size); always a copy."""
        return np.array(self.maps.reshape(-1, *self.shape[2:])[maps], dtype=np.float32)


def mapped(dataset: DataSet, file: Path) -> DataSet:
    """The same data set with its clean maps in a flat file, which is written where it is not there yet.

    Parameters
    ----------
    dataset : DataSet
        Any.
    file : Path
        A .npy file that belongs to this data set alone.
    """
    size = dataset.instrument.size
    shape = (len(dataset.labels), dataset.n_views, size, size)
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with replaced(file, RunError) as temporary:
            flat = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=shape)
            maps = flat.reshape(-1, size, size)
            for start in range(0, len(maps), _BLOCK):
                maps[start : start + _BLOCK] = dataset.clean(np.arange(start, min(start + _BLOCK, len(maps))))
            flat.flush()
    source = MappedMaps(file)
    if source.shape != shape:
        raise RunError(
            f"expected maps of shape {shape}, found {source.shape}.",
            file=file,
            field="content",
            remedy="train into another folder.",
        )
    return replace(dataset, source=source)
