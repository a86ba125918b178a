"""Reports of a full and of an empty run, as a browser shows them."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from astropy.table import QTable

from szfast.errors import CatalogueError, RunError
from szfast.report import read_real_clusters, write_report
from szfast.report.cluster_page import write_cluster_page
from szfast.run_folder import create_run, open_run

SECTIONS = [
    "What was run",
    "Sample",
    "Example maps",
    "Choice of the unbiased runs",
    "Predicted masses",
    "Table 1",
    "Real clusters: Planck and weak lensing",
    "Calibration of the error bars",
    "Other networks and other clusters",
    "Provenance",
]
VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """Headings, links, pictures and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.pictures, self.places, self.anchors, self.outside = [], [], [], set(), [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.places.add(known.get("id"))
        if tag == "img":
            self.pictures.append(known)
        if tag == "a":
            self.anchors.append(known["href"])
        for name in ("src", "href"):
            if name in known and not known[name].startswith(("data:", "#")):
                self.outside.append(known[name])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.fixture(scope="module")
def full_report(full_run, cutout_folder, real_data, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    real = read_real_clusters(
        real_data("deepplanck/DeepPlanck.csv"),
        psz2=real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"),
        cutouts=cutout_folder,
        lensing=real_data("weak_lensing"),
    )
    return write_report(full_run, out, real=real, clusters=["PSZ2 G000.00+01.00", "PSZ2 G010.00-50.00"])


def test_full_report_is_one_sound_page(full_report):
    text = full_report.read_text()
    page = Page(text)
    assert page.open == []
    assert page.headings == SECTIONS
    assert page.outside == []
    assert "<script" not in text
    assert {anchor.removeprefix("#") for anchor in page.anchors} <= page.places
    assert len(page.pictures) == 14
    assert all(picture["alt"] for picture in page.pictures)
    # nothing is absent here but the clean and real maps' own
    assert re.findall(r'class="absent">([^<]*)', text) == []


def test_numbers_on_the_page(full_report):
    text = full_report.read_text().replace("\u00a0", " ")
    # the published real column, beside itself
    assert "0.149(0.009) ± 0.141, N = 245" in text
    assert "0.149 ± 0.141" in text
    assert "weak-lensing masses of 93 clusters" in text
    assert "80 training runs in 4 redshift bins, of which 4 were chosen" in text
    assert "Clusters of GIZMO." in text
    assert "Battaglia (code: gadget)" in text
    # 10 clusters of 30 maps in bin 1; numbers from 0.1 to 2.0 have their median at 1.05, 80 % of the masses are learnt
    cells = re.findall(r"<tr><td>GADGET-4</td><td>0-0.1</td><td>10, 30</td><td>(.*?)</td></tr>", text)
    assert len(cells) == 1
    assert cells[0].split("</td><td>")[1:] == ["1.05", "0.533", "0.80"]
    assert "M_SZ from the map" in text


def test_figures_are_saved_with_their_data(full_report):
    folder = full_report.parent / "figures"
    pictures = {path.stem for path in folder.glob("*.png")}
    assert pictures == {path.stem for path in folder.glob("*.pdf")}
    with_data = {path.stem for path in folder.glob("*.ecsv")}
    assert pictures - with_data == {"maps", "real-maps"}
    table = QTable.read(folder / "runs-below.ecsv")
    assert table["n"].max() == 20
    assert QTable.read(full_report.parent / "table1.ecsv")["n"].max() == 1200


def test_pages_of_real_clusters(full_report):
    first, second = sorted((full_report.parent / "clusters").glob("*.html"))
    assert Page(first.read_text()).headings == ["Masses", "Map"]
    text = first.read_text()
    assert "M_SZ, matched filter" in text
    assert "not in the catalogue of masses" in text
    assert "in none of the samples" in text
    assert "no signal at any size" in second.read_text() or "M_SZ, aperture" in second.read_text()
    assert "900 (flagged)" in second.read_text()


def test_a_real_cluster_with_everything(real_data, tmp_path):
    from astropy.coordinates import SkyCoord
    from astropy.io import fits

    name = "PSZ2 G359.07-32.12"
    y = fits.getdata(real_data("deepplanck/PSZ2G359.07-32.12.fits"))
    folder = tmp_path / "cut"
    folder.mkdir()
    hdu = fits.PrimaryHDU(y.astype("f4"))
    hdu.header.update({"NAME": name, "Z": 0.1496})
    hdu.writeto(folder / "a.fits")
    position = SkyCoord([359.07], [-32.12], unit="deg", frame="galactic")
    rows = {
        "name": [name],
        "file": ["a.fits"],
        "position": position,
        "redshift": [0.1496],
        "masked": [0],
        "flagged": [False],
    }
    QTable(rows, meta={"map": "published cutout"}).write(folder / "cutouts.ecsv")
    real = read_real_clusters(
        real_data("deepplanck/DeepPlanck.csv"), psz2=real_data("planck/HFI_PCCS_SZ-union_R2.08.fits"), cutouts=folder
    )
    text = write_cluster_page(name, real, tmp_path).read_text()
    cells = dict(re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td></tr>", text))
    assert cells["M_Planck of PSZ2"].startswith("4.72 -0.39 +0.39")
    # Planck's own six-band matched filter gave 4.72; on the y map alone the errors are larger
    mass, error = map(float, cells["M_SZ, matched filter"].split(" ± "))
    assert mass == pytest.approx(4.72, abs=3 * error)
    assert cells["M_CNN and its interval"].split()[0] == f"{10**0.643734:.2f}"


def test_empty_run_says_what_is_absent(tmp_path):
    run = create_run(tmp_path / "empty", {"why": "<script>alert(1)</script> & more"})
    text = write_report(run.path, tmp_path / "out").read_text()
    page = Page(text)
    assert page.headings == SECTIONS
    assert text.count('class="absent"') == 8
    assert "<script" not in text
    assert page.pictures == []


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_what_a_stranger_wrote_is_text(full_run, cutout_folder, tmp_path):
    payload = "<script>run()</script>"
    shutil.copytree(full_run.path, tmp_path / "run")
    run = create_run(tmp_path / "run", {"data set": payload, payload: {payload: payload}})
    rows = run.read("evaluated")
    rows["dataset"], rows["name"], rows["code"] = [payload] * len(rows), [payload] * len(rows), [payload] * len(rows)
    run.write("evaluated", rows)
    shutil.copytree(cutout_folder, tmp_path / "cutouts")
    table = QTable.read(tmp_path / "cutouts/cutouts.ecsv")
    table.meta["map"] = payload
    table["name"] = [payload, "A 2"]
    table.write(tmp_path / "cutouts/cutouts.ecsv", overwrite=True)
    real = read_real_clusters(cutouts=tmp_path / "cutouts")
    write_report(run, tmp_path / "report", real=real, clusters=[payload])
    pages = [page.read_text() for page in (tmp_path / "report").rglob("*.html")]
    assert len(pages) == 2
    for page in pages:
        assert "&lt;script" in page
        assert "<script" not in page
        assert not Page(page).outside


def test_a_bin_without_a_choice_is_told(full_run, tmp_path):
    shutil.copytree(full_run.path, tmp_path / "run")
    run = open_run(tmp_path / "run")
    runs, predictions = run.read("runs"), run.read("predictions")
    lost = runs["bin"] == 2
    runs["score"][lost], runs["chosen"][lost] = np.nan, False
    run.write("runs", runs)
    run.write("predictions", predictions[predictions["bin"] != 2])
    page = write_report(run, tmp_path / "report").read_text()
    assert "No run was chosen in bin 2: none has a score" in page
    assert "No run was chosen" not in write_report(full_run, tmp_path / "other").read_text()


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_run_without_noise_fills_the_first_column(full_run, trained_run, tmp_path):
    index = write_report(trained_run[0], tmp_path / "out", clean=full_run)
    table = QTable.read(tmp_path / "out" / "table1.ecsv")
    assert list(dict.fromkeys(table["column"])) == ["clean", "planck_like", "planck_like_sz"]
    # the invented run has 300 clean maps in each of four bins
    assert table["n"][table["column"] == "clean"].tolist()[:5] == [300, 300, 300, 300, 1200]
    assert "without noise (--clean)" not in index.read_text()
    with pytest.raises(RunError, match="no predictions of clean maps"):
        write_report(full_run, tmp_path / "other", clean=trained_run[0])


def test_refusals(full_run, cutout_folder, tmp_path):
    with pytest.raises(RunError, match=r"run\.json"):
        write_report(tmp_path, tmp_path / "out")
    with pytest.raises(CatalogueError, match="cutouts="):
        write_report(full_run, tmp_path / "out", clusters=["a"])
    with pytest.raises(CatalogueError, match="no cluster 'a'"):
        write_report(full_run, tmp_path / "out", real=read_real_clusters(cutouts=cutout_folder), clusters=["a"])
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="another folder"):
        write_report(full_run, tmp_path / "file" / "out")


@pytest.mark.parametrize("width", [1280, 390])
def test_browser_shows_it_without_sideways_scrolling(full_report, tmp_path, width):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    # headless Chromium has a least window width of 500: the page is shown in a frame
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe id="f" src="{full_report.as_uri()}" style="width:{width}px;height:3000px;border:0"></iframe>'
        '<p id="found"></p><script>document.getElementById("f").onload = e => {'
        "const d = e.target.contentDocument;"
        "document.getElementById('found').textContent = JSON.stringify([d.documentElement.scrollWidth,"
        "[...d.images].every(i => i.complete && i.naturalWidth > 100), d.querySelectorAll('section').length])}</script>"
    )
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        "--virtual-time-budget=8000",
    ]
    command = [browser, *options, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", frame.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'id="found">\[(\d+),(\w+),(\d+)\]', shown)
    assert found is not None, shown[-500:]
    assert int(found[1]) <= width
    assert (found[2], int(found[3])) == ("true", len(SECTIONS))


def test_real_clusters_of_an_own_catalogue(real_data, tmp_path):
    import astropy.units as u

    table = QTable(
        {"name": ["a"], "ra": [10.0] * u.deg, "dec": [5.0] * u.deg, "redshift": [0.1], "log10_M500c": [14.5]}
    )
    table["M_Planck"] = np.array([3e14]) * u.Msun
    table.write(tmp_path / "masses.ecsv")
    real = read_real_clusters(tmp_path / "masses.ecsv")
    assert real.pairs.log10_reference[0] == pytest.approx(np.log10(3e14))
    assert real.masses["position"].ra.deg[0] == 10.0


def test_page_shows_the_catalogue_s_numbers(cutout_folder, tmp_path):
    """Mass, interval, out-of-domain number and flags stand on the page as in the catalogue."""
    import astropy.units as u

    name = "PSZ2 G000.00+01.00"
    place = {"name": [name], "ra": [266.0] * u.deg, "dec": [-28.0] * u.deg, "redshift": [0.15]}
    mass = {"log10_M500c": [14.6], "log10_M500c_err_low": [0.1], "log10_M500c_err_up": [0.05], "out_of_domain": [1.954]}
    planck = {f"M_Planck{end}": np.array([value]) * u.Msun for end, value in (("", 4e14), ("_err_low", 3e13))}
    planck["M_Planck_err_up"] = np.array([2e13]) * u.Msun
    flags = {"flag_masked": [False], "flag_near_lowest": [True], "flag_out_of_domain": [True]}
    QTable({**place, **mass, **planck, **flags}).write(tmp_path / "masses.ecsv")
    real = read_real_clusters(tmp_path / "masses.ecsv", cutouts=cutout_folder)
    text = write_cluster_page(name, real, tmp_path).read_text()
    cells = dict(re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td></tr>", text))
    assert cells["M_CNN and its interval"] == f"{10**0.6:.2f} ({10**0.5:.2f} to {10**0.65:.2f})"
    assert cells["M_Planck of PSZ2"] == "4.00 -0.30 +0.20"
    assert cells["out-of-domain number (5 % of the maps learnt are above 1)"] == "1.95"
    assert cells["flags"] == "near lowest, out of domain"
