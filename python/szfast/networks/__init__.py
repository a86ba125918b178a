"""Networks that tell a cluster's mass from its map of Compton y.

Prediction needs NumPy alone; the Keras model is for training and needs the extra ``szfast[train]``. Every
name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from szfast.networks.cutouts import Cutout as Cutout
    from szfast.networks.cutouts import read_cutout as read_cutout
    from szfast.networks.keras_files import load_keras as load_keras
    from szfast.networks.keras_files import save_keras as save_keras
    from szfast.networks.keras_model import from_keras as from_keras
    from szfast.networks.keras_model import to_keras as to_keras
    from szfast.networks.keras_model import vgg as vgg
    from szfast.networks.mass import predict_log10_mass as predict_log10_mass
    from szfast.networks.mass_table import masses_of_files as masses_of_files
    from szfast.networks.network_set import NetworkSet as NetworkSet
    from szfast.networks.network_set import read_networks as read_networks
    from szfast.networks.npz import load as load
    from szfast.networks.npz import save as save
    from szfast.networks.published_weights import published as published
    from szfast.networks.square import symmetries as symmetries
    from szfast.networks.weights import NetworkWeights as NetworkWeights

_HOME = {
    "Cutout": "cutouts",
    "NetworkSet": "network_set",
    "NetworkWeights": "weights",
    "from_keras": "keras_model",
    "load": "npz",
    "load_keras": "keras_files",
    "masses_of_files": "mass_table",
    "predict_log10_mass": "mass",
    "published": "published_weights",
    "read_cutout": "cutouts",
    "read_networks": "network_set",
    "save": "npz",
    "save_keras": "keras_files",
    "symmetries": "square",
    "to_keras": "keras_model",
    "vgg": "keras_model",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'szfast.networks' has no attribute '{name}'")
    return getattr(importlib.import_module(f"szfast.networks.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
