"""The catalogue of synthetic clusters against the mass function it is drawn from."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM, FlatwCDM
from scipy.optimize import brentq

from szfast.errors import ArgumentError
from szfast.sample import synthetic_catalogue
from szfast.sample.dark_matter import NFW
from szfast.sample.mass_function import halo_density
from szfast.sample.planck_range import lowest_log10_mass

colossus_cosmology = pytest.importorskip("colossus.cosmology.cosmology")
from colossus.lss.mass_function import massFunction  # noqa: E402

COSMOLOGY = FlatLambdaCDM(67.77, 0.307115)


@pytest.fixture(scope="module")
def catalogue():
    return synthetic_catalogue(50_000, seed=3)


@pytest.fixture
def haloes():
    """Haloes on the whole sky in a range of redshift and above a mass, by sums written out here."""
    own = {"flat": True, "H0": 67.77, "Om0": 0.307115, "Ob0": 0.048206, "sigma8": 0.8228, "ns": 0.96}
    before = colossus_cosmology.current_cosmo
    colossus_cosmology.setCosmology("test", {**own, "persistence": "", "relspecies": False})

    def number(z_low, z_high, log10_low):
        mass = np.geomspace(10**log10_low, 10**15.7, 200)
        z = np.linspace(z_low, z_high, 42)[1:]
        shell = 4 * np.pi * COSMOLOGY.differential_comoving_volume(z).to_value("Mpc3 / sr")
        per_volume = [
            np.trapezoid(massFunction(mass * 0.6777, each, mdef="500c", model="tinker08", q_out="dndlnM"), np.log(mass))
            for each in z
        ]
        # volume grows from nothing at redshift zero
        values = np.concatenate([[0.0 if z_low == 0 else np.nan], shell * np.array(per_volume) * 0.6777**3])
        if z_low > 0:
            values[0] = 2 * values[1] - values[2]
        return np.trapezoid(values, np.concatenate([[z_low], z]))

    yield number
    colossus_cosmology.current_cosmo = before


def test_numbers_follow_the_mass_function(catalogue, haloes):
    edges = [(0.0, 0.1, 14.0), (0.1, 0.2, 14.5), (0.2, 0.4, 14.65), (0.4, 1.0, 14.7)]
    total = sum(haloes(*each) for each in edges)
    z, log10_mass = np.asarray(catalogue["redshift"]), np.log10(catalogue["M500c"].value)
    for z_low, z_high, lowest in edges:
        for above in (0.0, 0.1, 0.3, 0.5):
            expected = 50_000 * haloes(z_low, z_high, lowest + above) / total
            found = np.count_nonzero((z > z_low) & (z <= z_high) & (log10_mass >= lowest + above))
            # four standard errors of a Poisson number, and 1% for the sums' grids
            assert found == pytest.approx(expected, rel=0.01, abs=4 * expected**0.5)


def test_there_are_as_many_as_the_three_hundred_s_box_has():
    # Cui et al. (2018): the 324 most massive haloes of a (1 Gpc/h)^3 box have Mvir >= 8e14 Msun/h at z = 0, where the
    # virial overdensity is 102 (Bryan & Norman 1998)
    def virial_msun(M500c):
        halo = NFW.of(M500c, 0.0)
        return halo.mass_msun(halo.radius_of_overdensity_kpc(102.0))

    lowest = brentq(lambda mass: virial_msun(mass) - 8e14 / 0.6777, 1e14, 1e15)
    log10_mass = np.linspace(np.log10(lowest), 15.7, 300)
    per_redshift = np.trapezoid(halo_density(log10_mass[None], np.array([1e-3]), COSMOLOGY)[0], log10_mass * np.log(10))
    volume = 4 * np.pi * COSMOLOGY.differential_comoving_volume(1e-3).to_value("Mpc3 / sr")
    # Poisson 6%, and 3% in mass by the concentration are 10% in number, the fit's own error as much
    assert per_redshift / volume * (1000 / 0.6777) ** 3 == pytest.approx(324, rel=0.25)


def test_rows_are_clusters(catalogue):
    assert catalogue["cluster"].tolist() == list(range(50_000))
    assert (np.log10(catalogue["M500c"].value) >= lowest_log10_mass(catalogue["redshift"]) - 1e-9).all()
    some = catalogue[::5000]
    density = some["M500c"] / (4 / 3 * np.pi * some["R500c"] ** 3)
    ratio = (density / COSMOLOGY.critical_density(some["redshift"])).to_value(u.one)
    np.testing.assert_allclose(ratio, 500, rtol=1e-4)
    regions, counts = np.unique(catalogue["region"], return_counts=True)
    assert len(regions) == 324
    assert counts.max() - counts.min() <= 1


def test_catalogue_is_a_function_of_its_seed():
    first, again, other = (synthetic_catalogue(50, seed=seed, regions=5) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["M500c"], again["M500c"])
    assert not np.array_equal(first["M500c"], other["M500c"])


def test_lowest_mass_of_one_s_own():
    catalogue = synthetic_catalogue(2000, min_mass=3e14 * u.Msun)
    assert 3e14 <= catalogue["M500c"].min().value < 3.05e14
    # where the published networks begin at 5e14, there are lighter ones now
    assert (catalogue["M500c"][catalogue["redshift"] > 0.4].value < 4.9e14).any()


def test_the_user_s_cosmology_in_colossus_stays():
    before = colossus_cosmology.current_cosmo
    synthetic_catalogue(10)
    assert colossus_cosmology.current_cosmo is before


@pytest.mark.parametrize(
    "given",
    [dict(n=0), dict(n=1.5), dict(seed=-1), dict(regions=0), dict(min_mass=1e14), dict(min_mass=1 * u.Msun),
     dict(cosmology=FlatwCDM(70, 0.3))],
)  # fmt: skip
def test_bad_arguments_are_refused(given):
    with pytest.raises(ArgumentError, match="|".join(f"'{name}'" for name in given)):
        synthetic_catalogue(**({"n": 10} | given))
