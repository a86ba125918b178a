"""make_maps and map files: conventions, metadata, what goes wrong."""

from __future__ import annotations

import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from astropy.io import fits
from direct import direct_map

import szfast
from szfast.errors import ArgumentError, MapFileError
from szfast.maps.reference import project_directly

COSMOLOGY = FlatLambdaCDM(67.77, 0.307115)


def cloud(count=3000, seed=1, scale_kpc=700.0, **options):
    rng = np.random.default_rng(seed)
    given = {
        "position": rng.normal(scale=scale_kpc, size=(count, 3)) * u.kpc,
        "mass": rng.uniform(1e9, 3e9, count) * u.Msun,
        "temperature": rng.uniform(1, 9, count) * u.keV,
        "smoothing_length": rng.uniform(20, 900, count) * u.kpc,
        "redshift": 0.2,
        "cosmology": COSMOLOGY,
    }
    return szfast.Gas.from_arrays(**(given | options))


def test_one_call_gives_27_planck_maps():
    maps = szfast.make_maps(cloud())
    assert maps.y.shape == (27, 96, 96)
    assert maps.y.dtype == np.float32
    assert maps.noise == "milca"
    assert maps.redshift == 0.2
    distance = COSMOLOGY.angular_diameter_distance(0.2)
    assert maps.pixel_size.to_value("kpc") == pytest.approx((distance * 1.717 * u.arcmin.to(u.rad)).to_value("kpc"))


@pytest.mark.parametrize(("method", "rtol"), [("exact", 1e-5), ("beam", 1e-4)])
def test_clean_maps_conserve_what_falls_inside(method, rtol):
    gas = cloud()
    maps = szfast.make_maps(gas, noise=None, method=method)
    total = gas.compton_y_area.sum().to_value("kpc2")
    # Y enters the projection in float32
    np.testing.assert_allclose(maps.conserved.loaded_kpc2, total, rtol=1e-6)
    np.testing.assert_allclose(maps.conserved.patch_kpc2, total, rtol=1e-6)
    # all of this cloud is in the field, and so is its beam; slices of a mesh interpolate to 2.4e-5 an axis
    np.testing.assert_allclose(maps.compton_y_area.to_value("kpc2"), total, rtol=rtol)


def test_maps_are_the_direct_sum_behind_the_beam():
    gas = cloud(200, smoothing_length=np.linspace(150, 900, 200) * u.kpc)
    maps = szfast.make_maps(gas, noise=None, sightlines="euler27", rtol=1e-5)
    planck, fine = szfast.PLANCK, 4
    n = planck.padded_size * fine
    k = [2 * np.pi * f(n, 1 / fine) for f in (np.fft.fftfreq, np.fft.rfftfreq)]
    sigma = planck.beam_sigma_arcmin / planck.pixel_arcmin
    # finer pixels hardly move a particle; their own mean is replaced by that over the map's
    along = [
        np.exp(-0.5 * (q * sigma) ** 2 + 0.5j * (1 - 1 / fine) * q)
        * np.sinc(q / 2 / np.pi)
        / np.sinc(q / 2 / np.pi / fine)
        for q in k
    ]
    for view in (0, 14):
        direct = project_directly(gas, maps.views[view], pixels=n, pixel_kpc=maps.pixel_kpc / fine, points=10)
        modes = np.fft.rfft2(direct * (fine / maps.pixel_kpc) ** 2) * along[0][:, None] * along[1]
        seen = np.fft.irfft2(modes, s=(n, n))[64:-64:fine, 64:-64:fine]
        # what the finer pixels leave of the narrowest, h = 1.7 of them
        assert np.abs(maps.y[view] - seen).max() < 5e-5 * seen.max()


def test_the_reference_is_an_independent_quadrature():
    gas = cloud(40)
    found = project_directly(gas, np.eye(3), pixels=24, pixel_kpc=200.0, points=24)
    x, y, _ = gas.offset_kpc.T / 200.0 + 12
    truth = direct_map("cubic", x, y, gas.smoothing_length_kpc / 200.0, gas.compton_y_kpc2(), 24, step=0.05)
    # midpoints, 24 to a pixel
    assert np.abs(found - truth).max() < 1e-3 * truth.max()


def test_the_cluster_is_between_the_central_pixels():
    gas = cloud(1, position=[[0.0, 0, 0]] * u.kpc, smoothing_length=[1.0] * u.kpc)
    y = szfast.make_maps(gas, noise=None).y[5]
    j, i = np.mgrid[:96, :96]
    center = [(y * axis).sum() / y.sum() for axis in (i, j)]
    np.testing.assert_allclose(center, 47.5, atol=1e-4)


