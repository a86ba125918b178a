"""A synthetic cluster: gas particles in hydrostatic equilibrium, triaxial, with substructure and mergers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import number_in, scalar_in, whole_in
from szfast.errors import ArgumentError
from szfast.gas.particles import Gas
from szfast.sample.dark_matter import NFW
from szfast.sample.hydrostatic import INNERMOST_X, HydrostaticGas
from szfast.sample.pressure import checked_profile
from szfast.sample.random_stream import PARTICLES, SCATTER, SHAPE, random_stream
from szfast.sample.substructure import MASS_SHARE, Clump, draw_clumps

EXTENT_R500 = 5.0
"""Gas reaches out to this radius, as in Planck's Y5R500."""

CLUMP_EXTENT_R500 = 1.5
"""A clump's gas reaches out to this radius of its own; beyond it is stripped (choice)."""

SCATTER_DEX = 0.075
"""Log-normal scatter of Y500 at fixed mass (Planck 2015 XXIV)."""

AXIS_RATIO = 0.78
"""Mean of the gas's shortest over longest axis: simulated gas has 0.7 to 0.9 (Lau et al. 2011, ApJ 734 93; choice)."""

AXIS_RATIO_SPREAD = 0.08


def synthetic_cluster(
    row: Any = None,
    *,
    M500c: Any = None,
    redshift: float | None = None,
    cluster: int | None = None,
    seed: int = 0,
    particles: int = 20000,
    cosmology: Any = None,
    profile: str = "A10",
    scatter_dex: float = SCATTER_DEX,
    axis_ratio: float = AXIS_RATIO,
    substructure: float = MASS_SHARE,
) -> Gas:
    """Make a cluster of equal-mass gas particles whose Y500 is on a known relation with a known scatter.

    An ellipsoid of gas in hydrostatic equilibrium with the chosen electron pressure in an NFW halo, and smaller haloes
    of the same make in and about it, from small groups to mergers of two to one. Y500, the sum over particles within
    R500c, is then set to `szfast.sample.mean_compton_y` times the log-normal scatter: one factor, its square root
    each to mass and temperature. Smoothing lengths hold 64 neighbours at the local density. The cluster is a function
    of its arguments alone.

    Parameters
    ----------
    row : Row, optional
        A row of `szfast.sample.synthetic_catalogue`, for M500c, redshift and cluster; or give these.
    M500c : Quantity, optional
        Mass within R500c.
    redshift : float, optional
        Redshift of the cluster.
    cluster : int, optional
        Number of the cluster, zero by default: with `seed`, the key of its shape and scatter.
    seed : int
        Same seed and number, same cluster.
    particles : int
        Number of gas particles.
    cosmology : FLRW, optional
        Default: that of The Three Hundred, h = 0.6777, Omega_m = 0.307115, flat.
    profile : str
        Pressure profile: ``A10`` (Arnaud et al. 2010), ``P13`` (Planck 2013) or ``B12`` (Battaglia et al. 2012).
    scatter_dex : float
        Standard deviation of log10 Y500 at fixed mass.
    axis_ratio : float
        Mean of the shortest over the longest axis, 0.4 to 1; 1 makes spheres.
    substructure : float
        Mean mass of the clumps over that of the cluster, 0 to 1; 0 for none.

    Returns
    -------
    Gas
        Centred on its origin.

    Raises
    ------
    ArgumentError
        If an argument has no unit or is out of range.
    """
    M500c_msun, redshift, cluster = _which(row, M500c, redshift, cluster)
    particles = whole_in(particles, "particles", least=100, most=10**9)
    seed, cluster = whole_in(seed, "seed"), whole_in(cluster, "cluster")
    pressure_of = checked_profile(profile)
    number_in(scatter_dex, "scatter_dex", low=0.0, high=1.0)
    number_in(axis_ratio, "axis_ratio", low=0.4, high=1.0)
    number_in(substructure, "substructure", low=0.0, high=1.0)
    halo = NFW.of(M500c_msun, redshift, cosmology)
    pressure = pressure_of(halo)
    shape = random_stream(seed, cluster, SHAPE)
    ellipsoid = _ellipsoid(shape, axis_ratio)
    main = HydrostaticGas.of(halo, pressure, EXTENT_R500)
    parts = [_Part(main, np.zeros(3), ellipsoid)]
    parts += [
        _clump(each, halo, pressure_of) for each in draw_clumps(shape, pressure.profile, substructure, EXTENT_R500)
    ]
    scatter = random_stream(seed, cluster, SCATTER).standard_normal() * scatter_dex
    target_kpc2 = pressure.compton_y_kpc2(1.0) * 10**scatter
    gas = _gas(random_stream(seed, cluster, PARTICLES), parts, particles)
    return _on_relation(gas, halo.R500c_kpc, target_kpc2)


