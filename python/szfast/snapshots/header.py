"""What a snapshot says about itself: its time, cosmology, box and code units."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from szfast.errors import SnapshotError

log = logging.getLogger("szfast.snapshots")

LARGEST_KPC = 1e8
"""Comoving kpc: the Hubble volume and a factor to spare."""

_FLAT = 0.02
"""Radiation and neutrinos may be missing from the sum of the densities."""


_MOST_CURVATURE = 0.1
"""Twice what Planck alone allows (Planck 2018 VI, 7.3): 1 - Omega_m - Omega_Lambda = -0.044 within 0.034."""


@dataclass(frozen=True)
class Assumption:
    """One thing that was taken for granted while reading, and where it came from.

    Parameters
    ----------
    quantity : str
        What it is, for example ``length unit``.
    value : str
        The value used.
    source : str
        The attribute of the file, or why a default was taken.
    """

    quantity: str
    value: str
    source: str


@dataclass(frozen=True)
class SnapshotHeader:
    """Time, cosmology, box and code units of one snapshot, without factors of h.

    Parameters
    ----------
    redshift, scale_factor : float
        When the snapshot was taken.
    hubble : float
        H0 / (100 km/s/Mpc).
    omega_m, omega_lambda : float
        Density parameters today.
    box_size_kpc : float or None
        Side of the periodic box [comoving kpc]; None where the box is not periodic.
    code_length_kpc : float
        Comoving kpc per unit of the file's coordinates, h divided out.
    code_mass_msun : float
        Msun per unit of the file's masses, h divided out.
    code_velocity_km_s : float
        km/s per unit of velocity.
    """

    redshift: float
    scale_factor: float
    hubble: float
    omega_m: float
    omega_lambda: float
    box_size_kpc: float | None
    code_length_kpc: float
    code_mass_msun: float
    code_velocity_km_s: float

    @property
    def cosmology(self) -> Any:
        """The astropy cosmology; flat where only radiation and neutrinos are missing from a sum of one."""
        return _cosmology(self.hubble, self.omega_m, self.omega_lambda)


@lru_cache(maxsize=64)
def _cosmology(hubble: float, omega_m: float, omega_lambda: float) -> Any:
    # 40 ms each; instances are frozen.
    from astropy import cosmology

    models: Any = cosmology
    hubble_km_s_mpc = 100.0 * hubble
    if abs(omega_m + omega_lambda - 1.0) < 5e-3:
        return models.FlatLambdaCDM(H0=hubble_km_s_mpc, Om0=omega_m)
    return models.LambdaCDM(H0=hubble_km_s_mpc, Om0=omega_m, Ode0=omega_lambda)


def check_header(header: SnapshotHeader, path: Path) -> SnapshotHeader:
    """Refuse a header whose numbers cannot describe a simulation.

    Raises
    ------
    SnapshotError
        If h, the scale factor, the redshift, the densities, the box or a unit is out of range.
    """
    numbers = {
        "HubbleParam": (header.hubble, 0.2 < header.hubble < 2.0, "a value between 0.2 and 2"),
        "Time": (header.scale_factor, 0.0 < header.scale_factor <= 1.05, "a scale factor in (0, 1]"),
        "Redshift": (header.redshift, -0.05 < header.redshift < 1e4, "a redshift of 0 or more"),
        "Omega0": (header.omega_m, 0.0 < header.omega_m <= 2.0, "a matter density in (0, 2]"),
        "OmegaLambda": (header.omega_lambda, -1.0 < header.omega_lambda < 2.0, "a density in (-1, 2)"),
        "UnitLength": (header.code_length_kpc, header.code_length_kpc > 0, "a positive length"),
        "UnitMass": (header.code_mass_msun, header.code_mass_msun > 0, "a positive mass"),
        "UnitVelocity": (header.code_velocity_km_s, header.code_velocity_km_s > 0, "a positive velocity"),
    }
    for field, (value, good, wanted) in numbers.items():
        if not (math.isfinite(value) and good):
            raise SnapshotError(
                f"expected {wanted}, found {value:g}.",
                file=path,
                field=field,
                remedy="correct the header; szfast needs a cosmological snapshot with its parameters.",
            )
    _check_curvature(header, path)
    _check_time(header, path)
    _check_box(header, path)
    return header


def _check_curvature(header: SnapshotHeader, path: Path) -> None:
    total = header.omega_m + header.omega_lambda
    # no universe that is simulated today is curved more; an open one without dark energy may be
    if abs(total - 1.0) > _MOST_CURVATURE and (header.omega_lambda != 0.0 or total > 1.0):
        raise SnapshotError(
            f"the matter density {header.omega_m:g} and the density of dark energy {header.omega_lambda:g} add up to "
            f"{total:g}; a flat universe has 1.",
            file=path,
            field="OmegaLambda",
            remedy="correct Omega0 or OmegaLambda in the header; the densities are those of today.",
        )
    if abs(total - 1.0) > _FLAT:
        log.warning("%s: Omega0 + OmegaLambda = %g, a curved universe: check the header", path, total)


def _check_time(header: SnapshotHeader, path: Path) -> None:
    expected = 1.0 / (1.0 + header.redshift)
    if abs(header.scale_factor / expected - 1.0) > 1e-3:
        raise SnapshotError(
            f"the scale factor {header.scale_factor:g} and the redshift {header.redshift:g} disagree: "
            f"1/(1+z) = {expected:g}.",
            file=path,
            field="Time",
            remedy="correct Time or Redshift; a run in physical time (not comoving) is not understood.",
        )


def _check_box(header: SnapshotHeader, path: Path) -> None:
    box = header.box_size_kpc
    # From a dwarf's zoom to the Hubble volume: outside it the length unit is wrong.
    if box is not None and not (math.isfinite(box) and 10.0 < box < LARGEST_KPC):
        raise SnapshotError(
            f"the box is {box:g} comoving kpc wide.",
            file=path,
            field="BoxSize",
            remedy="correct BoxSize or the unit of length in the file's attributes.",
        )
