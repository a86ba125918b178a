"""Bad input of cutting and comparing: an error that names file or field."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from szfast.errors import ArgumentError, CatalogueError, MapFileError
from szfast.planck import SkyMap, compare_with_lensing, cut, cut_clusters, read_lensing
from szfast.report import read_real_clusters

pytest.importorskip("healpy", reason="needs szfast[planck]")

SKY = SkyMap(np.zeros(12 * 16**2, dtype="f4"), False, "galactic")
HERE = SkyCoord([1.0], [2.0], unit="deg")
CLUSTERS = QTable({"name": ["a"], "position": HERE, "redshift": [0.1]})


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("positions", lambda: cut(SKY, SkyCoord([np.nan], [1.0], unit="deg"))),
        ("threads", lambda: cut(SKY, HERE, threads=-1)),
        ("sky", lambda: cut(np.zeros(12), HERE)),
        ("hubble", lambda: read_lensing(".", hubble=70)),
    ],
)
def test_argument_is_named(field, call):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert caught.value.field == field
    assert caught.value.remedy


def test_catalogues_that_cannot_be_cut(tmp_path):
    with pytest.raises(CatalogueError, match="'redshift'"):
        cut_clusters(SKY, CLUSTERS["name", "position"], tmp_path / "cut")
    with pytest.raises(CatalogueError, match="no cluster"):
        cut_clusters(SKY, CLUSTERS[:0], tmp_path / "cut")
    (tmp_path / "file").write_text("")
    with pytest.raises(MapFileError, match="another folder"):
        cut_clusters(SKY, CLUSTERS, tmp_path / "file")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_lensing_beside_masses_without_errors(tmp_path):
    lensing = QTable({"position": HERE, "redshift": [0.1]})
    with pytest.raises(CatalogueError, match="'log10_M500c'"):
        compare_with_lensing(CLUSTERS, lensing)
    (tmp_path / "clash_umetsu2016.csv").write_text("cluster,ra_hms,dec_dms,z,M500c,e_M500c\na,1:2:3,1:2:3,x,1,1\n")
    with pytest.raises(CatalogueError, match="'z'"):
        read_lensing(tmp_path)


def test_a_report_s_input_is_read_before_any_work(tmp_path):
    masses = {"name": ["a"], "ra": [1.0], "dec": [2.0], "redshift": [0.1], "log10_M500c": [14.5]}
    QTable({**masses, "M_Planck": [3e14] * u.Msun}).write(tmp_path / "masses.ecsv")
    with pytest.raises(CatalogueError, match=r"masses\.ecsv, 'ra, dec'.*deg"):
        read_real_clusters(tmp_path / "masses.ecsv")
    with pytest.raises(CatalogueError, match="planck cut"):
        read_real_clusters(tmp_path / "masses.ecsv", cutouts=tmp_path)
    with pytest.raises(CatalogueError, match="weak-lensing"):
        read_real_clusters(lensing=tmp_path)
