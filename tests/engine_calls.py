"""A call of every operation of the engine with arguments that it takes, for tests of what it does with others."""

from __future__ import annotations

from typing import Any

import numpy as np

from szfast import _core
from szfast.maps.beam_projection import Mesh, mode_table
from szfast.maps.spread_design import spread_window

PIXELS, PIXEL_KPC, SIGMA_KPC = 24, 100.0, 250.0
OPERATIONS = (
    "deposit",
    "mesh_spectra",
    "spread",
    "observe",
    "pick_and_turn",
    "particle_columns",
    "extent",
    "within_sphere",
    "offsets",
    "column_density",
)
THREADED = OPERATIONS[:6]
"""Those that take a number of threads."""


def particles(count: int, seed: int = 4) -> dict[str, np.ndarray]:
    """Particles of a cluster 600 kpc wide."""
    rng = np.random.default_rng(seed)
    columns = {axis: rng.normal(0.0, 300.0, count) for axis in "xyz"}
    columns |= {"h": rng.uniform(5.0, 100.0, count), "Y": rng.random(count)}
    return {name: values.astype(np.float32) for name, values in columns.items()}


def rotations(count: int, seed: int = 2) -> np.ndarray:
    """Rotation matrices, (count, 3, 3)."""
    matrices, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, 3, 3)))
    return np.ascontiguousarray(matrices * np.linalg.det(matrices)[:, None, None])


def arguments(name: str, count: int = 300, views: int = 2) -> dict[str, Any]:
    """What an operation takes, of so many particles, or maps, and views; threads where it takes them."""
    threads = {"threads": 2} if name in THREADED else {}
    made: dict[str, Any] = globals()[f"_{name}"](count, views)
    return made | threads


def call(name: str, given: dict[str, Any]) -> tuple[np.ndarray, ...]:
    """Do an operation; its arrays."""
    found = getattr(_core, name)(**given)
    return tuple(np.asarray(each) for each in found) if isinstance(found, tuple) else (found,)


def arrays_of(given: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arguments that are arrays, those of a design by ``design.name``."""
    nested = {f"design.{name}": value for name, value in given.get("design", {}).items()}
    return {name: value for name, value in (given | nested).items() if isinstance(value, np.ndarray)}


def changed(given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """The same arguments but for one, which may be a design's."""
    if name.startswith("design."):
        return given | {"design": given["design"] | {name.removeprefix("design."): value}}
    return given | {name: value}


def _deposit(count: int, views: int) -> dict[str, Any]:
    grid = {"pixels": PIXELS, "pixel_kpc": PIXEL_KPC, "half_depth_kpc": 2000.0, "kernel": "cubic", "rtol": 1e-4}
    return particles(count) | {"views": rotations(views)} | grid


def _mesh_spectra(count: int, views: int) -> dict[str, Any]:
    mesh = Mesh.of("cubic", 0.6, 5.0, SIGMA_KPC, 1500.0)
    assert mesh is not None
    last, factor = mode_table(PIXELS, SIGMA_KPC / PIXEL_KPC, 5.0)
    views_and_modes = {"views": rotations(views), "last": last, "factor": factor, "pixel_kpc": PIXEL_KPC}
    return particles(count) | views_and_modes | {"design": mesh.arguments()}


def _spread(count: int, views: int) -> dict[str, Any]:
    lengths = {"cell_kpc": PIXEL_KPC, "reach_kpc": 1000.0, "half_depth_kpc": 2000.0, "h_above_kpc": -1.0}
    window = np.ascontiguousarray(spread_window(6, 2.5, 5.0).coefficients)
    rest = {"views": rotations(views), "cells": PIXELS, "h_to_kpc": 60.0, "taps": 6, "window": window}
    return particles(count) | lengths | rest


def _observe(count: int, views: int) -> dict[str, Any]:
    n, maps = PIXELS, count * views // 100
    rng = np.random.default_rng(5)
    keys = np.zeros((maps, 5), dtype=np.uint64)
    keys[:, 2] = np.arange(maps)
    filters = {name: rng.random((n, n // 2 + 1)) for name in ("transfer", "amplitude")}
    return {"maps": rng.random((maps, n, n)), "keys": keys, "size": n - 4, **filters}


def _pick_and_turn(count: int, views: int) -> dict[str, Any]:
    rng = np.random.default_rng(6)
    maps, n = count // 10, PIXELS
    return {
        "maps": rng.random((maps, n, n), dtype=np.float32),
        "rows": rng.integers(0, maps, maps),
        "noise": rng.random((maps, n, n), dtype=np.float32),
        "symmetry": rng.integers(0, 8, maps),
    }


def _particle_columns(count: int, views: int) -> dict[str, Any]:
    columns = particles(count)
    named = dict(zip(("mass", "hydrogen", "electrons", "temperature"), (columns[k] for k in "xyzh"), strict=True))
    offset = np.random.default_rng(7).normal(size=(count, 3))
    return {"offset": offset, "center": np.arange(3.0), "factor": 2.0, **named}


def _extent(count: int, views: int) -> dict[str, Any]:
    return {"coordinates": np.random.default_rng(8).random((count, 3))}


def _within_sphere(count: int, views: int) -> dict[str, Any]:
    about = {"center": np.full(3, 0.5), "radius": 0.4, "box": 1.0}
    return _extent(count, views) | about


def _offsets(count: int, views: int) -> dict[str, Any]:
    about = {"center": np.full(3, 0.5), "box": 1.0, "scale": 2.0}
    return _extent(count, views) | {"rows": np.arange(count)[::3].copy()} | about


def _column_density(count: int, views: int) -> dict[str, Any]:
    return {"kernel": "cubic", "distance": np.linspace(0.0, 1.5, count)}
