"""Clumps: their masses and places are distributed as the formulas say."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.sample.pressure import A10
from szfast.sample.random_stream import SHAPE, random_stream
from szfast.sample.substructure import LARGEST_RATIO, LEAST_RATIO, draw_clumps


@pytest.fixture(scope="module")
def clusters():
    return [draw_clumps(random_stream(0, i, SHAPE), A10, 0.15, 5.0) for i in range(2000)]


def test_mass_share_is_the_one_asked_for(clusters):
    shares = np.array([sum(clump.ratio for clump in clumps) for clumps in clusters])
    # three standard errors
    assert shares.mean() == pytest.approx(0.15, abs=3 * shares.std() / 2000**0.5)
    ratios = np.array([clump.ratio for clumps in clusters for clump in clumps])
    assert LEAST_RATIO <= ratios.min() < ratios.max() <= LARGEST_RATIO
    # N(> 0.1) of dN/dln m = A m^-0.9: A/0.9 (0.1^-0.9 - 0.5^-0.9), A from the mean mass
    A = 0.15 * 0.1 / (0.5**0.1 - 0.005**0.1)
    expected = A / 0.9 * (0.1**-0.9 - 0.5**-0.9)
    assert (ratios > 0.1).sum() / 2000 == pytest.approx(expected, abs=3 * (expected / 2000) ** 0.5)


def test_clumps_lie_where_the_pressure_is(clusters):
    x = np.array([np.linalg.norm(clump.at) for clumps in clusters for clump in clumps])
    fine = np.linspace(0, 5, 5001)[1:]
    truth = np.cumsum(fine**2 * A10.at(fine))
    expected = np.interp([0.3, 0.6, 1.0, 2.0], fine, truth / truth[-1])
    found = [(x < limit).mean() for limit in (0.3, 0.6, 1.0, 2.0)]
    # three standard errors of at most 0.5 / sqrt(N)
    np.testing.assert_allclose(found, expected, atol=1.5 / len(x) ** 0.5)