def test_image_axes_are_the_views_columns():
    gas = cloud(1, position=[[900.0, 0, 0]] * u.kpc, smoothing_length=[800.0] * u.kpc)
    maps = szfast.make_maps(gas, noise=None)
    j, i = np.mgrid[:96, :96]
    for view, y in zip(maps.views, maps.y, strict=True):
        center = np.array([(y * axis).sum() / y.sum() - 47.5 for axis in (i, j)]) * maps.pixel_kpc
        # the pixels of a kernel of five pixels' width have its centroid to a thousandth
        np.testing.assert_allclose(center, 900 * view[0, :2], atol=1e-3 * maps.pixel_kpc)


def test_wcs_puts_the_cluster_at_the_centre():
    wcs = szfast.make_maps(cloud(50)).wcs
    sky = wcs.pixel_to_world(47.5, 47.5)
    assert sky.ra.wrap_at("180d").deg == pytest.approx(0, abs=1e-9)
    assert sky.dec.deg == pytest.approx(0, abs=1e-9)
    side = wcs.pixel_to_world(47.5, 48.5).separation(sky)
    assert side.to_value("arcmin") == pytest.approx(1.717, rel=1e-6)


def test_seen_from_farther_away_it_is_smaller_and_keeps_its_y():
    gas = cloud()
    near, far = (szfast.make_maps(gas, redshift=z, noise=None, rtol=1e-4) for z in (0.1, 0.6))
    assert far.pixel_kpc > 3 * near.pixel_kpc
    np.testing.assert_allclose(far.compton_y_area.value, near.compton_y_area.value, rtol=1e-4)


def test_centre_is_comoving_and_wrapped():
    gas = cloud(2000, center=[100.0, 200.0, 300.0] * u.kpc)
    moved = cloud(2000, center=[100.0, 200.0, 300.0] * u.kpc)
    shift_kpc = np.array([50.0, -80.0, 20.0])
    moved.offset_kpc = moved.offset_kpc - shift_kpc
    comoving = gas.center + shift_kpc * 1.2 * u.kpc
    expected = szfast.make_maps(moved, noise=None).y
    tolerance = 1e-5 * expected.max()
    np.testing.assert_allclose(szfast.make_maps(gas, center=comoving, noise=None).y, expected, atol=tolerance)
    little_h = comoving.to(u.kpc / cu.littleh, cu.with_H0(COSMOLOGY.H0))
    np.testing.assert_allclose(szfast.make_maps(gas, center=little_h, noise=None).y, expected, atol=tolerance)
    gas.box_size_kpc = 1000.0
    image = comoving + [1000, -2000, 0] * u.kpc
    np.testing.assert_allclose(szfast.make_maps(gas, center=image, noise=None).y, expected, atol=tolerance)


def test_depth_leaves_out_what_is_beyond():
    gas = cloud()
    all_of_it, slab = (szfast.make_maps(gas, noise=None, depth=depth) for depth in (None, 800 * u.kpc))
    along = np.abs(gas.offset_kpc @ slab.views[3][:, 2])
    truth = gas.compton_y_kpc2()[along <= 400].sum()
    assert slab.conserved.loaded_kpc2[3] == pytest.approx(truth, rel=1e-6)
    assert all_of_it.conserved.loaded_kpc2[3] > 1.5 * truth


