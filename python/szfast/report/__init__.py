"""The report of a run: one HTML page that needs no other file, and a page a real cluster."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.report.real_clusters import RealClusters as RealClusters
    from szfast.report.real_clusters import read_real_clusters as read_real_clusters
    from szfast.report.writing import write_report as write_report

_HOME = {"RealClusters": "real_clusters", "read_real_clusters": "real_clusters", "write_report": "writing"}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.report' has no attribute '{name}'")
    return getattr(importlib.import_module(f"szfast.report.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
