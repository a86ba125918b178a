from __future__ import annotations

import math
import shutil

import h5py
import numpy as np
import pytest

from szfast.errors import ArgumentError, NetworkError
from szfast.networks import predict_log10_mass, published, read_cutout
from szfast.networks.published_weights import PUBLISHED


def test_the_four_networks(real_data):
    networks = published(real_data("deepplanck/weights"))
    assert [network.redshift_bin for network in networks] == [(0, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1)]
    for number, network in enumerate(networks, 1):
        assert network.parameter_count == 58_437
        assert network.input_std == PUBLISHED[number].input_std
        assert 10**-network.target_offset == pytest.approx(0.678)


def test_network_2_gives_the_published_mass_of_the_real_cutout(real_data):
    network = published(real_data("deepplanck/weights/bestmodel-2.h5"))
    cutout = read_cutout(real_data("deepplanck/PSZ2G359.07-32.12.fits"))
    mass = predict_log10_mass(cutout.y[np.newaxis], network, average=False)
    # The authors' own code and weights give 14.682933; single precision leaves 1e-6.
    assert mass == pytest.approx([14.682933], abs=1e-5)


def test_renamed_files_need_their_number(real_data, tmp_path):
    copy = tmp_path / "network.h5"
    shutil.copy(real_data("deepplanck/weights/bestmodel-3.h5"), copy)
    assert published(copy, number=3)[0].redshift_bin == (0.2, 0.4)
    with pytest.raises(NetworkError, match="does not tell") as caught:
        published(copy)
    assert caught.value.field == "number"
    with pytest.raises(NetworkError, match="weights of network 3, not 1"):
        published(copy, number=1)


def test_a_file_under_another_number_is_refused(real_data, tmp_path):
    copy = tmp_path / "bestmodel-1.h5"
    shutil.copy(real_data("deepplanck/weights/bestmodel-4.h5"), copy)
    with pytest.raises(NetworkError, match="weights of network 4, not 1"):
        published(copy)


def test_layers_come_in_the_order_of_the_attribute(tmp_path, random_network, write_keras2, caplog):
    network = random_network()
    (read,) = published(write_keras2(tmp_path / "bestmodel-2.h5", network))
    for one, other in zip(network.kernels + network.biases, read.kernels + read.biases, strict=True):
        np.testing.assert_array_equal(one, other)
    assert read.target_offset == -math.log10(0.678)
    assert "not those of published network 2" in caplog.text


@pytest.mark.parametrize("name", ["bestmodel-0.h5", "bestmodel-5.h5", "bestmodel-12.h5"])
def test_wrong_numbers_are_refused(tmp_path, random_network, write_keras2, name):
    path = write_keras2(tmp_path / name, random_network())
    with pytest.raises(NetworkError, match="numbered 1 to 4") as caught:
        published(path)
    assert (caught.value.file, caught.value.field) == (path, "number")


def test_a_number_that_contradicts_the_name_is_refused(tmp_path, random_network, write_keras2):
    path = write_keras2(tmp_path / "bestmodel-2.h5", random_network())
    with pytest.raises(NetworkError, match="named network 2, but number=3"):
        published(path, number=3)


def swap(arrays):
    arrays["conv2"], arrays["conv3"] = arrays["conv3"], arrays["conv2"]


def not_a_number(arrays):
    arrays["dense2"]["kernel:0"] = np.where(arrays["dense2"]["kernel:0"] > 0, np.nan, 0).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (swap, "conv2_kernel", "expected shape"),
        (not_a_number, "dense2_kernel", "not finite"),
        (lambda arrays: arrays["dense1"].pop("bias:0"), "dense1_bias", "expected an array"),
        (lambda arrays: arrays["conv1"].update({"bias:0": np.zeros(15, np.float32)}), "conv1_bias", "shape"),
        (lambda arrays: arrays["conv1"].update({"bias:0": np.zeros(16, int)}), "conv1_bias", "floating"),
        (lambda arrays: arrays["conv1"].update({"bias:0": h5py.Empty("f4")}), "conv1_bias", "shape"),
    ],
)
def test_malformed_layers_are_refused(tmp_path, random_network, write_keras2, change, field, problem):
    path = write_keras2(tmp_path / "bestmodel-2.h5", random_network(), change=change)
    with pytest.raises(NetworkError, match=problem) as caught:
        published(path)
    assert (caught.value.file, caught.value.field) == (path, field)
    assert caught.value.remedy


def test_a_missing_layer_is_refused(tmp_path, random_network, write_keras2):
    path = write_keras2(tmp_path / "bestmodel-2.h5", random_network(), leave_out=("dense3",))
    with pytest.raises(NetworkError, match="expected 7 layers with weights, found 6") as caught:
        published(path)
    assert caught.value.field == "layer_names"


@pytest.mark.parametrize("link", ["external", "soft", "virtual", "external_storage"])
def test_arrays_outside_the_file_are_never_read(tmp_path, random_network, write_keras2, link):
    path = write_keras2(tmp_path / "bestmodel-2.h5", random_network())
    other = write_keras2(tmp_path / "other.h5", random_network())
    place = "model/conv2d_9/bias:0"
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(64))
    with h5py.File(path, "a") as file:
        group = file["conv2d_9"]
        del group[place]
        if link == "external":
            group[place] = h5py.ExternalLink(str(other), f"conv2d_9/{place}")
        elif link == "soft":
            group[place] = h5py.SoftLink("/conv2d_10/model/conv2d_10/bias:0")
        elif link == "virtual":
            layout = h5py.VirtualLayout((16,), "f4")
            layout[:] = h5py.VirtualSource(str(other), f"conv2d_9/{place}", (16,))
            group.create_virtual_dataset(place, layout)
        else:
            group.create_dataset(place, (16,), "f4", external=[(str(raw), 0, 64)])
    with pytest.raises(NetworkError, match="none in the file itself") as caught:
        published(path)
    assert caught.value.field == "conv1_bias"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path, random_network, write_keras2, share):
    path = write_keras2(tmp_path / "bestmodel-2.h5", random_network())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(NetworkError, match="not a complete HDF5 file") as caught:
        published(path)
    assert caught.value.file == path


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "bestmodel-2.h5"
    path.write_bytes(b"not HDF5")
    with pytest.raises(NetworkError, match="not a complete HDF5 file"):
        published(path)
    with h5py.File(path, "w") as file:
        file["PartType0/Masses"] = np.zeros(3)
    with pytest.raises(NetworkError, match="expected 7 layers with weights, found 0"):
        published(path)


def test_missing_files_and_empty_folders_are_refused(tmp_path):
    with pytest.raises(NetworkError, match="does not exist"):
        published(tmp_path / "bestmodel-2.h5")
    with pytest.raises(NetworkError, match=r"no file bestmodel-N\.h5"):
        published(tmp_path)
    with pytest.raises(ArgumentError, match="folder"):
        published(tmp_path, number=1)
