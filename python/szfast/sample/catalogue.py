"""Catalogues of synthetic clusters, drawn from a mass function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import scalar_in, whole_in
from szfast.errors import ArgumentError
from szfast.sample.dark_matter import default_cosmology
from szfast.sample.mass_function import halo_density
from szfast.sample.planck_range import lowest_log10_mass
from szfast.sample.random_stream import CATALOGUE, random_stream
from szfast.snapshots.halos.columns import critical_density_msun_kpc3, radius_kpc

if TYPE_CHECKING:
    from astropy.table import QTable

REGIONS = 324
"""As many as The Three Hundred has."""

HIGHEST_REDSHIFT = 1.0
LARGEST_LOG10_MASS = 15.7

_Z_STEP, _DEX_STEP = 0.0025, 0.01


def synthetic_catalogue(
    n: int, *, seed: int = 0, min_mass: Any = None, regions: int = REGIONS, cosmology: Any = None
) -> QTable:
    """Draw a catalogue of synthetic clusters from the mass function over 0 < z < 1.

    As a survey of the whole sky would find them: Tinker et al. (2008) haloes in the volume of each shell of redshift,
    above the lowest mass of the published networks or one of your own. Regions are groups of consecutive clusters,
    which share nothing but the name; they are what a data set is built and split by.

    Parameters
    ----------
    n : int
        Number of clusters.
    seed : int
        Same seed, same catalogue.
    min_mass : Quantity, optional
        Lowest M500c. Default: 10^14, 10^14.5, 10^14.65 and 10^14.7 Msun in the four Planck bins of redshift.
    regions : int
        Number of regions.
    cosmology : FLRW, optional
        Default: that of The Three Hundred. sigma_8 and n_s are MultiDark-Planck's.

    Returns
    -------
    QTable
        A row a cluster: cluster and id (its number), region, redshift, M500c [Msun], R500c [physical kpc] and center,
        which is the origin [comoving kpc]. A row is what `szfast.synthetic_cluster` and ``halo=`` of `szfast.make_maps`
        take.

    Raises
    ------
    ArgumentError
        If an argument has no unit or is out of range.
    MissingExtraError
        If colossus is not installed.
    """
    n = whole_in(n, "n", least=1, most=10**8)
    seed = whole_in(seed, "seed")
    regions = whole_in(regions, "regions", least=1, most=10**6)
    cosmology = default_cosmology() if cosmology is None else cosmology
    lowest = None if min_mass is None else np.log10(scalar_in(min_mass, "Msun", "min_mass", positive=True))
    if lowest is not None and not 13 <= lowest <= 15.5:
        raise ArgumentError(f"expected 1e13 to 10^15.5 Msun, found {min_mass}.", field="min_mass")
    rng = random_stream(seed, 0, CATALOGUE)
    redshift, log10_mass = _drawn(rng, n, lowest, cosmology)
    return _as_table(redshift, 10**log10_mass, regions, seed, cosmology)


def _drawn(
    rng: np.random.Generator, n: int, lowest: float | None, cosmology: Any
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Redshifts and log10 masses: a cell of a fine grid by its number of haloes, then anywhere in the cell."""
    # bins of redshift end at edges of cells, masses begin at the lowest of each redshift
    z = (np.arange(round(HIGHEST_REDSHIFT / _Z_STEP), dtype=np.float64) + 0.5) * _Z_STEP
    first = lowest_log10_mass(z) if lowest is None else np.full_like(z, lowest)
    steps = np.arange(round((LARGEST_LOG10_MASS - first.min()) / _DEX_STEP), dtype=np.float64) * _DEX_STEP
    lower = first[:, None] + steps
    haloes = halo_density(lower + _DEX_STEP / 2, z, cosmology)
    # each redshift's masses begin at its lowest, and all end at one largest
    haloes[lower > LARGEST_LOG10_MASS] = 0.0
    cumulative = np.cumsum(haloes.ravel())
    cell = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    shell = cell // len(steps)
    redshift = z[shell] + (rng.random(n) - 0.5) * _Z_STEP
    return redshift, lower.ravel()[cell] + rng.random(n) * _DEX_STEP


def _as_table(
    redshift: NDArray[np.float64], M500c_msun: NDArray[np.float64], regions: int, seed: int, cosmology: Any
) -> QTable:
    import astropy.units as u
    from astropy.table import QTable

    number = np.arange(len(redshift))
    critical = critical_density_msun_kpc3(cosmology, redshift)
    names = np.array([f"synthetic_{i:04d}" for i in range(regions)])
    table = QTable(meta={"format": "synthetic", "seed": seed, "H0": cosmology.H0.value, "Om0": float(cosmology.Om0)})
    table["cluster"] = number
    table["id"] = number
    table["region"] = names[number * regions // len(number)]
    table["redshift"] = redshift
    table["M500c"] = M500c_msun * u.Msun
    table["R500c"] = radius_kpc(M500c_msun, 500.0, critical) * u.kpc
    table["center"] = np.zeros((len(number), 3)) * u.kpc
    return table
