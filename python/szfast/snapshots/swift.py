"""HDF5 snapshots of SWIFT (EAGLE-like, FLAMINGO, COLIBRE): units without h, attributes for every array."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from szfast.constants import KPC_M, M_P_KG, M_SUN_KG, X_H_PRIMORDIAL
from szfast.errors import SnapshotError
from szfast.snapshots.gadget_hdf5 import absent, check_unit
from szfast.snapshots.hdf5_attributes import as_number, as_text, scale_power
from szfast.snapshots.hdf5_parts import GAS, SWIFT_TO_CGS, Hdf5Description
from szfast.snapshots.header import Assumption, SnapshotHeader, check_header
from szfast.snapshots.kernels import SUPPORT_OVER_H, supported_kernel
from szfast.snapshots.stored_fields import Array, GasLayout, Recipe, StoredField, scaled

_KPC_CM, _M_SUN_G = 100.0 * KPC_M, 1000.0 * M_SUN_KG
_M_P_MSUN = M_P_KG / M_SUN_KG
_KERNELS = {
    "cubic spline": "cubic",
    "quartic spline": "quartic",
    "quintic spline": "quintic",
    "wendland c2": "wendland_c2",
    "wendland c4": "wendland_c4",
    "wendland c6": "wendland_c6",
}
# Powers of length, mass, time and a in cgs, for an array without attributes.
_DIMENSIONS = {
    "Coordinates": (1, 0, 0, 1),
    "SmoothingLengths": (1, 0, 0, 1),
    "Masses": (0, 1, 0, 0),
    "Densities": (-3, 1, 0, -3),
    "InternalEnergies": (2, 0, -2, -2),
    "ElectronNumberDensities": (-3, 0, 0, 0),
}
_UNIT_AGREEMENT = 0.01
_OLD_NAMES = {
    "SmoothingLengths": "SmoothingLength",
    "Densities": "Density",
    "InternalEnergies": "InternalEnergy",
    "Temperatures": "Temperature",
    "StarFormationRates": "StarFormationRate",
}


def recognises(description: Hdf5Description) -> bool:
    """Tell SWIFT's files by the code's name in the header, or by how the units are named."""
    if "Unit length in cgs (U_L)" in description.groups.get("Units", {}):
        return True
    for group, name in (("Header", "Code"), ("Code", "Code")):
        value = np.asarray(description.groups.get(group, {}).get(name))
        if value.dtype.kind == "S" and b"SWIFT" in value.tobytes():
            return True
    return False


class SwiftFields:
    """Names, units and recipes of the arrays of one SWIFT file.

    Parameters
    ----------
    description : Hdf5Description
        The file.
    scale_factor : float
        Scale factor.
    """

    def __init__(self, description: Hdf5Description, scale_factor: float) -> None:
        self.description, self.scale_factor = description, scale_factor
        self.units_cgs = {
            kind: description.positive(f"Unit {kind} in cgs (U_{letter})", groups=("Units",))
            for kind, letter in (("length", "L"), ("mass", "M"), ("time", "t"))
        }

    def name(self, field: str) -> str | None:
        """Return the file's name of a field: plural since 2019, singular before."""
        names = (field, _OLD_NAMES.get(field, field))
        return next((n for n in names if n in self.description.gas), None)

    def required(self, field: str, wanted: str) -> str:
        """Return the file's name of a field; absent is an error."""
        name = self.name(field)
        if name is None:
            raise absent(self.description.path, f"{GAS}/{field}", wanted)
        return name

    def cgs(self, field: str) -> float:
        """Cgs, physical, per stored value."""
        name = self.name(field) or field
        attributes = self.description.gas[name].attributes
        path = self.description.path
        length, mass, time, a_default = _DIMENSIONS[field]
        units = self.units_cgs
        powers = (("length", length), ("mass", mass), ("time", time))
        expected = math.prod(scale_power(units[kind], power) for kind, power in powers)
        value = as_number(attributes.get(SWIFT_TO_CGS, expected), f"{name}.{SWIFT_TO_CGS}", path)
        check_unit(value, f"{GAS}/{name}.{SWIFT_TO_CGS}", path)
        exponent = as_number(attributes.get("a-scale exponent", a_default), f"{name}.a-scale exponent", path)
        physical = as_number(attributes.get("Value stored as physical", 0), f"{name}.Value stored as physical", path)
        if not math.isclose(value, expected, rel_tol=_UNIT_AGREEMENT):
            raise self._contradiction(name, f"{SWIFT_TO_CGS} {value:g}, by /Units it is {expected:g}")
        # electrons are stored in the physical frame by some, and comoving by others
        if field != "ElectronNumberDensities" and exponent != a_default:
            raise self._contradiction(name, f"a-scale exponent {exponent:g}, of such a quantity it is {a_default}")
        if physical not in (0, 1):
            raise self._contradiction(name, f"Value stored as physical {physical:g}, which is 0 or 1")
        # Fields that a run was told to write in the physical frame carry the exponent of their comoving form.
        if physical:
            exponent = 0.0
        return value * scale_power(self.scale_factor, exponent)

    def _contradiction(self, name: str, found: str) -> SnapshotError:
        return SnapshotError(
            f"its attributes say {found}.",
            file=self.description.path,
            field=f"{GAS}/{name}",
            remedy="correct the attributes of the array, or the groups Units and Cosmology.",
        )


