"""Small sets of gas particles whose numbers are known, and a snapshot that serves them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from szfast.snapshots.header import SnapshotHeader
from szfast.snapshots.particles import GasParticles


@pytest.fixture
def particles():
    """Make `count` particles; keyword arguments replace arrays."""

    def make(count=4, **arrays):
        header = SnapshotHeader(
            redshift=0.25,
            scale_factor=0.8,
            hubble=0.7,
            omega_m=0.3,
            omega_lambda=0.7,
            box_size_kpc=10000.0,
            code_length_kpc=1 / 0.7,
            code_mass_msun=1e10 / 0.7,
            code_velocity_km_s=1.0,
        )
        values = dict(
            offset_kpc=np.zeros((count, 3)),
            origin_kpc=np.zeros(3),
            mass_msun=np.full(count, 1e9, dtype="f4"),
            smoothing_length_kpc=np.full(count, 20.0, dtype="f4"),
            internal_energy_km2_s2=np.full(count, 1e6, dtype="f4"),
            temperature_k=None,
            electron_per_hydrogen=None,
            hydrogen_fraction=None,
            star_formation_rate=None,
            wind_delay_time=None,
            neutral_fraction=None,
            kernel="cubic",
            header=header,
            path=Path("snapshot_005.hdf5"),
        )
        given = {name: None if v is None else np.asarray(v, dtype="f4") for name, v in arrays.items()}
        return GasParticles(**{**values, **given})

    return make


@pytest.fixture
def snapshot(particles):
    """A stand-in for an open snapshot that serves the particles of `particles(**arrays)`."""

    def make(**arrays):
        served = particles(**arrays)

        def gas(*, center_kpc, radius_kpc, progress):
            return served

        return SimpleNamespace(header=served.header, gas=gas)

    return make
