"""A small data set whose maps tell the mass: 48 clusters in 24 regions, 2 views each, in two redshift bins."""

from __future__ import annotations

import os

import astropy.units as u
import numpy as np
import pytest

from szfast.dataset import from_arrays
from szfast.ensemble import Recipe

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

BINS = ((0.0, 0.2), (0.2, 0.4))


def blobs(count: int = 48, views: int = 2, seed: int = 1, amplitude: float = 2e-5):
    rng = np.random.default_rng(seed)
    redshift = np.linspace(0.05, 0.35, count)
    log10_mass = rng.uniform(14.3, 15.0, count)
    rows, columns = np.mgrid[:96, :96] - 47.5
    blob = np.exp(-(rows**2 + columns**2) / 2 / 5**2)
    peak = amplitude * 10 ** (log10_mass - 14.7) * rng.lognormal(0, 0.05, (views, count))
    return from_arrays(
        (peak.T[..., None, None] * blob).astype(np.float32),
        M500c=10**log10_mass * u.Msun,
        redshift=redshift,
        region=[f"region {row % 24}" for row in range(count)],
        seed=seed,
    )


@pytest.fixture(scope="session")
def dataset():
    return blobs()


@pytest.fixture(scope="session")
def other_dataset():
    """Clusters half as bright at the same mass."""
    return blobs(seed=2, amplitude=1e-5)


@pytest.fixture(scope="session")
def quick():
    return Recipe(variant="compact", epochs=2, batch_size=16, fractions=(0.5, 0.25, 0.25))