def read_layout(description: Hdf5Description) -> GasLayout:
    """Describe the gas of a SWIFT snapshot.

    Raises
    ------
    SnapshotError
        If the header cannot be used, or a field that is needed is absent.
    """
    _check_complete(description)
    redshift = description.number("Redshift", groups=("Cosmology", "Header"))
    scale_factor = description.positive("Scale-factor", groups=("Cosmology", "Header"))
    fields = SwiftFields(description, scale_factor)
    fields.required("Coordinates", "positions")
    header = _header(description, fields, redshift, scale_factor)
    kernel_name = _kernel_of(description)
    kernel, _ = supported_kernel(kernel_name)
    recipes = _recipes(fields, SUPPORT_OVER_H[kernel])
    assumptions = [
        Assumption("units", "no factor of h", "the file's unit attributes"),
        Assumption("kernel", kernel, f"/HydroScheme: {kernel_name}"),
        Assumption(
            "smoothing length",
            f"support radius = {SUPPORT_OVER_H[kernel]:g} h",
            "SWIFT's h is twice the kernel's sigma",
        ),
    ]
    name = fields.name("Densities")
    factor = fields.cgs("Densities") / _M_SUN_G * _KPC_CM**3 if name else 1.0
    density = scaled(StoredField(name), factor) if name else None
    return GasLayout("SWIFT HDF5", header, "Coordinates", recipes, kernel, assumptions, density=density)


def _check_complete(description: Hdf5Description) -> None:
    """Refuse SWIFT's partial outputs: their gas is a sample, whose masses do not add up."""
    stored = description.groups["Header"].get("OutputType", b"FullVolume")
    output = as_text(stored, "Header/OutputType", description.path)
    if output != "fullvolume":
        raise SnapshotError(
            f"expected the output type FullVolume, found {output}.",
            file=description.path,
            field="Header/OutputType",
            remedy="give the full snapshot of the same time.",
        )


def _header(description: Hdf5Description, fields: SwiftFields, redshift: float, scale_factor: float) -> SnapshotHeader:
    cosmology = ("Cosmology",)
    if description.optional_number("Cosmological run", groups=cosmology) == 0.0:
        raise SnapshotError(
            "the run is not cosmological.",
            file=description.path,
            field="Cosmology/Cosmological run",
            remedy="give a snapshot of a cosmological run.",
        )
    length_kpc = fields.cgs("Coordinates") / scale_factor / _KPC_CM
    units = fields.units_cgs
    header = SnapshotHeader(
        redshift=0.0 if abs(redshift) < 1e-6 else redshift,
        scale_factor=scale_factor,
        hubble=description.number("h", groups=cosmology),
        omega_m=description.number("Omega_m", groups=cosmology),
        omega_lambda=description.number("Omega_lambda", groups=cosmology),
        box_size_kpc=description.number("BoxSize", groups=("Header",)) * length_kpc or None,
        code_length_kpc=length_kpc,
        code_mass_msun=units["mass"] / _M_SUN_G,
        code_velocity_km_s=units["length"] / units["time"] / 1e5,
    )
    return check_header(header, description.path)


def _kernel_of(description: Hdf5Description) -> str:
    value: Any = description.find("Kernel function", groups=("HydroScheme",))
    text = as_text(b"" if value is None else value, "HydroScheme/Kernel function", description.path)
    for start, kernel in _KERNELS.items():
        if text.startswith(start):
            return kernel
    raise SnapshotError(
        f"expected one of {', '.join(_KERNELS)}, found '{text}'.",
        file=description.path,
        field="HydroScheme/Kernel function",
        remedy="SWIFT's smoothing length means nothing without its kernel: add the attribute.",
    )


