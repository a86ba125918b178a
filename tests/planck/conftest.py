"""A sky of Gaussian blobs of known places, as an array and as FITS files."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

hp = pytest.importorskip("healpy", reason="needs szfast[planck]")

# a beam four times Planck's on pixels four times as wide as at Nside 2048
NSIDE, SIGMA_DEG = 512, 4 * 10.0 / 60 / np.sqrt(8 * np.log(2))


@pytest.fixture(scope="session")
def blobs():
    """24 places, among them both poles and the l = 0 line, and the y at any direction."""
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 360, 24), np.degrees(np.arcsin(rng.uniform(-1, 1, 24)))
    lon[:8] = [0, 0, 120, 0.001, 359.999, 0, 45, 200]
    lat[:8] = [90, -90, 84.7, 0, 4, 41.8, -84.2, 0.3]
    positions = SkyCoord(lon, lat, unit="deg", frame="galactic")

    def y_at(where):
        # |a - b|^2 = 2 - 2 a.b keeps the digits of small angles
        there, here = (each.galactic.cartesian.xyz.value.T for each in (where, positions))
        chord = np.linalg.norm(there[:, None] - here[None], axis=2)
        far = np.degrees(2 * np.arcsin(chord / 2))
        return 1e-5 * np.exp(-0.5 * (far / SIGMA_DEG) ** 2).sum(axis=1)

    return SimpleNamespace(positions=positions, y_at=y_at)


@pytest.fixture(scope="session")
def ring_map(blobs):
    # no exact zeros, which would count as without data
    y = np.full(hp.nside2npix(NSIDE), 1e-12)
    for vector in blobs.positions.cartesian.xyz.value.T:
        near = hp.query_disc(NSIDE, vector, np.radians(6 * SIGMA_DEG))
        distance = np.degrees(np.arccos(np.clip(np.array(hp.pix2vec(NSIDE, near)).T @ vector, -1, 1)))
        y[near] += 1e-5 * np.exp(-0.5 * (distance / SIGMA_DEG) ** 2)
    return y.astype(np.float32)


@pytest.fixture
def write_sky(tmp_path, ring_map):
    """Write the map with healpy; keywords may be changed, None takes one out."""

    def write(values=None, *, nested=False, name="ymap.fits", **keywords):
        y = ring_map if values is None else values
        path = tmp_path / name
        if nested:
            y = hp.reorder(y, r2n=True)
        hp.write_map(path, y, nest=nested, coord="G", column_names=["FULL"], column_units="1", dtype=np.float32)
        with fits.open(path, mode="update") as units:
            for key, value in keywords.items():
                if value is None:
                    units[1].header.remove(key)
                else:
                    units[1].header[key] = value
        return path

    return write