def test_same_key_same_maps():
    gas = cloud()
    first = szfast.make_maps(gas, seed=3, cluster=128000000000001, threads=1)
    again = szfast.make_maps(gas, seed=3, cluster=128000000000001, threads=3)
    np.testing.assert_array_equal(first.y, again.y)
    for change in ({"seed": 4}, {"cluster": 1}, {"realisation": 1}):
        other = szfast.make_maps(gas, **({"seed": 3, "cluster": 128000000000001} | change))
        assert not np.array_equal(first.y, other.y)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"redshift": 0}, "'redshift': expected a number from 0.001"),
        ({"redshift": float("nan")}, "'redshift'"),
        ({"redshift": 0.1 * u.Mpc}, "'redshift'"),
        ({"center": [1, 2, 3]}, "'center': expected a quantity"),
        ({"center": [1, 2] * u.kpc}, r"'center': expected shape \(3,\)"),
        ({"center": [1, 2, np.nan] * u.kpc}, "'center': holds values that are not finite"),
        ({"depth": 5.0}, "'depth': expected a quantity"),
        ({"depth": -1 * u.Mpc}, "'depth': expected a positive"),
        ({"method": "fast"}, "'method': expected one of auto, exact, beam"),
        ({"radius": 1 * u.Mpc}, "'radius': expected with a snapshot"),
        ({"seed": -1}, "'seed'"),
        ({"snapshot": "x"}, "'gas': expected gas or a snapshot"),
        ({"electrons": 0.5}, "'electrons': expected with a snapshot"),
        ({"instrument": "Planck"}, "'instrument': expected an Instrument, found str"),
        ({"halo": 0}, "'halo': expected one row of a halo table, found int"),
        ({"cosmology": FlatLambdaCDM(70, 0.3)}, "'cosmology': the cosmology given has Om0"),
        ({"sightlines": "hemisphere"}, "'sightlines'"),
    ],
)
def test_bad_arguments_are_refused(change, says):
    with pytest.raises(ArgumentError, match=says):
        szfast.make_maps(cloud(10), **change)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("smoothing_length_kpc", lambda values: np.where(np.arange(10) == 3, np.nan, values)),
        ("smoothing_length_kpc", lambda values: values - 1e9),
        ("temperature_k", lambda values: -values),
        ("mass_msun", lambda values: values.astype(np.float64) * 1e100),
        ("offset_kpc", lambda values: values * np.inf),
        ("offset_kpc", lambda values: values[:, :2]),
        ("electrons_per_hydrogen", lambda values: values[:9]),
        ("hydrogen_fraction", lambda values: values.astype(str)),
    ],
)
def test_particles_that_were_changed_after_reading_are_checked(name, change):
    gas = cloud(10)
    setattr(gas, name, change(getattr(gas, name)))
    with pytest.raises(ArgumentError, match="found") as error:
        szfast.make_maps(gas)
    assert error.value.field == f"gas.{name}"
    assert error.value.remedy


@pytest.mark.parametrize("redshift", [1e-12, 9e-4])
def test_a_cluster_that_is_too_near(redshift):
    """Each particle would cover the whole map, which takes minutes."""
    for given in ({"gas": cloud(10), "redshift": redshift}, {"gas": cloud(10, redshift=redshift)}):
        with pytest.raises(ArgumentError) as error:
            szfast.make_maps(**given)
        assert error.value.field == "redshift"


@pytest.mark.parametrize("name", ["snäp 日本", "a | b", "line\nline", "\udcff\udcfe", r"back\slash", "[/red]"])
def test_names_of_any_letters_come_into_files_and_back(tmp_path, name):
    """A FITS header takes printable ASCII alone: the maps of an hour were lost over a letter."""
    gas = cloud(10)
    gas.path = tmp_path / name
    made = szfast.make_maps(gas, noise=None, sightlines=np.eye(3)[None], name=name)
    (back,) = szfast.read_maps(szfast.write_maps(tmp_path / "maps.fits", made))
    assert back.name == name
    assert back.assumptions == made.assumptions


def test_a_cluster_at_redshift_zero_needs_a_distance():
    with pytest.raises(ArgumentError, match="at redshift 0, where a cluster has no distance") as error:
        szfast.make_maps(cloud(10, redshift=0.0))
    assert "redshift=0.1" in error.value.remedy


def test_the_snapshots_own_cosmology_may_be_repeated():
    szfast.make_maps(cloud(10), cosmology=FlatLambdaCDM(67.8, 0.3072))


def test_a_file_gives_back_the_maps(tmp_path):
    gas = cloud()
    noisy = szfast.make_maps(gas, seed=2**64 - 1, cluster=7, realisation=5, name="a cluster")
    clean = szfast.make_maps(gas, noise=None, sightlines=szfast.make_maps(cloud(5)).views[:3])
    path = szfast.write_maps(tmp_path / "maps.fits", [noisy, clean])
    back = szfast.read_maps(path)
    assert len(back) == 2
    for made, read in zip((noisy, clean), back, strict=True):
        np.testing.assert_array_equal(made.y, read.y)
        np.testing.assert_array_equal(made.views, read.views)
        np.testing.assert_array_equal(made.conserved.patch_kpc2, read.conserved.patch_kpc2)
        assert made.provenance() == read.provenance()
        assert read.instrument.pixel == szfast.PLANCK.pixel
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_readable_without_szfast(tmp_path):
    maps = szfast.make_maps(cloud(), name="cl")
    path = szfast.write_maps(tmp_path / "maps.fits", maps)
    with fits.open(path, checksum=True) as hdus:
        assert hdus[0].data is None
        header = hdus[1].header
        assert hdus[1].data.shape == (27, 96, 96)
        assert header["ELECTRON"] == maps.electron_model
        assert header["KERNEL"] == "cubic"
        assert header["VERSION"] == szfast.__version__
        assert (header["CRPIX1"], header["CRPIX2"]) == (48.5, 48.5)
        assert hdus[2].data["rotation"].shape == (27, 3, 3)
        np.testing.assert_array_equal(hdus[2].data["rotation"], maps.views)


