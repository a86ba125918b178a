from __future__ import annotations

import numpy as np
import pytest

from szfast.errors import NetworkError
from szfast.networks import NetworkWeights
from szfast.networks.layers import PARAMETER_COUNT


def arrays(network):
    return [a.copy() for a in network.kernels], [a.copy() for a in network.biases]


def test_parameter_count_is_the_published_one(random_network):
    assert random_network().parameter_count == PARAMETER_COUNT == 58_437


def test_arrays_are_copies_that_cannot_be_written(random_network):
    kernels, biases = arrays(random_network())
    network = NetworkWeights(tuple(kernels), tuple(biases), 0.0, 1.0, redshift_bin=(0.0, 0.1))
    kernels[0][:] = 5
    assert network.kernels[0].max() < 5
    with pytest.raises(ValueError, match="read-only"):
        network.kernels[0][0] = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_mean", np.nan),
        ("input_std", 0.0),
        ("input_std", -1e-6),
        ("input_std", np.inf),
        ("target_offset", np.inf),
        ("target_scale", 0.0),
        ("redshift_bin", (0.2, 0.1)),
        ("redshift_bin", (-0.1, 0.1)),
        ("redshift_bin", (0.1, np.nan)),
        ("redshift_bin", (0.1, np.inf)),
    ],
)
def test_numbers_out_of_range_are_refused(random_network, name, value):
    with pytest.raises(NetworkError) as caught:
        random_network(**{name: value})
    assert caught.value.field == name
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda a: a.astype(np.int32), "floating-point"),
        (lambda a: a[..., :-1], "expected shape"),
        (lambda a: np.where(a == a.max(), np.nan, a), "not finite"),
        (lambda a: a.astype(np.float64) * 1e300, "not finite"),
        (lambda a: a.astype(object), "floating-point"),
    ],
)
@pytest.mark.parametrize("layer", [0, 6])
def test_arrays_that_do_not_fit_are_refused(random_network, change, problem, layer):
    kernels, biases = arrays(random_network())
    kernels[layer] = change(kernels[layer])
    with pytest.raises(NetworkError, match=problem) as caught:
        NetworkWeights(tuple(kernels), tuple(biases), 0.0, 1.0, redshift_bin=(0.0, 0.1))
    assert caught.value.field == ("conv1_kernel", "dense4_kernel")[layer // 6]


def test_a_missing_layer_is_refused(random_network):
    kernels, biases = arrays(random_network())
    with pytest.raises(NetworkError, match="expected 7 of each, found 6 and 7"):
        NetworkWeights(tuple(kernels[:6]), tuple(biases), 0.0, 1.0, redshift_bin=(0.0, 0.1))


def test_the_bin_excludes_its_low_edge_and_includes_its_high_one(random_network):
    network = random_network(redshift_bin=(0.1, 0.2))
    assert [network.covers(z) for z in (0.1, 0.1001, 0.2, 0.2001, np.nan)] == [
        False,
        True,
        True,
        False,
        False,
    ]
