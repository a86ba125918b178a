"""The real PSZ2 catalogue, and its masses from its own Compton parameters."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from szfast.dataset.bins import PLANCK_BINS, within_bin
from szfast.errors import CatalogueError
from szfast.evaluation import sz_mass
from szfast.filters.profile_integrals import y5r500_over_y500
from szfast.planck import psz2_clusters, read_psz2
from szfast.planck.catalogue import psz2_cosmology

FILE = "planck/HFI_PCCS_SZ-union_R2.08.fits"


def test_published_counts_and_coma(real_data):
    everything = read_psz2(real_data(FILE))
    clusters = psz2_clusters(real_data(FILE))
    assert (len(everything), len(clusters)) == (1653, 1094)
    assert [within_bin(clusters["redshift"], edges).sum() for edges in PLANCK_BINS] == [228, 245, 443, 178]
    (coma,) = clusters[clusters["name"] == "PSZ2 G057.80+88.00"]
    assert coma["redshift"] == pytest.approx(0.0231, abs=1e-6)
    assert coma["M_Planck"].to_value("1e14 Msun") == pytest.approx(7.165, abs=1e-3)
    # Coma is at RA 12h59m48.7s, Dec +27d58m50s; PSZ2's own error circle is a few arcmin
    assert coma["position"].icrs.ra.deg == pytest.approx(194.953, abs=0.1)
    assert coma["position"].icrs.dec.deg == pytest.approx(27.981, abs=0.1)


def test_galactic_and_equatorial_positions_are_one(real_data):
    clusters = read_psz2(real_data(FILE))
    data = fits.getdata(real_data(FILE), 1)
    equatorial = SkyCoord(data["RA"] * u.deg, data["DEC"] * u.deg, frame="icrs")
    assert clusters["position"].separation(equatorial).arcsec.max() < 0.2


def test_masses_from_y5r500(real_data):
    """PSZ2's MSZ is where Y(theta) of each cluster meets the relation; Y5R500 is the mean over all theta.

    So MSZ follows from Y5R500 / 1.796 by the relation where theta is near its own, which the union catalogue does not
    tell: 57 % of all clusters agree within one standard error, that of both quantities together.
    """
    clusters = psz2_clusters(real_data(FILE))
    cosmology, z = psz2_cosmology(), clusters["redshift"]
    distance = cosmology.angular_diameter_distance(z)
    y500 = (clusters["Y5R500"] * distance**2).to(u.Mpc**2, u.dimensionless_angles()) / y5r500_over_y500()
    mass = sz_mass(y500, z, cosmology).to_value(u.Msun)
    own = clusters["M_Planck"].to_value(u.Msun)
    by_y = mass * (clusters["Y5R500_err"] / clusters["Y5R500"]).to_value(u.one) / 1.789
    by_catalogue = [clusters[f"M_Planck_err_{side}"].to_value(u.Msun) for side in ("up", "low")]
    sigma = np.hypot(by_y, np.where(mass > own, *by_catalogue))
    within = np.abs(mass - own) / sigma
    assert np.mean(within < 1) == pytest.approx(0.572, abs=0.002)
    assert np.mean(within < 2) > 0.85
    # the mean over theta lies above its value at the relation: known of blind SZ fluxes
    assert np.median(mass / own) == pytest.approx(1.156, abs=0.002)


def test_damaged_catalogues(real_data, tmp_path):
    with pytest.raises(CatalogueError, match="no such file"):
        read_psz2(tmp_path / "none.fits")
    content = real_data(FILE).read_bytes()
    (tmp_path / "short.fits").write_bytes(content[: len(content) // 2])
    with pytest.raises(CatalogueError, match="short"):
        read_psz2(tmp_path / "short.fits")
    with fits.open(real_data(FILE)) as units:
        columns = [column for column in units[1].columns if column.name != "MSZ"]
        fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "less.fits")
        data = units[1].data.copy()
        data["GLAT"][7] = 91.0
        fits.BinTableHDU(data).writeto(tmp_path / "wrong.fits")
    with pytest.raises(CatalogueError, match="'MSZ'"):
        read_psz2(tmp_path / "less.fits")
    with pytest.raises(CatalogueError, match="row 7"):
        read_psz2(tmp_path / "wrong.fits")
