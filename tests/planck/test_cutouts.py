"""Cutouts of a sky whose y is known in every direction."""

from __future__ import annotations

import astropy.units as u
import healpy as hp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

import szfast
from szfast.errors import ArgumentError
from szfast.networks import read_cutout
from szfast.planck import SkyMap, cut, cut_clusters

# 4 times Planck's pixel, as the sky's
WIDE = szfast.Instrument("wide", 4 * 1.717 * u.arcmin, 32, 40 * u.arcmin)

FARTHEST = hp.max_pixrad(512, degrees=True) / (4 * 10 / 60 / np.sqrt(8 * np.log(2)))
"""Largest distance from a pixel's centre, in the blobs' sigma; the pixels' side is 0.404 of them."""


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("method", "error"), [("bilinear", 0.045), ("nearest", 0.61 * FARTHEST)])
def test_every_blob_comes_back_at_its_place(blobs, ring_map, nested, method, error):
    y = hp.reorder(ring_map, r2n=True) if nested else ring_map
    cutouts = list(cut(SkyMap(y, nested, "galactic"), blobs.positions, instrument=WIDE, method=method))
    assert len(cutouts) == len(blobs.positions)
    rows, columns = np.mgrid[:32, :32]
    for cutout, position in zip(cutouts, blobs.positions, strict=True):
        expected = blobs.y_at(cutout.wcs.pixel_to_world(columns.ravel(), rows.ravel())).reshape(32, 32)
        # bilinear: h^2 f'' / 8 in two directions, f'' <= peak / sigma^2, 4.1 % for square pixels of side h;
        # nearest: f' <= 0.61 peak / sigma
        assert np.abs(cutout.y - expected).max() < error * 1e-5
        assert cutout.masked == 0
        assert cutout.wcs.pixel_to_world(15.5, 15.5).separation(position).arcsec < 1e-3


def test_orientation_and_scale(blobs, ring_map):
    sky = SkyMap(ring_map, False, "galactic")
    (cutout,) = cut(sky, blobs.positions[5].directional_offset_by(90 * u.deg, 0.8 * u.deg), instrument=WIDE)
    row, column = np.unravel_index(cutout.y.argmax(), cutout.y.shape)
    # the blob lies west of the centre, 0.8 / 0.1145 = 7 pixels to the right
    assert abs(row - 15.5) <= 1
    assert column == pytest.approx(15.5 + 7, abs=1)


def test_positions_in_any_frame(blobs, ring_map):
    sky = SkyMap(ring_map, False, "galactic")
    here = cut(sky, blobs.positions[10:12], instrument=WIDE)
    there = cut(sky, blobs.positions[10:12].icrs, instrument=WIDE)
    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one.y, other.y, atol=1e-11)


def test_a_sky_in_equatorial_coordinates(blobs, ring_map):
    # the same numbers read as equatorial are a blob at those right ascensions
    where = SkyCoord(blobs.positions.l, blobs.positions.b, frame="icrs")
    (cutout,) = cut(SkyMap(ring_map, False, "icrs"), where[20], instrument=WIDE)
    (same,) = cut(SkyMap(ring_map, False, "galactic"), blobs.positions[20], instrument=WIDE)
    np.testing.assert_array_equal(cutout.y, same.y)
    assert cutout.wcs.wcs.ctype[0] == "RA---TAN"


def test_missing_pixels_are_counted_and_filled(blobs, ring_map):
    y = ring_map.copy()
    hole = hp.query_disc(512, blobs.positions[9].cartesian.xyz.value, np.radians(1.0))
    y[hole] = np.nan
    sky = SkyMap(y, False, "galactic")
    for method in ("bilinear", "nearest"):
        (cutout,) = cut(sky, blobs.positions[9], instrument=WIDE, method=method)
        # a disc of 1 degree in pixels of 0.1145 degrees
        assert cutout.masked == pytest.approx(np.pi / 0.11447**2, rel=0.05)
        assert cutout.flagged
        assert np.isfinite(cutout.y).all()
    (small,) = cut(SkyMap(np.where(y > 9.9e-6, np.nan, y), False, "galactic"), blobs.positions[9], instrument=WIDE)
    assert small.masked > 0
    (empty,) = cut(SkyMap(np.full(12, np.nan, "f4"), False, "galactic"), blobs.positions[9], instrument=WIDE)
    assert empty.masked == 1024


def test_threads_change_nothing(blobs, ring_map):
    sky = SkyMap(ring_map, False, "galactic")
    one, four = ([each.y for each in cut(sky, blobs.positions, instrument=WIDE, threads=n)] for n in (1, 4))
    np.testing.assert_array_equal(one, four)


def test_files_are_what_the_networks_read(blobs, ring_map, tmp_path):
    from astropy.table import QTable

    clusters = QTable({"name": ["A 1", "B"], "position": blobs.positions[:2], "redshift": [0.1, 0.3]})
    table = cut_clusters(SkyMap(ring_map, False, "galactic", "here"), clusters, tmp_path / "cut")
    assert table["file"].tolist() == ["A_1.fits", "B.fits"]
    assert sorted(path.name for path in (tmp_path / "cut").iterdir()) == ["A_1.fits", "B.fits", "cutouts.ecsv"]
    cutout = read_cutout(tmp_path / "cut" / "A_1.fits")
    assert (cutout.name, cutout.redshift, cutout.y.shape) == ("A 1", 0.1, (96, 96))
    with pytest.raises(szfast.SzfastError, match="one name"):
        cut_clusters(SkyMap(ring_map, False, "galactic"), clusters[[0, 0]], tmp_path / "twice")


@pytest.mark.parametrize(
    ("change", "field"), [({"method": "cubic"}, "method"), ({"positions": (1.0, 2.0)}, "positions")]
)
def test_refusals(blobs, ring_map, change, field):
    arguments = {"positions": blobs.positions, "method": "nearest", **change}
    with pytest.raises(ArgumentError, match=f"'{field}'"):
        cut(SkyMap(ring_map, False, "galactic"), arguments["positions"], method=arguments["method"])


def test_a_sky_of_the_wrong_size_is_refused():
    with pytest.raises(ArgumentError, match="Nside"):
        SkyMap(np.zeros(12 * 9, "f4"), False, "galactic")
