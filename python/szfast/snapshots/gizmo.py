"""HDF5 snapshots of GIZMO, SIMBA's among them."""

from __future__ import annotations

from szfast.errors import SnapshotError
from szfast.snapshots.gadget_hdf5 import gadget_like_layout
from szfast.snapshots.hdf5_parts import GAS, Hdf5Description
from szfast.snapshots.header import Assumption
from szfast.snapshots.kernels import supported_kernel
from szfast.snapshots.stored_fields import GasLayout, Recipe, StoredField, scaled

_OWN_ATTRIBUTES = ("Kernel_Function_ID", "GIZMO_version", "Effective_Kernel_NeighborNumber")
_OWN_FIELDS = ("DelayTime", "FractionH2", "Dust_Masses", "MolecularMassFraction")
# KERNEL_FUNCTION of GIZMO's template configuration.
_KERNELS: dict[float, str] = {3: "cubic", 4: "quartic", 5: "quintic", 6: "wendland_c2", 7: "wendland_c4"}


def recognises(description: Hdf5Description) -> bool:
    """Tell GIZMO's files by its own header attributes and arrays, or metals in columns."""
    header = description.groups["Header"]
    metals = description.gas.get("Metallicity")
    return (
        any(name in header for name in _OWN_ATTRIBUTES)
        or any(name in description.gas for name in _OWN_FIELDS)
        or (metals is not None and len(metals.shape) == 2 and metals.shape[1] > 2)
    )


def read_layout(description: Hdf5Description) -> GasLayout:
    """Describe the gas of a GIZMO snapshot.

    The smoothing length is the kernel's support radius; Metallicity holds mass fractions of all metals,
    helium, carbon, ... (GIZMO users' guide).
    """
    number = description.optional_number("Kernel_Function_ID", groups=("Header",))
    named = _KERNELS.get(3.0 if number is None else number)
    if named is None:
        raise SnapshotError(
            f"expected one of {', '.join(map(str, _KERNELS))}, found {number:g}.",
            file=description.path,
            field="Kernel_Function_ID",
            remedy="correct the attribute: smoothing lengths mean nothing without their kernel.",
        )
    kernel, support = supported_kernel(named)
    source = "the default: the file does not tell" if number is None else f"Kernel_Function_ID {number:g}"
    layout = gadget_like_layout(description, "GIZMO HDF5", kernel, support, source)
    if "DelayTime" in description.gas:
        layout.recipes["wind_delay_time"] = scaled(StoredField("DelayTime"), 1.0)
    metals = description.gas.get("Metallicity")
    if metals is not None and len(metals.shape) == 2 and metals.shape[1] > 2:
        field = StoredField("Metallicity", lowest=0.0, highest=1.0001, gapless=True)
        layout.recipes["hydrogen_fraction"] = Recipe((field,), lambda count, array: 1.0 - array[:, 0] - array[:, 1])
        layout.assumptions.append(Assumption("hydrogen fraction", "1 - Z - Y", f"{GAS}/Metallicity"))
    return layout
