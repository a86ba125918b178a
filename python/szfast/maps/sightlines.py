"""Lines of sight: the directions that a cluster is seen from, as rotation matrices.

A view is a matrix whose columns are the image's x axis, the image's y axis and the line of sight.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError

SIGHTLINE_SETS = ("hemisphere27", "euler27")
"""Named sets of lines of sight."""

MOST_DIRECTIONS = 2000
"""Each pushes each other: their number squared is held in memory."""


def rotation_from_euler(angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices Rz(c) Ry(b) Rx(a) from Euler angles.

    Parameters
    ----------
    angles_deg : (L, 3) array
        Angles a, b, c about the x, y and z axes [degree].

    Returns
    -------
    (L, 3, 3) array
        The line of sight is the third column, as in PyMSZ.
    """
    a, b, c = np.deg2rad(np.asarray(angles_deg, dtype=np.float64)).T
    one, zero = np.ones_like(a), np.zeros_like(a)

    def stacked(rows: list[list[NDArray[np.float64]]]) -> NDArray[np.float64]:
        return np.moveaxis(np.array(rows), -1, 0)

    about_x = stacked([[one, zero, zero], [zero, np.cos(a), -np.sin(a)], [zero, np.sin(a), np.cos(a)]])
    about_y = stacked([[np.cos(b), zero, np.sin(b)], [zero, one, zero], [-np.sin(b), zero, np.cos(b)]])
    about_z = stacked([[np.cos(c), -np.sin(c), zero], [np.sin(c), np.cos(c), zero], [zero, zero, one]])
    return about_z @ about_y @ about_x


def hemisphere(count: int) -> NDArray[np.float64]:
    """Quasi-uniform directions on one hemisphere, each with a roll that depends on its number alone.

    Directions start on a Fibonacci spiral (Swinbank & Purser 2006, doi:10.1256/qj.05.227) cut to one hemisphere and
    repel each other and each other's antipodes, since n and -n see mirror images of one map; rolls follow the additive
    recurrence of the plastic number.

    Parameters
    ----------
    count : int
        Number of views, 1 to 2000.

    Returns
    -------
    (count, 3, 3) array
        Rotation matrices.

    Raises
    ------
    ArgumentError
        If there are too few or too many.
    """
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count <= MOST_DIRECTIONS:
        raise ArgumentError(
            f"expected 1 to {MOST_DIRECTIONS} views, found {count!r}.",
            field="count",
            remedy="give rotation matrices of your own for more.",
        )
    return _hemisphere(count).copy()


@lru_cache(maxsize=8)
def _hemisphere(count: int) -> NDArray[np.float64]:
    i = np.arange(count)
    golden, plastic = (1 + np.sqrt(5)) / 2, 1.324717957244746
    height = (i + 0.5) / count
    azimuth = 2 * np.pi * ((i / golden) % 1.0)
    x, y, z = _spread(np.stack([np.sqrt(1 - height**2) * f(azimuth) for f in (np.cos, np.sin)] + [height], axis=1)).T
    none = np.zeros(count)
    # next to the pole rounding may leave z beyond one
    inclination, azimuth = np.rad2deg(np.arccos(np.clip(z, -1.0, 1.0))), np.rad2deg(np.arctan2(y, x))
    rolled = rotation_from_euler(np.stack([none, none, 360.0 * ((i / plastic) % 1.0)], axis=1))
    views: NDArray[np.float64] = rotation_from_euler(np.stack([none, inclination, azimuth], axis=1)) @ rolled
    return views


def _spread(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move unit vectors apart, and away from each other's antipodes, like charges on a sphere."""
    count = len(directions)
    steps = min(300, 20 + 3_000_000 // count**2)
    # neighbours lie as 1 / sqrt(count) and push as its inverse square: a step stays a small part of their distance
    rate = min(0.002, 1.5 / count**1.5)
    for _ in range(steps):
        push = np.zeros_like(directions)
        for sign in (-1, 1):
            apart = directions[:, None] + sign * directions[None]
            distance = np.linalg.norm(apart, axis=2)
            np.fill_diagonal(distance, np.inf)
            push += (apart / distance[..., None] ** 3).sum(axis=1)
        directions = directions + rate * push
        directions /= np.linalg.norm(directions, axis=1)[:, None]
    return directions


def sightlines(which: str | Path | NDArray[Any]) -> NDArray[np.float64]:
    """Rotation matrices of a set of lines of sight.

    Parameters
    ----------
    which : str, Path or (L, 3, 3) array
        ``hemisphere27``: 27 quasi-uniform directions on one hemisphere; ``euler27``: Euler angles {0, 60, 120} degrees
        cubed; the path of a text file with three Euler angles in degrees a line; or rotation matrices.

    Returns
    -------
    (L, 3, 3) float64 array
        Columns are the image's x axis, its y axis and the line of sight.

    Raises
    ------
    ArgumentError
        If the name is unknown, the file cannot be read, or a matrix is no rotation.
    """
    if isinstance(which, str) and which == "hemisphere27":
        return hemisphere(27)
    if isinstance(which, str) and which == "euler27":
        steps = np.array([0.0, 60.0, 120.0])
        return rotation_from_euler(np.array(np.meshgrid(steps, steps, steps, indexing="ij")).reshape(3, -1).T)
    if isinstance(which, str | Path):
        return rotation_from_euler(_angles_from_file(Path(which)))
    return _checked_rotations(which)


def _angles_from_file(path: Path) -> NDArray[np.float64]:
    if not path.is_file():
        raise ArgumentError(
            f"'{path}' is neither a set of lines of sight nor a file.",
            field="sightlines",
            remedy=f"use one of {', '.join(SIGHTLINE_SETS)}, or a file with three Euler angles in degrees a line.",
        )
    rows = []
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
        text = line.split("#")[0].replace(",", " ").split()
        if not text:
            continue
        try:
            angles = [float(word) for word in text]
        except ValueError:
            angles = []
        if len(angles) != 3 or not np.isfinite(angles).all():
            raise ArgumentError(
                f"line {number}: expected three angles in degrees, found '{line.strip()[:60]}'.",
                file=path,
                field="sightlines",
                remedy="write one view a line: the angles about x, y and z.",
            )
        rows.append(angles)
    if not rows:
        raise ArgumentError("holds no angles.", file=path, field="sightlines", remedy="write one view a line.")
    return np.array(rows)


def _checked_rotations(matrices: Any) -> NDArray[np.float64]:
    try:
        views = np.array(matrices, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        views = np.empty(0)
    if views.ndim != 3 or views.shape[1:] != (3, 3) or len(views) == 0 or not np.isfinite(views).all():
        raise ArgumentError(
            f"expected finite rotation matrices of shape (L, 3, 3), found shape {np.shape(matrices)}.",
            field="sightlines",
            remedy=f"give such an array, a file of Euler angles, or one of {', '.join(SIGHTLINE_SETS)}.",
        )
    off = np.abs(views @ np.swapaxes(views, 1, 2) - np.eye(3)).max(axis=(1, 2)) + np.abs(np.linalg.det(views) - 1)
    if (off > 1e-6).any():
        raise ArgumentError(
            f"matrix {int(np.argmax(off > 1e-6))} is not a rotation: orthonormal columns, determinant 1.",
            field="sightlines",
            remedy="normalise it; mirror images are not views.",
        )
    return views
