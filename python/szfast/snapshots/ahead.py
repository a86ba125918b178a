"""Work on one item while the next is read."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Yield the items of a generator that runs in a thread of its own, one item ahead.

    What the generator raises is raised here in its turn. h5py, NumPy and the core let other threads run while they work
    on arrays.

    Parameters
    ----------
    items : generator
        Closed when the caller stops early.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="szfast-ahead") as pool:
        try:
            coming = pool.submit(next, items, None)
            while (item := coming.result()) is not None:
                coming = pool.submit(next, items, None)
                yield item
        finally:
            pool.submit(items.close).result()
