"""The PSZ2 catalogue's redshifts and masses."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from szfast.errors import CatalogueError
from szfast.networks.published_weights import PUBLISHED
from szfast.sample import psz2_sample
from szfast.sample.planck_range import LOWEST_LOG10_MASS, bin_of, lowest_log10_mass


def test_psz2_has_its_1094_clusters(real_data):
    table = psz2_sample(real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"))
    # the published numbers of the four bins
    assert np.bincount(bin_of(table["redshift"])).tolist() == [228, 245, 443, 178]
    coma = table[table["name"] == "PSZ2 G057.80+88.00"]
    assert float(coma["redshift"][0]) == pytest.approx(0.0231)
    assert coma["M500c"][0].to_value("Msun") == pytest.approx(7.165e14, rel=1e-3)


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other.fits"
    fits.HDUList([fits.PrimaryHDU(np.zeros((2, 2)))]).writeto(other)
    text = tmp_path / "text.fits"
    text.write_text("no FITS")
    for path in (other, text, tmp_path / "absent.fits"):
        with pytest.raises(CatalogueError, match=f"{path.name}.*HFI_PCCS"):
            psz2_sample(path)


def test_clusters_without_redshift_and_mass_are_refused(real_data, tmp_path):
    path = tmp_path / "none.fits"
    data = fits.getdata(real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"), 1)
    fits.BinTableHDU(data[(data["REDSHIFT"] <= 0) | (data["MSZ"] <= 0)]).writeto(path)
    with pytest.raises(CatalogueError, match="no cluster has both"):
        psz2_sample(path)


def test_range_is_that_of_the_published_networks():
    ranges = {each.redshift_bin: each.lowest_log10_mass for each in PUBLISHED.values()}
    assert ranges == dict(LOWEST_LOG10_MASS)


def test_bins_are_open_below_and_closed_above():
    z = [-0.1, 0.0, 1e-3, 0.1, 0.1001, 0.2, 0.4, 1.0, 1.001]
    assert bin_of(z).tolist() == [-1, -1, 0, 0, 1, 1, 2, 3, -1]
    assert lowest_log10_mass(z).tolist() == [np.inf, np.inf, 14.0, 14.0, 14.5, 14.5, 14.65, 14.7, np.inf]
