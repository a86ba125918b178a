"""Halo tables of many regions and snapshots as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.errors import ArgumentError

if TYPE_CHECKING:
    from astropy.table import QTable

LEAST_HIGH_RESOLUTION = 0.98
"""Share of a halo's mass in high-resolution particles below which it is contaminated."""

_REQUIRED = ("id", "redshift", "M500c")


def gathered(haloes: Any) -> tuple[QTable, dict[str, int]]:
    """One table of all haloes with the columns region and snapshot, and how many were left out and why.

    A region whose heaviest halo in a snapshot is contaminated, fMhires < 0.98, is left out in that snapshot, as are
    contaminated haloes anywhere.

    Raises
    ------
    ArgumentError
        If a table lacks a column or its region, or a halo stands there twice.
    """
    from astropy.table import vstack

    left_out = {"in contaminated regions": 0, "contaminated": 0}
    tables = [clean for table in _with_regions(haloes) for clean in _clean(table, left_out)]
    if not tables:
        raise ArgumentError("all haloes are contaminated.", field="haloes")
    together = vstack(tables, join_type="inner", metadata_conflicts="silent")
    # the order in which tables were given leaves no trace
    together = together[np.lexsort((_text(together["id"]), together["snapshot"], together["region"]))]
    _check_unique(together)
    return together, left_out


def _with_regions(haloes: Any) -> list[QTable]:
    if isinstance(haloes, Mapping):
        named: list[tuple[str | None, Any]] = [
            (str(region), table) for region, given in haloes.items() for table in _listed(given)
        ]
    else:
        named = [(None, table) for table in _listed(haloes)]
    if not named:
        raise ArgumentError("holds no table.", field="haloes")
    return [_prepared(table, region) for region, table in named]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, Sequence) else [given]


def _prepared(table: Any, region: str | None) -> QTable:
    from astropy.table import QTable

    if not isinstance(table, QTable):
        raise ArgumentError(
            f"expected tables of haloes, found {type(table).__name__}.",
            field="haloes",
            remedy="give what szfast.read_halos returns, or synthetic_catalogue.",
        )
    for name in _REQUIRED:
        if name not in table.colnames:
            raise ArgumentError(f"the table has no column {name}.", field="haloes", remedy="see szfast.read_halos.")
    if region is None and "region" not in table.colnames:
        raise ArgumentError(
            "the haloes do not say which region they are of.",
            field="haloes",
            remedy="give {region: [table, ...]}, or tables with a column region.",
        )
    table = table.copy()
    if region is not None:
        table["region"] = np.full(len(table), region)
    if "snapshot" not in table.colnames:
        table["snapshot"] = np.full(len(table), Path(table.meta.get("file", "synthetic")).name)
    for name in ("region", "snapshot"):
        table[name] = np.asarray(table[name]).astype(str)
    return table


def _clean(table: QTable, left_out: dict[str, int]) -> list[QTable]:
    """The table's haloes that are not contaminated; none, or one table."""
    if "fMhires" not in table.colnames:
        return [table]
    pure = np.asarray(table["fMhires"]) >= LEAST_HIGH_RESOLUTION
    kept = pure.copy()
    where = np.char.add(np.char.add(table["region"], "\0"), table["snapshot"])
    mass = np.asarray(table["M500c"].value)
    for name in np.unique(where[~pure]):
        members = np.flatnonzero(where == name)
        if not pure[members[mass[members].argmax()]]:
            kept[members] = False
            left_out["in contaminated regions"] += len(members)
        else:
            left_out["contaminated"] += int(np.count_nonzero(~pure[members]))
    del table["fMhires"]
    return [table[kept]] if kept.any() else []


def _text(column: Any) -> Any:
    return np.asarray(column).astype(str)


def _check_unique(table: QTable) -> None:
    same = np.ones(max(len(table) - 1, 0), dtype=bool)
    for name in ("region", "snapshot", "id"):
        values = _text(table[name])
        same &= values[1:] == values[:-1]
    if same.any():
        row = table[int(same.argmax())]
        raise ArgumentError(
            f"halo {row['id']} of region {row['region']}, snapshot {row['snapshot']}, stands there twice.",
            field="haloes",
            remedy="give each table once, and snapshots of one region under names of their own.",
        )
