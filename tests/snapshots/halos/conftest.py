"""Independent writers of halo catalogues: one list of haloes in every format."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from szfast.snapshots.header import SnapshotHeader

HUBBLE = 0.6777
REDSHIFT = 0.25
# GADGET's kpc/h and 1e10 Msun/h, in kpc and IAU solar masses.
LENGTH_KPC = 3.085678e21 / 3.0856775814913673e21 / HUBBLE
MASS_MSUN = 1.989e43 / 1.988409870698051e33 / HUBBLE


def snapshot(**changes):
    """A stand-in for an open snapshot: read_halos asks it for its header alone."""
    values = dict(
        redshift=REDSHIFT,
        scale_factor=1 / (1 + REDSHIFT),
        hubble=HUBBLE,
        omega_m=0.307115,
        omega_lambda=0.692885,
        box_size_kpc=50000 * LENGTH_KPC,
        code_length_kpc=LENGTH_KPC,
        code_mass_msun=MASS_MSUN,
        code_velocity_km_s=1.0,
    )
    return SimpleNamespace(header=SnapshotHeader(**{**values, **changes}))


@dataclass
class CodeHalos:
    """Haloes in code units: comoving kpc/h and 1e10 Msun/h."""

    position: np.ndarray
    m500: np.ndarray
    r500: np.ndarray
    m200: np.ndarray
    r200: np.ndarray

    def part(self, rows):
        return CodeHalos(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def comoving_radius(mass, overdensity, redshift=REDSHIFT):
    """Radius of a mass in 1e10 Msun/h; rho_c = 27.7537 E^2 h^2 1e10 Msun / Mpc^3 (PDG 2022)."""
    expansion2 = 0.307115 * (1 + redshift) ** 3 + 0.692885
    density = 27.7537e-9 * expansion2 / (1 + redshift) ** 3
    return np.cbrt(3 * mass / (4 * np.pi * overdensity * density))


def made(count=6, seed=3) -> CodeHalos:
    random = np.random.default_rng(seed)
    m500 = random.permutation(np.geomspace(300.0, 90000.0, count))
    m200 = m500 * random.uniform(1.3, 1.7, count)
    return CodeHalos(
        position=random.uniform(0, 50000, (count, 3)),
        m500=m500,
        r500=comoving_radius(m500, 500),
        m200=m200,
        r200=comoving_radius(m200, 200),
    )


def write_subfind(path: Path, halos: CodeHalos, *, parts=1, number=0, total=None, units=True, **header) -> None:
    """One file of FOF+SUBFIND tables as GADGET-4 (units in /Parameters) or AREPO (none) write them."""
    count = len(halos.m500)
    attributes = {
        "BoxSize": 50000.0,
        "Ngroups_ThisFile": np.uint64(count),
        "Ngroups_Total": np.uint64(count if total is None else total),
        "NumFiles": np.int32(parts),
        "Redshift": REDSHIFT,
        "Time": 1 / (1 + REDSHIFT),
        "HubbleParam": HUBBLE,
        "Omega0": 0.307115,
        "OmegaLambda": 0.692885,
        **header,
    }
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update({k: v for k, v in attributes.items() if v is not None})
        if units:
            file.create_group("Parameters").attrs.update({"UnitLength_in_cm": 3.085678e21, "UnitMass_in_g": 1.989e43})
        group = file.create_group("Group")
        if count:
            group["GroupPos"] = halos.position.astype("f4")
            for name, values in {
                "Group_M_Crit500": halos.m500,
                "Group_R_Crit500": halos.r500,
                "Group_M_Crit200": halos.m200,
                "Group_R_Crit200": halos.r200,
            }.items():
                group[name] = values.astype("f4")


def write_ahf(path: Path, columns: dict[str, np.ndarray]) -> None:
    """A text file with AHF's header line of numbered names."""
    header = "#" + "\t".join(f"{name}({number})" for number, name in enumerate(columns, 1))
    rows = zip(*columns.values(), strict=True)
    lines = ["\t".join(str(int(v)) if isinstance(v, np.integer) else f"{v:.8g}" for v in row) for row in rows]
    path.write_text("\n".join([header, *lines]) + "\n")


def ahf_columns(halos: CodeHalos) -> dict[str, np.ndarray]:
    """As in AHF of 2014 and later, without the columns that szfast does not read."""
    count = len(halos.m500)
    # Hashes beyond 2^53, which a float would round.
    ids = np.arange(count, dtype=np.uint64) + np.uint64(2**60 + 1)
    return {
        "ID": ids,
        "hostHalo": np.zeros(count, dtype=np.int64),
        "numSubStruct": np.zeros(count, dtype=np.int64),
        "Mvir": halos.m200 * 1e10,
        "npart": np.full(count, 1000),
        "Xc": halos.position[:, 0],
        "Yc": halos.position[:, 1],
        "Zc": halos.position[:, 2],
        "Rvir": halos.r200,
        "fMhires": np.full(count, 0.99),
        "M500": halos.m500 * 1e10,
        "R500": halos.r500,
    }


@pytest.fixture(scope="session")
def files():
    """The writers of this file, by name."""
    return sys.modules[__name__]
