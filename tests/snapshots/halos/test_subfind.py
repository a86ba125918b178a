"""FOF+SUBFIND tables: the real GADGET-4 boxes against their truth, and written ones that are wrong."""

from __future__ import annotations

import csv

import astropy.units as u
import h5py
import numpy as np
import pytest

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos import read_halos

BOXES = {
    ("box", "2"): "gadget4/box/fof_subhalo_tab_002.hdf5",
    ("box", "3"): "gadget4/box/fof_subhalo_tab_003",
    ("box_coolsf", "2"): "gadget4/box_coolsf/groups_002",
}


@pytest.mark.parametrize("box", BOXES, ids="-".join)
def test_real_boxes_match_their_truth_table(real_data, files, box):
    truth_path = real_data("gadget4/truth.csv")
    path = truth_path.parents[1] / BOXES[box]
    with truth_path.open() as file:
        truth = {int(r["group"]): r for r in csv.DictReader(file) if (r["box"], r["snap"]) == box}
    halos = read_halos(path, min_mass=5e13 / 0.6777 * u.Msun)
    assert sorted(halos["id"]) == sorted(truth)
    for halo in halos:
        row = {name: float(value) for name, value in truth[halo["id"]].items() if name != "box"}
        physical_kpc = files.LENGTH_KPC / (1 + row["redshift"])
        center = np.array([row["x"], row["y"], row["z"]]) * files.LENGTH_KPC
        # The table has six digits.
        assert halo["center"].to_value("kpc") == pytest.approx(center, rel=1e-5)
        assert halo["redshift"] == pytest.approx(row["redshift"], abs=1e-6)
        for name in ("M500c", "M200c"):
            assert halo[name].to_value("Msun") == pytest.approx(row[name] * 1e-10 * files.MASS_MSUN, rel=1e-5)
        for name in ("R500c", "R200c"):
            assert halo[name].to_value("kpc") == pytest.approx(row[name] * physical_kpc, rel=1e-5)
    assert (np.diff(halos["M500c"].value) <= 0).all()


def test_one_part_of_a_set_finds_the_others(real_data):
    folder = real_data("gadget4/box_coolsf/groups_002")
    whole = read_halos(folder)
    for name in ("fof_subhalo_tab_002.1.hdf5", "fof_subhalo_tab_002"):
        assert (read_halos(folder / name)["id"] == whole["id"]).all()


@pytest.mark.parametrize("units", [True, False], ids=["units", "default units"])
def test_written_tables_come_back(tmp_path, files, units):
    made = files.made()
    files.write_subfind(tmp_path / "fof_subhalo_tab_010.hdf5", made, units=units)
    halos = read_halos(tmp_path / "fof_subhalo_tab_010.hdf5")
    order = np.argsort(-made.m500)
    assert (halos["id"] == order).all()
    # float32 in the file.
    np.testing.assert_allclose(halos["center"].to_value("kpc"), made.position[order] * files.LENGTH_KPC, rtol=1e-6)
    np.testing.assert_allclose(halos["M500c"].to_value("Msun"), made.m500[order] * files.MASS_MSUN, rtol=1e-6)
    radius_kpc = made.r200[order] * files.LENGTH_KPC / (1 + files.REDSHIFT)
    np.testing.assert_allclose(halos["R200c"].to_value("kpc"), radius_kpc, rtol=1e-6)
    assert bool(halos.meta["assumptions"]) == (not units)


def test_groups_without_m500_are_left_out(tmp_path, files):
    made = files.made()
    for values in (made.m500, made.r500):
        values[2] = 0
    files.write_subfind(tmp_path / "tab.hdf5", made)
    assert sorted(read_halos(tmp_path / "tab.hdf5")["id"]) == [0, 1, 3, 4, 5]


def test_a_part_without_groups_is_no_error(tmp_path, files):
    made = files.made()
    files.write_subfind(tmp_path / "tab.0.hdf5", made, parts=2)
    files.write_subfind(tmp_path / "tab.1.hdf5", made.part(slice(0)), parts=2, total=6)
    assert len(read_halos(tmp_path / "tab.0.hdf5")) == 6


