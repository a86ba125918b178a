"""``szfast plot``: a picture of the cluster that was asked for."""

from __future__ import annotations

import sys

import astropy.units as u
import numpy as np
import pytest

import szfast as library


@pytest.fixture
def map_file(tmp_path):
    gas = library.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.1, particles=500)
    sets = [library.make_maps(gas, sightlines=np.eye(3)[None], name=name) for name in ("heavy", "light")]
    return library.write_maps(tmp_path / "maps.fits", sets)


@pytest.mark.parametrize(
    ("arguments", "name"), [([], "heavy"), (["--cluster", "1"], "heavy"), (["--cluster", "2"], "light")]
)
def test_picture(szfast, map_file, tmp_path, monkeypatch, arguments, name):
    picture = pytest.importorskip("szfast.maps.picture")
    pytest.importorskip("matplotlib")
    drawn = []
    draw = picture.contact_sheet
    monkeypatch.setattr(picture, "contact_sheet", lambda maps: drawn.append(maps.name) or draw(maps))
    result = szfast("plot", map_file, *arguments, "-o", tmp_path / "views.png")
    assert result.code == 0, result.err
    assert drawn == [name]
    assert (tmp_path / "views.png").read_bytes().startswith(b"\x89PNG")


def test_refusals(one_error, szfast, map_file, tmp_path):
    pytest.importorskip("matplotlib")
    output = tmp_path / "views.png"
    message = one_error("plot", map_file, "--cluster", 3, "-o", output)
    assert "'--cluster'" in message
    assert "from 1 to 2" in message
    assert "nowhere.fits" in one_error("plot", "nowhere.fits", "-o", output)
    assert szfast("plot", map_file, "-o", map_file, "--overwrite").code == 2
    assert szfast("plot", map_file, "--cluster", 0, "-o", output).code == 2
    assert not output.exists()
    output.write_text("precious")
    assert "--overwrite" in one_error("plot", map_file, "-o", output)


@pytest.mark.parametrize("command", ["plot", "maps"])
def test_without_matplotlib(one_error, map_file, tmp_path, monkeypatch, command):
    # None in sys.modules makes an import fail as if nothing were installed.
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    output = tmp_path / "views.png"
    arguments = (
        [map_file, "-o", output] if command == "plot" else ["--synthetic", "--plot", output, "-o", tmp_path / "m.fits"]
    )
    assert "pip install 'szfast[report]'" in one_error(command, *arguments)
