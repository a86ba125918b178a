"""Halo tables made by hand."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.table import QTable


@pytest.fixture
def table():
    """A halo table of redshifts and log10 masses; keyword arguments add columns."""

    def make(redshift, log10_mass, **columns):
        redshift = np.atleast_1d(np.asarray(redshift, dtype=float))
        mass = 10 ** np.broadcast_to(np.asarray(log10_mass, dtype=float), redshift.shape)
        made = QTable({"id": np.arange(len(redshift)), "redshift": redshift, "M500c": mass * u.Msun})
        for name, values in columns.items():
            made[name] = np.broadcast_to(values, redshift.shape)
        return made

    return make
