"""Catalogues of masses: what they hold, their errors, and their files."""

from __future__ import annotations

import shutil

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.cosmology import FlatLambdaCDM
from astropy.io import fits
from astropy.table import QTable

import szfast
from szfast.errors import ArgumentError, CatalogueError
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.networks import masses_of_files, predict_log10_mass
from szfast.planck import SkyMap, cut_clusters, mass_catalogue, write_catalogue
from szfast.run_folder import open_run

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


@pytest.fixture
def faint_cutouts(trained_run, tmp_path):
    """Three maps of the run's own clusters, as cutouts; the second is brighter than any that it has learnt."""
    _, dataset = trained_run
    y = dataset.noisy(np.array([0, 4, 8]), realisation=7)
    y[1] += 20 * dataset.clean(np.array([4]))[0]
    files = [f"{name}.fits" for name in "abc"]
    for file, each in zip(files, y, strict=True):
        fits.PrimaryHDU(each).writeto(tmp_path / file)
    position = SkyCoord([10, 200, 300], [40, -50, 60], unit="deg", frame="galactic")
    columns = {"name": list("abc"), "file": files, "position": position, "redshift": dataset.redshift_of([0, 4, 8])}
    QTable({**columns, "masked": [0, 0, 0], "flagged": [False] * 3}).write(tmp_path / "cutouts.ecsv")
    return tmp_path


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_masses_of_a_run(trained_run, faint_cutouts, tmp_path):
    from szfast.ensemble import read_chosen

    run, dataset = trained_run
    table = mass_catalogue(faint_cutouts, run)
    y = np.stack([fits.getdata(faint_cutouts / f"{name}.fits") for name in "abc"])
    expected = read_chosen(run.path).masses(y, dataset.redshift_of([0, 4, 8]))
    np.testing.assert_allclose(table["log10_M500c"], expected["log10_M_pred"], atol=1e-5)
    for name, end in (("low", table["log10_M500c"] - expected["lower68"]), ("up", expected["upper68"])):
        distance = end if name == "low" else end - table["log10_M500c"]
        np.testing.assert_allclose(table[f"log10_M500c_err_{name}"], distance, atol=1e-5)
    np.testing.assert_allclose(table["out_of_domain"], expected["out_of_domain"], rtol=1e-3)
    assert table["flag_out_of_domain"].tolist()[1]
    assert table["out_of_domain"][1] > 2 * table["out_of_domain"][[0, 2]].max()
    assert not table["flag_noise_error_only"].any()
    # an untrained network gives all clusters the sample's mean mass, which is far from its lowest
    assert not table["flag_near_lowest"].any()
    for file in (tmp_path / "m.ecsv", tmp_path / "m.fits"):
        write_catalogue(table, file)
        np.testing.assert_array_equal(QTable.read(file)["out_of_domain"], table["out_of_domain"])
    header = fits.getheader(tmp_path / "m.fits", 1)
    assert header[f"TUCD{table.colnames.index('out_of_domain') + 1}"] == "stat.value"


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_run_without_intervals_has_errors_by_noise(trained_run, faint_cutouts, tmp_path):
    run = open_run(shutil.copytree(trained_run[0].path, tmp_path / "run"))
    (run.path / "intervals.ecsv").unlink()
    table = mass_catalogue(faint_cutouts, run, draws=4)
    assert table["flag_noise_error_only"].all()
    assert (table["log10_M500c_err_up"] > 0).all()
    np.testing.assert_array_equal(table["log10_M500c_err_up"], table["log10_M500c_err_low"])


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
    (tmp_path / "empty").mkdir()
    QTable.read(cutouts / "cutouts.ecsv")[:0].write(tmp_path / "empty" / "cutouts.ecsv")
    with pytest.raises(CatalogueError, match="holds no cutout"):
        mass_catalogue(tmp_path / "empty", real_data(WEIGHTS))
    psz2["name"] = ["c", "a", "z"]
    with pytest.raises(CatalogueError, match="no cluster b"):
        mass_catalogue(cutouts, real_data(WEIGHTS), psz2=psz2, draws=2)
