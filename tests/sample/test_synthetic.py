"""The synthetic cluster against the profile, relation and scatter that are put in."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from scipy.spatial import cKDTree

import szfast
from szfast.constants import K_B_J_PER_K, KEV_J
from szfast.errors import ArgumentError
from szfast.gas import spherical_compton_y
from szfast.sample import mean_compton_y, synthetic_catalogue
from szfast.sample.dark_matter import NFW
from szfast.sample.hydrostatic import HydrostaticGas
from szfast.sample.pressure import PROFILES

SPHERE = {"axis_ratio": 1.0, "substructure": 0.0, "scatter_dex": 0.0}


def cluster(mass=5e14, redshift=0.2, **options):
    return szfast.synthetic_cluster(M500c=mass * u.Msun, redshift=redshift, **options)


def excess_dex(gas, mass, redshift, profile="A10"):
    """log10 of Y500 over the mean relation."""
    inside = spherical_compton_y(gas, radius=NFW.of(mass, redshift).R500c_kpc * u.kpc)
    return float(np.log10(inside / mean_compton_y(mass * u.Msun, redshift, profile=profile)))


def shells(gas, mass, redshift, edges):
    """Compton parameter in spherical shells [kpc^2]."""
    x = np.linalg.norm(gas.offset_kpc, axis=1) / NFW.of(mass, redshift).R500c_kpc
    return np.histogram(x, edges, weights=gas.compton_y_kpc2())[0]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("mass", "redshift"), [(1e14, 0.05), (1e15, 0.6)])
def test_sphere_is_the_profile(profile, mass, redshift):
    gas = cluster(mass, redshift, profile=profile, particles=200000, **SPHERE)
    pressure = PROFILES[profile](NFW.of(mass, redshift))
    edges = np.geomspace(0.05, 5, 12)
    truth = np.diff([pressure.compton_y_kpc2(x) for x in edges])
    # electrons, temperatures and masses of particles multiply to sigma_T / (m_e c^2) times the integral of P dV; radii
    # are stratified: a shell has its number of particles, 500 and more, to one or two
    np.testing.assert_allclose(shells(gas, mass, redshift, edges), truth, rtol=4e-3)
    # and nothing was left for the normalisation to mend
    smooth = HydrostaticGas.of(NFW.of(mass, redshift), pressure, 5.0)
    assert gas.mass_msun.sum(dtype=float) == pytest.approx(smooth.mass_msun, rel=1e-3)


def test_relation_and_scatter_come_out_as_put_in():
    rng = np.random.default_rng(0)
    given = [(10 ** rng.uniform(14, 15.2), rng.uniform(0.02, 1)) for _ in range(400)]
    found = [excess_dex(cluster(m, z, cluster=i, particles=2000), m, z) for i, (m, z) in enumerate(given)]
    # three standard errors: 0.075 / sqrt(400) of the mean, 0.075 / sqrt(800) of the scatter
    assert np.mean(found) == pytest.approx(0, abs=3 * 0.00375)
    assert np.std(found) == pytest.approx(0.075, abs=3 * 0.00265)
    # neither depends on mass or redshift: correlations of 400 are within 3 / sqrt(400)
    assert np.abs(np.corrcoef(found, np.log10(given).T)[0, 1:]).max() < 0.15


@pytest.mark.parametrize("profile", PROFILES)
def test_without_scatter_every_cluster_is_on_the_relation(profile):
    for i in range(10):
        gas = cluster(cluster=i, profile=profile, scatter_dex=0.0, particles=1000)
        # rounding of float32
        assert excess_dex(gas, 5e14, 0.2, profile) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("profile", ["A10", "B12"])
def test_stacked_profile_is_the_profile(profile):
    edges = np.geomspace(0.1, 1, 9)
    gases = (cluster(cluster=i, profile=profile, particles=5000, scatter_dex=0.0) for i in range(250))
    stack = np.mean([shells(gas, 5e14, 0.2, edges) for gas in gases], axis=0)
    pressure = PROFILES[profile](NFW.of(5e14, 0.2))
    truth = np.diff([pressure.compton_y_kpc2(x) for x in edges])
    # single clusters differ by up to 7%, the mean of 250 by 0.5%; ellipsoids and clumps smear it by 1%
    np.testing.assert_allclose(stack, truth, rtol=0.05)


def test_ellipsoid_points_anywhere_and_clumps_are_there():
    gases = [cluster(cluster=i, particles=2000, substructure=0.0) for i in range(40)]
    moments = [np.linalg.eigh(gas.offset_kpc.T @ gas.offset_kpc) for gas in gases]
    ratios = [np.sqrt(values[0] / values[2]) for values, _ in moments]
    # the mean axis ratio that is asked for, less what the shot noise of 2000 particles takes from round ones
    assert np.mean(ratios) == pytest.approx(0.78, abs=0.04)
    longest = np.array([vectors[:, 2] for _, vectors in moments])
    # the mean of n n^T over all directions is the identity over three; 40 of them, 2 standard errors of 0.3 / sqrt(40)
    np.testing.assert_allclose(longest.T @ longest / 40, np.eye(3) / 3, atol=0.1)
    clumpy = cluster(cluster=1, substructure=0.5).mass_msun.sum(dtype=float)
    assert clumpy > 1.1 * cluster(cluster=1, substructure=0.0).mass_msun.sum(dtype=float)


def test_smoothing_lengths_hold_64_neighbours():
    gas = cluster(particles=10000)
    tree = cKDTree(gas.offset_kpc)
    rows = np.random.default_rng(0).choice(len(gas), 1000, replace=False)
    found = [len(tree.query_ball_point(gas.offset_kpc[i], gas.smoothing_length_kpc[i])) for i in rows]
    # a Poisson count of 64 scatters by 8; density gradients and clumps' edges add to the tails
    assert np.median(found) == pytest.approx(64, abs=5)
    assert np.percentile(found, 5) > 40


def test_gas_and_temperature_are_a_cluster_s():
    gas = cluster(8e14, 0.1)
    inside = np.linalg.norm(gas.offset_kpc, axis=1) < NFW.of(8e14, 0.1).R500c_kpc
    # the cosmic baryon fraction is 0.157; hydrostatic gas of this pressure has nearly all of it at R500
    assert 0.12 < gas.mass_msun[inside].sum(dtype=float) / 8e14 < 0.18
    kev = gas.temperature_k[inside].mean() * K_B_J_PER_K / KEV_J
    # mass-weighted, from The Three Hundred's 12.51 keV at 2.58e15 Msun, T going as M^(2/3)
    assert kev == pytest.approx(12.51 * (8e14 / 2.58e15) ** (2 / 3), rel=0.15)
    np.testing.assert_allclose(gas.electrons_per_hydrogen, 1.158, atol=1e-3)
    assert gas.electron_model == "fully_ionised"


def test_cluster_is_a_function_of_its_key():
    first, again = cluster(seed=3, cluster=7), cluster(seed=3, cluster=7)
    np.testing.assert_array_equal(first.offset_kpc, again.offset_kpc)
    np.testing.assert_array_equal(first.temperature_k, again.temperature_k)
    for other in (cluster(seed=3, cluster=8), cluster(seed=4, cluster=7), cluster(seed=7, cluster=3)):
        assert not np.array_equal(first.offset_kpc, other.offset_kpc)
    # shape and scatter belong to the cluster, not to the number of particles that sample it
    few = cluster(seed=3, cluster=7, particles=1000)
    assert excess_dex(few, 5e14, 0.2) == pytest.approx(excess_dex(first, 5e14, 0.2), abs=1e-6)


def test_row_of_a_catalogue_is_a_cluster_that_can_be_mapped():
    pytest.importorskip("colossus")
    row = synthetic_catalogue(3, seed=1)[2]
    gas = szfast.synthetic_cluster(row, seed=5, particles=500)
    same = szfast.synthetic_cluster(
        M500c=row["M500c"], redshift=float(row["redshift"]), cluster=2, seed=5, particles=500
    )
    np.testing.assert_array_equal(gas.offset_kpc, same.offset_kpc)
    maps = szfast.make_maps(gas, halo=row, cluster=int(row["cluster"]), sightlines=np.eye(3)[None])
    assert maps.M500c_msun == row["M500c"].value
    assert maps.key.cluster == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"M500c": 5e14}, "'M500c': expected a quantity"),
        ({"M500c": 5 * u.Msun}, "'M500c': expected 1e12"),
        ({"M500c": None}, "'row': expected a catalogue's row"),
        ({"row": 5}, "'M500c': stands in the row"),
        ({"row": 5, "M500c": None, "redshift": None}, "'row': expected a row"),
        ({"redshift": -1}, "'redshift'"),
        ({"redshift": np.nan}, "'redshift'"),
        ({"particles": 10}, "'particles'"),
        ({"particles": 1e4}, "'particles'"),
        ({"seed": -1}, "'seed'"),
        ({"cluster": 2**64}, "'cluster'"),
        ({"profile": "King"}, "'profile': expected one of A10, P13, B12"),
        ({"scatter_dex": -0.1}, "'scatter_dex'"),
        ({"axis_ratio": 0.1}, "'axis_ratio'"),
        ({"substructure": 2}, "'substructure'"),
    ],
)
def test_bad_arguments_are_refused(change, says):
    with pytest.raises(ArgumentError, match=says):
        szfast.synthetic_cluster(**({"M500c": 5e14 * u.Msun, "redshift": 0.1} | change))
