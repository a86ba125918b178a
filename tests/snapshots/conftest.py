"""One set of gas particles, its physical truth, and writers of every dialect, independent of the readers."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import astropy.units as u
import h5py
import numpy as np
import pytest

HUBBLE, REDSHIFT, OMEGA_M, OMEGA_LAMBDA = 0.6777, 0.25, 0.307115, 0.692885
A = 1 / (1 + REDSHIFT)
BOX = 50000.0
N_GAS, N_DARK, N_STAR = 300, 200, 40
DARK_MASS = 0.5
LENGTH, MASS = 3.085678e21 * u.cm / HUBBLE, 1.989e43 * u.g / HUBBLE
KERNEL_GAMMA = {"Cubic spline (M4)": 1.825742, "Wendland C2": 1.936492, "Wendland C4": 2.207940}


def gas_columns(count: int = N_GAS) -> dict[str, np.ndarray]:
    """Particles in GADGET's code units: comoving kpc/h, 1e10 Msun/h, (km/s)^2."""
    rng = np.random.default_rng(3)
    mass = rng.uniform(0.08, 0.12, count)
    h = rng.uniform(120.0, 240.0, count)
    return {
        "position": np.mod(rng.normal([100.0, 25000.0, 49900.0], 900.0, (count, 3)), BOX),
        "mass": mass,
        "h": h,
        "density": 3 * 64 * mass / (4 * np.pi * h**3),
        "energy": rng.uniform(1e4, 3e6, count),
        "electrons": rng.uniform(0.9, 1.2, count),
        "neutral": rng.uniform(0.0, 1.0, count),
        "sfr": np.where(rng.random(count) < 0.1, 0.3, 0.0),
        "delay": np.where(rng.random(count) < 0.1, 0.01, 0.0),
        "metals": rng.uniform(0.0, 0.03, count),
        "helium": rng.uniform(0.24, 0.28, count),
    }


@dataclass
class CodeGas:
    """What a test may change before it is written."""

    columns: dict[str, np.ndarray] = field(default_factory=gas_columns)
    hubble: float = HUBBLE
    time: float = A
    redshift: float = REDSHIFT
    box: float = BOX

    def __getattr__(self, name):
        try:
            return self.__dict__["columns"][name]
        except KeyError:
            raise AttributeError(name) from None

    def with_column(self, name, values):
        return replace(self, columns={**self.columns, name: np.asarray(values)})


def physical(gas: CodeGas) -> SimpleNamespace:
    """The truth, through astropy's units."""
    length = (LENGTH * A).to_value(u.kpc)
    return SimpleNamespace(
        position_kpc=gas.position * length,
        mass_msun=gas.mass * MASS.to_value(u.Msun),
        smoothing_length_kpc=gas.h * length,
        internal_energy_km2_s2=gas.energy,
        electron_per_hydrogen=gas.electrons,
        neutral_fraction=gas.neutral,
        star_formation_rate=gas.sfr,
        wind_delay_time=gas.delay,
        hydrogen_fraction=1 - gas.metals - gas.helium,
    )


def _spans(gas: CodeGas, parts: int) -> list[slice]:
    edges = np.linspace(0, len(gas.mass), parts + 1).astype(int)
    return [slice(a, b) for a, b in pairwise(edges)]


