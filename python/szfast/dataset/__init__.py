"""Data sets of maps: the store, its builder, the split into training and test, and what feeds networks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.dataset import bins as bins
    from szfast.dataset.arrays import from_arrays as from_arrays
    from szfast.dataset.batches import Batches as Batches
    from szfast.dataset.building import build as build
    from szfast.dataset.maps import DataSet as DataSet
    from szfast.dataset.split import Split as Split
    from szfast.dataset.split import leakage_audit as leakage_audit
    from szfast.dataset.store import open_dataset as open_dataset
    from szfast.dataset.verification import verify as verify

_HOME = {
    "Batches": "szfast.dataset.batches",
    "DataSet": "szfast.dataset.maps",
    "Split": "szfast.dataset.split",
    "build": "szfast.dataset.building",
    "from_arrays": "szfast.dataset.arrays",
    "leakage_audit": "szfast.dataset.split",
    "open_dataset": "szfast.dataset.store",
    "verify": "szfast.dataset.verification",
}

__all__ = ["bins", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name == "bins":
        return importlib.import_module("szfast.dataset.bins")
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.dataset' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
