"""Whether there is a cluster at a centre at all: the gas about it, against the cosmic mean."""

from __future__ import annotations

import numpy as np

from szfast.gas.particles import Gas
from szfast.snapshots.consistency import critical_density_msun_kpc3
from szfast.snapshots.header import SnapshotHeader

NEAR_KPC = 500.0

LEAST_CONTRAST = 20.0
"""A group of 1e13 solar masses has some 300 times the mean within this radius."""

_GAS_SHARE = 0.16


class CentralMass:
    """Adds up the gas within `NEAR_KPC` of the origin, while it passes block by block."""

    def __init__(self) -> None:
        self.mass_msun = 0.0

    def add(self, gas: Gas) -> None:
        """Add a block of the gas of one cluster."""
        near = (gas.offset_kpc**2).sum(axis=1) <= NEAR_KPC**2
        self.mass_msun += float(gas.mass_msun[near].sum(dtype=np.float64))


def odd_center(mass_msun: float, header: SnapshotHeader) -> str | None:
    """What is odd about a centre with this gas mass about it, if anything."""
    mean_msun_kpc3 = (
        _GAS_SHARE * header.omega_m * critical_density_msun_kpc3(header.hubble) * (1 + header.redshift) ** 3
    )
    contrast = mass_msun / (mean_msun_kpc3 * 4 / 3 * np.pi * NEAR_KPC**3)
    if contrast >= LEAST_CONTRAST:
        return None
    return (
        f"within {NEAR_KPC:g} kpc of the centre is {contrast:.2g} times the mean gas of the cosmos, so no cluster is "
        "there. Check --center: comoving, in code units or with a unit; mind the factor h."
    )
