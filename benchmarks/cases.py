"""What is timed: real clusters where the data are at hand, and synthetic ones made here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.cosmology.units as cu
import astropy.units as u
import h5py
import numpy as np
from astropy.table import Table

import szfast
from szfast import Gas
from szfast.constants import M_SUN_KG

RADIUS = 12 * u.Mpc
"""Gas is read out to here: beyond the corners of Planck's patch at the redshifts below."""

CODE_LENGTH = u.kpc / cu.littleh
CODE_MASS_MSUN = 1.989e40 / M_SUN_KG
"""GADGET's 1e10 Msun is 1.989e43 g."""


@dataclass(frozen=True)
class Case:
    """One cluster in one snapshot.

    Parameters
    ----------
    name : str
        What it is called in the results.
    snapshot : Path
        Its snapshot.
    center : (3,) Quantity
        Comoving centre in the snapshot's frame.
    redshift : float
        Where it is seen.
    R500c : Quantity
        Physical radius.
    Y500 : Quantity
        True Compton area of the gas inside R500c: what reading must reproduce.
    radius : Quantity
        Physical radius to read.
    """

    name: str
    snapshot: Path
    center: Any
    redshift: float
    R500c: Any
    Y500: Any
    radius: Any = RADIUS


def data_folder() -> Path | None:
    """The real data: $SZFAST_DATA, else ../shared/data beside the checkout, else nothing."""
    if "SZFAST_DATA" in os.environ:
        return Path(os.environ["SZFAST_DATA"])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return beside if beside.is_dir() else None


def real_cases(folder: Path) -> Iterator[Case]:
    """The Three Hundred's cluster, and the most massive halo of the two GADGET-4 boxes."""
    yield Case(
        "The Three Hundred, GADGET binary",
        folder / "the300" / "snap_Gadget_sample",
        [2501.6, 2497.2, 2503.0] * CODE_LENGTH,
        0.1,
        1444 / 0.6777 * u.kpc,
        6.216e-4 * u.Mpc**2,
        5 * u.Mpc,
    )
    truth = Table.read(folder / "gadget4" / "truth.csv")
    for box, snapshot in (("box", "box/snapshot_003.hdf5"), ("box_coolsf", "box_coolsf/snapdir_002")):
        rows = truth[truth["box"] == box]
        row = rows[rows["snap"] == int(rows["snap"].max())][0]
        redshift = float(row["redshift"])
        yield Case(
            f"GADGET-4 {box}, HDF5",
            folder / "gadget4" / snapshot,
            [row["x"], row["y"], row["z"]] * CODE_LENGTH,
            redshift,
            row["R500c"] / (1 + redshift) / 0.6777 * u.kpc,
            row["Y500sph"] * u.Mpc**2,
        )


def synthetic_cases(folder: Path, sizes: tuple[int, ...]) -> Iterator[Case]:
    """Synthetic clusters, written as GADGET HDF5 snapshots."""
    for particles in sizes:
        gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.1, particles=particles)
        path = folder / f"synthetic_{particles}.hdf5"
        write_snapshot(path, gas)
        R500c = 1.3 * u.Mpc
        inside = np.linalg.norm(gas.offset_kpc, axis=1) <= R500c.to_value("kpc")
        yield Case(
            f"synthetic, {particles:.0e} particles, HDF5".replace("e+0", "e"),
            path,
            [50000.0, 50000.0, 50000.0] * CODE_LENGTH,
            0.1,
            R500c,
            gas.compton_y_area[inside].sum(),
        )


def write_snapshot(path: Path, gas: Gas) -> None:
    """Write gas as a GADGET HDF5 snapshot: comoving kpc/h, 1e10 Msun/h, (km/s)^2."""
    hubble, scale_factor = gas.cosmology.h, 1 / (1 + gas.redshift)
    to_length = hubble / scale_factor
    mass = gas.mass_msun.astype(float) / CODE_MASS_MSUN * hubble
    support = gas.smoothing_length_kpc * to_length
    x_h, x_e = gas.hydrogen_fraction.astype(float), gas.electrons_per_hydrogen.astype(float)
    # u = (3/2) k_B T / (mu m_p), mu = 4 / (1 + 3 X_H + 4 X_H x_e)
    particle_mass = 4 / (1 + 3 * x_h + 4 * x_h * x_e) * 1.67262192369e-27 * u.kg
    energy = 1.5 * 1.380649e-23 * (u.J / u.K) * gas.temperature / particle_mass
    fields = {
        "Coordinates": gas.offset_kpc * to_length + 50000.0,
        "Masses": mass,
        "InternalEnergy": energy.to_value("km2 / s2"),
        "Density": 3 * 64 * mass / (4 * np.pi * support**3),
        "SmoothingLength": support,
        "ElectronAbundance": x_e,
    }
    count = np.array([len(gas), 0, 0, 0, 0, 0], dtype=np.uint32)
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            {
                "NumPart_ThisFile": count,
                "NumPart_Total": count,
                "NumPart_Total_HighWord": np.zeros(6, dtype=np.uint32),
                "MassTable": np.zeros(6),
                "Time": scale_factor,
                "Redshift": gas.redshift,
                "BoxSize": 100000.0,
                "NumFilesPerSnapshot": 1,
                "Omega0": gas.cosmology.Om0,
                "OmegaLambda": 1 - gas.cosmology.Om0,
                "HubbleParam": hubble,
            }
        )
        for name, values in fields.items():
            file[f"PartType0/{name}"] = np.asarray(values, dtype=np.float32)
