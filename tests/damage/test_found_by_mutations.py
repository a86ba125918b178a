"""What mutated files found: each damage that was told of by an error of another library, or read as it stood."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from damage.judge import Case, judge

pytestmark = pytest.mark.filterwarnings("ignore")


def _instead(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        raw = path.read_bytes()
        assert old in raw
        path.write_bytes(raw.replace(old, new, 1))

    return change


def _within(name: str, change: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda folder: change(folder / name)


def _member(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Another content of one member, with a checksum that fits."""

    def change(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {each: archive.read(each) for each in archive.namelist()}
        members[name] = content(members[name])
        with zipfile.ZipFile(path, "w") as archive:
            for each, raw in members.items():
                archive.writestr(each, raw)

    return change


def _npy(array: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, array)
    return made.getvalue()


def _metadata(name: str, **changed: object) -> Callable[[Path], None]:
    def change(store: Path) -> None:
        for file in (store / name / "zarr.json", store / "zarr.json"):
            content = json.loads(file.read_text())
            # the copy of all metadata in the root would hide the change
            content.pop("consolidated_metadata", None)
            content.update(changed if file.parent != store else {})
            file.write_text(json.dumps(content))

    return change


def _unclosed(raw: bytes) -> bytes:
    """An array's header whose brackets do not close: NumPy parses it as Python."""
    return raw.replace(b"), }", b"(, }", 1)


BUGS = {
    "a column's name that is a number": ("PSZ2", _instead(b"TTYPE1  = 'NAME    '", b"TTYPE1  =     255   ")),
    "a cluster's name that is no text": ("PSZ2", _instead(b"PSZ2 G", b"PSZ2\x9cG")),
    "an ordering without its last quote": ("HEALPix", _instead(b"ORDERING= 'RING    '", b"ORDERING= 'RING     ")),
    "weights whose header is no Python": ("weights .npz", _member("conv1_bias.npy", _unclosed)),
    "labels of 10^400 clusters": ("Zarr store", _metadata("labels/M500c", shape=[10**400])),
    "a fill value of 10^400": ("Zarr store", _metadata("labels/M500c", fill_value=10**400)),
    "an error bar of inf": ("lensing table", _within("herbonnet2020_wl_masses.csv", _instead(b"1.1,1.2", b"inf,1.2"))),
    "an error bar of NaN": ("lensing table", _within("herbonnet2020_wl_masses.csv", _instead(b"1.1,1.2", b"1.1,nan"))),
    "a right ascension of NaN": ("lensing table", _within("herbonnet2020_wl_masses.csv", _instead(b"10.000", b"nan"))),
    "a declination of NaN": ("lensing table", _within("herbonnet2020_wl_masses.csv", _instead(b"-20.000", b"nan"))),
    "examples whose header is no Python": ("run folder", _within("examples.npz", _member("clean.npy", _unclosed))),
    "examples that are text": (
        "run folder",
        _within("examples.npz", _member("redshift.npy", lambda raw: _npy(np.array(["x", "y"])))),
    ),
}


@pytest.mark.parametrize("damage", BUGS)
def test_it_is_refused(tmp_path, valid, damage):
    reader, change = BUGS[damage]
    good = valid(reader)

    def make(folder: Path) -> Path:
        path = folder / good.path.name
        if good.path.is_dir():
            path.mkdir()
            for each in sorted(good.path.rglob("*")):
                copy = path / each.relative_to(good.path)
                copy.mkdir() if each.is_dir() else copy.write_bytes(each.read_bytes())
        else:
            path.write_bytes(good.path.read_bytes())
        change(path)
        return path

    verdict = judge(Case(reader, damage, make, good.read), tmp_path)
    assert verdict.outcome == "refused", verdict.detail
