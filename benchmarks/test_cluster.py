"""A mock galaxy cluster of equal-mass gas particles with substructure, on which projections are compared.

``python benchmarks/test_cluster.py 100000 cluster.npz``. Written: ``pos`` (N, 3) and ``hsml`` (N,), the kernel's
support radius, in Mpc, physical; ``w`` (N,) integrated Compton parameter in Mpc^2; ``R`` (27, 3, 3): ``pos @ R[k].T``
has the image's axes first and the line of sight last; ``mass`` in solar masses; ``kT`` in keV.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]

RADIUS_200_MPC, EDGE_MPC = 2.0, 6.0
GAS_MASS_200_MSUN = 0.14 * 1.1e15
SHARE_IN_CLUMPS, CLUMPS = 0.08, 30
NEIGHBOURS = 64  # within the support radius, as GADGET has it
MSUN_G, PROTON_G, MPC_CM, THOMSON_CM2, ELECTRON_KEV = 1.989e33, 1.672622e-24, 3.0857e24, 6.6524587e-25, 510.99895
MASS_PER_ELECTRON = 1.14


def directions(rng: np.random.Generator, count: int) -> Array:
    """Unit vectors, isotropic."""
    vector = rng.standard_normal((count, 3))
    return vector / np.linalg.norm(vector, axis=1, keepdims=True)


def radii(rng: np.random.Generator, count: int, core: float, scale: float, edge: float) -> Array:
    """Radii of a density (1 + (r/core)^2)^-1 (1 + (r/scale)^3)^(-1/3), by inverting its mass profile."""
    r = np.geomspace(1e-4, edge, 4000)
    shell = r**3 / ((1 + (r / core) ** 2) * np.cbrt(1 + (r / scale) ** 3))  # per unit of log r
    mass = np.concatenate([[0.0], np.cumsum(0.5 * (shell[1:] + shell[:-1]) * np.diff(np.log(r)))])
    return np.interp(rng.uniform(0, mass[-1], count), mass, r)


def positions(rng: np.random.Generator, count: int) -> Array:
    """Main halo, mildly triaxial, and clumps whose masses follow a power law; in no order, as in a snapshot."""
    in_clumps = int(SHARE_IN_CLUMPS * count)
    main = directions(rng, count - in_clumps) * radii(rng, count - in_clumps, 0.12, 1.2, EDGE_MPC)[:, None]
    parts = [main * (1.1, 1.0, 0.9)]
    share = 0.2 + rng.pareto(1.0, CLUMPS)
    share /= share.sum()
    centers = directions(rng, CLUMPS) * rng.uniform(0.4, 4.0, (CLUMPS, 1))
    for center, members, size in zip(
        centers, rng.multinomial(in_clumps, share), 0.6 * np.cbrt(share * CLUMPS), strict=True
    ):
        offset = directions(rng, members) * radii(rng, members, 0.05 * size, 0.5 * size, size)[:, None]
        parts.append(center + offset)
    return rng.permutation(np.concatenate(parts))


def temperature_kev(rng: np.random.Generator, r_mpc: Array) -> Array:
    """Cool core and falling outskirts (the form of Vikhlinin et al. 2006, eq. 6), with a scatter of 25 %."""
    cool = (r_mpc / 0.08) ** 1.9
    profile = 9.0 * (cool + 0.6) / (cool + 1) / (1 + (r_mpc / 0.7) ** 2) ** 0.45
    return profile * rng.lognormal(0, 0.25, len(r_mpc))


def make_cluster(count: int, seed: int = 20240607) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    pos = positions(rng, count)
    r = np.linalg.norm(pos, axis=1)
    mass_msun = GAS_MASS_200_MSUN / np.count_nonzero(r < RADIUS_200_MPC)
    kt = temperature_kev(rng, r)
    electrons = mass_msun * MSUN_G / (PROTON_G * MASS_PER_ELECTRON)
    area_mpc2 = THOMSON_CM2 * kt / ELECTRON_KEV * electrons / MPC_CM**2
    support, _ = cKDTree(pos).query(pos, k=[NEIGHBOURS], workers=-1)
    views = Rotation.random(27, rng=seed).as_matrix()
    views[0] = np.eye(3)
    return {"pos": pos, "hsml": support[:, 0], "w": area_mpc2, "kT": kt, "mass": np.full(count, mass_msun), "R": views}


if __name__ == "__main__":
    np.savez(Path(sys.argv[2]), **make_cluster(int(float(sys.argv[1]))))
