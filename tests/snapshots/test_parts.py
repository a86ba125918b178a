"""Which files belong to a snapshot, and what happens where one is missing, doubled or foreign."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest

from szfast.errors import SnapshotError
from szfast.snapshots import open_snapshot

WRITERS = ["binary", "gadget", "swift"]


@pytest.mark.parametrize("writer", WRITERS)
def test_missing_part(tmp_path, written, code_gas, writer):
    path = getattr(written, writer)(tmp_path, code_gas, parts=3)
    missing = next(tmp_path.glob("snap_007.1*"))
    missing.unlink()
    for given in (path, tmp_path, next(tmp_path.glob("snap_007.2*"))):
        with pytest.raises(SnapshotError, match="part 1 of 3 is missing") as caught:
            open_snapshot(given)
        assert caught.value.file == missing
        assert caught.value.field == "NumFilesPerSnapshot"


def test_absurd_number_of_files(tmp_path, written, code_gas):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["NumFilesPerSnapshot"] = 2**31 - 1
    with pytest.raises(SnapshotError, match="no part number"):
        open_snapshot(path)
    path.rename(tmp_path / "snap.0.hdf5")
    with pytest.raises(SnapshotError, match="part 1 of 2147483647 is missing"):
        open_snapshot(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(SnapshotError, match="no such file") as caught:
        open_snapshot(tmp_path / "snap_000")
    assert caught.value.file == tmp_path / "snap_000"
    with pytest.raises(SnapshotError, match="no such file"):
        open_snapshot(tmp_path / "no_folder" / "snap_000")
    (tmp_path / "notes.txt").write_text("nothing of a snapshot")
    with pytest.raises(SnapshotError, match="holds no file"):
        open_snapshot(tmp_path)


def test_two_snapshots_in_a_folder(tmp_path, written, code_gas):
    path = written.gadget(tmp_path, code_gas)
    shutil.copy(path, tmp_path / "snap_008.hdf5")
    with pytest.raises(SnapshotError, match="2 snapshots fit: snap_007, snap_008"):
        open_snapshot(tmp_path)


def test_halo_catalogue_beside_the_snapshot(tmp_path, written, code_gas):
    written.gadget(tmp_path, code_gas, parts=2)
    with h5py.File(tmp_path / "fof_subhalo_tab_007.0.hdf5", "w") as file:
        file.create_group("Header").attrs["Ngroups_ThisFile"] = 3
    assert len(open_snapshot(tmp_path).parts) == 2


@pytest.mark.parametrize("writer", WRITERS)
def test_part_of_another_snapshot(tmp_path, written, code_gas, writer):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    path = getattr(written, writer)(tmp_path / "one", code_gas, parts=2)
    code_gas.time, code_gas.redshift = 0.5, 1.0
    getattr(written, writer)(tmp_path / "other", code_gas, parts=2)
    foreign = next((tmp_path / "other").glob("snap_007.1*"))
    shutil.copy(foreign, tmp_path / "one")
    with pytest.raises(SnapshotError, match="different snapshots"):
        open_snapshot(path)


@pytest.mark.parametrize("writer", WRITERS)
def test_total_against_the_sum_of_parts(tmp_path, written, code_gas, writer):
    path = getattr(written, writer)(tmp_path, code_gas, parts=2)
    shutil.copy(next(tmp_path.glob("snap_007.0*")), next(tmp_path.glob("snap_007.1*")))
    if writer == "binary":
        # A part of 100 particles, from a set of three whose number of files (byte 144) is set to two.
        (tmp_path / "three").mkdir()
        written.binary(tmp_path / "three", code_gas, parts=3)
        raw = bytearray((tmp_path / "three" / "snap_007.0").read_bytes())
        raw[20 + 124 : 20 + 128] = (2).to_bytes(4, "little")
        (tmp_path / "snap_007.1").write_bytes(raw)
    else:
        second = next(tmp_path.glob("snap_007.1*"))
        with h5py.File(second, "a") as file:
            file["Header"].attrs["NumPart_ThisFile"] = [100, 0, 0, 0, 0, 0]
            for name in list(file["PartType0"]):
                values = file[f"PartType0/{name}"][:100]
                attributes = dict(file[f"PartType0/{name}"].attrs)
                del file[f"PartType0/{name}"]
                file.create_dataset(f"PartType0/{name}", data=values).attrs.update(attributes)
    with pytest.raises(SnapshotError, match=r"300 gas particles in all, 2 files hold 250") as caught:
        open_snapshot(path)
    assert caught.value.field == "NumPart_Total"


def test_high_word_of_the_total(tmp_path, written, code_gas):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["NumPart_Total_HighWord"] = np.array([1, 0, 0, 0, 0, 0], "u4")
    with pytest.raises(SnapshotError, match=str(2**32 + 300)):
        open_snapshot(path)


def test_virtual_file_beside_its_parts(tmp_path, written, code_gas):
    """SWIFT's virtual file reads as zeros where a part is missing: the parts are what counts."""
    written.gadget(tmp_path, code_gas, parts=2)
    virtual = tmp_path / "virtual.hdf5"
    with h5py.File(virtual, "w") as file, h5py.File(tmp_path / "snap_007.0.hdf5") as part:
        file.create_group("Header").attrs.update(dict(part["Header"].attrs))
        file["Header"].attrs["NumFilesPerSnapshot"] = 1
        file["Header"].attrs["NumPart_ThisFile"] = [300, 0, 0, 0, 0, 0]
        for name, dataset in part["PartType0"].items():
            layout = h5py.VirtualLayout(shape=(300, *dataset.shape[1:]), dtype=dataset.dtype)
            for i in range(2):
                source = h5py.VirtualSource(f"snap_007.{i}.hdf5", f"PartType0/{name}", shape=dataset.shape)
                layout[150 * i : 150 * i + 150] = source
            file.create_virtual_dataset(f"PartType0/{name}", layout)
    through = open_snapshot(virtual).gas()
    np.testing.assert_array_equal(through.mass_msun, open_snapshot(tmp_path / "snap_007").gas().mass_msun)
    (tmp_path / "snap_007.1.hdf5").unlink()
    with pytest.raises(SnapshotError, match=r"snap_007\.1\.hdf5, which is missing"):
        open_snapshot(virtual).gas()
    virtual.rename(tmp_path / "snap_007.hdf5")
    with pytest.raises(SnapshotError, match="part 1 of 2 is missing"):
        open_snapshot(tmp_path)
