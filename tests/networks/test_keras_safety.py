"""Files of strangers: what a .keras file may name, and that nothing of it is run."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile

import h5py
import numpy as np
import pytest

from szfast.errors import NetworkError, RunError
from szfast.networks.keras_safety import check_keras_file

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}
_LAMBDA_CODE = base64.b64encode(marshal.dumps((lambda x: x).__code__)).decode()


def model(*layers, **more):
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}, **more}


def write(path, description, *, weights=None, members=("config.json", "model.weights.h5")):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        (weights or (lambda file: file.create_dataset("layers/dense/vars/0", data=np.zeros((2, 1)))))(file)
    parts = {"config.json": json.dumps(description).encode(), "model.weights.h5": content.getvalue()}
    with zipfile.ZipFile(path, "w") as archive:
        for name in members:
            archive.writestr(name, parts[name])
    return path


STRANGE = {
    "a Lambda layer": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"code": _LAMBDA_CODE}}},
    },
    "a function of any module": {"module": "os", "class_name": "function", "config": "system", "registered_name": "f"},
    "a class of any module": {"module": "subprocess", "class_name": "Popen", "config": {"args": "touch owned"}},
    "Keras's own file fetcher": {"module": "keras.utils", "class_name": "get_file", "config": {}},
    "a layer under another name": {**DENSE, "registered_name": "custom>Evil"},
    "a layer of another module": {**DENSE, "module": "builtins"},
    "a layer that reads a file": {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"vocabulary": "/etc/passwd"},
    },
    "a model of a library": {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "evil"}},
    "no class": {"module": "os", "config": {}},
}


@pytest.mark.parametrize("layer", STRANGE.values(), ids=list(STRANGE))
@pytest.mark.parametrize("hidden", [False, True])
def test_anything_but_known_layers_is_refused(tmp_path, layer, hidden):
    within = {**DENSE, "config": {"units": 1, "kernel_initializer": layer}} if hidden else layer
    file = write(tmp_path / "network.keras", model(DENSE, within))
    with pytest.raises(NetworkError, match="no part of szfast's networks") as caught:
        check_keras_file(file)
    assert caught.value.file == file
    assert caught.value.remedy


def test_known_layers_pass(tmp_path):
    check_keras_file(write(tmp_path / "network.keras", model(DENSE, compile_config={"optimizer": "adam"})))


def linked_outside(file):
    file["layers"] = h5py.ExternalLink("/etc/secret.h5", "/data")


def soft_linked(file):
    file.create_dataset("elsewhere", data=np.zeros(2))
    file["layers"] = h5py.SoftLink("/elsewhere")


def stored_outside(file):
    file.create_dataset("layers", shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout(shape=(2,), dtype="f4")
    layout[:] = h5py.VirtualSource("/etc/secret.h5", "data", shape=(2,))
    file.create_virtual_dataset("layers", layout)


@pytest.mark.parametrize("weights", [linked_outside, soft_linked, stored_outside, virtual])
def test_arrays_that_lie_elsewhere_are_refused(tmp_path, weights):
    file = write(tmp_path / "network.keras", model(DENSE), weights=weights)
    with pytest.raises(NetworkError, match="leads out of the file"):
        check_keras_file(file)


@pytest.mark.parametrize("left_out", ["config.json", "model.weights.h5"])
def test_a_part_that_is_missing_is_named(tmp_path, left_out):
    members = {"config.json", "model.weights.h5"} - {left_out}
    file = write(tmp_path / "network.keras", model(DENSE), members=sorted(members))
    with pytest.raises(NetworkError, match="missing") as caught:
        check_keras_file(file)
    assert caught.value.field == left_out


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_keras_file(tmp_path, content):
    file = tmp_path / "network.keras"
    file.write_bytes(content)
    with pytest.raises(NetworkError, match=r"not a complete \.keras file"):
        check_keras_file(file)


def test_bombs_are_not_unpacked(tmp_path):
    file = tmp_path / "network.keras"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("config.json", "w") as stream:
        for _ in range(80):
            stream.write(bytes(2**20))
    assert file.stat().st_size < 2**20
    with pytest.raises(NetworkError, match="expected at most 67108864 bytes"):
        check_keras_file(file)
    deep = write(tmp_path / "deep.keras", model())
    with zipfile.ZipFile(deep, "w") as archive:
        archive.writestr("config.json", "[" * 100000 + "]" * 100000)
        archive.writestr("model.weights.h5", b"")
    with pytest.raises(NetworkError, match="not a complete"):
        check_keras_file(deep)


def test_reading_a_run_refuses_before_keras_sees_the_file(tmp_path, monkeypatch):
    keras = pytest.importorskip("keras", reason="needs the extra szfast[train]")
    from szfast.ensemble.outcome import read_keras

    file = write(tmp_path / "network.keras", model(STRANGE["a Lambda layer"]))
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras was asked"))
    with pytest.raises(RunError, match=r"keras\.layers\.Lambda") as caught:
        read_keras(file)
    assert caught.value.file == file
