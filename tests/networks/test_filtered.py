"""The network on matched filters: file, forward pass, mean of several; without Keras."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.errors import ArgumentError, NetworkError
from szfast.networks import NetworkSet, load, predict_log10_mass, save, symmetries
from szfast.networks.filtered import FILTERED_DENSE, SHAPES, FilteredWeights
from szfast.networks.mean import NetworkMean


def filtered_network(seed=1, **changes):
    rng = np.random.default_rng(seed)
    # one symmetric filter after the other: rings of growing radius
    rows, columns = np.mgrid[:48, :48] - 23.5
    radius = np.hypot(rows, columns)
    rings = [np.exp(-((radius - 3 * k) ** 2) / 8).ravel() * 1e5 for k in range(6)]
    arrays = {"filters": np.stack(rings, axis=1), "feature_mean": np.ones(6), "feature_std": np.full(6, 2.0)}
    known = {
        **{name: array.astype(np.float32) for name, array in arrays.items()},
        "kernels": tuple(rng.normal(0, 0.3, layer.kernel_shape).astype(np.float32) for layer in FILTERED_DENSE),
        "biases": tuple(rng.normal(0, 0.1, layer.bias_shape).astype(np.float32) for layer in FILTERED_DENSE),
        **{"redshift_mean": 0.15, "redshift_std": 0.03, "redshift_bin": (0.1, 0.2), "target_offset": 14.6},
    }
    return FilteredWeights(**{**known, "target_scale": 0.2, "provenance": "random", **changes})


def by_hand(y, redshift, network):
    """One map after the other, pixel by pixel in double."""
    found = []
    for image, z in zip(y.astype(np.float64), redshift, strict=True):
        pooled = [image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for i in range(48) for j in range(48)]
        products = np.array(pooled) @ network.filters.astype(np.float64)
        features = (np.log(products + np.sqrt(products**2 + 1)) - network.feature_mean) / network.feature_std
        units = np.append(features, (z - network.redshift_mean) / network.redshift_std)
        for number, (kernel, bias) in enumerate(zip(network.kernels, network.biases, strict=True)):
            units = units @ kernel + bias
            units = units.clip(0) if number < 2 else units
        found.append(units[0] * network.target_scale + network.target_offset)
    return np.array(found)


def test_prediction_by_hand(noise_maps):
    network, redshift = filtered_network(), np.linspace(0.11, 0.19, len(noise_maps))
    found = predict_log10_mass(noise_maps, network, redshift=redshift)
    # products up to 20 in float32: 1e-6 of the target's 0.2 dex, times the dense layers' gain
    np.testing.assert_allclose(found, by_hand(noise_maps, redshift, network), atol=5e-6)
    assert found.std() > 1e-3


def test_the_square_changes_nothing_and_the_redshift_does(noise_maps):
    network = filtered_network()
    plain = predict_log10_mass(noise_maps, network, redshift=0.15)
    for image in symmetries(noise_maps):
        np.testing.assert_allclose(predict_log10_mass(image, network, redshift=0.15), plain, atol=1e-5)
    assert np.abs(predict_log10_mass(noise_maps, network, redshift=0.19) - plain).max() > 1e-3
    with pytest.raises(ArgumentError, match="this network sees it"):
        predict_log10_mass(noise_maps, network)


def test_file_comes_back_bit_for_bit(tmp_path, noise_maps):
    network = filtered_network(lowest_log10_mass=14.5)
    again = load(save(network, tmp_path / "bin-2.npz"))
    assert isinstance(again, FilteredWeights)
    for name in SHAPES:
        np.testing.assert_array_equal(getattr(again, name), getattr(network, name))
    for name in ("redshift_bin", "lowest_log10_mass", "redshift_std", "provenance", "target_scale"):
        assert getattr(again, name) == getattr(network, name)
    one, other = (predict_log10_mass(noise_maps, each, redshift=0.12) for each in (network, again))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"filters": np.ones((48, 6), np.float32)}, "filters"),
        ({"feature_std": np.zeros(6, np.float32)}, "feature_std"),
        ({"feature_mean": np.full(6, np.nan, np.float32)}, "feature_mean"),
        ({"redshift_std": 0.0}, "redshift_std"),
        ({"redshift_bin": (0.2, 0.1)}, "redshift_bin"),
    ],
)
def test_what_cannot_be_a_network_is_refused(change, field):
    with pytest.raises(NetworkError) as caught:
        filtered_network(**change)
    assert caught.value.field == field


def test_an_array_of_the_file_that_is_missing_is_named(tmp_path):
    path = save(filtered_network(), tmp_path / "net.npz")
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "feature_mean"}
    np.savez(path, **arrays)
    with pytest.raises(NetworkError, match="missing from the file") as caught:
        load(path)
    assert caught.value.field == "feature_mean"


def test_the_mean_of_several(noise_maps, random_network):
    members = (filtered_network(1), filtered_network(2), random_network())
    mean = NetworkMean(members)
    each = [predict_log10_mass(noise_maps, one, redshift=0.15) for one in members]
    found = predict_log10_mass(noise_maps, NetworkSet((mean,)), redshift=0.15)
    np.testing.assert_allclose(found, np.mean(each, axis=0), rtol=1e-14)
    with pytest.raises(NetworkError, match="different redshifts"):
        NetworkMean((filtered_network(), filtered_network(redshift_bin=(0.2, 0.4))))
    with pytest.raises(NetworkError, match="no network"):
        NetworkMean(())
