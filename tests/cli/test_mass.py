"""``szfast mass`` against the published network's own prediction, and its refusals."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

import szfast as library

CUTOUT = "deepplanck/PSZ2G359.07-32.12.fits"
WEIGHTS = "deepplanck/weights"


@pytest.fixture
def two_clusters(tmp_path):
    """A file of two clusters at z = 0.1, two views each, at 8e14 and 4e14 Msun; both have one name."""
    views = np.stack([np.eye(3), np.eye(3)[[1, 2, 0]]])
    sets = []
    for mass in (8e14, 4e14):
        gas = library.synthetic_cluster(M500c=mass * u.Msun, redshift=0.1, particles=1000)
        sets.append(library.make_maps(gas, sightlines=views, name="twin"))
    return library.write_maps(tmp_path / "maps.fits", sets)


def test_published_cutout(szfast, real_data, as_json):
    result = szfast("mass", real_data(CUTOUT), "--networks", real_data(WEIGHTS), "--no-average", "--json")
    assert result.code == 0, result.err
    (cluster,) = as_json(result.out)["clusters"]
    assert cluster["name"] == "PSZ2G359.07-32.12"
    # the figure that the authors' code gives, to the float32 of its sums
    assert cluster["log10_M500c"] == pytest.approx([14.682933], abs=2e-6)
    assert cluster["scatter_log10_M500c"] is None


def test_table(szfast, real_data, two_clusters, tmp_path):
    output = tmp_path / "masses.ecsv"
    weights = real_data(WEIGHTS)
    result = szfast("mass", two_clusters, real_data(CUTOUT), "--networks", weights, "-o", output)
    assert result.code == 0, result.err
    table = Table.read(output)
    assert table.colnames == ["name", "view", "redshift", "log10_M500c"]
    assert list(table["view"]) == [0, 1, 0, 1, 0]
    assert list(table["name"][:4]) == ["twin"] * 4
    expected = library.networks.masses_of_files(two_clusters, weights)["log10_M500c"]
    np.testing.assert_array_equal(table["log10_M500c"][:4], expected)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_mean_and_scatter_of_each_cluster(szfast, real_data, two_clusters, as_json):
    weights = real_data(WEIGHTS)
    result = szfast("mass", two_clusters, "--networks", weights, "--json")
    log10_mass = np.array(library.networks.masses_of_files(two_clusters, weights)["log10_M500c"])
    clusters = as_json(result.out)["clusters"]
    assert len(clusters) == 2
    for cluster, views in zip(clusters, log10_mass.reshape(2, 2), strict=True):
        assert cluster["mean_log10_M500c"] == pytest.approx(views.mean(), rel=1e-14)
        assert cluster["scatter_log10_M500c"] == pytest.approx(abs(views[0] - views[1]) / np.sqrt(2), rel=1e-9)
    shown = szfast("mass", two_clusters, "--networks", weights).out
    assert f"{clusters[0]['mean_log10_M500c']:.4f} ± {clusters[0]['scatter_log10_M500c']:.4f}" in shown
    assert shown.count("twin") == 2


def test_redshift_chooses_the_network(szfast, real_data, two_clusters, as_json):
    weights = real_data(WEIGHTS)
    result = szfast("mass", two_clusters, "--networks", weights, "--redshift", 0.5, "--json")
    clusters = as_json(result.out)["clusters"]
    expected = library.networks.masses_of_files(two_clusters, weights, redshift=0.5)["log10_M500c"]
    assert clusters[0]["redshift"] == 0.5
    assert clusters[0]["log10_M500c"] == pytest.approx(list(expected[:2]), rel=1e-14)


def test_refusals(one_error, szfast, real_data, two_clusters, tmp_path):
    weights = real_data(WEIGHTS)
    assert "'--redshift'" in one_error("mass", two_clusters, "--networks", weights, "--redshift", 3)
    assert "holds no network" in one_error("mass", two_clusters, "--networks", tmp_path)
    assert "nowhere.fits" in one_error("mass", "nowhere.fits", "--networks", weights)
    damaged = tmp_path / "damaged.fits"
    damaged.write_bytes(two_clusters.read_bytes()[:40000])
    assert str(damaged) in one_error("mass", damaged, "--networks", weights)
    existing = tmp_path / "masses.ecsv"
    existing.write_text("precious")
    assert "--overwrite" in one_error("mass", "nowhere.fits", "--networks", weights, "-o", existing)
    assert existing.read_text() == "precious"
    assert szfast("mass", two_clusters).code == 2
    assert szfast("mass", "--networks", weights).code == 2
    assert szfast("mass", two_clusters, "--networks", weights, "-o", tmp_path / "masses.csv").code == 2
