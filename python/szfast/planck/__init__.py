"""Real Planck clusters: the PSZ2 catalogue, cutouts of the y map, their masses, and weak-lensing masses beside them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.planck.catalogue import psz2_clusters as psz2_clusters
    from szfast.planck.cutout_files import cut_clusters as cut_clusters
    from szfast.planck.cutouts import cut as cut
    from szfast.planck.downloads import fetch as fetch
    from szfast.planck.lensing import compare_with_lensing as compare_with_lensing
    from szfast.planck.lensing import read_lensing as read_lensing
    from szfast.planck.masses import mass_catalogue as mass_catalogue
    from szfast.planck.masses import write_catalogue as write_catalogue
    from szfast.planck.sky import SkyMap as SkyMap
    from szfast.planck.sky import read_sky as read_sky
    from szfast.sample.psz2 import read_psz2 as read_psz2

_HOME = {
    "SkyMap": "szfast.planck.sky",
    "compare_with_lensing": "szfast.planck.lensing",
    "cut": "szfast.planck.cutouts",
    "cut_clusters": "szfast.planck.cutout_files",
    "fetch": "szfast.planck.downloads",
    "mass_catalogue": "szfast.planck.masses",
    "psz2_clusters": "szfast.planck.catalogue",
    "read_lensing": "szfast.planck.lensing",
    "read_psz2": "szfast.sample.psz2",
    "read_sky": "szfast.planck.sky",
    "write_catalogue": "szfast.planck.masses",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.planck' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
