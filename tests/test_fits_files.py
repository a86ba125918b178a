"""FITS files whose headers say more than the files hold, and packed ones."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from astropy.io import fits

from szfast.errors import CatalogueError
from szfast.fits_files import opened_fits


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.fits"
    hdu = fits.BinTableHDU.from_columns([fits.Column("z", "E", array=np.linspace(0.1, 0.9, 100, dtype="f4"))])
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, checksum=True)
    return path


def read(path, **options):
    with opened_fits(path, CatalogueError, "another.", **options) as units:
        return np.array(units[1].data["z"])


def refuses(path, match):
    with pytest.raises(CatalogueError, match=match) as caught:
        read(path)
    assert (caught.value.file, caught.value.remedy) == (path, "another.")
    assert caught.value.field


def test_packed_is_read_as_it_is_unpacked(table, tmp_path):
    packed = tmp_path / "table.fits.gz"
    packed.write_bytes(gzip.compress(table.read_bytes()))
    np.testing.assert_array_equal(read(packed), read(table))


def test_a_bomb_is_not_unpacked(tmp_path, table):
    bomb = tmp_path / "bomb.fits.gz"
    bomb.write_bytes(gzip.compress(table.read_bytes() + bytes(10_000_000)))
    refuses(bomb, "20 times its size")


@pytest.mark.parametrize(
    ("keyword", "value", "match"),
    [
        ("NAXIS2", 2**31 - 1, "the file has"),
        ("NAXIS2", 60, "rows stand behind the last"),
        ("NAXIS1", -4, "an axis is -4 long"),
        ("TFIELDS", 10**9, "0 to 999 columns"),
    ],
)
def test_claims_of_the_header(table, keyword, value, match):
    raw = table.read_bytes()
    at = raw.index(keyword.ljust(8).encode() + b"=", 2880)
    table.write_bytes(raw[: at + 10] + f"{value:20d}".encode() + raw[at + 30 :])
    refuses(table, match)


def test_a_wrong_checksum(table):
    raw = bytearray(table.read_bytes())
    raw[raw.index(b"END", 2880) // 2880 * 2880 + 2880 + 40] ^= 1
    table.write_bytes(raw)
    refuses(table, "verification failed")
    assert len(read(table, checksum=False)) == 100


def test_missing_and_empty(tmp_path):
    refuses(tmp_path / "none.fits", "no such file")
    (tmp_path / "empty.fits").write_bytes(b"")
    refuses(tmp_path / "empty.fits", "it is empty")


def test_an_extension_that_is_not_there(table):
    with (
        pytest.raises(CatalogueError, match="is no complete FITS file"),
        opened_fits(table, CatalogueError, "x.") as units,
    ):
        units[5]
