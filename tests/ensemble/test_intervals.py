from __future__ import annotations

import numpy as np
import pytest
from astropy.table import QTable

from szfast.ensemble.intervals import calibrate, coverage, read_intervals
from szfast.errors import ArgumentError


def drawn(count, seed):
    """Residuals whose scatter falls with mass and whose mean is off by a twentieth of a dex."""
    rng = np.random.default_rng(seed)
    predicted = rng.uniform(14.3, 15.1, count)
    return predicted, predicted + 0.05 + rng.normal(0, 1, count) * (0.15 - 0.1 * (predicted - 14.3))


def test_intervals_hold_what_they_promise_at_every_mass():
    intervals = calibrate(*drawn(12000, 1))
    predicted, true = drawn(40000, 2)
    lower, upper = intervals.of(predicted)
    for low in np.arange(14.3, 15.05, 0.1):
        inside = (predicted >= low) & (predicted < low + 0.1)
        for level, promised, tolerance in ((0, 0.68, 0.03), (1, 0.95, 0.015)):
            held = (lower[level] <= true) & (true <= upper[level])
            # a knot's 1000 residuals give a quantile to 0.015 and 0.007 in probability: two of these
            assert held[inside].mean() == pytest.approx(promised, abs=tolerance)


def test_widths_are_those_of_the_normal_distribution():
    predicted, true = drawn(50000, 3)
    lower, upper = calibrate(predicted, true).of(14.7)
    # scatter 0.11 at 14.7 about a mean of 0.05; 0.9945 and 1.96 standard deviations; 1/sqrt(4000) of it, doubled
    assert lower[0] == pytest.approx(14.75 - 0.9945 * 0.11, abs=0.005)
    assert upper[1] == pytest.approx(14.75 + 1.96 * 0.11, abs=0.012)


def test_a_small_sample_gets_its_extremes():
    predicted = np.full(100, 14.5)
    true = 14.5 + np.linspace(-1, 1, 100)
    lower, upper = calibrate(predicted, true).of([14.5])
    # ceil(101 x 0.975) = 99: the second largest and the second smallest of 100
    assert (lower[1][0], upper[1][0]) == pytest.approx((14.5 - 97 / 99, 14.5 + 97 / 99))


def test_too_few_maps_are_refused():
    with pytest.raises(ArgumentError, match="at least 100"):
        calibrate(np.full(99, 14.5), np.full(99, 14.5))


def test_a_table_brings_the_intervals_back():
    before = calibrate(*drawn(1000, 4))
    table = before.table()
    table["bin"] = 3
    after = read_intervals(table, 3)
    assert read_intervals(table, 1) is None
    np.testing.assert_allclose(after.of([14.2, 14.6, 15.3]), before.of([14.2, 14.6, 15.3]), rtol=1e-14)


def test_coverage_counts_maps_and_clusters():
    table = QTable({"bin": [1] * 40 + [2] * 10, "cluster": np.arange(50) // 2})
    table["log10_M_pred"] = [14.55] * 50
    table["log10_M_true"] = [14.5] * 30 + [14.9] * 20
    for name, half in (("68", 0.1), ("95", 0.5)):
        table[f"lower{name}"], table[f"upper{name}"] = 14.55 - half, 14.55 + half
    rows = coverage(table)
    # all; bin 1, its one bin of mass; bin 2, whose bin of mass has fewer than 30 maps
    assert list(rows["bin"]) == [0, 1, 1, 2]
    assert list(rows["n"]) == [50, 40, 40, 10]
    assert list(rows["clusters"]) == [25, 20, 20, 5]
    np.testing.assert_allclose(rows["held68"], [0.6, 0.75, 0.75, 0.0])
    np.testing.assert_allclose(rows["held95"], 1.0)
    assert rows["log10_m_low"][2] == pytest.approx(14.5)
    assert rows["error68"][0] == pytest.approx(np.sqrt(0.68 * 0.32 / 25))
