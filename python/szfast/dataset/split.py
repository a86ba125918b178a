"""Training, validation and test: whole groups on one side, and an audit that finds what leaks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in, whole_in
from szfast.errors import ArgumentError

if TYPE_CHECKING:
    from astropy.table import Table

    from szfast.dataset.maps import DataSet

log = logging.getLogger("szfast.dataset")

LEVELS = ("region", "cluster", "map")
"""What stays together, from the safest to the one that leaks."""

SIDES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Maps of a data set on three sides.

    Parameters
    ----------
    train, validation, test : (n,) int64 array
        Map indices in increasing order.
    by : str
        What stays together: one of `LEVELS`.
    fractions : tuple of float
        Shares that were asked for.
    seed, run : int
        What the division is a function of.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    by: str
    fractions: tuple[float, float, float]
    seed: int
    run: int

    @property
    def sides(self) -> dict[str, NDArray[np.int64]]:
        """The three sides by name."""
        return {side: getattr(self, side) for side in SIDES}

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(maps)} {side}" for side, maps in self.sides.items())
        return f"<Split by {self.by}, seed {self.seed}, run {self.run}: {counts}>"


def split_maps(
    dataset: DataSet,
    by: str = "region",
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    *,
    seed: int = 0,
    run: int = 0,
    within: Any = None,
) -> Split:
    """Divide maps into training, validation and test, group by group.

    Groups are put in an order that is a function of (seed, run) and the groups' names; then each goes to the side that
    lacks most maps.

    Parameters
    ----------
    dataset : DataSet
        What is divided.
    by : str
        ``region``: all views, snapshots and codes of a simulated region on one side. ``cluster``: all views of a
        cluster. ``map``: each map for itself, which leaks views of one cluster into the test set.
    fractions : (train, validation, test)
        Shares of the maps; they add up to one.
    seed, run : int
        Same numbers, same division.
    within : (n,) int array, optional
        Only these maps, for example those of a redshift bin.

    Returns
    -------
    Split
        The three sides.

    Raises
    ------
    ArgumentError
        If an argument is out of range, or there are fewer groups than sides.
    """
    shares = _checked_fractions(fractions)
    choice_in(by, LEVELS, "by")
    maps = np.unique(dataset.indices(within))
    names, group, counts = np.unique(_groups(dataset, maps, by), return_inverse=True, return_counts=True)
    if len(names) < np.count_nonzero(shares):
        raise ArgumentError(
            f"{len(names)} groups cannot be put on {np.count_nonzero(shares)} sides.",
            field="by",
            remedy=f"split by {LEVELS[min(LEVELS.index(by) + 1, 2)]}, or use more data.",
        )
    if by == "map" and dataset.n_views > 1:
        log.warning("split by map: views of one cluster stand on several sides, the test set is not independent")
    order = np.random.Generator(np.random.Philox(key=_key(seed, run))).permutation(len(names))
    side = _assign(counts, order, shares)[group]
    train, validation, test = (maps[side == number] for number in range(3))
    return Split(train, validation, test, by, fractions, seed, run)


def _checked_fractions(fractions: Any) -> NDArray[np.float64]:
    try:
        shares = np.array(fractions, dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.empty(0)
    if shares.shape != (3,) or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-9 or shares[0] == 0:
        raise ArgumentError(
            f"expected three shares that add up to 1, the first above 0, found {fractions!r}.",
            field="fractions",
            remedy="give train, validation, test, for example (0.8, 0.1, 0.1).",
        )
    return shares


def _key(seed: Any, run: Any) -> NDArray[np.uint64]:
    return np.array([whole_in(seed, "seed"), whole_in(run, "run")], dtype=np.uint64)


def _groups(dataset: DataSet, maps: NDArray[np.int64], by: str) -> NDArray[Any]:
    if by == "map":
        return maps
    clusters = maps // dataset.n_views
    return np.asarray(dataset.labels["region"])[clusters] if by == "region" else clusters


def _assign(counts: NDArray[Any], order: NDArray[Any], shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Side of each group: the one that lacks most maps; the last groups go where there is none."""
    total = counts.sum()
    filled = np.zeros(3)
    side = np.empty(len(counts), dtype=np.int64)
    for done, group in enumerate(order):
        lacking = shares - filled / total
        empty = (filled == 0) & (shares > 0)
        if len(order) - done <= np.count_nonzero(empty):
            lacking = np.where(empty, 1 + shares, -1.0)
        chosen = int(np.argmax(np.where(shares > 0, lacking, -np.inf)))
        side[group] = chosen
        filled[chosen] += counts[group]
    return side


def leakage_audit(dataset: DataSet, split: Split) -> Table:
    """List every group that stands on more than one side.

    Parameters
    ----------
    dataset : DataSet
        What was divided.
    split : Split
        The division.

    Returns
    -------
    Table
        Columns level (region, cluster or map), group, train, validation, test: how many of the group's maps are on each
        side. No row: nothing leaks.
    """
    from astropy.table import Table

    rows = [row for level in LEVELS for row in _standing_on_both(dataset, split, level)]
    columns = zip(*rows, strict=True) if rows else [[]] * 5
    kinds = ("str", "str", "int64", "int64", "int64")
    arrays = [np.array(list(column), dtype=kind) for column, kind in zip(columns, kinds, strict=True)]
    return Table(arrays, names=("level", "group", *SIDES))


def _standing_on_both(dataset: DataSet, split: Split, level: str) -> list[tuple[Any, ...]]:
    grouped = [_groups(dataset, dataset.indices(maps), level) for maps in split.sides.values()]
    names, group = np.unique(np.concatenate(grouped), return_inverse=True)
    side = np.repeat(np.arange(3), [len(each) for each in grouped])
    counts = np.zeros((len(names), 3), dtype=np.int64)
    np.add.at(counts, (group, side), 1)
    leaking = np.flatnonzero(np.count_nonzero(counts, axis=1) > 1)
    cluster_names = dataset.labels["name"]
    texts = [str(cluster_names[names[row]]) if level == "cluster" else str(names[row]) for row in leaking]
    return [(level, text, *map(int, counts[row])) for text, row in zip(texts, leaking, strict=True)]
