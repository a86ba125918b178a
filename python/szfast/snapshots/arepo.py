"""HDF5 snapshots of AREPO and IllustrisTNG: a moving mesh, seen as particles."""

from __future__ import annotations

from szfast.snapshots.gadget_hdf5 import gadget_like_layout
from szfast.snapshots.hdf5_parts import GAS, Hdf5Description
from szfast.snapshots.header import Assumption
from szfast.snapshots.stored_fields import GasLayout, Recipe, StoredField

_OWN_FIELDS = ("GFM_Metals", "GFM_Metallicity", "CenterOfMass", "Volume", "Masses_Tracer")


def recognises(description: Hdf5Description) -> bool:
    """Tell AREPO's files by its own arrays, compile-time options, or cells without a smoothing length."""
    if "VORONOI" in description.groups.get("Config", {}):
        return True
    gas = description.gas
    return any(name in gas for name in _OWN_FIELDS) or ("Density" in gas and "SmoothingLength" not in gas)


def read_layout(description: Hdf5Description) -> GasLayout:
    """Describe the gas of an AREPO snapshot.

    GFM_Metals holds mass fractions of H, He, C, ... (IllustrisTNG data specification).
    """
    layout = gadget_like_layout(
        description, "AREPO HDF5", "cubic", 1.0, "cells are projected as SPH particles of 64 neighbours"
    )
    metals = description.gas.get("GFM_Metals")
    if metals is not None and len(metals.shape) == 2 and metals.shape[1]:
        field = StoredField("GFM_Metals", lowest=0.0, highest=1.0001)
        layout.recipes["hydrogen_fraction"] = Recipe((field,), lambda count, array: array[:, 0])
        layout.assumptions.append(Assumption("hydrogen fraction", "first column of GFM_Metals", f"{GAS}/GFM_Metals"))
    return layout
