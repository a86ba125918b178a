"""HDF5 snapshots of GADGET-2, -3, -4 and GADGET-X; what AREPO's and GIZMO's share with them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from szfast.constants import KPC_M, M_SUN_KG
from szfast.errors import SnapshotError
from szfast.snapshots.hdf5_attributes import as_number, scale_power
from szfast.snapshots.hdf5_parts import GAS, Hdf5Description
from szfast.snapshots.header import Assumption, SnapshotHeader, check_header
from szfast.snapshots.kernels import supported_kernel
from szfast.snapshots.stored_fields import Array, GasLayout, Recipe, StoredField, constant, scaled

KPC_CM = 100.0 * KPC_M
M_SUN_G = 1000.0 * M_SUN_KG
GADGET_UNITS_CGS = {"length": 3.085678e21, "mass": 1.989e43, "velocity": 1.0e5}
"""Code units of GADGET where the file does not tell: kpc/h, 1e10 Msun/h, km/s."""

_UNIT_NAMES = {
    "length": ("UnitLength_in_cm", "UnitLength_In_CGS"),
    "mass": ("UnitMass_in_g", "UnitMass_In_CGS"),
    "velocity": ("UnitVelocity_in_cm_per_s", "UnitVelocity_In_CGS"),
}
_UNIT_TEXT = {"length": "kpc/h, comoving", "mass": "1e10 Msun/h", "velocity": "km/s"}
_ALIASES = {
    "mass": ("Masses", "Mass"),
    "energy": ("InternalEnergy",),
    "temperature": ("Temperature",),
    "density": ("Density",),
    "smoothing": ("SmoothingLength",),
    "electrons": ("ElectronAbundance",),
    "neutral": ("NeutralHydrogenAbundance",),
    "sfr": ("StarFormationRate",),
}
_NEIGHBOURS = 64
_UNIT_AGREEMENT = 0.01
"""Codes round a parsec and a solar mass differently, in the third digit at most."""


class GadgetUnits:
    """Code units of one file, and the factors that its arrays' attributes give.

    Parameters
    ----------
    description : Hdf5Description
        The file.
    hubble, scale_factor : float
        h and a.
    """

    def __init__(self, description: Hdf5Description, hubble: float, scale_factor: float) -> None:
        self.description = description
        self.hubble, self.scale_factor = hubble, scale_factor
        self.assumptions: list[Assumption] = []
        self.cgs = {kind: self._unit(kind) for kind in GADGET_UNITS_CGS}

    def _unit(self, kind: str) -> float:
        given = self.description.optional_number(*_UNIT_NAMES[kind])
        if given is not None:
            source, value = "the file's unit attributes", f"{given:g} cgs"
        else:
            source, value = "GADGET's default, the file does not tell", _UNIT_TEXT[kind]
        self.assumptions.append(Assumption(f"unit of {kind}", value, source))
        return GADGET_UNITS_CGS[kind] if given is None else given

    @property
    def assumed(self) -> bool:
        """Whether the file says nothing of its unit of length."""
        return self.description.find(*_UNIT_NAMES["length"]) is None

    def factor(self, name: str, default_cgs: float) -> float:
        """Cgs, physical, per stored value: by the array's own attributes, else the given default."""
        attributes = self.description.gas[name].attributes
        path = self.description.path
        for cgs, a_power, h_power in (
            ("to_cgs", "a_scaling", "h_scaling"),
            ("CGSConversionFactor", "aexp-scale-exponent", "h-scale-exponent"),
        ):
            if cgs in attributes and a_power in attributes and h_power in attributes:
                value, a, h = (as_number(attributes[key], f"{name}.{key}", path) for key in (cgs, a_power, h_power))
                # Zero is how GADGET-4 and AREPO mark an array without a unit.
                if value != 0.0:
                    check_unit(value, f"{GAS}/{name}.{cgs}", path)
                    found = value * scale_power(self.scale_factor, a) * scale_power(self.hubble, h)
                    self._check_agreement(name, found, default_cgs)
                    return found
        return default_cgs

    def _check_agreement(self, name: str, found: float, expected: float) -> None:
        # what an array says of itself and what the file says of all arrays are written from the same numbers
        units = [_UNIT_NAMES["length"]] if name == "Coordinates" else list(_UNIT_NAMES.values())
        told = all(self.description.find(*names) is not None for names in units)
        if told and name not in _ALIASES["temperature"] and not math.isclose(found, expected, rel_tol=_UNIT_AGREEMENT):
            raise SnapshotError(
                f"its attributes make a unit of {found:g} cgs, those of the file {expected:g}.",
                file=self.description.path,
                field=f"{GAS}/{name}",
                remedy="correct its scaling attributes, or those of the file that begin with Unit.",
            )

    def check_coordinates(self) -> None:
        """Refuse positions that are not comoving: those of BoxSize and haloes are.

        Raises
        ------
        SnapshotError
            If they go with another power of a than the first.
        """
        attributes = self.description.gas["Coordinates"].attributes
        for a_power in ("a_scaling", "aexp-scale-exponent"):
            comoving = as_number(attributes.get(a_power, 1.0), f"Coordinates.{a_power}", self.description.path)
            if comoving != 1.0:
                raise SnapshotError(
                    f"expected comoving positions, which go with a^1, found a^{comoving:g}.",
                    file=self.description.path,
                    field=f"{GAS}/Coordinates.{a_power}",
                    remedy="correct the attribute, or write comoving positions, which BoxSize and haloes are in too.",
                )

    def length_kpc(self, name: str) -> float:
        """Physical kpc per stored value."""
        return self.factor(name, self.cgs["length"] * self.scale_factor / self.hubble) / KPC_CM

    def mass_msun(self, name: str | None) -> float:
        """Msun per stored value, or per code mass of the header."""
        default = self.cgs["mass"] / self.hubble
        return (default if name is None else self.factor(name, default)) / M_SUN_G

    def energy_km2_s2(self, name: str) -> float:
        """(km/s)^2 per stored specific energy."""
        return self.factor(name, scale_power(self.cgs["velocity"], 2.0)) / 1e10

    def density_msun_kpc3(self, name: str) -> float:
        """Physical Msun/kpc^3 per stored density."""
        length_cm = self.cgs["length"] * self.scale_factor / self.hubble
        default = self.cgs["mass"] / self.hubble * scale_power(length_cm, -3.0)
        return self.factor(name, default) / M_SUN_G * KPC_CM**3


