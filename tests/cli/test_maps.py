"""``szfast maps`` against the same steps through the library, and its refusals."""

from __future__ import annotations

import re

import astropy.units as u
import numpy as np
import pytest

import szfast as library
from szfast.maps.observation import patch_radius_kpc, pixel_size_kpc
from szfast.snapshots import open_snapshot


def test_haloes_are_mapped_heaviest_first_with_their_own_noise(
    szfast, snapshot, catalogue, one_view, tmp_path, as_json
):
    output = tmp_path / "maps.fits"
    result = szfast(
        "maps", snapshot, "--halos", catalogue, "--sightlines", one_view, "--seed", 4, "--json", "-o", output
    )
    assert result.code == 0, result.err
    sets = library.read_maps(output)
    answer = as_json(result.out)
    assert len({each.key.cluster for each in sets}) == 2
    assert [each["M500c_Msun"] for each in answer["clusters"]] == pytest.approx([3e14, 2e14], rel=1e-12)
    assert [each.name for each in sets] == ["snapshot_010 halo 5", "snapshot_010 halo 77"]
    header = open_snapshot(snapshot).header
    pixel_kpc = pixel_size_kpc(library.PLANCK, header.cosmology, 0.25)
    radius = patch_radius_kpc(library.PLANCK, pixel_kpc) * u.kpc
    halos = library.read_halos(catalogue, snapshot=snapshot, min_mass=1e14 * u.Msun)
    for each, halo in zip(sets, halos, strict=True):
        expected = library.make_maps(snapshot=snapshot, halo=halo, radius=radius, sightlines=one_view, seed=4)
        np.testing.assert_array_equal(each.y, expected.y)
    assert sets[0].noise == "milca"
    assert "fully_ionised" not in result.err


@pytest.mark.parametrize(
    ("center", "kpc_cm"),
    [
        # the snapshot's own kpc is 3.085678e21 cm, astropy's 3.0856775815e21 cm
        ("10000,20000,30000", 3.085678e21),
        ("10,20,30 Mpc/littleh", 3.0856775814913673e21),
        ("10000 kpc/h,20 Mpc/h,30 Mpc/h", 3.0856775814913673e21),
    ],
)
def test_centre(szfast, snapshot, one_view, tmp_path, center, kpc_cm):
    output = tmp_path / "maps.fits"
    options = ("--noise", "none", "--redshift", 0.1, "--radius", "2 Mpc", "--depth", "3 Mpc", "--sightlines", one_view)
    result = szfast("maps", snapshot, "--center", center, *options, "-o", output)
    assert result.code == 0, result.err
    expected = library.make_maps(
        snapshot=snapshot,
        center=[1e4, 2e4, 3e4] * u.cm * kpc_cm / 0.7,
        radius=2 * u.Mpc,
        depth=3 * u.Mpc,
        redshift=0.1,
        noise=None,
        sightlines=one_view,
    )
    (made,) = library.read_maps(output)
    # the centre's last bit may differ
    np.testing.assert_allclose(made.y, expected.y, atol=1e-6 * expected.y.max(), rtol=0)
    assert made.redshift == 0.1
    assert str(output) in result.out


def test_compton_y_of_all_gas_is_that_of_the_particles(szfast, snapshot, one_view, tmp_path, as_json):
    options = ("--noise", "none", "--radius", "3 Mpc", "--electrons", "1.1", "--sightlines", one_view, "--json")
    result = szfast("maps", snapshot, "--center", "10000,20000,30000", *options, "-o", tmp_path / "maps.fits")
    # Y of SCIENCE section 1 by hand: 200 particles of 3e10 Msun/h, u = 6e5 (km/s)^2, x_e = 1.1, X_H = 0.76
    sigma_t, proton, electron = 6.6524587321e-29 * u.m**2, 1.67262192369e-27 * u.kg, 8.1871057769e-14 * u.J
    mean_molecular_weight = 4 / (1 + 3 * 0.76 + 4 * 0.76 * 1.1)
    thermal = (2 / 3) * 6e5 * (u.km / u.s) ** 2 * mean_molecular_weight * proton
    number = 1.1 * 0.76 * 200 * 3 * 1.989e43 * u.g / 0.7 / proton
    area = (sigma_t * thermal / electron * number).to_value("Mpc2")
    # masses and energies are float32 in the file
    assert as_json(result.out)["clusters"][0]["Y_patch_Mpc2"] == pytest.approx(area, rel=2e-6)


