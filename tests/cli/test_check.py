"""``szfast check``: what it finds, what it finds odd, and each kind of bad snapshot."""

from __future__ import annotations

import h5py
import numpy as np
import pytest


@pytest.fixture
def checked(szfast, as_json):
    """Check one snapshot: exit code and its entry of the JSON."""

    def run(path):
        result = szfast("check", path, "--json")
        (entry,) = as_json(result.out)
        return result.code, entry

    return run


def values(entry) -> dict[str, str]:
    return {row["quantity"]: row["value"] for row in entry["found"]}


def test_a_good_snapshot(checked, snapshot):
    code, entry = checked(snapshot)
    assert (code, entry["good"], entry["error"], entry["warnings"]) == (0, True, None, [])
    found = values(entry)
    # 400 particles of 3e10 Msun/h, with GADGET's solar mass of 1.989e33 g against the IAU's 1.98841e33 g
    assert found["gas particles"] == f"400, {400 * 3e10 / 0.7 * 1.989 / 1.98841:.5g} Msun"
    assert found["redshift"] == "0.25"
    assert found["box"] == "57.1429 Mpc, comoving"
    assert found["electrons per hydrogen"] == "1.1 to 1.1"
    # (gamma - 1) u mu m_p / k_B by hand
    kelvin = 2 / 3 * 6e11 * 4 / (1 + 3 * 0.76 + 4 * 0.76 * 1.1) * 1.67262192369e-27 / 1.380649e-23
    assert found["temperature"] == f"{kelvin:.3g} to {kelvin:.3g} K"


def test_neighbours_are_counted_across_the_periodic_edge(checked, write_snapshot, columns):
    # Every particle at one of two points across the box's corner, nearer to each other than the smoothing length.
    corner = np.where(np.arange(400)[:, None] % 2, 50.0, 39950.0) * np.ones(3)
    _, entry = checked(write_snapshot(columns={"Coordinates": corner}))
    assert values(entry)["neighbours"].startswith("400 within")


@pytest.mark.parametrize("electrons", [0.01, 0.88])
def test_hot_gas_that_is_not_ionised_is_bad(checked, write_snapshot, electrons):
    """0.88: per nucleon and not per hydrogen atom."""
    code, entry = checked(write_snapshot(columns={"ElectronAbundance": np.full(400, electrons)}))
    assert (code, entry["good"]) == (1, False)
    assert "electrons per hydrogen atom" in entry["error"]


def test_heated_gas_that_maps_leave_out_may_carry_the_electrons_of_cold_gas(checked, write_snapshot):
    """An early snapshot, whose only hot gas is what supernovae have just heated."""
    heated = np.arange(400) < 40
    columns = {
        "StarFormationRate": np.where(heated, 0.5, 0.0),
        "InternalEnergy": np.where(heated, 6e5, 1e3),
        "ElectronAbundance": np.where(heated, 0.1, 1.1),
    }
    code, entry = checked(write_snapshot(columns=columns))
    assert (code, entry["good"]) == (0, True), entry["error"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ElectronAbundance": None}, "no electron fraction in the file"),
        ({"ElectronAbundance": np.full(400, 0.01), "InternalEnergy": np.full(400, 1e3)}, "no gas is ionised"),
        ({"StarFormationRate": np.where(np.arange(400) < 4, 0.5, 0.0)}, "1.00% of the gas mass is left out"),
        ({"SmoothingLength": None}, "it is computed from mass and density"),
        ({"SmoothingLength": np.full(400, 100.0)}, "--smoothing-scale"),
        ({"InternalEnergy": np.where(np.arange(400) < 300, 1e-2, 6e5)}, "75.0% of the gas particles are colder"),
        ({"InternalEnergy": np.where(np.arange(400) < 3, 1e8, 6e5)}, "3 gas particles are hotter than 1e9 K"),
        ({"InternalEnergy": np.full(400, 1e3)}, "no gas is hotter than 1e6 K"),
        ({"Masses": np.full(400, 5e3), "Density": np.full(400, 1.33e-3)}, "of all matter in the box"),
    ],
)
def test_odd(checked, write_snapshot, changes, told):
    code, entry = checked(write_snapshot(columns=changes))
    assert (code, entry["good"]) == (0, True), entry["error"]
    assert any(told in warning for warning in entry["warnings"]), entry["warnings"]