def check_unit(value: float, field: str, path: Path) -> None:
    """Refuse a unit that is not a positive number.

    Raises
    ------
    SnapshotError
        If it is not.
    """
    if not (value > 0.0 and np.isfinite(value)):
        raise SnapshotError(
            f"expected a positive unit, found {value:g}.",
            file=path,
            field=field,
            remedy="correct the attribute.",
        )


def stored_name(description: Hdf5Description, field: str) -> str | None:
    """Return the name that the file uses for a field, or None."""
    return next((name for name in _ALIASES[field] if name in description.gas), None)


def gadget_header(description: Hdf5Description, units: GadgetUnits) -> SnapshotHeader:
    """Read the header of a GADGET-like HDF5 file into physical units."""
    redshift = description.number("Redshift")
    length_kpc = units.cgs["length"] / units.hubble / KPC_CM
    if "Coordinates" in description.gas:
        units.check_coordinates()
        length_kpc = units.length_kpc("Coordinates") / units.scale_factor
    box = description.optional_number("BoxSize")
    header = SnapshotHeader(
        redshift=0.0 if abs(redshift) < 1e-6 else redshift,
        scale_factor=units.scale_factor,
        hubble=units.hubble,
        omega_m=description.number("Omega0", "Omega_Matter", "OmegaMatter"),
        omega_lambda=description.number("OmegaLambda", "Omega_Lambda"),
        box_size_kpc=None if box is None or box == 0.0 else box * length_kpc,
        code_length_kpc=length_kpc,
        code_mass_msun=units.mass_msun(stored_name(description, "mass")),
        code_velocity_km_s=units.cgs["velocity"] / 1e5,
    )
    return check_header(header, description.path)


def gadget_recipes(description: Hdf5Description, units: GadgetUnits) -> dict[str, Recipe]:
    """Build the recipes of all quantities but the hydrogen fraction."""
    recipes = {"mass_msun": _mass(description, units)}
    recipes.update(_thermal(description, units))
    recipes["smoothing_length_kpc"] = _smoothing(description, units, recipes["mass_msun"])
    fractions = {
        "electron_per_hydrogen": ("electrons", 0.0),
        "neutral_fraction": ("neutral", 0.0),
        "star_formation_rate": ("sfr", -np.inf),
    }
    for quantity, (field, lowest) in fractions.items():
        name = stored_name(description, field)
        if name is not None:
            recipes[quantity] = scaled(StoredField(name, lowest=lowest), 1.0)
    return recipes


def _mass(description: Hdf5Description, units: GadgetUnits) -> Recipe:
    name = stored_name(description, "mass")
    if name is not None:
        return scaled(StoredField(name, lowest=0.0, gapless=True), units.mass_msun(name))
    table = np.ravel(description.groups["Header"].get("MassTable", [0.0]))
    mass = as_number(table[:1], "MassTable", description.path)
    if not mass > 0.0:
        raise absent(description.path, f"{GAS}/Masses", "gas masses, or a positive MassTable[0] in /Header")
    return constant(mass * units.mass_msun(None))


def _thermal(description: Hdf5Description, units: GadgetUnits) -> dict[str, Recipe]:
    energy, temperature = stored_name(description, "energy"), stored_name(description, "temperature")
    if energy is not None:
        field = StoredField(energy, lowest=0.0, gapless=True)
        return {"internal_energy_km2_s2": scaled(field, units.energy_km2_s2(energy))}
    if temperature is not None:
        field = StoredField(temperature, lowest=0.0, gapless=True)
        return {"temperature_k": scaled(field, units.factor(temperature, 1.0))}
    raise absent(description.path, f"{GAS}/InternalEnergy", "the gas's internal energy or temperature")