def test_synthetic(szfast, one_view, tmp_path, as_json):
    output = tmp_path / "maps.fits"
    result = szfast("maps", "--synthetic", "--redshift", 0.4, "--sightlines", one_view, "--json", "-o", output)
    assert result.code == 0, result.err
    (cluster,) = as_json(result.out)["clusters"]
    assert (cluster["redshift"], cluster["views"], cluster["M500c_Msun"]) == (0.4, 1, 8e14)
    cosmology = library.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.4, particles=100).cosmology
    sphere = 4 / 3 * np.pi * (cluster["R500c_kpc"] * u.kpc) ** 3 * 500 * cosmology.critical_density(0.4)
    # G and the solar mass of astropy against those of szfast
    assert sphere.to_value("Msun") == pytest.approx(8e14, rel=1e-4)
    assert "fully_ionised" in result.err


@pytest.mark.parametrize("method", ["exact", "beam", "auto"])
def test_method_and_bound_are_told(szfast, snapshot, one_view, tmp_path, method, as_json):
    output = tmp_path / "maps.fits"
    options = ("--radius", "3 Mpc", "--sightlines", one_view, "--method", method, "--rtol", "0.01", "-o", output)
    result = szfast("maps", snapshot, "--center", "10000,20000,30000", *options)
    assert result.code == 0, result.err
    (made,) = library.read_maps(output)
    assert f"method {made.method}" in result.out
    if method != "auto":
        assert made.method == method
    if made.bound is not None:
        assert made.bound <= 0.01
        assert f"error at most {made.bound:.1e} of the peak" in result.out


def test_profile(szfast, snapshot, catalogue, one_view, tmp_path, as_json):
    options = ("--halos", catalogue, "--sightlines", one_view, "--profile", "-o", tmp_path / "maps.fits")
    result = szfast("maps", snapshot, *options)
    assert result.code == 0, result.err
    for line in ("reading", "projection", "beam", "noise", "writing", "total"):
        assert re.search(rf"│ {line} +│ +\d+\.\d{{3}} +│ +\d+\.\d%", result.out), line
    result = szfast("maps", snapshot, *options, "--json", "--overwrite")
    profile = as_json(result.out)["profile"]
    stages = [seconds for name, seconds in profile.items() if name != "total"]
    assert len(stages) == 5
    # what the profile makes for itself, and the command's own work, is in the total alone
    assert 0 < sum(stages) < profile["total"]


def test_subsampled_smoothing_lengths_are_warned_of(szfast, write_snapshot, columns, one_view, tmp_path):
    """One particle in fifty, fifty times as heavy, with the smoothing lengths of all."""
    options = ("--center", "10000,20000,30000", "--radius", "3 Mpc", "--sightlines", one_view)
    result = szfast("maps", write_snapshot(), *options, "-o", tmp_path / "all.fits")
    assert "smoothing-scale" not in result.err
    few = {"SmoothingLength": columns["SmoothingLength"] / 50 ** (1 / 3), "Density": columns["Density"] * 50}
    result = szfast("maps", write_snapshot("few.hdf5", columns=few), *options, "-o", tmp_path / "few.fits")
    assert "warning: " in result.err
    assert "where 30 to 400 are usual" in result.err
    assert "--smoothing-scale" in result.err


def test_a_centre_without_a_cluster_is_warned_of(szfast, snapshot, one_view, tmp_path):
    """The first cluster's centre, and the same numbers in Mpc/h taken as kpc/h."""
    options = ("--radius", "40 Mpc", "--sightlines", one_view, "-o")
    there = szfast("maps", snapshot, "--center", "10000,20000,30000", *options, tmp_path / "there.fits")
    assert (there.code, "--center" in there.err) == (0, False)
    lost = szfast("maps", snapshot, "--center", "10,20,30", *options, tmp_path / "lost.fits")
    assert lost.code == 0
    assert "warning: " in lost.err
    assert "no cluster is there. Check --center" in lost.err


