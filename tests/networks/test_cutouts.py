from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from szfast.errors import MapFileError
from szfast.networks import read_cutout


def wcs(pixel_arcmin):
    step = pixel_arcmin / 60
    return {
        "CTYPE1": "GLON-TAN",
        "CTYPE2": "GLAT-TAN",
        "CRVAL1": 30.0,
        "CRVAL2": 40.0,
        "CRPIX1": 48.5,
        "CRPIX2": 48.5,
        "CDELT1": -step,
        "CDELT2": step,
    }


def test_the_real_cutout(real_data):
    path = real_data("deepplanck/PSZ2G359.07-32.12.fits")
    cutout = read_cutout(path)
    assert cutout.name == "PSZ2G359.07-32.12"
    assert cutout.redshift == pytest.approx(0.1496)
    assert cutout.y.dtype == np.float32
    assert cutout.y.max() == pytest.approx(1.1105936e-05)
    np.testing.assert_allclose(cutout.y, fits.getdata(path), rtol=1e-7)


def test_the_name_falls_back_on_the_file_and_the_redshift_on_none(write_cutout, noise_maps):
    cutout = read_cutout(write_cutout(noise_maps[0], "PSZ2G1.fits"))
    assert (cutout.name, cutout.redshift) == ("PSZ2G1", None)


@pytest.mark.parametrize("unknown", [-1.0, 0, -1])
def test_catalogue_marks_of_an_unknown_redshift(write_cutout, noise_maps, unknown):
    assert read_cutout(write_cutout(noise_maps[0], Z=unknown)).redshift is None


@pytest.mark.parametrize("shape", [(95, 96), (1, 96, 96), (96,)])
def test_other_shapes_are_refused(write_cutout, shape):
    path = write_cutout(np.ones(shape))
    with pytest.raises(MapFileError, match="expected a primary image") as caught:
        read_cutout(path)
    assert (caught.value.file, caught.value.field) == (path, "primary image")


def test_a_file_without_an_image_is_refused(tmp_path):
    path = tmp_path / "empty.fits"
    fits.PrimaryHDU().writeto(path)
    with pytest.raises(MapFileError, match="no image"):
        read_cutout(path)


def test_masked_pixels_are_refused(write_cutout, noise_maps):
    y = noise_maps[0].astype(float)
    y[5, 5:8] = np.nan
    with pytest.raises(MapFileError, match="3 pixels that are not finite"):
        read_cutout(write_cutout(y))


@pytest.mark.parametrize("value", ["0.2", True])
def test_a_redshift_that_is_no_number_is_refused(write_cutout, noise_maps, value):
    with pytest.raises(MapFileError, match="expected a number") as caught:
        read_cutout(write_cutout(noise_maps[0], Z=value))
    assert caught.value.field == "Z"


@pytest.mark.parametrize(
    ("pixel", "fits_networks"), [(1.717, True), (1.717 * 1.009, True), (1.75, False), (1.0, False)]
)
def test_the_pixel_of_a_wcs_is_checked(write_cutout, noise_maps, pixel, fits_networks):
    path = write_cutout(noise_maps[0], **wcs(pixel))
    if fits_networks:
        assert read_cutout(path).y.shape == (96, 96)
        return
    with pytest.raises(MapFileError, match="expected pixels of") as caught:
        read_cutout(path)
    assert caught.value.field == "pixel"


def test_a_wcs_that_cannot_be_read_is_refused(write_cutout, noise_maps):
    with pytest.raises(MapFileError, match="WCS") as caught:
        read_cutout(write_cutout(noise_maps[0], **wcs(0.0)))
    assert caught.value.field == "WCS"


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
def test_a_truncated_file_is_refused(write_cutout, noise_maps, share):
    path = write_cutout(noise_maps[0])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(MapFileError) as caught:
        read_cutout(path)
    assert caught.value.file == path


def test_missing_and_other_files_are_refused(tmp_path):
    other = tmp_path / "other.fits"
    other.write_bytes(b"not FITS at all")
    for path in (other, tmp_path / "missing.fits"):
        with pytest.raises(MapFileError) as caught:
            read_cutout(path)
        assert caught.value.file == path
