"""The bank of matched filters, against noise maps of the engine and against maps of known Y500."""

from __future__ import annotations

import numpy as np
import pytest
from analytic_cluster import analytic_map

import szfast
from szfast.filters.filter_bank import SIZES_ARCMIN, filter_bank, noise_covariance
from szfast.filters.flux_filters import flux_filter
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.maps.spectrum import noise_spectrum
from szfast.networks import symmetries
from szfast.networks.filtered import filtered

DRAWS = 1500


@pytest.fixture(scope="module", params=["milca", "homogeneous"])
def spectrum(request):
    return noise_spectrum(request.param)


@pytest.fixture(scope="module")
def bank(spectrum):
    return filter_bank(szfast.PLANCK, spectrum)


def test_products_with_noise_have_the_covariance_told(bank, spectrum):
    products = filtered(noise_maps(szfast.PLANCK, spectrum, NoiseKey(seed=2), views=DRAWS), bank)
    told = noise_covariance(bank, szfast.PLANCK, spectrum)
    np.testing.assert_allclose(np.diag(told), 1.0, rtol=1e-5)
    # an element of the covariance of n draws scatters by (1 + r^2)^(1/2) / n^(1/2); 4 sigma for each of 21
    np.testing.assert_allclose(np.cov(products.T), told, atol=4 * np.sqrt(2 / DRAWS))
    np.testing.assert_allclose(products.mean(axis=0), 0, atol=4 / np.sqrt(DRAWS))


def test_a_cluster_gets_the_signal_to_noise_of_its_filter(bank, spectrum):
    y500_arcmin2 = 5e-4
    fine = flux_filter(szfast.PLANCK, spectrum, theta_arcmin=SIZES_ARCMIN)
    for number, theta in enumerate(SIZES_ARCMIN[:5]):
        y = analytic_map(y500_arcmin2, theta)[np.newaxis].astype(np.float32)
        # the filter on whole pixels, whose noise is an independent sum: pooling costs 3 % at most
        expected = y500_arcmin2 / fine.sigma_arcmin2[number]
        assert filtered(y, bank)[0, number] == pytest.approx(expected, rel=0.05)


def test_turned_maps_have_the_same_products(bank, spectrum):
    y = noise_maps(szfast.PLANCK, spectrum, NoiseKey(seed=3), views=2)
    products = np.array([filtered(np.ascontiguousarray(image), bank) for image in symmetries(y)])
    # float32 sums over 2304 pixels, of products of order one
    np.testing.assert_allclose(products, np.broadcast_to(products[0], products.shape), atol=2e-4)
