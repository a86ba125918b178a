"""``szfast planck``, ``szfast fetch`` and ``szfast report``, from a y map to a report."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from szfast.run_folder import create_run

hp = pytest.importorskip("healpy", reason="needs szfast[planck]")

PSZ2 = "planck/HFI_PCCS_SZ-union_R2.08.fits"


@pytest.fixture
def ymap(tmp_path):
    y = np.random.default_rng(1).normal(0, 1.5e-6, 12 * 64**2)
    path = tmp_path / "ymap.fits"
    hp.write_map(path, y, coord="G", column_units="1", dtype=np.float32)
    return path


@pytest.fixture
def small_psz2(real_data, tmp_path):
    """The first eight of PSZ2's sources with a mass, and one without."""
    data = fits.getdata(real_data(PSZ2), 1)
    known = np.flatnonzero(data["MSZ"] > 0)[:8]
    path = tmp_path / "psz2.fits"
    fits.BinTableHDU(data[np.append(known, np.flatnonzero(data["MSZ"] == 0)[0])]).writeto(path)
    return path


def test_from_map_to_report(szfast, real_data, ymap, small_psz2, tmp_path, as_json):
    cutouts, masses, out = tmp_path / "cutouts", tmp_path / "masses.ecsv", tmp_path / "report"
    cut = szfast("planck", "cut", ymap, "--catalogue", small_psz2, "-o", cutouts, "--json")
    assert cut.code == 0, cut.err
    assert as_json(cut.out)["cutouts"] == 8
    weights = real_data("deepplanck/weights")
    found = szfast("planck", "mass", cutouts, "--networks", weights, "--catalogue", small_psz2, "-o", masses)
    assert found.code == 0, found.err
    assert "masses of 8 clusters" in found.out
    table = QTable.read(masses)
    assert len(table) == 8
    assert szfast("table1", masses).code == 0
    run = create_run(tmp_path / "run", {"seed": 1}).path
    name = str(table["name"][0])
    told = szfast("report", run, "--masses", masses, "--cutouts", cutouts, "--cluster", name, "-o", out)
    assert told.code == 0, told.err
    assert "M_Planck / M_CNN" in (out / "index.html").read_text()
    assert len(list((out / "clusters").iterdir())) == 1


def test_refusals(one_error, szfast, ymap, small_psz2, tmp_path):
    with fits.open(ymap, mode="update") as units:
        units[1].header.remove("COORDSYS")
    wanted = ("planck", "cut", ymap, "--catalogue", small_psz2, "-o", tmp_path / "cutouts")
    assert "--frame" in one_error(*wanted)
    assert szfast(*wanted, "--frame", "galactic").code == 0
    assert "--overwrite" in one_error(*wanted, "--frame", "galactic")
    assert "szfast planck cut" in one_error("planck", "mass", tmp_path, "--networks", tmp_path)
    assert szfast("planck", "mass", tmp_path / "cutouts").code == 2
    assert "psz2, ymap, deepplanck" in one_error("fetch", "moon")
    assert "put HFI_PCCS_SZ-union_R2.08.fits into" in one_error(
        "fetch", "psz2", "-o", tmp_path, "--mirror", "http://127.0.0.1:9"
    )
    (tmp_path / "index.html").write_text("precious")
    assert "--overwrite" in one_error("report", tmp_path, "-o", tmp_path)


def test_a_simulated_sky_has_to_be_called_one(szfast, small_psz2, tmp_path, as_json):
    y = np.zeros(12 * 64**2)
    y[7::40] = 1e-5
    hp.write_map(tmp_path / "simulated.fits", y, coord="G", column_units="1", dtype=np.float32)
    command = ["planck", "cut", tmp_path / "simulated.fits", "--catalogue", small_psz2, "--json", "-o"]
    told = szfast(*command, tmp_path / "one")
    assert len(as_json(told.out)["flagged"]) == 8
    assert "exact zeros" in told.err
    assert "--zeros-are-data" in told.err
    assert as_json(szfast(*command, tmp_path / "two", "--zeros-are-data").out)["flagged"] == []


def test_fetch_leaves_what_is_there(szfast, real_data, as_json):
    result = szfast("fetch", "psz2", "-o", real_data("planck"), "--json")
    assert as_json(result.out) == [str(real_data(PSZ2))]
