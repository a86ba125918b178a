"""Samples of clusters: which haloes to take, and synthetic clusters for users without a simulation.

Every name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.sample.catalogue import synthetic_catalogue as synthetic_catalogue
    from szfast.sample.coverage import coverage_figure as coverage_figure
    from szfast.sample.pressure import mean_compton_y as mean_compton_y
    from szfast.sample.psz2 import psz2_sample as psz2_sample
    from szfast.sample.selection import Selection as Selection
    from szfast.sample.selection import select as select
    from szfast.sample.synthetic import synthetic_cluster as synthetic_cluster

_HOME = {
    "Selection": "selection",
    "coverage_figure": "coverage",
    "mean_compton_y": "pressure",
    "psz2_sample": "psz2",
    "select": "selection",
    "synthetic_catalogue": "catalogue",
    "synthetic_cluster": "synthetic",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.sample' has no attribute '{name}'")
    return getattr(importlib.import_module(f"szfast.sample.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
