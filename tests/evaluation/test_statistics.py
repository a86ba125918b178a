"""Means, scatters and bootstrap errors against what is known of the numbers put in."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.errors import ArgumentError
from szfast.evaluation.statistics import bands, bias_by_mass, coverage, relative_error, runs_below, spread


def test_relative_error_by_hand():
    np.testing.assert_allclose(relative_error([15.0, 14.0], [14.0, 14.0]), [0.9, 0.0], atol=1e-15)
    with pytest.raises(ArgumentError, match="shape"):
        relative_error([1.0], [1.0, 2.0])
    with pytest.raises(ArgumentError, match="finite"):
        relative_error([np.nan], [1.0])


def test_bootstrap_errors_of_independent_numbers():
    numbers = np.random.default_rng(1).normal(0.1, 0.2, 4000)
    found = spread(numbers)
    assert (found.mean, found.std, found.n) == (numbers.mean(), numbers.std(ddof=1), 4000)
    # sigma / sqrt(n) and sigma / sqrt(2 n); 1,000 draws tell them to 2.2 %
    assert found.mean_error == pytest.approx(0.2 / np.sqrt(4000), rel=0.1)
    assert found.std_error == pytest.approx(0.2 / np.sqrt(8000), rel=0.1)
    assert spread(numbers) == found


def test_views_of_one_cluster_are_one_draw():
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(200), 20)
    numbers = rng.normal(0, 1, 200)[cluster]
    # 20 equal views tell no more than one
    assert spread(numbers, groups=cluster).mean_error == pytest.approx(1 / np.sqrt(200), rel=0.15)
    assert spread(numbers).mean_error == pytest.approx(1 / np.sqrt(4000), rel=0.15)


@pytest.mark.parametrize("numbers", [[], [0.3]])
def test_too_few_numbers(numbers):
    found = spread(numbers)
    assert found.n == len(numbers)
    assert np.isnan(found.std)


def test_bias_in_bins_of_predicted_mass():
    log10_mass = np.concatenate([np.full(40, 14.55), np.full(29, 14.65), np.full(30, 14.7)])
    reference = np.concatenate([np.full(40, 14.55 + np.log10(0.9)), np.full(29, 10.0), np.full(30, 14.7)])
    found = bias_by_mass(log10_mass, reference)
    # 29 entries are too few; 14.7 belongs to the bin that it begins
    np.testing.assert_allclose(found["log10_M"], [14.55, 14.75])
    np.testing.assert_allclose(found["mean"], [0.1, 0.0], atol=1e-12)
    assert list(found["n"]) == [40, 30]


def test_bands_of_a_normal_distribution():
    rng = np.random.default_rng(3)
    at, found = bands(np.full(40000, 14.05), rng.normal(0, 1, 40000))
    np.testing.assert_allclose(at, [14.05])
    np.testing.assert_allclose(found[0], [-1.96, -0.9945, 0, 0.9945, 1.96], atol=0.05)


def test_runs_below_a_threshold():
    assert list(runs_below([0.1, 0.3, np.nan, 0.2], [0.1, 0.2, 0.25, 1.0])) == [0, 1, 2, 3]


def test_coverage():
    assert coverage([1.0, 2.0, 3.0, 4.0], [0, 0, 0, 5], [1, 3, 2, 6]) == (0.5, 0.25)


def test_views_of_one_cluster_count_once_in_the_error_of_coverage():
    """27 views of each of 200 clusters that are all inside or all outside: the error is that of 200, not of 5400."""
    rng = np.random.default_rng(4)
    inside = rng.random(200) < 0.7
    true = np.repeat(np.where(inside, 0.5, 2.0), 27)
    share, error = coverage(true, np.zeros(5400), np.ones(5400), groups=np.repeat(np.arange(200), 27))
    assert share == inside.mean()
    assert error == pytest.approx(np.sqrt(share * (1 - share) / 200), rel=1e-12)
