"""Arrays read past HDF5 are those that HDF5 reads, however they are stored."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from szfast.errors import SnapshotError
from szfast.snapshots import open_snapshot
from szfast.snapshots.hdf5_parts import describe

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
    "elsewhere": (VALUES, {"external": [("raw.bin", 0, h5py.h5f.UNLIMITED)]}, False),
}


def write(path, values, options, userblock=0):
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file.create_group("Header").attrs.update({"NumPart_ThisFile": [300], "NumPart_Total": [300]})
        if "external" in options:
            dataset = file.create_dataset("PartType0/Any", values.shape, values.dtype, **options)
            dataset[...] = values
        else:
            file.create_dataset("PartType0/Any", data=values, **options)
    return path


@pytest.mark.parametrize("kind", STORED)
@pytest.mark.parametrize("userblock", [0, 512])
def test_rows_are_those_of_hdf5(tmp_path, monkeypatch, kind, userblock):
    from szfast.snapshots.hdf5_parts import Hdf5Store

    monkeypatch.chdir(tmp_path)
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


def test_an_array_never_written_is_left_to_hdf5(tmp_path):
    path = write(tmp_path / "snapshot.hdf5", VALUES, {})
    with h5py.File(path, "a") as file:
        file.create_dataset("PartType0/Later", (300,), "f4")
    assert describe(path).gas["Later"].plain is None


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
