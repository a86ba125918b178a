from __future__ import annotations

import numpy as np
import pytest

from szfast.ensemble.domain import learnt_domain, read_domain
from szfast.errors import RunError


@pytest.fixture
def domain():
    rng = np.random.default_rng(1)
    # correlated units of different sizes, and one that never fires
    mix = np.array([[1.0, 0.5, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 0.0]])
    return learnt_domain(rng.normal(size=(5000, 3)) @ mix, rng.normal(size=(5000, 3)) @ mix), mix


def test_five_percent_of_maps_of_the_same_kind_are_outside(domain):
    number = domain[0].number(np.random.default_rng(2).normal(size=(20000, 3)) @ domain[1])
    # the quantile of 5000 is known to 0.003 in probability
    assert np.mean(number > 1) == pytest.approx(0.05, abs=0.01)


def test_the_number_is_a_distance_in_standard_deviations(domain):
    # two units that fire: 95 % of a chi distribution with two degrees of freedom lie within sqrt(5.991)
    one, two = (domain[0].number(np.array([[0.0, sigmas * 10.0, 0.0]]))[0] for sigmas in (3, 6))
    assert two / one == pytest.approx(2, rel=0.02)
    independent = domain[0].number(np.array([[3.0, 1.5, 0.0]]))[0]
    assert independent == pytest.approx(3 / np.sqrt(5.991), rel=0.05)


def test_a_unit_that_never_fired_tells_a_stranger(domain):
    assert domain[0].number(np.array([[0.0, 0.0, 20.0]]))[0] > 5


def test_saved_and_read(domain, tmp_path):
    domain[0].save(tmp_path / "bin-1.npz")
    units = np.random.default_rng(3).normal(size=(10, 3))
    np.testing.assert_array_equal(read_domain(tmp_path / "bin-1.npz").number(units), domain[0].number(units))
    (tmp_path / "bin-1.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(RunError, match="cannot be read"):
        read_domain(tmp_path / "bin-1.npz")
