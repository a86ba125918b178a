"""Damaged configurations: the TOML files of a data set and of a training, and what can be wrong in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from damage.judge import Case

DATA_SET = """path = "set.zarr"
materialise = 2
[maps]
size = 16
pixel = "10 arcmin"
beam = "20 arcmin"
seed = 5
[synthetic]
clusters = 10
particles = 1000
"""
TRAINING = """dataset = "set.zarr"
folder = "runs"
runs = 3
bins = [[0.0, 0.1], [0.1, 0.2]]
[recipe]
epochs = 4
"""


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    return [
        *_cases("TOML of a data set", DATA_SET, _data_set, folder),
        *_cases("TOML of a training", TRAINING, _training, folder),
    ]


def _data_set(path: Path) -> np.ndarray:
    from szfast.dataset.configuration import read_configuration

    found = read_configuration(path)
    pixel, beam = found.maps.as_instrument().pixel.to_value("arcmin"), found.maps.as_instrument().beam_fwhm.value
    return np.array([found.materialise, found.maps.size, pixel, beam, found.maps.seed, found.synthetic.clusters])


def _training(path: Path) -> np.ndarray:
    from szfast.ensemble.configuration import read_training

    found = read_training(path)
    return np.array([found.runs, *np.ravel(found.bins), found.recipe.epochs])


def _cases(reader: str, text: str, read: Callable[[Path], np.ndarray], folder: Path) -> list[Case]:
    def written(content: bytes) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            (into / "it.toml").write_bytes(content)
            return into / "it.toml"

        return make

    whole = text.encode()
    # loads what reading needs, which is not a file's fault
    undamaged = folder / f"{len(text)}.toml"
    undamaged.write_bytes(whole)
    read(undamaged)
    damages = {
        "cut short in a line": whole[: whole.index(b"]") - 1],
        "an empty file": b"",
        "a page of zeros": whole[:20] + bytes(64) + whole[60:],
        "bytes that are no text": b"\xff\xfe\x00" + whole,
        "UTF-16": text.encode("utf-16"),
        "binary": bytes(range(256)) * 16,
        "JSON for TOML": b'{"path": "set.zarr"}',
        "a key twice": whole.replace(b"\n", b"\n" + whole.split(b"\n")[1] + b"\n", 1),
        "brackets 100,000 deep": b"a = " + b"[" * 100_000,
        "a number of 10,000 digits": b"n = " + b"9" * 10_000 + b"\n" + whole,
        "an unknown key": b"colour = 3\n" + whole,
    }
    damages |= _wrong_values(whole)
    found = [Case(reader, damage, written(content), read) for damage, content in damages.items()]
    found.append(Case(reader, "no such file", lambda into: into / "it.toml", read))
    found.append(Case(reader, "a folder", lambda into: into, read))
    right = [2, 16, 10, 20, 5, 10] if text is DATA_SET else [3, 0, 0.1, 0.1, 0.2, 4]
    found.append(Case(reader, "nothing", written(whole), read, np.array(right, dtype=np.float64)))
    found.append(
        Case(reader, "lines that end as on Windows", written(whole.replace(b"\n", b"\r\n")), read, found[-1].right)
    )
    return found


def _wrong_values(whole: bytes) -> dict[str, bytes]:
    def instead(old: str, new: str) -> bytes:
        assert old.encode() in whole
        return whole.replace(old.encode(), new.encode(), 1)

    if whole == TRAINING.encode():
        return _of_training(instead, whole)
    return _of_data_set(instead, whole)


def _of_data_set(instead: Callable[[str, str], bytes], whole: bytes) -> dict[str, bytes]:
    return {
        "size 15": instead("size = 16", "size = 15"),
        "size -2": instead("size = 16", "size = -2"),
        "size 2^31-1": instead("size = 16", "size = 2147483647"),
        "size that is text": instead("size = 16", 'size = "sixteen"'),
        "a pixel without a unit": instead('"10 arcmin"', '"10"'),
        "a pixel in kg": instead('"10 arcmin"', '"10 kg"'),
        "a pixel of NaN": instead('"10 arcmin"', '"nan arcmin"'),
        "a pixel of 0": instead('"10 arcmin"', '"0 arcmin"'),
        "a beam of inf": instead('"20 arcmin"', '"inf arcmin"'),
        "a misspelt key": instead("particles", "partcles"),
        "clusters 0": instead("clusters = 10", "clusters = 0"),
        "clusters 10^12": instead("clusters = 10", "clusters = 1000000000000"),
        "nothing to make maps of": whole[: whole.index(b"[synthetic]")],
        "a table for a number": instead("materialise = 2", "materialise = {a = 2}"),
        "a seed of 2^64": instead("seed = 5", "seed = 18446744073709551616"),
    }


def _of_training(instead: Callable[[str, str], bytes], whole: bytes) -> dict[str, bytes]:
    return {
        "runs 0": instead("runs = 3", "runs = 0"),
        "runs 2.5": instead("runs = 3", "runs = 2.5"),
        "runs NaN": instead("runs = 3", "runs = nan"),
        "a bin upside down": instead("[0.1, 0.2]", "[0.2, 0.1]"),
        "bins that overlap": instead("[0.1, 0.2]", "[0.05, 0.2]"),
        "a bin of NaN": instead("[0.1, 0.2]", "[0.1, nan]"),
        "no bins": instead("[[0.0, 0.1], [0.1, 0.2]]", "[]"),
        "epochs -1": instead("epochs = 4", "epochs = -1"),
        "a variant that is not known": instead("[recipe]", '[recipe]\nvariant = "huge"'),
        "a misspelt key": instead("epochs", "epoch"),
        "no data set": whole.split(b"\n", 1)[1],
    }