def write_binary(
    folder: Path,
    gas: CodeGas,
    *,
    format=2,
    order="<",
    real="f4",
    id_type="u4",
    parts=1,
    marker_range=2**32,
    blocks=None,
    cooling=True,
    star_formation=True,
    mass_in_header=False,
    flags_only=False,
) -> Path:
    """Write GADGET binary files; `blocks` limits the gas blocks of format 2 to some names."""
    paths = []
    for i, span in enumerate(_spans(gas, parts)):
        path = folder / ("snap_007" if parts == 1 else f"snap_007.{i}")
        n = [span.stop - span.start, N_DARK if i == 0 else 0, 0, 0, N_STAR if i == 0 else 0, 0]
        totals = [len(gas.mass), N_DARK, 0, 0, N_STAR, 0]
        table = [0.1 if mass_in_header else 0.0, DARK_MASS, 0, 0, 0, 0]
        header = struct.pack(
            f"{order}6I6ddd2i6I2i4d2i6I",
            *n,
            *table,
            gas.time,
            gas.redshift,
            int(star_formation),
            0,
            *totals,
            int(cooling),
            parts,
            gas.box,
            OMEGA_M,
            OMEGA_LAMBDA,
            gas.hubble,
            1,
            1,
            *[0] * 6,
        ).ljust(256, b"\0")
        everyone = sum(n)
        rest = everyone - n[0]
        position = np.concatenate([gas.position[span], np.full((rest, 3), 1.0)])
        stars = np.full(n[4], 0.02)
        content = {
            "POS": position,
            "VEL": np.zeros((everyone, 3)),
            "ID": np.arange(everyone).astype(id_type),
            "MASS": stars if mass_in_header else np.concatenate([gas.mass[span], stars]),
            "U": gas.energy[span],
            "RHO": gas.density[span],
            "NE": gas.electrons[span],
            "NH": gas.neutral[span],
            "HSML": gas.h[span],
            "SFR": gas.sfr[span],
            "AGE": np.zeros(n[4]),
            "Z": np.zeros(n[0] + n[4]),
        }
        if not cooling:
            del content["NE"], content["NH"]
        if not star_formation:
            del content["SFR"]
        if "MHI" in (blocks or ()):
            content["MHI"] = gas.neutral[span] * 0.76 * gas.mass[span]
        if "TEMP" in (blocks or ()):
            content["TEMP"] = gas.energy[span]
        if blocks is not None:
            content = {name: content[name] for name in ("POS", "VEL", "ID", *blocks)}
        with path.open("wb") as file:
            records = [("HEAD", header)]
            for name, values in content.items():
                kind = values.dtype.str[1:] if name == "ID" else real
                if values.size:
                    records.append((name, values.astype(f"{order}{kind}").tobytes()))
            for name, raw in records:
                marker = struct.pack(f"{order}I", len(raw) % marker_range)
                if format == 2:
                    label = struct.pack(f"{order}I4sI", 8, name.ljust(4).encode(), (len(raw) + 8) % 2**32)
                    file.write(label + struct.pack(f"{order}I", 8))
                file.write(marker + raw + marker)
        paths.append(path)
    return paths[0] if parts == 1 else folder / "snap_007"


def _hdf5_header(gas: CodeGas, span: slice, parts: int) -> dict:
    return {
        "NumPart_ThisFile": np.array([span.stop - span.start, 0, 0, 0, 0, 0], "i4"),
        "NumPart_Total": np.array([len(gas.mass), 0, 0, 0, 0, 0], "u4"),
        "NumPart_Total_HighWord": np.zeros(6, "u4"),
        "MassTable": np.array([0, DARK_MASS, 0, 0, 0, 0]),
        "NumFilesPerSnapshot": parts,
        "Time": gas.time,
        "Redshift": gas.redshift,
        "BoxSize": gas.box,
        "Omega0": OMEGA_M,
        "OmegaLambda": OMEGA_LAMBDA,
        "HubbleParam": gas.hubble,
    }


def _write_hdf5(folder: Path, gas: CodeGas, parts: int, fill) -> Path:
    paths = []
    for i, span in enumerate(_spans(gas, parts)):
        paths.append(folder / ("snap_007.hdf5" if parts == 1 else f"snap_007.{i}.hdf5"))
        with h5py.File(paths[-1], "w") as file:
            header = file.create_group("Header")
            for name, value in _hdf5_header(gas, span, parts).items():
                header.attrs[name] = value
            fill(file, span)
    return paths[0] if parts == 1 else folder / "snap_007"


def _gadget_fields(gas: CodeGas, span: slice) -> dict:
    return {
        "Coordinates": gas.position[span],
        "Masses": gas.mass[span].astype("f4"),
        "InternalEnergy": gas.energy[span].astype("f4"),
        "Density": gas.density[span].astype("f4"),
        "SmoothingLength": gas.h[span].astype("f4"),
        "ElectronAbundance": gas.electrons[span].astype("f4"),
        "NeutralHydrogenAbundance": gas.neutral[span].astype("f4"),
        "StarFormationRate": gas.sfr[span].astype("f4"),
        # szfast needs neither, other readers do
        "ParticleIDs": np.arange(span.start, span.stop, dtype="u4"),
        "Velocities": np.zeros((span.stop - span.start, 3), "f4"),
    }


