"""A small snapshot with two clusters of gas, as GADGET-4 writes it, and its halo catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

HUBBLE, REDSHIFT, BOX_KPC_H, PARTICLES = 0.7, 0.25, 40000.0, 200
CENTERS_KPC_H = np.array([[10000.0, 20000.0, 30000.0], [100.0, 20000.0, 39900.0]])
HALOS = ("id,x,y,z,M500c", "77,100,20000,39900,2e14", "5,10000,20000,30000,3e14", "9,30000,5000,5000,1e13")
"""Three haloes, one of them light; centres in code units, masses in Msun."""


def gas_columns() -> dict[str, np.ndarray]:
    """Two clusters of 200 particles in GADGET's code units, 700 kpc/h wide, at 3e7 K."""
    rng = np.random.default_rng(5)
    position = np.concatenate([center + rng.normal(0.0, 350.0, (PARTICLES, 3)) for center in CENTERS_KPC_H])
    count = len(position)
    # 200 particles in about 4 pi / 3 (600 kpc/h)^3: 40 of them within 350 kpc/h
    smoothing = np.full(count, 350.0)
    mass = np.full(count, 3.0)
    return {
        "Coordinates": np.mod(position, BOX_KPC_H),
        "Velocities": np.zeros((count, 3)),
        "ParticleIDs": np.arange(count),
        "Masses": mass,
        "Density": 3 * 40 * mass / (4 * np.pi * smoothing**3),
        "InternalEnergy": np.full(count, 6e5),
        "SmoothingLength": smoothing,
        "ElectronAbundance": np.full(count, 1.1),
    }


def write_small_snapshot(
    path: Path,
    *,
    columns: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    parameters: dict[str, Any] | None = None,
) -> Path:
    """Write a snapshot; columns and header entries may be changed, None leaves one out."""
    content = {**gas_columns(), **(columns or {})}
    counts = np.array([len(content["ParticleIDs"]), 0])
    head = {
        "NumPart_ThisFile": counts,
        "NumPart_Total": counts,
        "MassTable": np.zeros(2),
        "Time": 1 / (1 + REDSHIFT),
        "Redshift": REDSHIFT,
        "BoxSize": BOX_KPC_H,
        "NumFilesPerSnapshot": 1,
        **(header or {}),
    }
    rest = {
        "HubbleParam": HUBBLE,
        "Omega0": 0.3,
        "OmegaLambda": 0.7,
        "UnitLength_in_cm": 3.085678e21,
        "UnitMass_in_g": 1.989e43,
        "UnitVelocity_in_cm_per_s": 1e5,
        **(parameters or {}),
    }
    with h5py.File(path, "w") as file:
        for group, attributes in (("Header", head), ("Parameters", rest)):
            file.create_group(group).attrs.update({k: v for k, v in attributes.items() if v is not None})
        for key, values in content.items():
            if values is not None:
                file[f"PartType0/{key}"] = values.astype("u4" if key == "ParticleIDs" else "f4")
    return path


def write_halos(path: Path, lines: tuple[str, ...] = HALOS) -> Path:
    """Write the catalogue."""
    path.write_text("\n".join(lines) + "\n")
    return path
