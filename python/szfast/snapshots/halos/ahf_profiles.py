"""Spherical-overdensity masses from the mass profiles that AHF writes beside its haloes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos.ahf_text import column_names, read_columns


def spherical_overdensity(
    halos_path: Path,
    halos: dict[str, NDArray[np.float64]],
    overdensity: float,
    critical_msun_kpc3: NDArray[np.float64],
    physical_kpc: NDArray[np.float64],
    hubble: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Mass and radius at `overdensity` times the critical density, from ``*.AHF_profiles``.

    Parameters
    ----------
    halos_path : Path
        The ``.AHF_halos`` file; the profiles lie beside it.
    halos : dict
        Its columns; ``nbins`` counts each halo's rows in the profiles.
    critical_msun_kpc3, physical_kpc : (N,) array
        Critical density, and physical kpc per comoving kpc/h, of each halo.
    hubble : float
        h.

    Returns
    -------
    tuple of (N,) array or None
        Msun and physical kpc, NaN where a profile does not cross the density; None without profiles.

    Raises
    ------
    HaloCatalogueError
        If the profiles do not belong to the haloes.
    """
    path = halos_path.with_name(halos_path.name.replace("AHF_halos", "AHF_profiles"))
    if path == halos_path or not path.is_file() or "nbins" not in halos:
        return None
    names = column_names(path)
    if "r" not in names or "M_in_r" not in names:
        raise HaloCatalogueError(
            "the header line lacks r or M_in_r.",
            file=path,
            field="M_in_r",
            remedy="keep AHF's header line, '#r(1) npart(2) M_in_r(3) ...', as the first line.",
        )
    rows = read_columns(path, {"r": names.index("r"), "mass": names.index("M_in_r")})
    ends = np.cumsum(halos["nbins"].astype(np.int64))
    if len(rows["r"]) != (ends[-1] if len(ends) else 0):
        raise HaloCatalogueError(
            f"expected {int(ends[-1])} rows from the haloes' nbins, found {len(rows['r'])}.",
            file=path,
            field="nbins",
            remedy="give profiles and haloes of one AHF run, both complete.",
        )
    # AHF marks radii below its convergence limit with a minus sign.
    per_halo = zip(np.split(np.abs(rows["r"]), ends[:-1]), np.split(rows["mass"], ends[:-1]), strict=True)
    radius_kpc = np.array(
        [
            _crossing(r * kpc, mass / hubble, overdensity * density)
            for (r, mass), kpc, density in zip(per_halo, physical_kpc, critical_msun_kpc3, strict=True)
        ]
    )
    return 4.0 / 3.0 * np.pi * overdensity * critical_msun_kpc3 * radius_kpc**3, radius_kpc


def _crossing(radius_kpc: NDArray[np.float64], mass_msun: NDArray[np.float64], density: float) -> float:
    """Outermost radius at which the mean enclosed density falls through `density`, in log-log steps."""
    use = (radius_kpc > 0) & (mass_msun > 0)
    radius, mass = radius_kpc[use], mass_msun[use]
    excess = np.log(mass / (4.0 / 3.0 * np.pi * radius**3 * density))
    falls = np.flatnonzero((excess[:-1] >= 0) & (excess[1:] < 0))
    if not len(falls):
        return float("nan")
    i = falls[-1]
    share = excess[i] / (excess[i] - excess[i + 1])
    return float(np.exp(np.log(radius[i]) + share * np.log(radius[i + 1] / radius[i])))
