"""Everything that szfast writes is there whole or not at all: full disks, and kills between writing and renaming."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable

import szfast
from szfast import whole_files
from szfast.errors import SzfastError
from szfast.run_folder import RunFolder, create_run
from szfast.whole_files import UNFINISHED, remove_unfinished, replaced

FREE_KB = 4
ROWS = 2000


@pytest.fixture(scope="module")
def made():
    """What is written: maps, a table, a network, a sky."""
    gas = szfast.synthetic_cluster(M500c=5e14 * u.Msun, redshift=0.2, particles=300, seed=1)
    rng = np.random.default_rng(1)
    sky = SkyCoord(rng.uniform(0, 360, ROWS), rng.uniform(-90, 90, ROWS), unit="deg")
    table = QTable({"name": [f"A {i}" for i in range(ROWS)], "redshift": rng.random(ROWS), "x": rng.random(ROWS)})
    return SimpleNamespace(maps=szfast.make_maps(gas, noise="milca", seed=1), table=table, sky=sky)


def maps(made, file):
    szfast.write_maps(file, made.maps, overwrite=True)


def picture(made, file):
    from szfast.maps.picture import contact_sheet, save_figure

    pytest.importorskip("matplotlib", reason="needs szfast[report]")
    save_figure(contact_sheet(made.maps), file)


def masses(made, file):
    from szfast.cli.outputs import write_table

    write_table(made.table, file)


def text(made, file):
    from szfast.cli.outputs import write_text

    write_text("row\n" * 10_000, file)


def catalogue(made, file):
    from szfast.planck import write_catalogue

    write_catalogue(made.table["name", "redshift"], file)


def run_table(made, file):
    columns = {"cluster": np.arange(ROWS), "redshift": made.table["redshift"], "log10_M500c": made.table["x"]}
    RunFolder(file.parent).write("sample", columns)


def run_examples(made, file):
    y = np.random.default_rng(1).random((2, 64, 64))
    RunFolder(file.parent).write_examples(clean=y, planck_like=y, redshift=[0.1, 0.2], log10_M500c=[14.0, 15.0])


def run_description(made, file):
    create_run(file.parent, {"rows": list(range(10_000))})


def network(made, file):
    from damage.weight_cases import _arrays

    from szfast.networks import NetworkWeights, save

    arrays = _arrays()
    kernels, biases = (tuple(a for name, a in arrays.items() if name.endswith(end)) for end in ("kernel", "bias"))
    save(NetworkWeights(kernels, biases, input_mean=0.0, input_std=1e-6, redshift_bin=(0.1, 0.2)), file)


def domain(made, file):
    from szfast.ensemble.domain import Domain

    Domain(np.zeros(60), np.random.default_rng(1).random((60, 60)), 1.0).save(file)


def cutouts(made, file):
    from szfast.planck import SkyMap, cut_clusters

    pytest.importorskip("healpy", reason="needs szfast[planck]")
    y = np.random.default_rng(1).normal(0, 1e-6, 12 * 32**2).astype(np.float32)
    clusters = QTable({"name": ["A 1"], "position": made.sky[:1], "redshift": [0.1]})
    cut_clusters(SkyMap(y, False, "icrs"), clusters, file.parent)


def page(made, file):
    from szfast.report.page import Section, write_page

    pytest.importorskip("jinja2", reason="needs szfast[report]")
    write_page(file, "title", "subtitle", [Section("Section", ["word " * 10_000])])


def figure(made, file):
    from szfast.maps.picture import contact_sheet
    from szfast.report.page import Picture

    pytest.importorskip("matplotlib", reason="needs szfast[report]")
    Picture(file.stem, contact_sheet(made.maps), "", made.table).save(file.parent)


WRITERS = [
    (maps, "maps.fits"),
    (picture, "views.png"),
    (picture, "views.pdf"),
    (masses, "masses.ecsv"),
    (text, "table1.tex"),
    (catalogue, "catalogue.ecsv"),
    (catalogue, "catalogue.fits"),
    (run_table, "sample.ecsv"),
    (run_examples, "examples.npz"),
    (run_description, "run.json"),
    (network, "network.npz"),
    (domain, "bin-1.npz"),
    (cutouts, "A_1.fits"),
    (page, "index.html"),
    (figure, "sky.png"),
]
writers = pytest.mark.parametrize(("write", "name"), WRITERS, ids=[f"{w.__name__} {n}" for w, n in WRITERS])
OLD = b"the old file"


@writers
@pytest.mark.parametrize("old", [True, False])
def test_a_full_disk_leaves_the_old_file_or_none(made, small_disk, write, name, old):
    disk = small_disk(1024)
    file = disk.path / name
    if old:
        file.write_bytes(OLD)
    fill(disk.path, FREE_KB)
    before = {each.name for each in disk.path.iterdir()}
    with pytest.raises(SzfastError) as caught:
        write(made, file)
    assert caught.value.file.parent == disk.path
    assert caught.value.field
    assert "space" in caught.value.remedy
    assert {each.name for each in disk.path.iterdir()} - {"networks"} == before
    assert not old or file.read_bytes() == OLD


def fill(folder, free_kb):
    """Leave so much room on a disk."""
    left = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(left.f_bavail * left.f_frsize - free_kb * 1024))


@writers
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_kill_leaves_the_old_file_or_none(made, tmp_path, monkeypatch, write, name, step):
    file = tmp_path / name
    file.write_bytes(OLD)
    write_and_die(made, write, file, step)
    assert file.read_bytes() == OLD
    left = [each.name for each in tmp_path.iterdir() if each.name not in (name, "networks")]
    assert all(UNFINISHED in each for each in left)
    assert left
    # what was left is known by its name, and in nobody's way
    monkeypatch.undo()
    write(made, file)
    assert file.read_bytes() != OLD
    remove_unfinished(tmp_path)
    assert not list(tmp_path.glob(f".*{UNFINISHED}*"))


def write_and_die(made, write, file, step):
    child = os.fork()
    if child == 0:
        try:
            setattr(whole_files.os, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            write(made, file)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(OLD)
    with replaced(file, SzfastError) as temporary:
        temporary.write_bytes(b"half")
        assert file.read_bytes() == OLD
    assert file.read_bytes() == b"half"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_interrupted_writer_leaves_nothing(tmp_path):
    def write():
        with replaced(tmp_path / "file", SzfastError) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert list(tmp_path.iterdir()) == []


def test_no_writer_goes_past_it():
    """Every place that opens a file to write does so under `replaced`, but for what is listed here."""
    import re

    allowed = {
        # under `replaced` of its caller; a download that goes on; the lock
        "dataset/arrays.py": 1,
        "planck/downloads.py": 1,
    }
    opens = re.compile(r"""open\([^()]*["'](?:[wax]b?|rb?\+|wb if|ab)["']""")
    writes = re.compile(r"\.write_(text|bytes)\(|\.writeto\(|\.savefig\((?!drawn|stream)|np\.savez?(_compressed)?\(")
    root = Path(szfast.__file__).parent
    for source in sorted(root.rglob("*.py")):
        lines = source.read_text().splitlines()
        loose = [
            line
            for number, line in enumerate(lines)
            if (opens.search(line) or writes.search(line))
            and "temporary" not in line
            and "stream" not in line
            and "file, allow_pickle" not in line
        ]
        name = str(source.relative_to(root))
        assert len(loose) <= allowed.get(name, 0), f"{name}: {loose}"
