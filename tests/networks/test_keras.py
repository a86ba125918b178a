"""The Keras model and its files; the whole module needs the extra szfast[train]."""

from __future__ import annotations

import io
import json
import os
import shutil
import zipfile

import h5py
import numpy as np
import pytest

from szfast.errors import ArgumentError, NetworkError
from szfast.networks import from_keras, load, load_keras, published, save_keras, to_keras, vgg
from szfast.networks.forward import forward
from szfast.networks.layers import PARAMETER_COUNT

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytest.importorskip("tensorflow", reason="needs the extra szfast[train]")
keras = pytest.importorskip("keras", reason="needs the extra szfast[train]")

pytestmark = [
    pytest.mark.keras,
    # TensorFlow's variables still implement NumPy 1's protocol.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

BIN = (0.1, 0.2)


def keras_log10_mass(network, maps):
    return to_keras(network).predict(maps[..., np.newaxis], verbose=0)[:, 0]


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory, random_network):
    return save_keras(random_network(target_scale=0.3), tmp_path_factory.mktemp("saved") / "net.keras")


@pytest.fixture
def saved(tmp_path, saved_once):
    for file in saved_once:
        shutil.copy(file, tmp_path)
    return tmp_path / "net.keras"


def test_parameter_count_is_the_published_one():
    model = vgg()
    assert model.count_params() == PARAMETER_COUNT == 58_437
    assert model.output_shape == (None, 1)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_numpy_equals_keras_on_random_weights(random_network, noise_maps, seed):
    network = random_network(seed, target_scale=0.3)
    # Both run in single precision, in different orders: 1e-5 is some ten steps of a float32 near 14.5.
    np.testing.assert_allclose(forward(noise_maps, network), keras_log10_mass(network, noise_maps), atol=1e-5, rtol=0)


def test_numpy_equals_keras_on_the_published_weights(real_data, noise_maps):
    for network in published(real_data("deepplanck/weights")):
        np.testing.assert_allclose(
            forward(noise_maps, network), keras_log10_mass(network, noise_maps), atol=1e-5, rtol=0
        )


def test_a_standardised_target_trains(noise_maps):
    keras.utils.set_random_seed(1)
    log10_mass = np.linspace(14.2, 15.0, len(noise_maps))
    model = vgg(input_mean=0.0, input_std=2e-6, target_offset=14.6, target_scale=0.25)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    history = model.fit(noise_maps[..., None], log10_mass, epochs=40, verbose=0).history["loss"]
    # The blobs rise with the mass: the loss must fall well below the target's variance.
    assert min(history) < 0.5 * log10_mass.var()
    network = from_keras(model, redshift_bin=BIN)
    np.testing.assert_allclose(
        forward(noise_maps, network), model.predict(noise_maps[..., None], verbose=0)[:, 0], atol=1e-5, rtol=0
    )