def write_gadget_hdf5(folder, gas, *, parts=1, units=False, leave_out=()):
    """GADGET-2 and -3: everything in /Header, units perhaps."""

    def fill(file, span):
        if units:
            for name, value in (("Length_in_cm", 3.085678e21), ("Mass_in_g", 1.989e43)):
                file["Header"].attrs[f"Unit{name}"] = value
            file["Header"].attrs["UnitVelocity_in_cm_per_s"] = 1e5
        for name, values in _gadget_fields(gas, span).items():
            if name not in leave_out:
                file[f"PartType0/{name}"] = values

    return _write_hdf5(folder, gas, parts, fill)


def write_gadget4(folder, gas, *, parts=1):
    """GADGET-4: cosmology in /Parameters, lengths in Mpc/h, masses in Msun/h, attributes at every array."""
    scalings = {
        "Coordinates": (3.085678e24, 1, -1, 1e-3),
        "SmoothingLength": (3.085678e24, 1, -1, 1e-3),
        "Masses": (1.989e33, 0, -1, 1e10),
        "Density": (1.989e33 / 3.085678e24**3, -3, 2, 1e10 * 1e9),
        "InternalEnergy": (1e10, 0, 0, 1.0),
    }

    def fill(file, span):
        parameters = file.create_group("Parameters")
        for name in ("Omega0", "OmegaLambda", "HubbleParam"):
            parameters.attrs[name] = file["Header"].attrs[name]
            del file["Header"].attrs[name]
        parameters.attrs["UnitLength_in_cm"] = 3.085678e24
        parameters.attrs["UnitMass_in_g"] = 1.989e33
        parameters.attrs["UnitVelocity_in_cm_per_s"] = 1e5
        file["Header"].attrs["BoxSize"] = gas.box / 1e3
        file.create_group("Config").attrs["COOLING"] = ""
        for name, values in _gadget_fields(gas, span).items():
            cgs, a, h, factor = scalings.get(name, (0.0, 0, 0, 1.0))
            dataset = file.create_dataset(f"PartType0/{name}", data=values * factor)
            dataset.attrs.update({"to_cgs": cgs, "a_scaling": float(a), "h_scaling": float(h)})

    return _write_hdf5(folder, gas, parts, fill)


def write_arepo(folder, gas, *, parts=1):
    """AREPO: no smoothing length, metals with hydrogen first."""

    def fill(file, span):
        fields = _gadget_fields(gas, span)
        del fields["SmoothingLength"]
        metals = np.zeros((span.stop - span.start, 10), "f4")
        metals[:, 0] = (1 - gas.metals - gas.helium)[span]
        metals[:, 1] = gas.helium[span]
        for name, values in {**fields, "GFM_Metals": metals}.items():
            file[f"PartType0/{name}"] = values

    return _write_hdf5(folder, gas, parts, fill)


def write_gizmo(folder, gas, *, parts=1):
    """GIZMO-SIMBA: DelayTime, metals in columns, cosmology under its newer names."""

    def fill(file, span):
        attributes = file["Header"].attrs
        attributes["Omega_Matter"], attributes["Omega_Lambda"] = OMEGA_M, OMEGA_LAMBDA
        del attributes["Omega0"], attributes["OmegaLambda"]
        metals = np.zeros((span.stop - span.start, 11), "f4")
        metals[:, 0], metals[:, 1] = gas.metals[span], gas.helium[span]
        fields = {**_gadget_fields(gas, span), "Metallicity": metals, "DelayTime": gas.delay[span]}
        for name, values in fields.items():
            file[f"PartType0/{name}"] = values

    return _write_hdf5(folder, gas, parts, fill)


