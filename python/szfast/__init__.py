"""szfast: simulated galaxy clusters to Planck-like Compton-y maps to masses of real clusters.

The public names are loaded when they are first used, so that importing szfast stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    import szfast.evaluation as evaluate
    from szfast import dataset as dataset
    from szfast import ensemble as ensemble
    from szfast import networks as networks
    from szfast import planck as planck
    from szfast import report as report
    from szfast import sample as sample
    from szfast.errors import SzfastError as SzfastError
    from szfast.gas import Gas as Gas
    from szfast.gas import read_snapshot as read_snapshot
    from szfast.maps.files import read_maps as read_maps
    from szfast.maps.files import write_maps as write_maps
    from szfast.maps.instrument import PLANCK as PLANCK
    from szfast.maps.instrument import Instrument as Instrument
    from szfast.maps.make import make_maps as make_maps
    from szfast.maps.mapset import MapSet as MapSet
    from szfast.maps.spectrum import NoiseSpectrum as NoiseSpectrum
    from szfast.sample.synthetic import synthetic_cluster as synthetic_cluster
    from szfast.snapshots.halos import read_halos as read_halos

_HOME = {
    "SzfastError": "szfast.errors",
    "Gas": "szfast.gas",
    "read_snapshot": "szfast.gas",
    "read_halos": "szfast.snapshots.halos",
    "PLANCK": "szfast.maps.instrument",
    "Instrument": "szfast.maps.instrument",
    "NoiseSpectrum": "szfast.maps.spectrum",
    "MapSet": "szfast.maps.mapset",
    "make_maps": "szfast.maps.make",
    "read_maps": "szfast.maps.files",
    "write_maps": "szfast.maps.files",
    "synthetic_cluster": "szfast.sample.synthetic",
}

_PACKAGES = ("dataset", "ensemble", "networks", "planck", "report", "sample")

__all__ = ["__version__", "evaluate", *_PACKAGES, *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        return importlib.import_module("szfast.evaluation")
    if name in _PACKAGES:
        return importlib.import_module(f"szfast.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'szfast' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
