from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable

from szfast.errors import ArgumentError, MapFileError, NetworkError
from szfast.networks import NetworkSet, masses_of_files, save
from szfast.networks.forward import forward


@pytest.fixture
def networks(random_network):
    return NetworkSet((random_network(1, redshift_bin=(0, 0.1)), random_network(2, redshift_bin=(0.1, 0.2))))


@pytest.fixture
def map_file(tmp_path, monkeypatch):
    """A file without a primary image, as szfast writes maps, that reads as the sets of maps given."""

    def make(*sets):
        path = tmp_path / "maps.fits"
        fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((2, 2)))]).writeto(path)
        module = ModuleType("szfast.maps.files")
        module.read_maps = lambda file: list(sets) if file == path else None
        monkeypatch.setitem(sys.modules, "szfast.maps.files", module)
        return path

    return make


def map_set(y, redshift=0.15, name="halo 1", pixel=1.717 * u.arcmin):
    return SimpleNamespace(y=y, redshift=redshift, name=name, instrument=SimpleNamespace(pixel=pixel))


def test_the_real_cutout_with_the_published_networks(real_data):
    files = [real_data("deepplanck/PSZ2G359.07-32.12.fits")]
    table = masses_of_files(files, real_data("deepplanck/weights"), average=False)
    assert table.colnames == ["name", "view", "redshift", "log10_M500c", "M500c", "near_lowest"]
    assert not table["near_lowest"][0]
    assert table["name"][0] == "PSZ2G359.07-32.12"
    assert table["log10_M500c"][0] == pytest.approx(14.682933, abs=1e-5)
    # Network 2 answered: the file's own redshift is 0.1496.
    assert table["M500c"][0].to_value(u.Msun) == pytest.approx(10**14.682933, rel=3e-5)
    averaged = masses_of_files(files, real_data("deepplanck/weights"))
    assert 14.638 < averaged["log10_M500c"][0] < 14.733


def test_cutouts_of_two_bins_and_own_maps_in_one_table(networks, write_cutout, map_file, noise_maps):
    near = write_cutout(noise_maps[0], "near.fits", NAME="A", Z=0.05)
    far = write_cutout(noise_maps[1], "far.fits", NAME="B", Z=0.2)
    own = map_file(map_set(noise_maps[2:5], 0.12, "halo 1"), map_set(noise_maps[5:7], 0.08, "halo 2"))
    table = masses_of_files([near, own, far], networks, average=False)
    assert list(table["name"]) == ["A"] + ["halo 1"] * 3 + ["halo 2"] * 2 + ["B"]
    assert list(table["view"]) == [0, 0, 1, 2, 0, 1, 0]
    np.testing.assert_allclose(table["redshift"], [0.05, 0.12, 0.12, 0.12, 0.08, 0.08, 0.2])
    first, second = networks
    maps = noise_maps[[0, 2, 3, 4, 5, 6, 1]]
    expected = np.where(table["redshift"] <= 0.1, forward(maps, first), forward(maps, second))
    np.testing.assert_allclose(table["log10_M500c"], expected, atol=3e-6)


def test_a_given_redshift_overrides(networks, write_cutout, map_file, noise_maps):
    unknown = write_cutout(noise_maps[0], Z=-1.0)
    own = map_file(map_set(noise_maps[2:3], redshift=0.15))
    table = masses_of_files([unknown, own], networks, redshift=0.05, average=False)
    assert set(table["redshift"]) == {0.05}
    np.testing.assert_allclose(table["log10_M500c"], forward(noise_maps[[0, 2]], networks[0]), atol=3e-6)


def test_the_table_survives_ecsv(tmp_path, networks, write_cutout, noise_maps):
    table = masses_of_files(write_cutout(noise_maps[0], Z=0.05), networks)
    table.write(tmp_path / "masses.ecsv")
    again = QTable.read(tmp_path / "masses.ecsv")
    assert again["M500c"].unit == u.Msun
    assert again["log10_M500c"].info.description == "log10 of M500c in Msun"
    assert again.meta == {"networks": ["not stated", "not stated"], "symmetries averaged": 8}
    np.testing.assert_array_equal(again["log10_M500c"], table["log10_M500c"])


def test_networks_of_a_folder(tmp_path, networks, write_cutout, noise_maps):
    path = write_cutout(noise_maps[0], Z=0.05)
    (tmp_path / "nets").mkdir()
    for i, network in enumerate(networks):
        save(network, tmp_path / "nets" / f"{i}.npz")
    from_folder = masses_of_files([path], tmp_path / "nets")
    np.testing.assert_array_equal(from_folder["log10_M500c"], masses_of_files([path], networks)["log10_M500c"])
    with pytest.raises(NetworkError, match="holds no network"):
        masses_of_files([path], tmp_path)


def test_a_cutout_without_a_redshift_is_refused(networks, write_cutout, noise_maps):
    path = write_cutout(noise_maps[0])
    with pytest.raises(MapFileError, match="does not tell the cluster's redshift") as caught:
        masses_of_files([path], networks)
    assert (caught.value.file, caught.value.field) == (path, "Z")


@pytest.mark.parametrize("redshift", [0.0, 0.5, -1.0, np.nan])
def test_a_redshift_outside_every_bin_is_refused(networks, write_cutout, noise_maps, redshift):
    path = write_cutout(noise_maps[0], Z=0.15)
    with pytest.raises(ArgumentError, match="no network has learnt redshift") as caught:
        masses_of_files([path], networks, redshift=redshift)
    assert (caught.value.file, caught.value.field) == (path, "redshift")


@pytest.mark.parametrize(
    ("maps", "field"),
    [
        (lambda y: map_set(y, pixel=1.735 * u.arcmin), "pixel"),
        (lambda y: map_set(y, pixel=1.6 * u.arcmin), "pixel"),
        (lambda y: map_set(y[:, :64, :64]), "maps"),
        (lambda y: map_set(y * np.nan), "maps"),
        (lambda y: map_set(y * 1e6), "maps"),
        (lambda y: map_set(y * 0), "maps"),
    ],
)
def test_maps_that_the_networks_do_not_know_are_refused(networks, map_file, noise_maps, maps, field):
    path = map_file(maps(noise_maps))
    with pytest.raises(MapFileError) as caught:
        masses_of_files([path], networks)
    assert (caught.value.file, caught.value.field) == (path, field)
    assert caught.value.remedy


def test_a_pixel_within_one_per_cent_is_taken(networks, map_file, noise_maps):
    path = map_file(map_set(noise_maps[:1], pixel=0.02885 * u.deg))
    assert len(masses_of_files([path], networks)) == 1


def test_missing_files_and_others_are_refused(tmp_path, networks):
    other = tmp_path / "other.fits"
    other.write_bytes(b"not FITS at all")
    for path in (other, tmp_path / "missing.fits", tmp_path):
        with pytest.raises(MapFileError) as caught:
            masses_of_files([path], networks)
        assert caught.value.file == path
    with pytest.raises(ArgumentError, match="holds no file"):
        masses_of_files([], networks)


def test_a_mass_at_the_floor_of_a_network_is_marked(real_data, write_cutout):
    # a map of the noise's size without a cluster: network 2 returns the lowest masses that it knows, about 14.5
    empty = np.random.default_rng(1).normal(scale=1e-7, size=(96, 96))
    table = masses_of_files([write_cutout(empty, "empty.fits", NAME="A", Z=0.15)], real_data("deepplanck/weights"))
    assert 14.4 < table["log10_M500c"][0] < 14.6
    assert table["near_lowest"][0]
