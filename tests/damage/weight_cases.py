"""Damaged networks: szfast's own .npz, the published .h5 and Keras's .keras, and what can happen to them."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from damage.judge import Case

from szfast.networks.layers import LAYERS

NPZ, H5, KERAS = "net.npz", "bestmodel-2.h5", "net.keras"
RAN = "this code ran"


class Evil:
    """What runs on unpickling."""

    def __reduce__(self):
        return exec, (f"open({RAN!r}, 'w')",)


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    return [*_npz(folder), *_h5(folder), *_keras(folder)]


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    arrays = {}
    for layer in LAYERS:
        scale = np.sqrt(2 / np.prod(layer.kernel_shape[:-1]))
        arrays[f"{layer.name}_kernel"] = rng.normal(0, scale, layer.kernel_shape).astype(np.float32)
        arrays[f"{layer.name}_bias"] = rng.normal(0, 0.1, layer.bias_shape).astype(np.float32)
    return arrays


def _prediction(network: object) -> np.ndarray:
    from szfast.networks import predict_log10_mass

    maps = np.random.default_rng(1).normal(0, 2e-6, (2, 96, 96)).astype(np.float32)
    return np.array([*predict_log10_mass(maps, network, average=False), *network.redshift_bin])


def _npz(folder: Path) -> list[Case]:
    from szfast.networks import load

    numbers = {"input_mean": 1e-7, "input_std": 2e-6, "target_offset": 14.5, "target_scale": 0.3}
    content: dict[str, object] = {"format": np.array(1), **_arrays(), "lowest_log10_mass": 0.0, **numbers}
    content |= {"redshift_bin": np.array([0.1, 0.2]), "provenance": np.array("made up")}

    def read(path: Path) -> np.ndarray:
        return _checked(path, _prediction(load(path)))

    def written(change: Callable[[dict], None]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            arrays = dict(content)
            change(arrays)
            np.savez(into / NPZ, **arrays)
            return into / NPZ

        return make

    def raw(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = written(lambda arrays: None)(into)
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    def value(name: str, wrong: object) -> Callable[[Path], Path]:
        return written(lambda arrays: arrays.update({name: wrong}))

    def one(name: str, wrong: float) -> Callable[[Path], Path]:
        def change(arrays: dict) -> None:
            array = np.array(arrays[name])
            array.reshape(-1)[0] = wrong
            arrays[name] = array

        return written(change)

    right = read(written(lambda arrays: None)(folder))
    damages = {
        "cut short at its start": raw(lambda b: b[:100]),
        "cut short in the middle": raw(lambda b: b[: len(b) // 2]),
        "cut short at its end": raw(lambda b: b[:-30]),
        "an empty file": raw(lambda b: b""),
        "a page of zeros": raw(lambda b: b[:40_000] + bytes(4096) + b[44_096:]),
        "a flipped bit": raw(lambda b: b[:50_000] + bytes([b[50_000] ^ 1]) + b[50_001:]),
        "no array of weights": written(lambda arrays: arrays.pop("conv2_bias")),
        "weights of another shape": value("dense1_kernel", np.zeros((200, 64), "f4")),
        "weights transposed": value("conv1_bias", np.zeros((16, 1), "f4")),
        "weights that are whole numbers": value("conv1_bias", np.zeros(16, "i4")),
        "weights that are text": value("conv1_bias", np.array(["x"] * 16)),
        "a weight of NaN": one("dense1_kernel", np.nan),
        "a weight of inf": one("conv1_kernel", np.inf),
        "a weight of 1e300": value("conv1_bias", np.full(16, 1e300)),
        "a pickled object": value("provenance", np.array(Evil(), dtype=object)),
        "pickled weights": value("conv1_bias", np.array([Evil()] * 16, dtype=object)),
        "a standard deviation of 0": value("input_std", 0.0),
        "a mean of NaN": value("input_mean", np.nan),
        "a redshift bin upside down": value("redshift_bin", np.array([0.2, 0.1])),
        "a later format": value("format", np.array(9)),
        "a format that is text": value("format", np.array("one")),
        "a pickle for the archive": _pickle,
        "an array for the archive": _npy,
        "a bomb: 1 GB of zeros": _zip_bomb,
        "an array of 2^60 numbers by its header": _lying_npy,
        "members that say they are encrypted": raw(_encrypted),
        "no such file": lambda into: into / NPZ,
    }
    found = [Case("weights .npz", damage, make, read) for damage, make in damages.items()]
    found.append(Case("weights .npz", "nothing", written(lambda arrays: None), read, right))
    path = value("../../outside", np.zeros(3))
    found.append(Case("weights .npz", "a member that leaves the folder", path, read, right))
    return found


def _checked(path: Path, values: np.ndarray) -> np.ndarray:
    # code that ran, or a file out of its folder, is a wrong reading
    strangers = [each for each in (Path(RAN), path.parent / RAN, path.parent.parent / "outside.npy") if each.exists()]
    return values if not strangers else np.full_like(values, np.nan)


def _encrypted(raw: bytes) -> bytes:
    changed = bytearray(raw)
    at = -1
    while (at := raw.find(b"PK\x01\x02", at + 1)) >= 0:
        changed[at + 8] |= 1
    return bytes(changed)


def _pickle(into: Path) -> Path:
    (into / NPZ).write_bytes(pickle.dumps(Evil()))
    return into / NPZ


def _npy(into: Path) -> Path:
    with (into / NPZ).open("wb") as file:
        np.save(file, np.zeros(10))
    return into / NPZ


def _zip_bomb(into: Path) -> Path:
    with zipfile.ZipFile(into / NPZ, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("format.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<i8", "fortran_order": False, "shape": (1 << 27,)})
        for _ in range(16):
            file.write(bytes(1 << 26))
    return into / NPZ


def _lying_npy(into: Path) -> Path:
    with zipfile.ZipFile(into / NPZ, "w") as archive, archive.open("format.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<i8", "fortran_order": False, "shape": (1 << 60,)})
        file.write(bytes(64))
    return into / NPZ


def _write_h5(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Weights in Keras 2's layout, as the published networks have them."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array([layer.name for layer in LAYERS], dtype="S")
        for layer in LAYERS:
            names = [f"{layer.name}/{part}:0" for part in ("kernel", "bias")]
            group = file.create_group(layer.name)
            group.attrs["weight_names"] = np.array(names, dtype="S")
            for name, part in zip(names, ("kernel", "bias"), strict=True):
                group[name] = arrays[f"{layer.name}_{part}"]
    return path


def _h5(folder: Path) -> list[Case]:
    from szfast.networks import published

    def read(path: Path) -> np.ndarray:
        (network,) = published(path)
        return _prediction(network)

    def changed(change: Callable[[h5py.File], None]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = _write_h5(into / H5, _arrays())
            with h5py.File(path, "a") as file:
                change(file)
            return path

        return make

    def raw(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = _write_h5(into / H5, _arrays())
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    kernel = f"{LAYERS[0].name}/{LAYERS[0].name}/kernel:0"
    shape = LAYERS[0].kernel_shape

    def replaced(value: object) -> Callable[[Path], Path]:
        def change(file: h5py.File) -> None:
            del file[kernel]
            file[kernel] = value

        return changed(change)

    def bomb(file: h5py.File) -> None:
        del file[kernel]
        file.create_dataset(kernel, (1 << 28,), "f4", chunks=(1 << 20,), compression="gzip", fillvalue=1.0)

    damages = {
        "cut short at its start": raw(lambda b: b[:200]),
        "cut short in the middle": raw(lambda b: b[: len(b) // 2]),
        "cut short at its end": raw(lambda b: b[:-100]),
        "an empty file": raw(lambda b: b""),
        "a page of zeros at its start": raw(lambda b: bytes(4096) + b[4096:]),
        "no list of layers": changed(lambda file: file.attrs.__delitem__("layer_names")),
        "layers that are numbers": changed(lambda file: file.attrs.__setitem__("layer_names", np.arange(7))),
        "a layer fewer": changed(lambda file: file.__delitem__(LAYERS[3].name)),
        "weights of another shape": replaced(np.zeros((5, 5, 1, 16), "f4")),
        "weights that are text": replaced(np.full(shape, b"x")),
        "a weight of NaN": replaced(np.full(shape, np.nan, "f4")),
        "a link to itself": replaced(h5py.SoftLink("/" + kernel)),
        "a link to another file": replaced(h5py.ExternalLink("/etc/hostname", "/x")),
        "a bomb: 1 GB of compressed weights": changed(bomb),
        "text for HDF5": raw(lambda b: b"weights = 1\n"),
        "no such file": lambda into: into / H5,
    }
    found = [Case("weights .h5", damage, make, read) for damage, make in damages.items()]
    right = read(_write_h5(folder / H5, _arrays()))
    found.append(Case("weights .h5", "nothing", raw(lambda b: b), read, right))
    return found


def _model() -> dict:
    """What Keras 3 says of the network in config.json."""
    conv = {"strides": [1, 1], "padding": "valid", "data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1}
    pool = ("MaxPooling2D", {"pool_size": [2, 2], "strides": [2, 2], "padding": "valid"})
    dense = [("Dense", {"units": n, "activation": a}) for n, a in ((200, "relu"), (100, "relu"), (20, "relu"))]
    steps = [("InputLayer", {"batch_shape": [None, 96, 96, 1]}), ("Rescaling", {"scale": 5e5, "offset": 0.0})]
    for filters in (16, 32, 64):
        steps += [("Conv2D", {"filters": filters, "kernel_size": [3, 3], "activation": "relu", **conv}), pool]
    steps += [("GlobalAveragePooling2D", {}), ("Dropout", {"rate": 0.1}), dense[0], ("Dropout", {"rate": 0.1})]
    steps += [
        *dense[1:],
        ("Dense", {"units": 1, "activation": "linear"}),
        ("Rescaling", {"scale": 0.3, "offset": 14.5}),
    ]
    layers = []
    for kind, config in steps:
        settings = config | ({"use_bias": True} if kind in ("Conv2D", "Dense") else {})
        layers.append({"module": "keras.layers", "class_name": kind, "config": settings, "registered_name": None})
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "vgg", "layers": layers}}


def _keras_weights() -> bytes:
    buffer, arrays = io.BytesIO(), _arrays()
    places = ["conv2d", "conv2d_1", "conv2d_2", "dense", "dense_1", "dense_2", "dense_3"]
    with h5py.File(buffer, "w") as file:
        for place, layer in zip(places, LAYERS, strict=True):
            for number, part in enumerate(("kernel", "bias")):
                file[f"layers/{place}/vars/{number}"] = arrays[f"{layer.name}_{part}"]
    return buffer.getvalue()


def _keras(folder: Path) -> list[Case]:
    from szfast.networks import load_keras

    def read(path: Path) -> np.ndarray:
        return _checked(path, _prediction(load_keras(path, redshift_bin=(0.1, 0.2))))

    def archive(path: Path, description: object, weights: bytes, **more: bytes) -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            members = {"metadata.json": "{}", "config.json": json.dumps(description), "model.weights.h5": weights}
            for name, content in (members | more).items():
                if content is not None:
                    file.writestr(name, content)
        return path

    def described(change: Callable[[dict], object]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            description = _model()
            change(description)
            return archive(into / KERAS, description, _keras_weights())

        return make

    def raw(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = archive(into / KERAS, _model(), _keras_weights())
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    def layer(number: int, **changed: object) -> Callable[[Path], Path]:
        return described(lambda model: model["config"]["layers"][number].update(changed))

    def setting(number: int, **changed: object) -> Callable[[Path], Path]:
        return described(lambda model: model["config"]["layers"][number]["config"].update(changed))

    evil = {"name": "evil", "function": ["4wEAAAAAAAAA", None, None]}
    damages = {
        "cut short in the middle": raw(lambda b: b[: len(b) // 2]),
        "cut short at its end": raw(lambda b: b[:-30]),
        "an empty file": raw(lambda b: b""),
        "a page of zeros": raw(lambda b: b[:60_000] + bytes(4096) + b[64_096:]),
        "a Lambda layer for the rescaling": layer(1, class_name="Lambda", config=evil),
        "a Lambda layer more": described(
            lambda model: model["config"]["layers"].append(
                {"module": "keras.layers", "class_name": "Lambda", "config": evil, "registered_name": None}
            )
        ),
        "a layer of another module": layer(2, module="os", class_name="system"),
        "a registered class": layer(2, registered_name="evil>Layer"),
        "another activation": setting(2, activation="sigmoid"),
        "a filter more": setting(2, filters=17),
        "a scale of 0": setting(1, scale=0.0),
        "a scale that is text": setting(1, scale="1"),
        "an offset of NaN": setting(1, offset=float("nan")),
        "no layers": described(lambda model: model["config"].pop("layers")),
        "layers that are text": described(lambda model: model["config"].update(layers="conv")),
        "a list for the model": lambda into: archive(into / KERAS, [1], _keras_weights()),
        "a model nested 100,000 deep": lambda into: archive(
            into / KERAS, 0, _keras_weights(), **{"config.json": b"[" * 100_000}
        ),
        "no weights": lambda into: archive(into / KERAS, _model(), None),
        "weights that are no HDF5": lambda into: archive(into / KERAS, _model(), b"x" * 1000),
        "weights cut short": lambda into: archive(into / KERAS, _model(), _keras_weights()[:5000]),
        "a bomb: 1 GB of weights": _keras_bomb,
        "a pickle for the archive": lambda into: shutil.move(_pickle(into), into / KERAS),
        "no such file": lambda into: into / KERAS,
    }
    found = [Case("weights .keras", damage, make, read) for damage, make in damages.items()]
    right = read(archive(folder / KERAS, _model(), _keras_weights()))
    found.append(Case("weights .keras", "nothing", raw(lambda b: b), read, right))
    return found


def _keras_bomb(into: Path) -> Path:
    with zipfile.ZipFile(into / KERAS, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", json.dumps(_model()))
        with file.open("model.weights.h5", "w") as weights:
            for _ in range(16):
                weights.write(bytes(1 << 26))
    # the size that the archive tells is a lie too
    raw = (into / KERAS).read_bytes()
    (into / KERAS).write_bytes(raw.replace(struct.pack("<I", 1 << 30), struct.pack("<I", 1 << 20)))
    return into / KERAS
