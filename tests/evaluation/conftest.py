"""A cosmology of round numbers, and maps of a known cluster."""

from __future__ import annotations

import analytic_cluster
import pytest
from astropy.cosmology import FlatLambdaCDM


@pytest.fixture(scope="session")
def cosmology():
    return FlatLambdaCDM(70.0, 0.3)


@pytest.fixture(scope="session")
def analytic_map():
    return analytic_cluster.analytic_map
