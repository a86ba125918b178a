"""Catalogues of masses: what they hold, their errors, and their files."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.cosmology import FlatLambdaCDM
from astropy.io import fits
from astropy.table import QTable

import szfast
from szfast.errors import ArgumentError, CatalogueError
from szfast.evaluation.intervals import calibrated_intervals
from szfast.evaluation.mass_pairs import MassPairs
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.networks import masses_of_files, predict_log10_mass
from szfast.planck import SkyMap, cut_clusters, mass_catalogue, write_catalogue
from szfast.run_folder import create_run

WEIGHTS = "deepplanck/weights"


@pytest.fixture(scope="module")
def cutouts(tmp_path_factory):
    """Three clusters cut from a sky of pixels 8 times Planck's: what counts here is their way through the files."""
    rng = np.random.default_rng(5)
    y = rng.normal(0, 1.5e-6, 12 * 256**2).astype(np.float32)
    positions = SkyCoord([10, 200, 300], [40, -50, 60], unit="deg", frame="galactic")
    clusters = QTable({"name": ["a", "b", "c"], "position": positions, "redshift": [0.05, 0.15, 0.3]})
    folder = tmp_path_factory.mktemp("cutouts")
    cut_clusters(SkyMap(y, False, "galactic", "noise sky"), clusters, folder)
    return folder


@pytest.fixture
def psz2():
    mass = [3.0, 4.0, 5.0] * u.Unit("1e14 Msun")
    columns = {"name": ["c", "a", "b"], "M_Planck": mass, "M_Planck_err_low": mass / 10, "M_Planck_err_up": mass / 8}
    return QTable({**columns, "snr": [5.0, 6.0, 7.0]})


def test_masses_are_the_networks(real_data, cutouts, psz2):
    weights = real_data(WEIGHTS)
    table = mass_catalogue(cutouts, weights, psz2=psz2, draws=2)
    expected = masses_of_files([cutouts / f"{name}.fits" for name in "abc"], weights)
    np.testing.assert_array_equal(table["log10_M500c"], expected["log10_M500c"])
    assert table["M_Planck"].to_value("1e14 Msun").tolist() == [4.0, 5.0, 3.0]
    np.testing.assert_allclose(table["M500c"].value, 10 ** np.asarray(table["log10_M500c"]))
    assert table["flag_noise_error_only"].all()
    assert table["ra"].unit == u.deg


def test_error_by_noise_is_that_of_other_noise(real_data, tmp_path):
    """A synthetic cluster under 32 draws of noise: their scatter is what one of them alone is told to have."""
    cosmology = FlatLambdaCDM(67.77, 0.307115)
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.15, particles=5000, cosmology=cosmology)
    clean = szfast.make_maps(gas, sightlines=np.eye(3)[None], noise=None)
    maps = clean.y + noise_maps(szfast.PLANCK, "milca", NoiseKey(seed=77), views=32)
    networks = szfast.networks.read_networks(real_data(WEIGHTS))
    scatter = predict_log10_mass(maps, networks, redshift=0.15).std(ddof=1)
    hdu = fits.PrimaryHDU(maps[0])
    hdu.header.update({"NAME": "x", "Z": 0.15})
    hdu.writeto(tmp_path / "x.fits")
    position = SkyCoord([0], [0], unit="deg", frame="galactic")
    rows = {
        "name": ["x"],
        "file": ["x.fits"],
        "position": position,
        "redshift": [0.15],
        "masked": [0],
        "flagged": [False],
    }
    QTable(rows).write(tmp_path / "cutouts.ecsv")
    error = mass_catalogue(tmp_path, networks, draws=32)["log10_M500c_err_up"][0]
    # 32 draws tell each of both to 12 %; on a map with noise already the network answers a little more weakly
    assert error == pytest.approx(scatter, rel=0.4)


def test_errors_from_a_run(real_data, cutouts, tmp_path):
    run = create_run(tmp_path / "run", {})
    rng = np.random.default_rng(8)
    n = 3000
    predicted = rng.uniform(13.8, 15.2, n)
    true = predicted + 0.02 + rng.normal(0, 0.07, n)
    z = rng.choice([0.05, 0.15, 0.3, 0.6], n)
    columns = {"bin": np.ones(n, int), "run": np.ones(n, int), "cluster": np.arange(n), "view": np.zeros(n, int)}
    run.write(
        "predictions",
        {**columns, "maps": ["planck-like"] * n, "redshift": z, "log10_M_true": true, "log10_M_pred": predicted},
    )
    table = mass_catalogue(cutouts, real_data(WEIGHTS), run=run)
    # 16 and 84 % lie at 0.02 -+ 0.07 from the prediction; about 100 neighbours tell them to 0.011
    np.testing.assert_allclose(table["log10_M500c_err_up"], 0.09, atol=0.035)
    np.testing.assert_allclose(table["log10_M500c_err_low"], 0.05, atol=0.035)
    assert not table["flag_noise_error_only"].any()


def test_intervals_cover_what_they_promise():
    rng = np.random.default_rng(9)
    predicted = rng.normal(14.6, 0.2, 12000)
    true = predicted + rng.normal(0.01, 0.05 + 0.1 * np.abs(predicted - 14.6))
    known = MassPairs(np.full(6000, 0.15), predicted[:6000], true[:6000])
    ends = calibrated_intervals(known, predicted[6000:], np.full(6000, 0.15))
    for share, end in ends.items():
        inside = (true[6000:] >= end[:, 0]) & (true[6000:] <= end[:, 1])
        assert inside.mean() == pytest.approx(share, abs=0.02)


def test_too_few_known_predictions(real_data):
    known = MassPairs(np.full(60, 0.15), np.full(60, 14.5), np.full(60, 14.5))
    with pytest.raises(ArgumentError, match=r"0\.2-0\.4, found 0"):
        calibrated_intervals(known, [14.5], [0.3])
    with pytest.raises(ArgumentError, match="outside all bins"):
        calibrated_intervals(known, [14.5], [1.3])


def test_files_have_units_and_ucds(real_data, cutouts, psz2, tmp_path):
    table = mass_catalogue(cutouts, real_data(WEIGHTS), psz2=psz2, draws=2)
    write_catalogue(table, tmp_path / "masses.ecsv")
    again = QTable.read(tmp_path / "masses.ecsv")
    np.testing.assert_array_equal(again["log10_M500c"], table["log10_M500c"])
    assert again["M500c"].unit == u.Msun
    assert again["M500c"].info.meta["ucd"] == "phys.mass"
    assert again.meta["errors"] == "map noise alone"
    write_catalogue(table, tmp_path / "masses.fits")
    with fits.open(tmp_path / "masses.fits", checksum=True) as units:
        header = units[1].header
        number = units[1].columns.names.index("redshift") + 1
        assert header[f"TUCD{number}"] == "src.redshift"
        assert header[f"TUNIT{units[1].columns.names.index('M500c') + 1}"] == "solMass"
        assert all(f"TUCD{i}" in header for i in range(1, len(table.colnames) + 1))
    with pytest.raises(ArgumentError, match=r"\.ecsv or \.fits"):
        write_catalogue(table, tmp_path / "masses.csv")


def test_incomplete_folder_and_unknown_cluster(real_data, cutouts, psz2, tmp_path):
    with pytest.raises(CatalogueError, match="szfast planck cut"):
        mass_catalogue(tmp_path, real_data(WEIGHTS))
    psz2["name"] = ["c", "a", "z"]
    with pytest.raises(CatalogueError, match="no cluster b"):
        mass_catalogue(cutouts, real_data(WEIGHTS), psz2=psz2, draws=2)