def test_a_packed_part_of_groups_without_m500_is_no_error(tmp_path, files):
    """30,000 of the smallest groups, none of which reaches 500 rho_c: zeros, which gzip packs a thousand times."""
    made, small = files.made(), 30_000
    files.write_subfind(tmp_path / "tab.0.hdf5", made, parts=2, total=len(made.m500) + small)
    files.write_subfind(tmp_path / "tab.1.hdf5", made, parts=2, total=len(made.m500) + small)
    with h5py.File(tmp_path / "tab.1.hdf5", "r+") as file:
        file["Header"].attrs["Ngroups_ThisFile"] = small
        for name in list(file["Group"]):
            values = file[f"Group/{name}"]
            shape, kind = (small, *values.shape[1:]), values.dtype
            del file[f"Group/{name}"]
            file.create_dataset(f"Group/{name}", data=np.zeros(shape, kind), chunks=shape, compression="gzip")
    assert len(read_halos(tmp_path)) == len(made.m500)


def test_parts_are_joined_by_number_and_not_by_name(tmp_path, files):
    made = files.made(12)
    for number in range(12):
        files.write_subfind(tmp_path / f"tab.{number}.hdf5", made.part([number]), parts=12, total=12)
    halos = read_halos(tmp_path)
    assert (halos["id"] == np.argsort(-made.m500)).all()


def _damage(change):
    def write(files, folder):
        path = folder / "tab.hdf5"
        files.write_subfind(path, files.made())
        with h5py.File(path, "r+") as file:
            change(file)
        return path

    return write


def _missing_part(files, folder):
    files.write_subfind(folder / "tab.0.hdf5", files.made(), parts=2, total=12)
    return folder / "tab.0.hdf5"


def _truncated(files, folder):
    path = folder / "tab.hdf5"
    files.write_subfind(path, files.made())
    path.write_bytes(path.read_bytes()[:3000])
    return path


def _header_set(name, value):
    return _damage(lambda file: file["Header"].attrs.__setitem__(name, value))


def _masses_set(name, value):
    return _damage(lambda file: file["Group"][name].__setitem__(1, value))


@pytest.mark.parametrize(
    ("write", "field", "says"),
    [
        (_missing_part, "NumFiles", "2 parts"),
        (_truncated, "tab.hdf5", "truncated"),
        (_damage(lambda file: file.__delitem__("Group/Group_R_Crit500")), "Group_R_Crit500", "absent"),
        (_header_set("Ngroups_Total", 7), "Ngroups_Total", "counts 7"),
        (_header_set("Ngroups_ThisFile", np.uint64(2**31 - 1)), "GroupPos", "expected shape"),
        (_header_set("HubbleParam", 0.0), "HubbleParam", "above 0"),
        (_header_set("HubbleParam", -0.7), "HubbleParam", "above 0"),
        (_header_set("Redshift", np.nan), "Redshift", "nan"),
        (_damage(lambda file: file["Header"].attrs.__delitem__("HubbleParam")), "HubbleParam", "absent"),
        (_masses_set("GroupPos", np.nan), "center", "not finite"),
        (_masses_set("GroupPos", 60000.0), "center", "outside the box"),
        (_masses_set("Group_M_Crit500", np.inf), "Group_M_Crit500", "zero or more"),
        (_masses_set("Group_R_Crit500", -1.0), "R500c", "positive"),
        (_masses_set("Group_R_Crit200", 1.0), "R200c", "other haloes fit"),
        (_damage(lambda file: file["Group/Group_M_Crit500"].__setitem__(..., 0)), "M500c", "no halo"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, files, write, field, says):
    path = write(files, tmp_path)
    with pytest.raises(HaloCatalogueError) as raised:
        read_halos(path)
    text = str(raised.value)
    assert str(tmp_path) in text
    assert field in text
    assert says in text


def test_folder_of_several_outputs_is_refused(tmp_path, files):
    for name in ("tab_001.hdf5", "tab_002.hdf5"):
        files.write_subfind(tmp_path / name, files.made())
    with pytest.raises(HaloCatalogueError, match="several outputs"):
        read_halos(tmp_path)
