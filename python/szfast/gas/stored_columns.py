"""From what a snapshot stores to the columns that maps need, in one pass: the same bits as by way of `Gas`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.constants import X_H_PRIMORDIAL
from szfast.gas.electrons import (
    COMPTON_Y_KPC2_PER_MSUN_K,
    FROM_FILE,
    HOT_K,
    HYDROGEN_LIMITS,
    KELVIN_PER_KM2_S2,
    MOST_ELECTRONS,
    PRIMORDIAL_ELECTRONS,
    fully_ionised,
)
from szfast.snapshots.pieces import Piece, StoredValues

if TYPE_CHECKING:
    from szfast.gas.treatment import Treatment


def fill_columns(
    piece: Piece, treatment: Treatment, columns: tuple[NDArray[np.float32], ...]
) -> tuple[int, dict[str, int]] | None:
    """Write the gas of a piece into columns.

    Parameters
    ----------
    piece : Piece
        Particles as they are stored.
    treatment : Treatment
        How they become gas.
    columns : tuple of (M,) float32 array
        x, y, z, support radius and Compton area, with room for all of the piece.

    Returns
    -------
    tuple of (int, dict) or None
        How many were written, and how many left out for each reason. None where the particles have to be looked at one
        by one: a value is not possible, or heat is not given.
    """
    from szfast._core import stored_columns

    heat = next((name for name in ("internal_energy_km2_s2", "temperature_k") if name in piece.has), None)
    if heat is None:
        return None
    reasons = [reason for reason in treatment.reasons if reason.quantity in piece.has]
    electrons, hydrogen = _composition(piece, treatment.electrons)
    sphere = piece.sphere
    kept, left_out, sound = stored_columns(
        piece.chunk.coordinates,
        piece.rows,
        center=np.ascontiguousarray(sphere.centers[0]),
        box=sphere.box or 0.0,
        scale=piece.chunk.physical_kpc,
        mass=piece.stored("mass_msun"),
        heat=piece.stored(heat),
        support=piece.stored("smoothing_length_kpc"),
        electrons=electrons,
        hydrogen=hydrogen,
        exclusions=tuple((piece.stored(r.quantity), r.threshold, r.at_threshold) for r in reasons),
        kelvin=KELVIN_PER_KM2_S2 if heat == "internal_energy_km2_s2" else 0.0,
        support_scale=treatment.smoothing_scale,
        area=COMPTON_Y_KPC2_PER_MSUN_K,
        most_electrons=MOST_ELECTRONS,
        hydrogen_limits=HYDROGEN_LIMITS,
        # without electrons by an argument's wish is not odd
        hot_kelvin=HOT_K if treatment.electrons == FROM_FILE else np.inf,
        columns=columns,
    )
    return (kept, dict(zip((r.name for r in reasons), left_out, strict=True))) if sound else None


def _composition(piece: Piece, model: str | float) -> tuple[Any, Any]:
    """Electrons per hydrogen atom and hydrogen's share, as `szfast.gas.electrons.electrons_of` takes them."""
    given = "hydrogen_fraction" in piece.has
    hydrogen = piece.stored("hydrogen_fraction") if given else StoredValues(None, X_H_PRIMORDIAL)
    if isinstance(model, float):
        return StoredValues(None, model), hydrogen
    if model == FROM_FILE and "electron_per_hydrogen" in piece.has:
        return piece.stored("electron_per_hydrogen"), hydrogen
    if not given:
        return StoredValues(None, PRIMORDIAL_ELECTRONS), hydrogen
    fraction = piece.quantity("hydrogen_fraction")
    return StoredValues(fully_ionised(fraction), 1.0, selected=True), hydrogen
