from __future__ import annotations

import pickle

import numpy as np
import pytest

from szfast.errors import NetworkError
from szfast.networks import load, save


@pytest.fixture
def saved(tmp_path, random_network):
    return save(random_network(target_scale=0.3, provenance="trained on a tést set"), tmp_path / "net.npz")


def rewrite(path, **changes):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    arrays.update(changes)
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_comes_back_bit_for_bit(saved, random_network):
    before, after = random_network(target_scale=0.3), load(saved)
    for one, other in zip(before.kernels + before.biases, after.kernels + after.biases, strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("input_mean", "input_std", "redshift_bin", "target_offset", "target_scale"):
        assert getattr(before, name) == getattr(after, name)
    assert after.provenance == "trained on a tést set"


def test_numpy_reads_the_file_without_pickle(saved):
    with np.load(saved, allow_pickle=False) as file:
        assert sum(file[name].size for name in file.files if name.endswith(("kernel", "bias"))) == 58_437


class Trap:
    """Fails the test if it is ever unpickled."""

    sprung = False

    def __reduce__(self):
        return (_spring, ())


def _spring():
    Trap.sprung = True
    return 1.0


@pytest.mark.parametrize("name", ["conv2_kernel", "input_mean", "provenance"])
def test_pickled_objects_are_refused_and_never_unpickled(saved, name):
    rewrite(saved, **{name: np.array([Trap()], dtype=object)})
    with pytest.raises(NetworkError, match="pickled") as caught:
        load(saved)
    assert caught.value.field == name
    assert not Trap.sprung
    with np.load(saved, allow_pickle=True) as file:
        file[name]
    assert Trap.sprung, "the trap itself does not work"
    Trap.sprung = False


@pytest.mark.parametrize(
    ("name", "array", "problem"),
    [
        ("conv1_kernel", None, "is missing"),
        ("format", None, "is missing"),
        ("provenance", None, "is missing"),
        ("conv1_kernel", np.zeros((3, 3, 1, 17), np.float32), "expected shape"),
        ("dense4_bias", np.zeros(2, np.float32), "expected shape"),
        ("dense1_kernel", np.full((64, 200), np.nan, np.float32), "not finite"),
        ("dense1_kernel", np.zeros((64, 200), np.int64), "kind 'f'"),
        ("input_std", np.array(0.0), "positive"),
        ("input_std", np.array("1e-6"), "kind 'f'"),
        ("redshift_bin", np.array([0.4, 0.2]), "low < high"),
        ("format", np.array(3), "layout 1 or 2, found 3"),
        ("provenance", np.array("x" * 20_000), "kind 'U'"),
    ],
)
def test_malformed_arrays_are_refused(saved, name, array, problem):
    rewrite(saved, **{name: array})
    with pytest.raises(NetworkError, match=problem) as caught:
        load(saved)
    assert caught.value.file == saved
    assert caught.value.field == name
    assert caught.value.remedy


def test_a_shape_is_refused_before_its_data_are_read(saved):
    # 4 TB by its header alone: reading first would exhaust the memory.
    header = np.lib.format.header_data_from_array_1_0(np.zeros((3, 3, 1, 16), np.float32))
    header["shape"] = (10**6, 10**6)
    rewrite(saved, conv1_kernel=None)
    import io
    import zipfile

    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(saved, "a") as archive:
        archive.writestr("conv1_kernel.npy", stream.getvalue())
    with pytest.raises(NetworkError, match="expected shape"):
        load(saved)


@pytest.mark.parametrize("content", [b"", b"not a zip", pickle.dumps({"a": 1})])
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "net.npz"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match="not a complete network file") as caught:
        load(path)
    assert caught.value.file == path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(NetworkError):
        load(saved)


def test_a_flipped_bit_is_refused(saved):
    content = bytearray(saved.read_bytes())
    content[len(content) // 2] ^= 1
    saved.write_bytes(bytes(content))
    with pytest.raises(NetworkError):
        load(saved)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(NetworkError) as caught:
            load(path)
        assert caught.value.file == path


def test_saving_needs_the_right_name_and_a_folder(tmp_path, random_network):
    with pytest.raises(NetworkError, match=r"ends in \.npz"):
        save(random_network(), tmp_path / "net.h5")
    with pytest.raises(NetworkError, match="cannot be written"):
        save(random_network(), tmp_path / "nowhere" / "net.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(saved, random_network, monkeypatch):
    old = saved.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(NetworkError, match="No space left"):
        save(random_network(2), saved)
    assert saved.read_bytes() == old
    assert list(saved.parent.iterdir()) == [saved]