def _smoothing(description: Hdf5Description, units: GadgetUnits, mass: Recipe) -> Recipe:
    name, density = stored_name(description, "smoothing"), stored_name(description, "density")
    if name is not None:
        return scaled(StoredField(name, positive=True), units.length_kpc(name))
    if density is None:
        raise absent(description.path, f"{GAS}/SmoothingLength", "smoothing lengths, or densities")
    return smoothing_from_density(mass, StoredField(density, positive=True), units.density_msun_kpc3(density))


def _density(description: Hdf5Description, units: GadgetUnits) -> Recipe | None:
    name = stored_name(description, "density")
    return None if name is None else scaled(StoredField(name), units.density_msun_kpc3(name))


def smoothing_from_density(mass: Recipe, density: StoredField, factor: float) -> Recipe:
    """Recipe of the radius that holds 64 neighbours, h = (3 * 64 m / (4 pi rho))^(1/3)."""
    scale = 3.0 * _NEIGHBOURS / (4.0 * np.pi * factor)

    def combine(count: int, *arrays: Array) -> Array:
        mass_msun = mass.combine(count, *arrays[:-1])
        radius: Array = np.cbrt(scale * np.asarray(mass_msun, dtype=np.float64) / arrays[-1])
        return radius

    return Recipe((*mass.fields, density), combine)


def smoothing_assumption(description: Hdf5Description) -> Assumption:
    """Say where the smoothing length comes from."""
    name = stored_name(description, "smoothing")
    if name is not None:
        return Assumption("smoothing length", "support radius of the kernel", f"{GAS}/{name}")
    return Assumption(
        "smoothing length", "(3 * 64 m / (4 pi rho))^(1/3)", "no SmoothingLength in the file; 64 neighbours"
    )


def dark_matter_msun(description: Hdf5Description, units: GadgetUnits) -> float | None:
    """Mass of all dark matter, where it is one type with one mass."""
    table = np.ravel(description.groups["Header"].get("MassTable", []))
    totals = description.counts("NumPart_Total")
    if len(table) < 4 or len(totals) < 4 or not table[1] > 0.0 or any(totals[2:4]):
        return None
    return float(table[1]) * totals[1] * units.mass_msun(None)


def absent(path: Path, field: str, wanted: str) -> SnapshotError:
    """Make the error of a field that is not there."""
    return SnapshotError("the field is absent.", file=path, field=field, remedy=f"write the snapshot with {wanted}.")


def read_layout(description: Hdf5Description) -> GasLayout:
    """Describe the gas of a GADGET HDF5 snapshot.

    Raises
    ------
    SnapshotError
        If the header cannot be used, or a field that is needed is absent.
    """
    dialect = "GADGET-4 HDF5" if description.groups.get("Config") else "GADGET HDF5"
    kernel, support = supported_kernel(_kernel_of(description))
    source = "Config of the file" if description.groups.get("Config") else "the default: the file does not tell"
    return gadget_like_layout(description, dialect, kernel, support, source)


def gadget_like_layout(
    description: Hdf5Description, dialect: str, kernel: str, support: float, kernel_source: str
) -> GasLayout:
    """Describe the gas of any file that follows GADGET's names and units.

    Parameters
    ----------
    description : Hdf5Description
        A file of the snapshot, with gas.
    dialect, kernel : str
        Names of the dialect and of the kernel to project with.
    support : float
        Support radius of that kernel over the stored smoothing length.
    kernel_source : str
        Where the kernel's name comes from.
    """
    if "Coordinates" not in description.gas:
        raise absent(description.path, f"{GAS}/Coordinates", "positions")
    units = GadgetUnits(description, description.positive("HubbleParam"), description.positive("Time"))
    recipes = gadget_recipes(description, units)
    if support != 1.0:
        recipes["smoothing_length_kpc"] = times(recipes["smoothing_length_kpc"], support)
    return GasLayout(
        dialect=dialect,
        header=gadget_header(description, units),
        coordinates="Coordinates",
        recipes=recipes,
        kernel=kernel,
        assumptions=[
            *units.assumptions,
            Assumption("kernel", kernel, kernel_source),
            smoothing_assumption(description),
        ],
        units_assumed=units.assumed,
        density=_density(description, units),
        dark_matter_msun=dark_matter_msun(description, units),
    )


def times(recipe: Recipe, factor: float) -> Recipe:
    """Scale what a recipe makes."""
    return Recipe(recipe.fields, lambda count, *arrays: recipe.combine(count, *arrays) * factor)


def _kernel_of(description: Hdf5Description) -> str:
    config = description.groups.get("Config", {})
    for flag, kernel in (
        ("WENDLAND_C2_KERNEL", "wendland_c2"),
        ("WENDLAND_C4_KERNEL", "wendland_c4"),
        ("WENDLAND_C6_KERNEL", "wendland_c6"),
    ):
        if flag in config:
            return kernel
    return "cubic"
