"""The weak-lensing samples beside PSZ2: counts and medians that are known of them."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table

from szfast.errors import ArgumentError, CatalogueError
from szfast.planck import compare_with_lensing, psz2_clusters, read_lensing
from szfast.planck.lensing import match, nfw_mass


@pytest.fixture(scope="module")
def both(real_data):
    clusters = psz2_clusters(real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"))
    mass = clusters["M_Planck"].to_value("Msun")
    clusters["log10_M500c"] = np.log10(mass)
    for side in ("low", "up"):
        clusters[f"log10_M500c_err_{side}"] = clusters[f"M_Planck_err_{side}"].to_value("Msun") / mass / np.log(10)
    return clusters, read_lensing(real_data("weak_lensing"))


def test_matches_and_median_ratios(both):
    table, fits = compare_with_lensing(*both)
    assert len(np.unique(table["name"])) == 93
    assert table["first"].sum() == 93
    expected = {"Herbonnet+20": (70, 0.813), "CLASH": (13, 0.715), "LoCuSS": (38, 0.913)}
    for sample, (n, median) in expected.items():
        rows = table[table["sample"] == sample]
        assert len(rows) == n
        ratio = 10 ** (rows["log10_M500c"] - rows["log10_M_WL"])
        assert np.median(ratio) == pytest.approx(median, abs=1e-3)
        assert fits[sample].n == n
        assert fits[sample].ratio == pytest.approx(median, abs=0.12)
    assert fits["all"].n == 93


def test_hubble_parameter(both, real_data):
    other = read_lensing(real_data("weak_lensing"), hubble=0.35)
    np.testing.assert_allclose(other["M500c"].value, 2 * both[1]["M500c"].value)


def test_match_takes_the_nearest_and_minds_the_redshift():
    here = SkyCoord([10, 20] * u.deg, [0, 0] * u.deg)
    there = SkyCoord([10.1, 10.05, 10.01, 20.0], [0, 0, 0, 0.2], unit="deg")
    assert list(match(here, [0.1, 0.1], there, [0.1, 0.11, 0.2, 0.1])) == [1, -1]


def test_nfw_conversion_gives_clash_s_own_m500c(real_data):
    table = Table.read(real_data("weak_lensing/clash_umetsu2016.csv"), format="ascii")
    found = [nfw_mass(row["M200c"] * 1e14 * u.Msun, row["c200c"], 200, 500).value / 1e14 for row in table]
    # each of their numbers is the centre of its own posterior: 2 %, at one cluster 7 %
    ratio = np.array(found) / table["M500c"]
    assert np.median(ratio) == pytest.approx(1, abs=0.02)
    assert np.abs(ratio - 1).max() < 0.08


def test_refusals(tmp_path):
    with pytest.raises(CatalogueError, match="no sample"):
        read_lensing(tmp_path)
    (tmp_path / "clash_umetsu2016.csv").write_text("cluster,z\na,0.1\n")
    with pytest.raises(CatalogueError, match="ra_hms"):
        read_lensing(tmp_path)
    with pytest.raises(ArgumentError):
        nfw_mass(1e14 * u.Msun, -1.0, 200, 500)


def test_a_few_clusters_are_too_few_for_a_fit():
    position = SkyCoord([10, 20] * u.deg, [0, 0] * u.deg)
    errors = {"log10_M500c_err_low": [0.1, 0.1], "log10_M500c_err_up": [0.1, 0.1]}
    clusters = QTable(
        {"name": ["a", "b"], "position": position, "redshift": [0.1, 0.1], "log10_M500c": [14.5, 14.6], **errors}
    )
    masses = {
        name: [value, value] * u.Msun
        for name, value in (("M500c", 5e14), ("M500c_err_low", 6e14), ("M500c_err_up", 1e14))
    }
    lensing = QTable(
        {"sample": ["CLASH"] * 2, "name": ["x", "y"], "position": position, "redshift": [0.1, 0.1], **masses}
    )
    table, fits = compare_with_lensing(clusters, lensing)
    assert len(table) == 2
    assert fits == {}
    # 120 % is cut at 90 %
    np.testing.assert_allclose(table["log10_M_WL_err_low"], 1.0)