def _truncated(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _other_format(path):
    path.write_text("not a snapshot\n")


def _spoilt(name, value):
    def spoil(path):
        with h5py.File(path, "r+") as file:
            file[f"PartType0/{name}"][7] = value

    return spoil


def _attribute(group, name, value):
    def change(path):
        with h5py.File(path, "r+") as file:
            file[group].attrs[name] = value

    return change


def _absent(name):
    def delete(path):
        with h5py.File(path, "r+") as file:
            del file[f"PartType0/{name}"]

    return delete


BAD = {
    "truncated": (_truncated, []),
    "missing file": (lambda path: path.unlink(), []),
    "missing part": (_attribute("Header", "NumFilesPerSnapshot", 2), ["NumFilesPerSnapshot"]),
    "counts": (_attribute("Header", "NumPart_ThisFile", [401, 0]), ["401", "400"]),
    "absent field": (_absent("InternalEnergy"), ["InternalEnergy"]),
    "NaN mass": (_spoilt("Masses", np.nan), ["Masses"]),
    "negative mass": (_spoilt("Masses", -1.0), ["Masses"]),
    "NaN energy": (_spoilt("InternalEnergy", np.nan), ["InternalEnergy"]),
    "negative energy": (_spoilt("InternalEnergy", -1.0), ["InternalEnergy"]),
    "NaN h": (_spoilt("SmoothingLength", np.nan), ["SmoothingLength"]),
    "negative h": (_spoilt("SmoothingLength", -1.0), ["SmoothingLength"]),
    "NaN position": (_spoilt("Coordinates", np.nan), ["Coordinates"]),
    "electron fraction": (_spoilt("ElectronAbundance", 7.0), ["electron fraction"]),
    "HubbleParam 0": (_attribute("Parameters", "HubbleParam", 0.0), ["HubbleParam"]),
    "HubbleParam negative": (_attribute("Parameters", "HubbleParam", -0.7), ["HubbleParam"]),
    "implausible unit": (_attribute("Parameters", "UnitLength_in_cm", 3.085678e24), ["UnitLength", "kpc"]),
    "unknown format": (_other_format, []),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_snapshots(szfast, as_json, snapshot, kind):
    spoil, told = BAD[kind]
    spoil(snapshot)
    result = szfast("check", snapshot, "--json")
    assert result.code == 1
    (entry,) = as_json(result.out)
    assert not entry["good"]
    for words in [str(snapshot.parent), "Remedy: ", *told]:
        assert words in entry["error"]
    assert result.err.count("error: ") == 1


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind not in {"electron fraction"}])
def test_bad_snapshots_make_no_maps(one_error, snapshot, one_view, tmp_path, kind):
    spoil, told = BAD[kind]
    spoil(snapshot)
    output = tmp_path / "maps.fits"
    options = ("--radius", "5 Mpc", "--sightlines", one_view, "-o", output)
    message = one_error("maps", snapshot, "--center", "10 Mpc/h,20 Mpc/h,30 Mpc/h", *options)
    for words in [str(snapshot.parent), *told]:
        assert words in message
    assert not output.exists()


def test_one_bad_snapshot_does_not_stop_the_others(szfast, write_snapshot, tmp_path):
    first, last = write_snapshot("first.hdf5"), write_snapshot("last.hdf5")
    result = szfast("check", first, tmp_path / "nowhere", last)
    assert result.code == 1
    assert result.out.count("gas particles") == 2
    assert result.err.startswith("error: ")
    assert "nowhere" in result.err


def test_every_part_is_read(szfast, real_data, tmp_path, as_json):
    source = real_data("gadget4/box_coolsf/snapdir_002")
    for part in source.iterdir():
        (tmp_path / part.name).write_bytes(part.read_bytes())
    last = max(tmp_path.glob("*.1.hdf5"))
    with h5py.File(last, "r+") as file:
        file["PartType0/Masses"][-1] = np.nan
    result = szfast("check", tmp_path, "--json")
    assert result.code == 1
    (entry,) = as_json(result.out)
    assert last.name in entry["error"]
    assert "Masses" in entry["error"]


@pytest.mark.parametrize(
    ("name", "particles", "odd"),
    [
        ("the300/snap_Gadget_sample", "36562", ["--smoothing-scale", "3 star-forming"]),
        ("gadget4/box/snapshot_002.hdf5", "32768", ["no electron fraction"]),
        ("gadget4/box/snapshot_003.hdf5", "32768", ["no electron fraction"]),
        ("gadget4/box_coolsf/snapdir_002", "32768", []),
    ],
)
def test_real_snapshots(checked, real_data, name, particles, odd):
    code, entry = checked(real_data(name))
    assert code == 0
    assert values(entry)["gas particles"].startswith(particles)
    assert len(entry["warnings"]) == len(odd)
    told = " ".join(entry["warnings"])
    for words in odd:
        assert words in told
