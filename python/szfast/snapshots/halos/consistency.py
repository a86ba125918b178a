"""Whether masses, radii and centres of a halo catalogue can be in the units that were assumed."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos.columns import HaloColumns, critical_density_msun_kpc3
from szfast.snapshots.header import SnapshotHeader

log = logging.getLogger("szfast.snapshots.halos")

TOLERANCE = 0.03
"""Largest relative departure of M from overdensity * rho_c * volume, with the cosmology known."""

TOLERANCE_UNKNOWN_COSMOLOGY = 0.3
"""The same with a stand-in cosmology: h^2 between 0.62^2 and 0.77^2."""


_SEVERAL = 3
# A thousandth of Mpc where kpc/h was taken, and a factor of h.
_CORNER = 2e-3
# What is in Mpc where kpc was taken spans a thousandth of the other axes.
_SHEET = 0.02

# A profile as flat as r^-1 out to R200c makes it 6.25.
_MOST_OUTSIDE = 10.0
_HEAVIEST_MSUN = (1e8, 1e17)


def check_masses(halos: HaloColumns, path: Path) -> None:
    """Refuse masses in another unit, or as logarithms, where no radius tells; and those of 200 rho_c below 500 rho_c.

    Raises
    ------
    HaloCatalogueError
        If the heaviest halo is lighter than a dwarf galaxy or heavier than a supercluster, or the median ratio of two
        masses or radii is not possible.
    """
    pairs = {
        "M200c": (halos.m200c_msun, halos.m500c_msun),
        "R200c": (halos.r200c_kpc, halos.r500c_kpc),
    }
    for field, (outer, inner) in pairs.items():
        if outer is None or inner is None or not np.isfinite(outer).any():
            continue
        ratio = float(np.nanmedian(outer / inner))
        if not 1.0 <= ratio <= _MOST_OUTSIDE:
            raise HaloCatalogueError(
                f"{field} is {ratio:.4g} times {field[0]}500c, median of {len(inner)} haloes.",
                file=path,
                field=field,
                remedy="correct the unit of one of the two columns, or leave this one out.",
            )
    heaviest = float(halos.m500c_msun.max())
    if not _HEAVIEST_MSUN[0] <= heaviest <= _HEAVIEST_MSUN[1]:
        raise HaloCatalogueError(
            f"the heaviest halo has {heaviest:.4g} Msun.",
            file=path,
            field="M500c",
            remedy="give masses in Msun (no logarithms, not in 1e10 or 1e14 Msun), or the column its unit.",
        )


def check_distinct(halos: HaloColumns, path: Path) -> None:
    """Refuse a halo that the catalogue has twice: it would count twice, with the same noise.

    Raises
    ------
    HaloCatalogueError
        If two have one identifier or one centre.
    """
    if halos.id.ndim > 1:
        raise HaloCatalogueError(
            f"expected one identifier a halo, found shape {halos.id.shape}.",
            file=path,
            field="id",
            remedy="give whole numbers or words.",
        )
    _, place, times = np.unique(halos.center_kpc[:, 0], return_inverse=True, return_counts=True)
    # whole rows are compared where one coordinate is the same: millions of haloes are soon looked through
    rows = np.flatnonzero(times[place] > 1)
    for field, ids, values in (("id", halos.id, halos.id), ("center", halos.id[rows], halos.center_kpc[rows])):
        _, first, times = np.unique(values, axis=0, return_index=True, return_counts=True)
        worst = int(times.argmax()) if len(times) else 0
        if len(times) and times[worst] > 1:
            raise HaloCatalogueError(
                f"{int(times[worst])} haloes have the same {field}, that of halo {ids[first[worst]]}.",
                file=path,
                field=field,
                remedy="keep each halo once, with an identifier of its own.",
            )


def check_simulation(halos: HaloColumns, snapshot: SnapshotHeader | None, path: Path) -> None:
    """Refuse a catalogue whose own header is that of another simulation than the snapshot's.

    Raises
    ------
    HaloCatalogueError
        If h, a density or the box differ.
    """
    own = halos.header
    if own is None or snapshot is None:
        return
    pairs = {
        "HubbleParam": (own.hubble, snapshot.hubble),
        "Omega0": (own.omega_m, snapshot.omega_m),
        "OmegaLambda": (own.omega_lambda, snapshot.omega_lambda),
        "BoxSize": (own.box_size_kpc, snapshot.box_size_kpc),
    }
    for field, (mine, theirs) in pairs.items():
        if mine is not None and theirs is not None and abs(mine - theirs) > 1e-3 * max(abs(theirs), 1e-3):
            raise HaloCatalogueError(
                f"{mine:g} in the catalogue, {theirs:g} in the snapshot: they are of different simulations.",
                file=path,
                field=field,
                remedy="give the catalogue and the snapshot of one output.",
            )


def check_densities(halos: HaloColumns, path: Path) -> None:
    """Compare M500c and M200c with 500 and 200 rho_c(z) 4/3 pi R^3.

    Raises
    ------
    HaloCatalogueError
        If the median halo, or any halo, is off; the message names the units that would fit.
    """
    pairs = [
        (500.0, "R500c", halos.m500c_msun, halos.r500c_kpc),
        (200.0, "R200c", halos.m200c_msun, halos.r200c_kpc),
    ]
    for overdensity, field, mass_msun, radius in pairs:
        if mass_msun is not None and radius is not None:
            _check_density(halos, mass_msun, radius, overdensity, field, path)


def _check_density(
    halos: HaloColumns,
    mass_msun: NDArray[np.float64],
    radius_kpc: NDArray[np.float64],
    overdensity: float,
    field: str,
    path: Path,
) -> None:
    from astropy.cosmology import Planck18

    cosmology = Planck18 if halos.header is None else halos.header.cosmology
    tolerance = TOLERANCE_UNKNOWN_COSMOLOGY if halos.header is None else TOLERANCE
    critical = critical_density_msun_kpc3(cosmology, halos.redshift)
    known = np.isfinite(mass_msun) & np.isfinite(radius_kpc) & (mass_msun > 0) & (radius_kpc > 0)
    ratio = mass_msun[known] / (4.0 / 3.0 * np.pi * radius_kpc[known] ** 3 * overdensity * critical[known])
    if not len(ratio) or np.abs(ratio - 1.0).max() <= tolerance:
        return
    middle = float(np.median(ratio))
    name = f"M{field[1:]}"
    if abs(middle - 1.0) <= tolerance:
        worst = int(np.abs(ratio - 1.0).argmax())
        halo = halos.id[known][worst]
        raise HaloCatalogueError(
            f"{name} of halo {halo} is {ratio[worst]:.4g} times {overdensity:g} rho_c 4/3 pi {field}^3, "
            "while the other haloes fit.",
            file=path,
            field=field,
            remedy="correct this halo's row, or leave it out (min_mass).",
        )
    redshift = float(np.median(halos.redshift))
    raise HaloCatalogueError(
        f"{name} is {middle:.4g} times {overdensity:g} rho_c(z={redshift:.4g}) 4/3 pi {field}^3 "
        "where 1 was expected: a unit is wrong.",
        file=path,
        field=field,
        remedy=_advice(middle, redshift, halos.header, tolerance),
    )


def _advice(ratio: float, redshift: float, header: SnapshotHeader | None, tolerance: float) -> str:
    guesses = unit_guesses(ratio, redshift, 0.6766 if header is None else header.hubble, tolerance)
    if not guesses:
        return "give masses in Msun and radii in physical kpc, with units."
    return f"the numbers would fit if {', or if '.join(guesses[:2])}: correct the units."


def unit_guesses(ratio: float, redshift: float, hubble: float, tolerance: float = TOLERANCE) -> list[str]:
    """Mistakes of units that would explain `ratio` = M / (overdensity rho_c 4/3 pi R^3), simplest first.

    Parameters
    ----------
    ratio : float
        The ratio found, 1 where the units are right.
    redshift, hubble : float
        For comoving lengths and factors of h.
    tolerance : float
        How close to 1 the corrected ratio has to be.
    """
    scale_factor = 1.0 / (1.0 + redshift)
    lengths = [("", 1.0), ("Mpc and not kpc", 1e3), ("kpc and not Mpc", 1e-3)]
    length_h = [("", 1.0), ("per h", 1.0 / hubble), ("without h (h was divided out twice)", hubble)]
    frames = [
        ("", 1.0),
        ("comoving and not physical", scale_factor),
        ("physical and not comoving", 1.0 / scale_factor),
    ]
    masses = [("", 1.0), ("in 1e10 Msun", 1e10), ("in Msun and not 1e10 Msun", 1e-10)]
    mass_h = [("", 1.0), ("per h", 1.0 / hubble), ("without h (h was divided out twice)", hubble)]
    found = []
    mistakes = itertools.product(lengths, length_h, frames, masses, mass_h)
    for length, per_h, frame, mass, mass_per_h in mistakes:
        radius_factor = length[1] * per_h[1] * frame[1]
        corrected = ratio * mass[1] * mass_per_h[1] / radius_factor**3
        if abs(corrected - 1.0) <= tolerance:
            radius_words = [words for words, _ in (length, per_h, frame) if words]
            mass_words = [words for words, _ in (mass, mass_per_h) if words]
            found.append((len(radius_words) + len(mass_words), _sentence(radius_words, mass_words)))
    return [text for _, text in sorted(found, key=lambda item: item[0])]


def _sentence(radius_words: list[str], mass_words: list[str]) -> str:
    named = (("radii", radius_words), ("masses", mass_words))
    return " and ".join(f"{name} are {', '.join(words)}" for name, words in named if words)


def check_centers(halos: HaloColumns, path: Path) -> None:
    """Refuse centres outside the snapshot's box, or so close to its corner that they must be in Mpc.

    Raises
    ------
    HaloCatalogueError
        If a centre is not finite, outside the box, or all lie at its very corner or along a face.
    """
    bad = ~np.isfinite(halos.center_kpc).all(axis=1)
    if bad.any():
        raise HaloCatalogueError(
            f"the centre of halo {halos.id[bad.argmax()]} is not finite.",
            file=path,
            field="center",
            remedy="correct or remove this halo's row.",
        )
    box_kpc = None if halos.header is None else halos.header.box_size_kpc
    if box_kpc is None:
        return
    slack_kpc = 1e-5 * box_kpc
    outside = ((halos.center_kpc < -slack_kpc) | (halos.center_kpc > box_kpc + slack_kpc)).any(axis=1)
    if outside.any():
        first = int(outside.argmax())
        raise HaloCatalogueError(
            f"{int(outside.sum())} centres lie outside the box of {box_kpc:.6g} kpc, first that of halo "
            f"{halos.id[first]}: {np.array2string(halos.center_kpc[first], precision=6)} comoving kpc.",
            file=path,
            field="center",
            remedy="check the unit of the positions (kpc or Mpc, with or without h) and the snapshot.",
        )
    near = (halos.center_kpc <= box_kpc * _CORNER).all(axis=0)
    spread_kpc = np.ptp(halos.center_kpc, axis=0)
    # the haloes of one cluster may lie at a face, but not in a sheet
    near &= near.all() | (spread_kpc < _SHEET * spread_kpc.max())
    if near.all() or (len(halos) >= _SEVERAL and near.any()):
        where = "corner" if near.all() else f"face along {'xyz'[int(near.argmax())]}"
        raise HaloCatalogueError(
            f"all centres lie within {_CORNER:g} of the box ({box_kpc:.6g} comoving kpc) from its {where}.",
            file=path,
            field="center",
            remedy="the positions seem to be in Mpc where kpc was taken: give them a unit.",
        )


def check_redshift(halos: HaloColumns, snapshot: SnapshotHeader | None, path: Path, *, tolerance: float = 1e-3) -> None:
    """Refuse a catalogue of another time than the snapshot's.

    Raises
    ------
    HaloCatalogueError
        If a redshift differs from the snapshot's by over `tolerance`.
    """
    if snapshot is None:
        return
    worst = float(halos.redshift[np.abs(halos.redshift - snapshot.redshift).argmax()])
    if abs(worst - snapshot.redshift) > tolerance:
        raise HaloCatalogueError(
            f"the catalogue is of z = {worst:.6g}, the snapshot of z = {snapshot.redshift:.6g}.",
            file=path,
            field="redshift",
            remedy="give the catalogue and the snapshot of one output.",
        )