def test_picture(szfast, snapshot, one_view, tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "views.png"
    options = ("--radius", "2 Mpc", "--sightlines", one_view, "--plot", picture)
    result = szfast("maps", snapshot, "--center", "10000,20000,30000", *options, "-o", tmp_path / "maps.fits")
    assert result.code == 0, result.err
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_summary_names_every_cluster(szfast, snapshot, catalogue, one_view, tmp_path):
    result = szfast("maps", snapshot, "--halos", catalogue, "--sightlines", one_view, "-o", tmp_path / "maps.fits")
    first, second, last = result.out.splitlines()
    assert first.startswith("snapshot_010 halo 5: M500c 3e+14 Msun, z = 0.25")
    assert second.startswith("snapshot_010 halo 77: M500c 2e+14 Msun")
    assert last == f"maps: {tmp_path / 'maps.fits'}"
    assert "from_file" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected a snapshot or --synthetic"),
        (["SNAPSHOT", "--synthetic"], "expected a snapshot or --synthetic"),
        (["SNAPSHOT"], "expected --halos CATALOGUE or --center X,Y,Z"),
        (["SNAPSHOT", "--halos", "CATALOGUE", "--center", "1,2,3"], "expected --halos CATALOGUE or --center X,Y,Z"),
        (["SNAPSHOT", "--center", "1,2,3", "--min-mass", "1e14"], "needs --halos"),
        (["SNAPSHOT", "--center", "1,2"], "three comoving coordinates"),
        (["SNAPSHOT", "--halos", "CATALOGUE", "--min-mass", "many"], "expected a mass"),
        (["SNAPSHOT", "--center", "1,2,3", "--radius", "5 s"], "'s' is no unit like kpc"),
        (["--synthetic", "--radius", "5 Mpc"], "no meaning with --synthetic"),
        (["--synthetic", "--center", "1,2,3"], "no meaning with --synthetic"),
        (["--synthetic", "--electrons", "1.1"], "no meaning with --synthetic"),
        (["--synthetic", "--depth", "5"], "no snapshot whose unit"),
        (["--synthetic", "--threads", "-1"], "--threads"),
        (["--synthetic", "--redshift", "near"], "--redshift"),
    ],
)
def test_usage_errors(szfast, snapshot, catalogue, tmp_path, arguments, told):
    output = tmp_path / "maps.fits"
    named = {"SNAPSHOT": snapshot, "CATALOGUE": catalogue}
    result = szfast("maps", *(named.get(argument, argument) for argument in arguments), "-o", output)
    assert result.code == 2
    assert told in result.err
    assert not output.exists()


def test_redshift_zero_asks_for_one(one_error, write_snapshot, tmp_path):
    path = write_snapshot(header={"Time": 1.0, "Redshift": 0.0})
    message = one_error(
        "maps", path, "--center", "10000,20000,30000", "--radius", "1 Mpc", "-o", tmp_path / "maps.fits"
    )
    assert "'--redshift'" in message
    assert message.endswith("for example --redshift 0.1.")