def test_from_keras_undoes_to_keras(random_network):
    before = random_network(target_scale=0.3)
    after = from_keras(to_keras(before), redshift_bin=BIN, provenance="a test")
    for one, other in zip(before.kernels + before.biases, after.kernels + after.biases, strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("input_mean", "input_std", "target_offset", "target_scale"):
        assert getattr(after, name) == pytest.approx(getattr(before, name), rel=1e-12)


def test_from_keras_refuses_other_models():
    model = keras.Sequential([keras.Input((96, 96, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    with pytest.raises(NetworkError, match="expected the layers InputLayer, Rescaling") as caught:
        from_keras(model, redshift_bin=BIN)
    assert caught.value.field == "layers"


@pytest.mark.parametrize("name", ["input_std", "target_scale"])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_vgg_refuses_a_scale_that_is_not_positive(name, value):
    with pytest.raises(ArgumentError) as caught:
        vgg(**{name: value})
    assert caught.value.field == name


def test_saved_side_by_side(saved, random_network, noise_maps):
    beside = load(saved.with_suffix(".npz"))
    alone = load_keras(saved, redshift_bin=BIN)
    for network in (beside, alone):
        np.testing.assert_allclose(
            forward(noise_maps, network), forward(noise_maps, random_network(target_scale=0.3)), atol=1e-6
        )
    # Keras itself reads the file, and the model takes y and gives log10 M500c.
    model = keras.saving.load_model(saved, safe_mode=True)
    found = model.predict(noise_maps[..., None], verbose=0)[:, 0]
    np.testing.assert_allclose(found, forward(noise_maps, beside), atol=1e-5)


def test_nothing_but_the_two_files_is_left(saved_once):
    assert sorted(saved_once[0].parent.iterdir()) == sorted(saved_once)


def test_a_compiled_and_trained_model_loads(tmp_path, noise_maps):
    model = vgg(input_std=2e-6, target_offset=14.5)
    model.compile(optimizer="adam", loss="mse")
    model.fit(noise_maps[..., None], np.full(len(noise_maps), 14.6), verbose=0)
    model.save(tmp_path / "trained.keras")
    network = load_keras(tmp_path / "trained.keras", redshift_bin=BIN)
    np.testing.assert_allclose(
        forward(noise_maps, network), model.predict(noise_maps[..., None], verbose=0)[:, 0], atol=1e-5
    )


def rewrite(path, *, config=None, weights=None, drop=None):
    """Write the file's members again, its description or its weights changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        description = json.loads(members["config.json"])
        config(description)
        members["config.json"] = json.dumps(description).encode()
    if weights is not None:
        stream = io.BytesIO(members["model.weights.h5"])
        with h5py.File(stream, "r+") as file:
            weights(file)
        members["model.weights.h5"] = stream.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            if name != drop:
                archive.writestr(name, content)


def layer(description, number):
    return description["config"]["layers"][number]


def as_lambda(description):
    marker = {"class_name": "__lambda__", "config": {"code": "gASVBw==", "defaults": None, "closure": None}}
    layer(description, 1).update(class_name="Lambda", config={"name": "evil", "function": marker})


def set_in(number, **values):
    return lambda description: layer(description, number)["config"].update(values)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (as_lambda, "layers"),
        (lambda d: layer(d, 2).update(module="os", class_name="system"), "layers"),
        (lambda d: layer(d, 2).update(registered_name="evil>Conv2D"), "layers"),
        (lambda d: layer(d, 2).update(config="nothing"), "layers"),
        (lambda d: d["config"]["layers"].pop(3), "layers"),
        (lambda d: d["config"].update(layers="nothing"), "layers"),
        (lambda d: d.update(class_name="Functional"), "class_name"),
        (lambda d: d.pop("config"), "layers"),
        (set_in(2, activation="tanh"), "layer 2 (Conv2D)"),
        (set_in(2, activation={"module": "builtins", "class_name": "eval"}), "layer 2 (Conv2D)"),
        (set_in(2, padding="same"), "layer 2 (Conv2D)"),
        (set_in(3, pool_size=[3, 3]), "layer 3 (MaxPooling2D)"),
        (set_in(14, activation="relu"), "layer 14 (Dense)"),
        (set_in(1, scale=0.0), "Rescaling"),
        (set_in(1, scale=[1.0, 2.0]), "Rescaling"),
        (set_in(15, offset=float("nan")), "Rescaling"),
    ],
)
def test_other_models_are_refused(saved, change, field):
    rewrite(saved, config=change)
    with pytest.raises(NetworkError) as caught:
        load_keras(saved, redshift_bin=BIN)
    assert (caught.value.file, caught.value.field) == (saved, field)
    assert caught.value.remedy


def replace(path, array):
    def change(file):
        del file[path]
        if array is not None:
            file[path] = array

    return change


@pytest.mark.parametrize(
    ("change", "field", "problem"),
    [
        (replace("layers/conv2d/vars/0", None), "conv1_kernel", "none in the file"),
        (replace("layers/dense_3/vars/1", np.zeros(2, "f4")), "dense4_bias", "expected shape"),
        (replace("layers/dense_3/vars/1", np.full(1, np.nan, "f4")), "dense4_bias", "not finite"),
        (replace("layers/dense/vars/1", h5py.ExternalLink("/x.h5", "/a")), "dense1_bias", "none in the file"),
        (replace("layers/conv2d_1", h5py.SoftLink("/layers/conv2d_2")), "conv2_kernel", "none in the file"),
    ],
)
def test_malformed_weights_are_refused(saved, change, field, problem):
    rewrite(saved, weights=change)
    with pytest.raises(NetworkError, match=problem) as caught:
        load_keras(saved, redshift_bin=BIN)
    assert (caught.value.file, caught.value.field) == (saved, field)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_missing_members_are_refused(saved, member):
    rewrite(saved, drop=member)
    with pytest.raises(NetworkError, match="is missing") as caught:
        load_keras(saved, redshift_bin=BIN)
    assert caught.value.field == member


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(NetworkError, match=r"not a complete \.keras file"):
        load_keras(saved, redshift_bin=BIN)


def test_other_files_and_missing_ones_are_refused(tmp_path, random_network, saved):
    with pytest.raises(NetworkError, match="does not exist"):
        load_keras(tmp_path / "missing.keras", redshift_bin=BIN)
    other = tmp_path / "other.keras"
    shutil.copy(saved.with_suffix(".npz"), other)
    with pytest.raises(NetworkError, match="is missing"):
        load_keras(other, redshift_bin=BIN)
    with pytest.raises(NetworkError, match=r"ends in \.keras"):
        save_keras(random_network(), tmp_path / "net.h5")