def _recipes(fields: SwiftFields, support_over_h: float) -> dict[str, Recipe]:
    mass_name = fields.required("Masses", "masses")
    smoothing_name = fields.required("SmoothingLengths", "smoothing lengths")
    recipes = {
        "mass_msun": scaled(StoredField(mass_name, lowest=0.0, gapless=True), fields.cgs("Masses") / _M_SUN_G),
        "smoothing_length_kpc": scaled(
            StoredField(smoothing_name, positive=True),
            fields.cgs("SmoothingLengths") / _KPC_CM * support_over_h,
        ),
    }
    energy, temperature = fields.name("InternalEnergies"), fields.name("Temperatures")
    if energy is not None:
        factor = fields.cgs("InternalEnergies") / 1e10
        recipes["internal_energy_km2_s2"] = scaled(StoredField(energy, lowest=0.0, gapless=True), factor)
    elif temperature is not None:
        recipes["temperature_k"] = scaled(StoredField(temperature, lowest=0.0, gapless=True), 1.0)
    else:
        raise absent(fields.description.path, f"{GAS}/InternalEnergies", "internal energies or temperatures")
    rate = fields.name("StarFormationRates")
    if rate is not None:
        # Negative rates are EAGLE's way to store when gas last formed stars.
        recipes["star_formation_rate"] = scaled(StoredField(rate), 1.0)
    recipes.update(_composition(fields))
    return recipes


def _column(fields: SwiftFields, array: str, *names: str) -> int | None:
    columns = fields.description.named_columns.get(array)
    if array not in fields.description.gas or columns is None:
        return None
    if not columns:
        raise SnapshotError(
            "expected a name of fixed length for each column of the array.",
            file=fields.description.path,
            field=f"SubgridScheme/NamedColumns/{array}",
            remedy="write the names as SWIFT does, as an array of numpy.bytes_; or leave them out.",
        )
    columns = [name.strip().lower() for name in columns]
    return next((columns.index(name) for name in names if name in columns), None)


def _composition(fields: SwiftFields) -> dict[str, Recipe]:
    """Hydrogen, electrons and neutral gas, as far as the run followed them."""
    recipes: dict[str, Recipe] = {}
    gas = fields.description.gas
    elements = StoredField("ElementMassFractions", lowest=0.0, highest=1.0001)
    hydrogen = _column(fields, elements.name, "hydrogen", "h")
    if hydrogen is None and elements.name in fields.description.named_columns:
        raise SnapshotError(
            f"none of the columns is hydrogen: {', '.join(fields.description.named_columns[elements.name][:12])}.",
            file=fields.description.path,
            field=f"SubgridScheme/NamedColumns/{elements.name}",
            remedy="name the columns as SWIFT does: Hydrogen, Helium ...; or leave the names out.",
        )
    if hydrogen is not None:
        column = hydrogen
        recipes["hydrogen_fraction"] = Recipe((elements,), lambda count, array: array[:, column])
    species = StoredField("SpeciesFractions", lowest=0.0)
    electron = _column(fields, species.name, "elec", "electron")
    neutral = _column(fields, species.name, "hi")
    if neutral is not None:
        neutral_column = neutral
        recipes["neutral_fraction"] = Recipe((species,), lambda count, array: array[:, neutral_column])
    if electron is not None:
        electron_column = electron
        recipes["electron_per_hydrogen"] = Recipe((species,), lambda count, array: array[:, electron_column])
    elif "ElectronNumberDensities" in gas and fields.name("Densities") is not None:
        recipes["electron_per_hydrogen"] = _electrons(fields, hydrogen)
    return recipes


def _electrons(fields: SwiftFields, hydrogen: int | None) -> Recipe:
    """Electrons per hydrogen atom, n_e m_p / (rho X_H)."""
    density = StoredField(fields.required("Densities", "densities"), positive=True)
    electron_kpc3 = fields.cgs("ElectronNumberDensities") * _KPC_CM**3
    density_msun_kpc3 = fields.cgs("Densities") / _M_SUN_G * _KPC_CM**3
    factor = electron_kpc3 * _M_P_MSUN / density_msun_kpc3
    stored = (StoredField("ElectronNumberDensities", lowest=0.0), density)

    def ratio(electrons: Array, rho: Array) -> Array:
        return np.asarray(electrons, dtype=np.float64) / rho * factor

    if hydrogen is None:
        return Recipe(stored, lambda count, electrons, rho: ratio(electrons, rho) / X_H_PRIMORDIAL)
    elements = StoredField("ElementMassFractions", lowest=0.0, highest=1.0001)
    return Recipe(
        (*stored, elements),
        lambda count, electrons, rho, fractions: ratio(electrons, rho) / fractions[:, hydrogen],
    )
