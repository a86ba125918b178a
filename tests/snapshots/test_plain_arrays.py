"""Arrays read past HDF5 are those that HDF5 reads, however they are stored."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from szfast.errors import SnapshotError
from szfast.snapshots import open_snapshot
from szfast.snapshots.hdf5_parts import Hdf5Store, describe

VALUES = np.random.default_rng(1).random((300, 3))
STORED = {
    "float32": (VALUES.astype("f4"), {}, True),
    "float64": (VALUES, {}, True),
    "one a row": (VALUES[:, 0], {}, True),
    "big-endian": (VALUES.astype(">f4"), {}, True),
    "integers": (np.arange(300), {}, True),
    "chunks": (VALUES, {"chunks": (64, 3)}, False),
    "compressed": (VALUES, {"chunks": (64, 3), "compression": "gzip"}, False),
    "half floats": (VALUES.astype("f2"), {}, True),
    "text": (np.full(300, b"x"), {}, False),
}


def write(path, values, options, userblock=0):
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file.create_group("Header").attrs.update({"NumPart_ThisFile": [300], "NumPart_Total": [300]})
        file.create_dataset("PartType0/Any", data=values, **options)
    return path


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.parametrize("userblock", [0, 512])
def test_rows_are_those_of_hdf5(tmp_path, kind, userblock):
    values, options, plain = STORED[kind]
    path = write(tmp_path / "snapshot.hdf5", values, options, userblock)
    description = describe(path)
    assert (description.gas["Any"].plain is not None) == (plain and not userblock)
    with Hdf5Store([description]).opened(0) as read:
        for start, stop in ((0, 300), (17, 18), (100, 300), (5, 5)):
            found = read("Any", start, stop)
            np.testing.assert_array_equal(found, values[start:stop])
            assert found.dtype.kind == values.dtype.kind


def test_a_type_of_its_own_is_left_to_hdf5(tmp_path):
    """Twelve bits in sixteen, moved by two: NumPy has no such type."""
    path = write(tmp_path / "snapshot.hdf5", VALUES, {})
    odd = h5py.h5t.STD_U16LE.copy()
    odd.set_precision(12)
    odd.set_offset(2)
    with h5py.File(path, "a") as file:
        space = h5py.h5s.create_simple((300,))
        dataset = h5py.h5d.create(file["PartType0"].id, b"Odd", odd, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.arange(300, dtype="u2"))
    assert describe(path).gas["Odd"].plain is None


def _never_written(gas):
    gas.create_dataset("Odd", (300,), "f4")


def _half_written(gas):
    gas.create_dataset("Odd", (300,), "f4", chunks=(100,))[:200] = 1.0


def _in_another_file(gas):
    gas.create_dataset("Odd", (300,), "f4", external=[("raw.bin", 0, h5py.h5f.UNLIMITED)])


def _half_virtual(gas):
    layout = h5py.VirtualLayout((300,), "f8")
    layout[:150] = h5py.VirtualSource(gas["Any"])[:150, 0]
    gas.create_virtual_dataset("Odd", layout)


def _lists(gas):
    gas.create_dataset("Odd", (300,), h5py.vlen_dtype("f4"))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (_never_written, "never written"),
        (_half_written, "never written"),
        (_in_another_file, "another file"),
        (_half_virtual, "150 of its 300"),
        (_lists, "any length"),
    ],
)
def test_arrays_that_hdf5_would_fill_up(tmp_path, make, match):
    """HDF5 gives zeros for what is not there; nothing of such an array is read."""
    path = write(tmp_path / "snapshot.hdf5", VALUES, {})
    with h5py.File(path, "a") as file:
        make(file["PartType0"])
    with Hdf5Store([describe(path)]).opened(0) as read:
        assert read("Any", 0, 300).shape == (300, 3)
        with pytest.raises(SnapshotError, match=match) as caught:
            read("Odd", 0, 10)
    assert (caught.value.file, caught.value.field) == (path, "PartType0/Odd")


@pytest.mark.parametrize("writer", ["binary", "gadget", "gadget4"])
def test_a_file_cut_after_it_was_opened(tmp_path, written, code_gas, writer):
    path = getattr(written, writer)(tmp_path, code_gas)
    snapshot = open_snapshot(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(SnapshotError, match=r"the file ends .* bytes before row") as caught:
        snapshot.gas()
    assert caught.value.file == path
    assert caught.value.field
    path.unlink()
    with pytest.raises(SnapshotError, match="no such file"):
        snapshot.gas()
