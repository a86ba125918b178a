"""How a dialect stores the gas: which arrays to read, what is allowed in them, what they become."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.header import Assumption, SnapshotHeader

Array = NDArray[Any]
LOST_ROWS = 32
"""Zeros in a row that are no accident; a disk's sector holds 64 values at least."""

Reader = Callable[[str, int, int], Array]
"""Reads rows [start, stop) of one stored array of gas."""


@dataclass(frozen=True)
class StoredField:
    """An array of the file and the range its values must lie in.

    Parameters
    ----------
    name : str
        Name of the dataset or block.
    lowest, highest : float
        Smallest and largest value allowed.
    positive : bool
        Whether zero is refused too.
    gapless : bool
        Whether many zeros in a row are refused: a page of the file that was lost. Single ones are allowed, gas that a
        black hole has swallowed is left with no mass until the next domain decomposition.
    """

    name: str
    lowest: float = -np.inf
    highest: float = np.inf
    positive: bool = False
    gapless: bool = False


@dataclass(frozen=True)
class Recipe:
    """Makes one physical quantity from stored arrays.

    Parameters
    ----------
    fields : tuple of StoredField
        What is read.
    combine : callable
        Takes the number of rows and the arrays, gives the quantity.
    factor : float or None
        Where that is the one array times a number, or the number itself: that number.
    limits : tuple of float
        Lowest and highest value of the quantity.
    """

    fields: tuple[StoredField, ...]
    combine: Callable[..., Array]
    factor: float | None = None
    limits: tuple[float, float] = (-np.inf, np.inf)


@dataclass(frozen=True)
class GasLayout:
    """All that a dialect says of a snapshot's gas.

    Parameters
    ----------
    dialect : str
        Name of the dialect.
    header : SnapshotHeader
        Header in physical units.
    coordinates : str
        Name of the array of positions.
    recipes : dict
        Quantity of `GasParticles` -> `Recipe`.
    kernel : str
        Kernel to project with.
    assumptions : list of Assumption
        What was taken for granted.
    units_assumed : bool
        Whether the file said nothing of its units.
    dark_matter_msun : float or None
        Mass of all dark matter where the header alone gives it.
    density : Recipe or None
        Physical density [Msun/kpc^3], read for the check of the units alone.
    """

    dialect: str
    header: SnapshotHeader
    coordinates: str
    recipes: dict[str, Recipe]
    kernel: str
    assumptions: list[Assumption]
    units_assumed: bool = False
    dark_matter_msun: float | None = None
    density: Recipe | None = None


class Store(Protocol):
    """The files of one snapshot."""

    parts: list[Path]
    gas_counts: list[int]

    def opened(self, part: int) -> AbstractContextManager[Reader]:
        """Open one file and give its reader."""

    def rows_at_once(self, part: int, wanted: int) -> int:
        """Rows of one file that are best read together: at least as many as wanted."""


_POSSIBLE = {
    # all gas of a cluster
    "mass_msun": (0.0, 1e15),
    # 0.1 mpc, and the cells of a mesh that reach from a zoom over all of the largest boxes
    "smoothing_length_kpc": (1e-7, 1e7),
    # a tenth of c^2
    "internal_energy_km2_s2": (0.0, 9e9),
    "temperature_k": (0.0, 5e11),
}
"""What no gas particle of a simulation exceeds: one wrong value would outshine a cluster."""


def within_possible(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """Bound quantities by what is possible: the stored array where there is one, else what is made of several."""
    bounded: dict[StoredField, StoredField] = {}
    for quantity, (lowest, highest) in _POSSIBLE.items():
        recipe = recipes.get(quantity)
        if recipe is not None and recipe.factor is not None and len(recipe.fields) == 1:
            (field,) = recipe.fields
            # A factor that overflows or vanishes is refused with what it makes.
            with np.errstate(divide="ignore", invalid="ignore"):
                low, high = (float(np.divide(limit, recipe.factor)) for limit in (lowest, highest))
            bounded[field] = replace(field, lowest=max(field.lowest, low), highest=min(field.highest, high))
    return {
        quantity: replace(
            recipe,
            fields=tuple(bounded.get(field, field) for field in recipe.fields),
            limits=_POSSIBLE.get(quantity, recipe.limits),
        )
        for quantity, recipe in recipes.items()
    }


def scaled(field: StoredField, factor: float) -> Recipe:
    """Recipe of a stored array times a factor."""
    return Recipe((field,), lambda count, array: array * factor, factor)


def constant(value: float) -> Recipe:
    """Recipe of a quantity that all particles share."""
    return Recipe((), lambda count: np.full(count, value, dtype=np.float32), value)


def check_values(array: Array, field: StoredField, path: Path) -> None:
    """Refuse NaN, infinity and values out of range.

    Raises
    ------
    SnapshotError
        Naming the file and the array.
    """
    if array.size == 0:
        return
    if array.dtype.kind not in "fiu":
        raise SnapshotError(
            f"expected numbers, found {array.dtype}.",
            file=path,
            field=field.name,
            remedy="write the array as floats.",
        )
    # NaN propagates through min and max, so that two passes find every fault.
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        bad = int(np.count_nonzero(~np.isfinite(array)))
        problem = f"holds {bad} values that are not finite."
    elif low < field.lowest or high > field.highest or (field.positive and low <= 0.0):
        positive = field.positive and low <= 0.0
        wanted = "a positive value" if positive else f"values in [{field.lowest:g}, {field.highest:g}]"
        problem = f"expected {wanted}, found values from {low:g} to {high:g}."
    elif field.gapless and low == 0.0 and _has_gap(array):
        problem = f"holds {LOST_ROWS} zeros in a row or more: a page of the file was lost."
    else:
        return
    raise SnapshotError(
        problem,
        file=path,
        field=field.name,
        remedy="the file is damaged, or was written by a run that went wrong: fetch or write it again.",
    )


def _has_gap(array: Array) -> bool:
    zeros = np.flatnonzero(array == 0 if array.ndim == 1 else ~array.any(axis=-1))
    return bool((zeros[LOST_ROWS - 1 :] - zeros[: 1 - LOST_ROWS] == LOST_ROWS - 1).any())


def computed(recipe: Recipe, count: int, arrays: Sequence[Array], path: Path) -> NDArray[np.float32]:
    """Apply a recipe to checked arrays; the result is float32.

    Raises
    ------
    SnapshotError
        If arrays that are good each by itself give a result that is not finite.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        result = np.asarray(recipe.combine(count, *arrays), dtype=np.float32)
        total = result.sum()
    if result.shape != (count,):
        raise SnapshotError(
            f"expected one value a particle, found the shape {result.shape}.",
            file=path,
            field=recipe.fields[0].name,
            remedy="write the array with one value a particle.",
        )
    names = " and ".join(field.name for field in recipe.fields)
    # A sum keeps NaN and infinity; where it overflows by itself the values are looked at.
    if recipe.fields and not math.isfinite(total):
        check_values(result, StoredField(names), path)
    # What is one stored array was looked at as such.
    if recipe.factor is None and recipe.limits != (-np.inf, np.inf):
        check_values(result, StoredField(names, *recipe.limits), path)
    return result
