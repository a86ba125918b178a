"""A small data set in memory: 60 clusters in 12 regions, 3 views of 16 x 16 pixels."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast import Instrument
from szfast.dataset import from_arrays

SMALL = Instrument("small", 10 * u.arcmin, 16, 20 * u.arcmin, noise="milca")


@pytest.fixture
def small_instrument():
    return SMALL


@pytest.fixture
def dataset():
    rng = np.random.default_rng(3)
    return from_arrays(
        rng.random((60, 3, 16, 16), dtype=np.float32) * 1e-5,
        M500c=np.geomspace(1e14, 1e15, 60) * u.Msun,
        redshift=np.linspace(0.02, 0.98, 60),
        region=[f"region {row % 12}" for row in range(60)],
        pixel=np.full(60, 500.0) * u.kpc,
        R500c=np.full(60, 1000.0) * u.kpc,
        center=np.zeros((60, 3)) * u.kpc,
        instrument=SMALL,
        seed=11,
    )