@pytest.mark.parametrize("redshift", ["0", "-0.1", "25"])
def test_redshift_out_of_range(szfast, tmp_path, redshift):
    result = szfast("maps", "--synthetic", "--redshift", redshift, "-o", tmp_path / "maps.fits")
    assert result.code == 1
    assert "from 0.001 to 20" in result.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--center", "10000,20000,50000"], ["'--center'", "outside the box", "mind the factor h"]),
        (["--center", "25000,5000,5000", "--radius", "10 kpc"], ["no gas within 10 kpc", "Coordinates"]),
        (["--halos", "CATALOGUE", "--min-mass", "4e14"], ["halos.csv", "the heaviest has 3e+14 Msun", "--min-mass"]),
        (["--halos", "nowhere.csv"], ["nowhere.csv", "no such file"]),
        (["--center", "1,2,3", "--electrons", "most"], ["'--electrons'", "fully_ionised"]),
        (["--center", "1,2,3", "--electrons", "7"], ["'--electrons'", "[0, 1.3]"]),
        (["--center", "1,2,3", "--smoothing-scale", "0"], ["'--smoothing-scale'", "expected a number from"]),
        (["--center", "1,2,3", "--noise", "loud"], ["'noise'", "neither a noise preset nor a file", "milca"]),
        (["--center", "1,2,3", "--method", "fast"], ["'--method'", "auto, exact, beam"]),
        (["--center", "1,2,3", "--rtol", "2"], ["'--rtol'", "0.1"]),
        (["--center", "1,2,3", "--sightlines", "all"], ["'--sightlines'", "euler27"]),
    ],
)
def test_bad_input(szfast, snapshot, catalogue, tmp_path, arguments, told):
    output = tmp_path / "maps.fits"
    named = [catalogue if argument == "CATALOGUE" else argument for argument in arguments]
    result = szfast("maps", snapshot, *named, "-o", output)
    assert result.code == 1
    assert result.err.count("error: ") == 1
    for words in told:
        assert words in result.err
    assert not output.exists()


@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_a_file_that_exists_is_refused_before_any_work(one_error, tmp_path, option):
    files = {"-o": tmp_path / "maps.fits", "--plot": tmp_path / "views.png"}
    files[option].write_text("precious")
    # The snapshot does not exist, which work on it would tell.
    message = one_error("maps", "nowhere", "--center", "1,2,3", "--plot", files["--plot"], "-o", files["-o"])
    assert str(files[option]) in message
    assert "--overwrite" in message
    assert files[option].read_text() == "precious"


def test_overwrite(szfast, snapshot, one_view, tmp_path):
    output = tmp_path / "maps.fits"
    output.write_text("old")
    options = ("--radius", "2 Mpc", "--sightlines", one_view, "--overwrite", "-o", output)
    assert szfast("maps", snapshot, "--center", "10000,20000,30000", *options).code == 0
    assert len(library.read_maps(output)) == 1


def test_where_nothing_can_be_written(one_error, szfast, tmp_path):
    message = one_error("maps", "--synthetic", "-o", tmp_path / "absent" / "maps.fits")
    assert "there is no folder" in message
    assert szfast("maps", "--synthetic", "-o", tmp_path / "maps.png").code == 2


@pytest.mark.parametrize(
    ("box", "tables", "count"),
    [
        ("box/snapshot_003.hdf5", "box/fof_subhalo_tab_003.hdf5", 2),
        ("box_coolsf/snapdir_002", "box_coolsf/groups_002", 2),
    ],
)
def test_real_boxes(szfast, real_data, one_view, tmp_path, as_json, box, tables, count):
    options = ("--noise", "none", "--sightlines", one_view, "--json", "-o", tmp_path / "maps.fits")
    snapshot, halos = real_data(f"gadget4/{box}"), real_data(f"gadget4/{tables}")
    result = szfast("maps", snapshot, "--halos", halos, *options)
    assert result.code == 0, result.err
    masses = [cluster["M500c_Msun"] for cluster in as_json(result.out)["clusters"]]
    assert len(masses) >= count
    assert masses == sorted(masses, reverse=True)
    assert min(masses) >= 1e14


def test_real_cluster(szfast, real_data, one_view, tmp_path, as_json):
    snapshot = real_data("the300/snap_Gadget_sample")
    options = ("--redshift", 0.1, "--smoothing-scale", 3.684, "--noise", "none", "--sightlines", one_view, "--json")
    result = szfast("maps", snapshot, "--center", "2501.6,2497.2,2503.0", *options, "-o", tmp_path / "maps.fits")
    assert result.code == 0, result.err
    (cluster,) = as_json(result.out)["clusters"]
    # All gas along the line of sight, of which the sphere of R500 holds 6.216e-4 Mpc^2.
    assert 6.216e-4 < cluster["Y_patch_Mpc2"] < 1.6 * 6.216e-4
    assert cluster["center_comoving_kpc"] == pytest.approx(np.array([2501.6, 2497.2, 2503.0]) / 0.6777, rel=1e-6)
