"""Fits against the line that the points were drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.errors import ArgumentError
from szfast.evaluation import fit_line, fit_ratio


def drawn(seed, n=400, slope=1.2, scatter=0.08):
    rng = np.random.default_rng(seed)
    error_x, error_y = rng.uniform(0.05, 0.15, n), rng.uniform(0.03, 0.1, n)
    x = rng.normal(14.8, 0.15, n)
    y = 14.7 + slope * (x - 14.8) + rng.normal(0, scatter, n)
    return x + rng.normal(0, error_x), y + rng.normal(0, error_y), error_x, error_y


def test_line_is_unbiased_and_its_errors_are_the_scatter_of_fits():
    fits = [fit_line(*drawn(seed)) for seed in range(40)]
    slopes, errors = np.array([fit.slope for fit in fits]), np.array([fit.slope_error for fit in fits])
    # an ordinary fit gives 0.8 here: errors in x flatten it
    assert slopes.mean() == pytest.approx(1.2, abs=4 * errors.mean() / np.sqrt(40))
    # 40 fits tell their scatter to 11 %
    assert errors.mean() == pytest.approx(slopes.std(ddof=1), rel=0.35)
    assert np.mean([fit.scatter_dex for fit in fits]) == pytest.approx(0.08, abs=0.01)
    at_pivot = [fit.intercept - 14.7 - 1.2 * (fit.pivot - 14.8) for fit in fits]
    assert np.mean(at_pivot) == pytest.approx(0, abs=0.005)


def test_ratio_and_its_error():
    rng = np.random.default_rng(1)
    fits = []
    for _ in range(60):
        error_x, error_y = rng.uniform(0.05, 0.2, 80), np.full(80, 0.06)
        x = rng.normal(14.8, 0.2, 80)
        y = x + np.log10(0.8) + rng.normal(0, 0.05, 80)
        fits.append(fit_ratio(x + rng.normal(0, error_x), y + rng.normal(0, error_y), error_x, error_y))
    ratios = np.array([fit.ratio for fit in fits])
    assert ratios.mean() == pytest.approx(0.8, rel=0.01)
    assert np.mean([fit.ratio_error for fit in fits]) == pytest.approx(ratios.std(ddof=1), rel=0.3)


def test_no_intrinsic_scatter():
    x, y = np.linspace(14, 15, 30), np.linspace(14, 15, 30) + 0.1
    fit = fit_ratio(x, y, np.full(30, 0.1), np.full(30, 0.1))
    assert fit.scatter_dex < 1e-3
    assert fit.ratio == pytest.approx(10**0.1)
    assert fit.ratio_error == pytest.approx(10**0.1 * np.log(10) * np.sqrt(0.02 / 30), rel=1e-3)


@pytest.mark.parametrize("bad", [([1, 2], [1, 2]), ([1, 2, np.nan], [1, 2, 3]), ([1, 2, 3], [1, 2])])
def test_refusals(bad):
    with pytest.raises(ArgumentError):
        fit_ratio(bad[0], bad[1], np.full(len(bad[0]), 0.1), np.full(len(bad[0]), 0.1))