def write_swift(folder, gas, *, parts=1, kernel="Cubic spline (M4)", temperatures=False, physical_density=False):
    """SWIFT: Mpc, 1e10 Msun, no h; comoving internal energy; electrons as a physical number density."""
    cgs = {"length": 3.08567758e24, "mass": 1.98841e43, "time": 3.08567758e19}
    gamma = KERNEL_GAMMA.get(kernel, 2.018932)
    mpc, mass_unit = cgs["length"] * u.cm, cgs["mass"] * u.g

    def fill(file, span):
        header = file["Header"].attrs
        for name in ("Omega0", "OmegaLambda", "HubbleParam"):
            del header[name]
        header["Code"] = np.bytes_("SWIFT")
        header["BoxSize"] = np.full(3, (gas.box * LENGTH / mpc).to_value(""))
        header["Time"] = [0.013]
        header["Redshift"] = [gas.redshift]
        header["NumFilesPerSnapshot"] = np.array([parts], "i4")
        units = file.create_group("Units").attrs
        for kind, letter in (("length", "L"), ("mass", "M"), ("time", "t")):
            units[f"Unit {kind} in cgs (U_{letter})"] = [cgs[kind]]
        file.create_group("Cosmology").attrs.update(
            {
                "Redshift": [gas.redshift],
                "Scale-factor": [gas.time],
                "h": [gas.hubble],
                "Omega_m": [OMEGA_M],
                "Omega_lambda": [OMEGA_LAMBDA],
                "Cosmological run": [1],
            }
        )
        file.create_group("HydroScheme").attrs["Kernel function"] = np.bytes_(kernel)
        hydrogen = 1 - gas.metals - gas.helium
        density = (gas.density * MASS / LENGTH**3 / A**3).to("g cm-3")
        electrons = (gas.electrons * hydrogen * density / (1.67262192e-24 * u.g)).to("cm-3")
        comoving_density = (density * A**3).to_value(mass_unit / mpc**3)
        stored_density = comoving_density / A**3 if physical_density else comoving_density
        fields = {
            "Coordinates": ((gas.position * LENGTH).to_value(mpc), cgs["length"], 1),
            "SmoothingLengths": ((gas.h * LENGTH).to_value(mpc) / gamma, cgs["length"], 1),
            "Masses": ((gas.mass * MASS).to_value(mass_unit), cgs["mass"], 0),
            "Densities": (stored_density, cgs["mass"] / cgs["length"] ** 3, -3),
            "InternalEnergies": (gas.energy * A**2, 1e10, -2),
            "ElectronNumberDensities": (electrons.to_value(mpc**-3), cgs["length"] ** -3, 0),
            "ElementMassFractions": (np.stack([gas.helium, hydrogen, gas.metals], axis=1), 1.0, 0),
            "StarFormationRates": (np.where(gas.sfr > 0, gas.sfr, -0.5), 1.0, 0),
        }
        if temperatures:
            fields["Temperatures"] = (gas.energy, 1.0, 0)
            del fields["InternalEnergies"]
        for name, (values, factor, a) in fields.items():
            dataset = file.create_dataset(f"PartType0/{name}", data=np.asarray(values)[span])
            dataset.attrs.update(
                {
                    "Conversion factor to CGS (not including cosmological corrections)": [factor],
                    "a-scale exponent": [float(a)],
                    "h-scale exponent": [0.0],
                    "Value stored as physical": [int(physical_density and name == "Densities")],
                }
            )
        file["SubgridScheme/NamedColumns/ElementMassFractions"] = np.array([b"Helium", b"Hydrogen", b"Carbon"], "S32")

    return _write_hdf5(folder, gas, parts, fill)


@pytest.fixture
def code_gas():
    """300 gas particles around the corner of a periodic box, in GADGET's code units."""
    return CodeGas()


@pytest.fixture
def written():
    """Writers by dialect, and the truth that they share."""
    return SimpleNamespace(
        binary=write_binary,
        gadget=write_gadget_hdf5,
        gadget4=write_gadget4,
        arepo=write_arepo,
        gizmo=write_gizmo,
        swift=write_swift,
        physical=physical,
        length_kpc=LENGTH.to_value(u.kpc),
        mass_msun=MASS.to_value(u.Msun),
        box_kpc=(BOX * LENGTH).to_value(u.kpc),
        scale_factor=A,
    )