def _which(row: Any, M500c: Any, redshift: Any, cluster: Any) -> tuple[float, float, int]:
    """Mass, redshift and number, from a catalogue's row or from the arguments."""
    given = {"M500c": M500c, "redshift": redshift, "cluster": cluster}
    if row is not None:
        for name, value in given.items():
            if value is not None:
                raise ArgumentError("stands in the row already.", field=name, remedy="leave it out.")
        try:
            M500c, redshift, cluster = row["M500c"], float(row["redshift"]), int(row["cluster"])
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ArgumentError(
                f"expected a row with M500c, redshift and cluster ({type(error).__name__}: {error}).",
                field="row",
                remedy="give a row of szfast.sample.synthetic_catalogue.",
            ) from None
    if M500c is None or redshift is None:
        raise ArgumentError("expected a catalogue's row, or M500c and redshift.", field="row")
    M500c_msun = scalar_in(M500c, "Msun", "M500c", positive=True)
    if not 1e12 <= M500c_msun <= 1e16:
        raise ArgumentError(f"expected 1e12 to 1e16 Msun, found {M500c}.", field="M500c")
    number_in(redshift, "redshift", low=0.0, high=10.0)
    return M500c_msun, float(redshift), 0 if cluster is None else cluster


@dataclass(frozen=True)
class _Part:
    """The cluster itself, or a clump.

    Parameters
    ----------
    gas : HydrostaticGas
        Its spherical profile.
    at_kpc : (3,) array
        Its centre.
    ellipsoid : (3, 3) array
        Turns the sphere into its shape; of determinant one, so that densities stay.
    """

    gas: HydrostaticGas
    at_kpc: NDArray[np.float64]
    ellipsoid: NDArray[np.float64]

    def density_at(self, position_kpc: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gas density at positions [Msun kpc^-3]."""
        inverse = np.linalg.inv(self.ellipsoid) / self.gas.halo.R500c_kpc
        in_sphere = (position_kpc - self.at_kpc) @ inverse.T
        return self.gas.density_at(np.sqrt(np.einsum("ij,ij->i", in_sphere, in_sphere)))

    def sampled(self, rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions [kpc] and k T [keV] of particles."""
        # one draw in each of `count` equal parts of the mass: the profile has no shot noise in radius
        share = (np.arange(count) + rng.random(count)) / count
        x = np.maximum(self.gas.radius_of_mass(share), INNERMOST_X)
        direction = rng.standard_normal((count, 3))
        direction *= (x * self.gas.halo.R500c_kpc / np.linalg.norm(direction, axis=1))[:, None]
        return direction @ self.ellipsoid.T + self.at_kpc, self.gas.temperature_at(x)


def _ellipsoid(rng: np.random.Generator, axis_ratio: float) -> NDArray[np.float64]:
    """Stretching of unit volume along three axes that point anywhere."""
    spread = AXIS_RATIO_SPREAD if axis_ratio < 1 else 0.0
    shortest = float(np.clip(rng.normal(axis_ratio, spread), 0.4, 1.0))
    axes = np.array([1.0, rng.uniform(shortest, 1.0), shortest])
    from scipy.spatial.transform import Rotation

    turned = Rotation.from_quat(rng.standard_normal(4)).as_matrix()
    stretch: NDArray[np.float64] = turned * (axes / np.cbrt(axes.prod())) @ turned.T
    return stretch


def _clump(clump: Clump, cluster: NFW, pressure_of: Any) -> _Part:
    halo = cluster.of_mass(clump.ratio * cluster.M500c_msun)
    gas = HydrostaticGas.of(halo, pressure_of(halo), CLUMP_EXTENT_R500)
    return _Part(gas, clump.at * cluster.R500c_kpc, np.eye(3))


def _gas(rng: np.random.Generator, parts: list[_Part], particles: int) -> Gas:
    """Equal-mass particles of all parts, each part by its gas mass."""
    mass_msun = np.array([part.gas.mass_msun for part in parts])
    particle_msun = mass_msun.sum() / particles
    # rounded where the parts end, so that the counts add up
    ends = np.round(np.cumsum(mass_msun) / particle_msun).astype(int)
    counts = np.diff(ends, prepend=0)
    drawn = [part.sampled(rng, int(count)) for part, count in zip(parts, counts, strict=True)]
    position_kpc = np.concatenate([position for position, _ in drawn])
    density = np.sum([part.density_at(position_kpc) for part in parts], axis=0)
    import astropy.units as u

    halo = parts[0].gas.halo
    return Gas.from_arrays(
        position=position_kpc * u.kpc,
        mass=np.full(particles, particle_msun) * u.Msun,
        temperature=np.concatenate([temperature_kev for _, temperature_kev in drawn]) * u.keV,
        density=density * u.Msun / u.kpc**3,
        redshift=halo.redshift,
        cosmology=halo.cosmology,
    )


def _on_relation(gas: Gas, R500c_kpc: float, target_kpc2: float) -> Gas:
    """Scale mass and temperature so that Y500 is the target; smoothing lengths stay, since density goes with mass."""
    inside = np.einsum("ij,ij->i", gas.offset_kpc, gas.offset_kpc) <= R500c_kpc**2
    factor = np.sqrt(target_kpc2 / gas.compton_y_kpc2()[inside].sum())
    gas.mass_msun = (gas.mass_msun * factor).astype(np.float32)
    gas.temperature_k = (gas.temperature_k * factor).astype(np.float32)
    return gas
