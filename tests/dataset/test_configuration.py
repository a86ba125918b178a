"""Configurations that are wrong, and what is said of them."""

from __future__ import annotations

import pytest

from szfast.dataset import build
from szfast.dataset.configuration import read_configuration
from szfast.errors import SzfastError

SYNTHETIC = 'path = "a.zarr"\n[synthetic]\nclusters = 3\n'
SIMULATION = (
    'path = "a.zarr"\n[[simulations]]\ncode = "x"\nsnapshots = "{region}/{snapshot}.hdf5"\nhalos = "{region}"\n'
)


def test_defaults_are_the_planck_set(tmp_path):
    (tmp_path / "a.toml").write_text(SYNTHETIC)
    content = read_configuration(tmp_path / "a.toml").content()
    assert content["maps"] == {
        "instrument": "Planck",
        "pixel": "1.717 arcmin",
        "size": 96,
        "beam": "10 arcmin",
        "noise": "milca",
        "sightlines": "hemisphere27",
        "method": "auto",
        "rtol": 1e-3,
        "seed": 0,
    }
    assert content["synthetic"]["particles"] == 20000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('path = "a"\n[synthetic]\nclustres = 3', ["'synthetic.clustres'", "unknown key", "did you mean 'clusters'"]),
        (SYNTHETIC + "[maps]\nsightline = 'x'", ["'maps.sightline'", "did you mean 'sightlines'"]),
        (SIMULATION + "min_mass = '1e14 Msun'", ["'simulations.0.min_mass'", "did you mean 'least_mass'"]),
        (SYNTHETIC + "[qqqq]\n", ["'qqqq'", "known keys here: path"]),
        (SIMULATION + "radius = 5", ["'simulations.0.radius'", "string"]),
        (SIMULATION + "radius = '5'", ["'simulations.0.radius'", "with a unit, for example '5 Mpc', found '5'"]),
        (SIMULATION + "radius = '5 Msun'", ["'simulations.0.radius'", "found '5 Msun'"]),
        (SIMULATION + "least_mass = '-1 Msun'", ["'simulations.0.least_mass'", "positive"]),
        (SIMULATION + "redshift = 0", ["'simulations.0.redshift'", "greater than 0"]),
        (SYNTHETIC + "[maps]\nbeam = '10 arcmin'\npixel = 'x arcmin'", ["'maps.pixel'", "x arcmin"]),
        (SYNTHETIC + "[maps]\nsize = 95", ["'maps.size'", "multiple of 2"]),
        (SYNTHETIC + "[maps]\nnoise = 'planck'", ["'noise'", "neither a noise preset nor a file"]),
        (SYNTHETIC + "[maps]\nsightlines = 'some'", ["'sightlines'", "neither a set of lines of sight nor a file"]),
        (SYNTHETIC + "[maps]\nmethod = 'quick'", ["'maps.method'", "'auto', 'exact' or 'beam'"]),
        ("materialise = 1\n" + SYNTHETIC + "[maps]\nnoise = 'none'", ["no noise to materialise"]),
        ('path = "a.zarr"', ["there is nothing to make maps of"]),
        ("[synthetic]\nclusters = 3", ["'path'", "required"]),
        ("path = a.zarr", ["is not TOML", "line 1"]),
        (SIMULATION, ["'simulations.0.snapshots'", "matches nothing"]),
        (SIMULATION.replace("{snapshot}", "{snap}"), ["'simulations.0.snapshots'", "{snap} has no meaning"]),
        (SIMULATION.replace("{region}/{", "{"), ["'simulations.0.region'", "is not known"]),
        (SYNTHETIC.replace("a.zarr", "no/a.zarr"), ["'path'", "folder does not exist"]),
    ],
)
def test_wrong_configurations_are_refused(tmp_path, text, words):
    (tmp_path / "set.toml").write_text(text)
    with pytest.raises(SzfastError) as caught:
        build(tmp_path / "set.toml")
    for word in words:
        assert word in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["set.toml"]


def test_a_missing_configuration_is_named(tmp_path):
    with pytest.raises(SzfastError, match=r"no\.toml, 'path': cannot be read"):
        build(tmp_path / "no.toml")
