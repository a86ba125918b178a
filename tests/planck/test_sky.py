"""Reading HEALPix maps: what the header tells, what the user must state, what is refused."""

from __future__ import annotations

import healpy as hp
import numpy as np
import pytest

from szfast.errors import SkyMapError, SzfastError
from szfast.planck import SkyMap, cut, read_sky


@pytest.mark.parametrize("nested", [False, True])
def test_map_comes_back(write_sky, ring_map, nested):
    sky = read_sky(write_sky(nested=nested))
    assert (sky.nside, sky.nested, sky.frame, sky.y.dtype) == (512, nested, "galactic", np.float32)
    np.testing.assert_array_equal(hp.reorder(sky.y, n2r=True) if nested else sky.y, ring_map)


def test_unseen_pixels_are_nan(write_sky, ring_map):
    y = ring_map.copy()
    y[5:9] = [hp.UNSEEN, np.nan, np.inf, -1.6375e30]
    assert np.flatnonzero(np.isnan(read_sky(write_sky(y)).y)).tolist() == [5, 6, 7, 8]


def test_part_of_a_sky(tmp_path, ring_map):
    y = np.full_like(ring_map, hp.UNSEEN)
    y[1000:2000] = ring_map[1000:2000] + 1e-6
    path = tmp_path / "part.fits"
    hp.write_map(path, y, partial=True, coord="G", column_units="1", dtype=np.float32)
    sky = read_sky(path)
    np.testing.assert_array_equal(np.flatnonzero(np.isfinite(sky.y)), np.arange(1000, 2000))


@pytest.mark.parametrize("nested", [False, True])
def test_runs_of_exact_zeros_count_as_without_data(write_sky, ring_map, caplog, nested):
    y = ring_map.copy()
    # 15 in a row are too few to tell, -0.0 is what a mask leaves of noise
    y[100:115], y[200:216], y[300:340], y[-16:] = 0.0, 0.0, -0.0, 0.0
    y[::2][1000:1100] = 0.0
    file = write_sky(hp.reorder(y, n2r=True) if nested else y, nested=nested)
    found = np.flatnonzero(np.isnan(read_sky(file).y))
    assert found.tolist() == [*range(200, 216), *range(300, 340), *range(len(y) - 16, len(y))]
    assert str(file) in caplog.text
    assert "72 pixels in 3 runs" in caplog.text
    caplog.clear()
    np.testing.assert_array_equal(read_sky(file, zeros_are_data=True).y, y)
    assert not caplog.records


def test_no_measured_map_loses_a_pixel(write_sky, ring_map, caplog):
    # stored in steps of 1e-7, in noise of 10 of them: one value in 25 is exactly zero
    noise = np.random.default_rng(2).normal(0, 1e-6, len(ring_map))
    y = (np.round(noise / 1e-7) * 1e-7).astype(np.float32)
    assert (y == 0).mean() > 0.03
    np.testing.assert_array_equal(read_sky(write_sky(y)).y, y)
    assert not caplog.records


def test_a_sky_without_noise_is_used_where_it_is_said_to_be_one(write_sky, blobs, ring_map):
    y = np.where(ring_map < 1e-7, 0.0, ring_map).astype(np.float32)
    file = write_sky(y)
    (masked,) = cut(read_sky(file), blobs.positions[10])
    assert masked.flagged
    (cutout,) = cut(read_sky(file, zeros_are_data=True), blobs.positions[10])
    (same,) = cut(SkyMap(y, False, "galactic"), blobs.positions[10])
    assert cutout.masked == 0
    np.testing.assert_array_equal(cutout.y, same.y)


@pytest.mark.parametrize("word", ["none", "unitless", "1", "Y"])
def test_units_of_y(write_sky, ring_map, word):
    assert read_sky(write_sky(TUNIT1=word)).y.max() == ring_map.max()


def test_scaled_values(write_sky, ring_map):
    file = write_sky(ring_map * 1e6, TUNIT1=None)
    assert read_sky(file, scale=1e-6).y.max() == pytest.approx(ring_map.max(), rel=1e-6)
    assert read_sky(write_sky(ring_map * 1e6, name="b.fits", TUNIT1="1e-6")).y.max() == pytest.approx(ring_map.max())


@pytest.mark.parametrize(
    ("keyword", "argument", "value"), [("ORDERING", "order", "ring"), ("COORDSYS", "frame", "galactic")]
)
def test_a_mute_header_needs_the_user(write_sky, keyword, argument, value):
    file = write_sky(**{keyword: None})
    with pytest.raises(SkyMapError, match=f"'{argument}'.*does not tell"):
        read_sky(file)
    if argument == "frame":
        assert read_sky(file, frame="ecliptic").frame == "barycentricmeanecliptic"
        assert read_sky(file, **{argument: value}).frame == "galactic"


@pytest.mark.parametrize(
    ("keywords", "arguments", "said"),
    [
        ({"TUNIT1": None}, {}, "scale=1"),
        ({"TUNIT1": "K_CMB"}, {}, "K_CMB"),
        ({"COORDSYS": "moon"}, {}, "moon"),
        ({}, {"frame": "icrs"}, "you say icrs"),
        ({}, {"order": "nested"}, "you say nested"),
        ({}, {"order": "spiral"}, "spiral"),
        ({}, {"scale": 1e-6}, "you say 1e-06"),
        ({}, {"column": "THIRD"}, "FULL"),
        ({"TUNIT1": None}, {"scale": 1e6}, "no Compton y"),
    ],
)
def test_contradictions_and_nonsense(write_sky, keywords, arguments, said):
    with pytest.raises(SzfastError, match=said):
        read_sky(write_sky(**keywords), **arguments)


def test_damaged_files(write_sky, tmp_path):
    file = write_sky()
    file.write_bytes(file.read_bytes()[:100_000])
    with pytest.raises(SkyMapError, match=r"ymap\.fits"):
        read_sky(file)
    (tmp_path / "text.fits").write_text("nothing")
    with pytest.raises(SkyMapError, match="FITS"):
        read_sky(tmp_path / "text.fits")
    with pytest.raises(SkyMapError, match="no such file"):
        read_sky(tmp_path / "none.fits")
