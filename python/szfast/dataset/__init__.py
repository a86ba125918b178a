"""Data sets of maps: the store, its builder, the split into training and test, and what feeds networks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.dataset import bins as bins
    from szfast.dataset.arrays import from_arrays as from_arrays
    from szfast.dataset.maps import DataSet as DataSet
    from szfast.dataset.split import Split as Split
    from szfast.dataset.split import leakage_audit as leakage_audit

_HOME = {
    "DataSet": "szfast.dataset.maps",
    "Split": "szfast.dataset.split",
    "from_arrays": "szfast.dataset.arrays",
    "leakage_audit": "szfast.dataset.split",
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
