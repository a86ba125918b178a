from __future__ import annotations

import numpy as np
import pytest

from szfast.ensemble.score import bias_score, mass_bin, relative_error, runs_below
from szfast.errors import ArgumentError


def test_relative_error_is_in_units_of_the_prediction():
    assert relative_error(np.log10(4e14), np.log10(3e14)) == pytest.approx(0.25)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.3])
def test_a_constant_factor_is_the_score(factor):
    true = np.random.default_rng(1).uniform(14.3, 15.0, 2000)
    # M_CNN = factor x M: (M_CNN - M) / M_CNN = 1 - 1 / factor in every bin
    assert bias_score(true + np.log10(factor), true) == pytest.approx(abs(1 - 1 / factor), abs=1e-12)


def test_the_posterior_mean_is_unbiased_at_predicted_mass_and_not_at_true_mass():
    rng = np.random.default_rng(2)
    predicted = rng.uniform(14.5, 15.0, 40000)
    # the mean of M / M_CNN is one at each predicted mass
    true = predicted + rng.normal(0, 0.1, 40000) - 0.5 * np.log(10) * 0.1**2
    # 8000 maps a bin, scatter 0.23: a mean's error is 0.003, the largest of five bins stays below 4 of them
    assert bias_score(predicted, true) < 0.012
    by_true = [relative_error(predicted, true)[mass_bin(true) == number].mean() for number in (145, 149)]
    assert max(np.abs(by_true)) > 0.05


def test_bins_with_fewer_than_30_maps_do_not_count():
    predicted = np.concatenate([np.full(30, 14.55), np.full(29, 14.65)])
    true = np.concatenate([np.full(30, 14.55), np.full(29, 14.0)])
    assert bias_score(predicted, true) == 0
    assert bias_score(predicted, true, least_maps=29) > 0.5
    assert np.isnan(bias_score(predicted[:29], true[:29]))


@pytest.mark.parametrize(("mass", "number"), [(14.7, 147), (14.699, 146), (14.3, 143), (14.0, 140), (15.1, 151)])
def test_edges_of_bins_are_multiples_of_a_tenth(mass, number):
    assert mass_bin(mass) == number


def test_runs_below_counts_no_run_without_a_score():
    np.testing.assert_array_equal(runs_below([0.01, 0.05, np.nan, 0.02], [0.01, 0.02, 0.03, 1.0]), [0, 1, 2, 3])


@pytest.mark.parametrize(("predicted", "true"), [([14.5, 14.6], [14.5]), ([14.5, np.nan], [14.5, 14.5]), (14.5, 14.5)])
def test_other_input_is_refused(predicted, true):
    with pytest.raises(ArgumentError, match=r"expected (two arrays|finite log10 masses)"):
        bias_score(predicted, true)