def test_a_file_is_not_overwritten_unasked(tmp_path):
    maps = szfast.make_maps(cloud(5))
    path = szfast.write_maps(tmp_path / "maps.fits", maps)
    with pytest.raises(MapFileError, match="exists already"):
        szfast.write_maps(path, maps)
    szfast.write_maps(path, maps, overwrite=True)


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    with pytest.raises(MapFileError, match="cannot be written"):
        szfast.write_maps(tmp_path / "absent" / "maps.fits", szfast.make_maps(cloud(5)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["absent", "text", "truncated", "flipped", "other"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "maps.fits"
    if damage == "text":
        path.write_text("not FITS at all")
    elif damage == "other":
        fits.PrimaryHDU(np.zeros((4, 4))).writeto(path)
    elif damage != "absent":
        szfast.write_maps(path, szfast.make_maps(cloud(5)))
        content = bytearray(path.read_bytes())
        if damage == "flipped":
            content[20000] ^= 0x40
        path.write_bytes(content[: len(content) // 2] if damage == "truncated" else content)
    with pytest.raises(MapFileError) as error:
        szfast.read_maps(path)
    assert error.value.file == path
    assert error.value.remedy


def test_the_contact_sheet_shows_every_view(tmp_path):
    pytest.importorskip("matplotlib")
    from szfast.maps.picture import contact_sheet, save_figure

    maps = szfast.make_maps(cloud())
    figure = contact_sheet(maps)
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert len(shown) == 27
    np.testing.assert_allclose(shown[4], 1e5 * maps.y[4])
    path = save_figure(figure, tmp_path / "sheet.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(MapFileError, match="cannot be saved as"):
        save_figure(figure, tmp_path / "sheet.doc")


def test_long_names_fit_into_the_file(tmp_path):
    angles = tmp_path / ("angles" * 20 + ".txt")
    angles.write_text("0 0 0\n")
    maps = szfast.make_maps(cloud(5), sightlines=angles, name="a name " * 20)
    back = szfast.read_maps(szfast.write_maps(tmp_path / "maps.fits", maps))[0]
    assert back.sightlines == angles.name
    assert back.name == maps.name.strip()


def test_a_path_in_place_of_gas_is_refused():
    with pytest.raises(ArgumentError, match="expected a Gas, found str") as error:
        szfast.make_maps("snapshot.hdf5", redshift=0.1)
    assert "snapshot=" in error.value.remedy


def test_a_whole_table_in_place_of_a_halo_is_refused():
    from astropy.table import QTable

    halos = QTable({"id": [1, 2], "center": np.zeros((2, 3)) * u.kpc, "redshift": [0.2, 0.2]})
    with pytest.raises(ArgumentError, match="'halo': expected one row") as error:
        szfast.make_maps(cloud(5), halo=halos)
    assert "halos[0]" in error.value.remedy


def test_different_clusters_have_different_noise_unasked():
    from pathlib import Path

    first, other = cloud(5), cloud(5)
    other.path = Path("elsewhere/snap_001.hdf5")
    moved = cloud(5, center=[50.0, 0, 0] * u.kpc)
    keys = [szfast.make_maps(gas).key.cluster for gas in (first, other, moved, cloud(5))]
    assert len(set(keys[:3])) == 3
    assert keys[3] == keys[0]


def test_a_file_says_what_was_read_and_assumed(tmp_path):
    gas = cloud(50)
    gas.radius_kpc = 4000.0
    maps = szfast.make_maps(gas, depth=3 * u.Mpc)
    back = szfast.read_maps(szfast.write_maps(tmp_path / "maps.fits", maps))[0]
    assert (back.depth_kpc, back.radius_kpc) == (3000.0, 4000.0)
    assert back.assumptions == maps.assumptions
    assert ("electron model", "fully_ionised", "arrays") in back.assumptions


def test_a_centre_off_the_gas_is_warned_of(caplog):
    gas = cloud(500, scale_kpc=200.0)
    szfast.make_maps(gas)
    assert "check the centre" not in caplog.text
    szfast.make_maps(gas, center=gas.center + [13, 13, 13] * u.Mpc)
    assert "brightest far from the centre" in caplog.text


def test_only_map_sets_are_written_and_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    from szfast.maps.picture import contact_sheet

    maps = szfast.make_maps(cloud(5))
    with pytest.raises(MapFileError, match="expected the MapSet"):
        szfast.write_maps(tmp_path / "maps.fits", maps.y)
    with pytest.raises(ArgumentError, match="found list"):
        contact_sheet([maps])
