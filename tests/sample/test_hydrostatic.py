"""Dark matter and gas profiles against the equations they solve."""

from __future__ import annotations

import astropy.constants as const
import astropy.units as u
import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid, quad

from szfast.sample.dark_matter import NFW, default_cosmology
from szfast.sample.hydrostatic import HydrostaticGas
from szfast.sample.pressure import PROFILES


@pytest.mark.parametrize("M500c", [1e13, 1e15])
@pytest.mark.parametrize("redshift", [0.0, 0.9])
def test_halo_has_its_mass_and_duffys_concentration(M500c, redshift):
    halo = NFW.of(M500c, redshift)
    critical = default_cosmology().critical_density(redshift).to_value("Msun / kpc3")
    assert halo.mass_msun(halo.R500c_kpc) == pytest.approx(M500c)
    assert M500c / (4 / 3 * np.pi * halo.R500c_kpc**3) == pytest.approx(500 * critical, rel=1e-4)
    R200c_kpc = halo.radius_of_overdensity_kpc(200)
    M200c = halo.mass_msun(R200c_kpc)
    c200 = 5.71 * (M200c * 0.6777 / 2e12) ** -0.084 * (1 + redshift) ** -0.47
    assert R200c_kpc / halo.scale_kpc == pytest.approx(c200, rel=1e-6)
    # the NFW density r^-1 (1 + r/rs)^-2, integrated
    shell = lambda r: r / (1 + r / halo.scale_kpc) ** 2  # noqa: E731
    ratio = quad(shell, 0, 0.3 * halo.R500c_kpc)[0] / quad(shell, 0, halo.R500c_kpc)[0]
    assert halo.mass_msun(0.3 * halo.R500c_kpc) / M500c == pytest.approx(ratio, rel=1e-8)


@pytest.mark.parametrize("profile", PROFILES)
def test_gas_is_in_hydrostatic_equilibrium(profile):
    halo = NFW.of(6e14, 0.2)
    pressure = PROFILES[profile](halo)
    gas = HydrostaticGas.of(halo, pressure, 5.0)
    x = np.geomspace(0.03, 4.9, 40)
    # electrons carry 3.52 / 6.8 of the pressure of fully ionised primordial gas
    total = lambda x: pressure.kev_cm3(x) * 6.8 / 3.52 * u.keV / u.cm**3  # noqa: E731
    gradient = (total(x * 1.001) - total(x / 1.001)) / (x * (1.001 - 1 / 1.001) * halo.R500c_kpc * u.kpc)
    r = x * halo.R500c_kpc * u.kpc
    weight = gas.density_at(x) * u.Msun / u.kpc**3 * const.G * halo.mass_msun(r.value) * u.Msun / r**2
    # tables of 400 radii, interpolated linearly
    np.testing.assert_allclose((-gradient / weight).to_value(u.one), 1, rtol=2e-3)
    electrons = gas.density_at(x) * u.Msun / u.kpc**3 / (const.m_p / 0.88)
    np.testing.assert_allclose(
        (electrons * gas.temperature_at(x) * u.keV).to_value("keV / cm3"), pressure.kev_cm3(x), rtol=2e-3
    )


def test_gas_mass_is_the_integral_of_its_density():
    halo = NFW.of(6e14, 0.2)
    gas = HydrostaticGas.of(halo, PROFILES["A10"](halo), 5.0)
    x = np.concatenate([np.linspace(0, 0.02, 20001), np.linspace(0.02, 5, 20001)[1:]])
    within = cumulative_trapezoid(4 * np.pi * x**2 * halo.R500c_kpc**3 * gas.density_at(x), x, initial=0.0)
    # the tables take the trapezoid in ln x with 400 radii
    assert gas.mass_msun == pytest.approx(within[-1], rel=1e-3)
    half = gas.radius_of_mass(np.array(0.5))
    assert np.interp(half, x, within) / within[-1] == pytest.approx(0.5, abs=1e-3)


def test_temperature_is_that_of_a_simulated_cluster():
    halo = NFW.of(1.751e15 / 0.6777, 0.0)
    gas = HydrostaticGas.of(halo, PROFILES["A10"](halo), 1.0)
    x = gas.radius_of_mass((np.arange(1000) + 0.5) / 1000)
    # The Three Hundred's region 1, mass-weighted within R500: 12.51 keV; two clusters of one mass differ by 10%
    assert gas.temperature_at(x).mean() == pytest.approx(12.51, rel=0.1)
