"""Gas of a cluster: particles with mass, temperature, electrons and their Compton parameter."""

from __future__ import annotations

from szfast.gas.integrals import cylindrical_compton_y, mass_weighted_temperature, spherical_compton_y
from szfast.gas.particles import KERNELS, Gas
from szfast.gas.read import gas_around, read_snapshot

__all__ = [
    "KERNELS",
    "Gas",
    "cylindrical_compton_y",
    "gas_around",
    "mass_weighted_temperature",
    "read_snapshot",
    "spherical_compton_y",
]
