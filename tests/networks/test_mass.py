from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast.errors import ArgumentError
from szfast.networks import NetworkSet, predict_log10_mass, published, read_cutout, symmetries
from szfast.networks.forward import forward


def test_the_real_cutout_varies_over_the_symmetries_as_known(real_data):
    network = published(real_data("deepplanck/weights"))[1]
    cutout = read_cutout(real_data("deepplanck/PSZ2G359.07-32.12.fits"))
    each = predict_log10_mass(symmetries(cutout.y), network, average=False)
    assert (each.min(), each.max()) == pytest.approx((14.638, 14.733), abs=5e-4)
    averaged = predict_log10_mass(cutout.y[np.newaxis], network)
    assert averaged == pytest.approx([each.mean()], abs=1e-6)


def test_averaging_makes_the_prediction_invariant(random_network, noise_maps):
    network = random_network()
    turned = symmetries(noise_maps[5])
    assert np.ptp(predict_log10_mass(turned, network, average=False)) > 1e-3
    # The eight terms are the same; only the order of a float64 mean and of the matrix products differ.
    assert np.ptp(predict_log10_mass(turned, network)) < 3e-6


def test_redshifts_choose_the_network_of_each_map(random_network, noise_maps):
    near, far = random_network(1, redshift_bin=(0.0, 0.1)), random_network(2, redshift_bin=(0.1, 0.2))
    redshifts = np.where(np.arange(len(noise_maps)) % 3 == 0, 0.05, 0.15)
    found = predict_log10_mass(noise_maps, NetworkSet((near, far)), redshift=redshifts, average=False)
    expected = np.where(redshifts < 0.1, forward(noise_maps, near), forward(noise_maps, far))
    np.testing.assert_allclose(found, expected, atol=3e-6, rtol=0)


def test_one_network_checks_the_redshift_it_is_given(random_network, noise_maps):
    network = random_network(redshift_bin=(0.1, 0.2))
    without = predict_log10_mass(noise_maps, network)
    np.testing.assert_array_equal(without, predict_log10_mass(noise_maps, network, redshift=0.15))
    with pytest.raises(ArgumentError, match=r"no network has learnt redshift 0\.3"):
        predict_log10_mass(noise_maps, network, redshift=0.3)


def test_several_networks_need_a_redshift_each(random_network, noise_maps):
    networks = NetworkSet((random_network(redshift_bin=(0, 0.1)), random_network(redshift_bin=(0.1, 0.2))))
    with pytest.raises(ArgumentError, match="needed to choose one of 2"):
        predict_log10_mass(noise_maps, networks)
    with pytest.raises(ArgumentError, match=r"one redshift or 11, found shape \(3,\)"):
        predict_log10_mass(noise_maps, networks, redshift=[0.05, 0.05, 0.05])


def test_dimensionless_quantities_are_taken(random_network, noise_maps):
    network = random_network()
    plain = predict_log10_mass(noise_maps, network)
    np.testing.assert_allclose(predict_log10_mass(noise_maps * 1e6 * u.Unit(1e-6), network), plain, atol=1e-5)


def with_value(maps, value):
    changed = maps.copy()
    changed[3, 40, 40] = value
    return changed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda y: y[0], "expected shape"),
        (lambda y: y[:, :95], "expected shape"),
        (lambda y: y[..., np.newaxis], "expected shape"),
        (lambda y: with_value(y, np.nan), "not finite"),
        (lambda y: with_value(y, np.inf), "not finite"),
        (lambda y: y * 1e6, r"\|y\| up to"),
        (lambda y: y * np.arange(11)[:, None, None], "same value in every pixel"),
        (lambda y: np.ma.masked_greater(y, 5e-6), "not finite"),
        (lambda y: y * u.K, "dimensionless"),
        (lambda y: y.astype(complex), "not finite numbers"),
        (lambda y: y.astype(str), "dimensionless"),
        (lambda y: None, "dimensionless"),
    ],
)
def test_maps_that_cannot_be_compton_y_are_refused(random_network, noise_maps, change, problem):
    with pytest.raises(ArgumentError, match=problem) as caught:
        predict_log10_mass(change(noise_maps), random_network())
    assert caught.value.field == "maps"
    assert caught.value.remedy
