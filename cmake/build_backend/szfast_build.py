"""scikit-build-core with one setting of its own: szfast.cuda = auto, on, off or wheel (environment: SZFAST_CUDA)."""

from __future__ import annotations

import os
from typing import Any

from scikit_build_core import build as _build
from scikit_build_core.build import get_requires_for_build_sdist as get_requires_for_build_sdist

TOOLKIT = "cuda-toolkit[nvcc,cudart,cccl]==13.0.*"

Settings = dict[str, Any] | None


def _taken(settings: Settings) -> Settings:
    rest = dict(settings or {})
    chosen = rest.pop("szfast.cuda", None)
    if chosen is not None:
        os.environ["SZFAST_CUDA"] = chosen
    return rest


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    rest = _taken(config_settings)
    toolkit = [TOOLKIT] if os.environ.get("SZFAST_CUDA") == "wheel" else []
    return [*_build.get_requires_for_build_wheel(rest), *toolkit]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    rest = _taken(config_settings)
    toolkit = [TOOLKIT] if os.environ.get("SZFAST_CUDA") == "wheel" else []
    return [*_build.get_requires_for_build_editable(rest), *toolkit]


def prepare_metadata_for_build_wheel(directory: str, config_settings: Settings = None) -> str:
    return _build.prepare_metadata_for_build_wheel(directory, _taken(config_settings))


def prepare_metadata_for_build_editable(directory: str, config_settings: Settings = None) -> str:
    return _build.prepare_metadata_for_build_editable(directory, _taken(config_settings))


def build_wheel(directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    return _build.build_wheel(directory, _taken(config_settings), metadata_directory)


def build_editable(directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    return _build.build_editable(directory, _taken(config_settings), metadata_directory)


def build_sdist(directory: str, config_settings: Settings = None) -> str:
    return _build.build_sdist(directory, _taken(config_settings))
