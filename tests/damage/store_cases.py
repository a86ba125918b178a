"""Damaged data sets: a Zarr store of three clusters in two views, and what can happen to its files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from damage.judge import Case

CLUSTERS, SIZE = 3, 16
CONFIGURATION = {
    "maps": {"instrument": "small", "size": SIZE, "pixel": "10 arcmin", "beam": "20 arcmin", "seed": 5},
    "synthetic": {"clusters": CLUSTERS},
}


def write_store(path: Path) -> Path:
    """Write a data set as a builder does, with checksums, in this process."""
    import zarr

    from szfast.dataset.checksums import sha256, store_files
    from szfast.dataset.configuration import Configuration
    from szfast.dataset.store import ATTRIBUTE, create_store
    from szfast.maps.sightlines import sightlines
    from szfast.maps.spectrum import noise_spectrum

    rng = np.random.default_rng(3)
    text = {name: np.array([f"{name} {i}" for i in range(CLUSTERS)]) for name in ("name", "region", "snapshot", "code")}
    columns = text | {
        "cluster": np.arange(CLUSTERS),
        "halo_id": np.arange(CLUSTERS),
        "redshift": np.array([0.1, 0.2, 0.3]),
        "M500c": np.array([2e14, 4e14, 8e14]),
        "R500c": np.full(CLUSTERS, 1000.0),
        "Y500": np.full(CLUSTERS, 1e-4),
        "center": rng.uniform(0, 1e5, (CLUSTERS, 3)),
        "pixel": np.full(CLUSTERS, 500.0),
        "noise_cluster": np.arange(CLUSTERS, dtype=np.uint64),
    }
    create_store(path, columns, sightlines("hemisphere27")[:2], noise_spectrum("milca"), SIZE, 0)
    root = zarr.open_group(path, mode="r+")
    root["clean"][:] = rng.random((CLUSTERS, 2, SIZE, SIZE), dtype=np.float32) * 1e-5
    configuration = Configuration.model_validate({"path": "set.zarr", **CONFIGURATION})
    about = {"format": 1, "version": "0", "configuration": configuration.content(), "inputs": [], "left_out": []}
    root.attrs[ATTRIBUTE] = about | {"materialised": 0}
    sums = {str(name): sha256(path / name) for name in store_files(path)}
    root.attrs[ATTRIBUTE] = about | {"materialised": 0, "sha256": sums}
    return path


def summary(path: Path) -> np.ndarray:
    """Numbers of a data set that a training would use; noise among them."""
    from szfast.dataset import open_dataset

    dataset = open_dataset(path)
    clean, noisy = dataset.clean().astype(np.float64), dataset.noisy().astype(np.float64)
    labels = [dataset.redshift_of().sum(), dataset.log10_mass_of().sum(), dataset.views.sum(), dataset.seed]
    shape = [len(dataset), dataset.n_views, dataset.instrument.size]
    return np.array([*shape, *labels, clean.sum(), np.abs(clean).max(), noisy.sum(), noisy.std()])


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged store."""
    good = write_store(folder / "set.zarr")
    right = summary(good)

    def damaged(change: Callable[[Path], None]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            shutil.copytree(good, into / "set.zarr")
            change(into / "set.zarr")
            return into / "set.zarr"

        return make

    found = [Case("Zarr store", damage, damaged(change), summary) for damage, change in _damages().items()]
    found.append(Case("Zarr store", "no such store", lambda into: into / "set.zarr", summary))
    # the spectrum is in the store, whatever its file was called
    elsewhere = damaged(lambda store: _edited(store / "zarr.json", _noise_from_a_file))
    found.append(Case("Zarr store", "noise of a file that is elsewhere", elsewhere, summary, right))
    found.append(Case("Zarr store", "nothing", damaged(lambda store: None), summary, right))
    found.append(Case("Zarr store", "a stranger's file beside the shards", damaged(_stranger), summary, right))
    return found


SHARD = "clean/c/0/0/0/0"


def _damages() -> dict[str, Callable[[Path], None]]:
    def raw(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        return lambda store: (store / name).write_bytes(change((store / name).read_bytes())) and None

    def array(name: str, **changed: object) -> Callable[[Path], None]:
        return lambda store: _edited(store / name / "zarr.json", lambda content: content.update(changed))

    def about(change: Callable[[dict], None]) -> Callable[[Path], None]:
        return lambda store: _edited(store / "zarr.json", lambda content: change(content["attributes"]["szfast"]))

    def label(name: str, wrong: float) -> Callable[[Path], None]:
        def change(store: Path) -> None:
            import zarr

            zarr.open_group(store, mode="r+")[f"labels/{name}"][1] = wrong

        return change

    def maps(change: Callable[[dict], None]) -> Callable[[dict], None]:
        return lambda content: change(content["configuration"]["maps"])

    return {
        "no shard": lambda store: (store / SHARD).unlink(),
        "a shard cut short": raw(SHARD, lambda b: b[: len(b) // 2]),
        "a shard's index cut off": raw(SHARD, lambda b: b[:-9]),
        "an empty shard": raw(SHARD, lambda b: b""),
        "a flipped bit in a shard": raw(SHARD, lambda b: b[:900] + bytes([b[900] ^ 4]) + b[901:]),
        "a page of zeros in a shard": raw(SHARD, lambda b: b[:512] + bytes(512) + b[1024:]),
        "no metadata": lambda store: (store / "zarr.json").unlink(),
        "metadata cut short": raw("zarr.json", lambda b: b[: len(b) // 2]),
        "metadata that are no JSON": raw("zarr.json", lambda b: b"\xff\xfe" + b),
        "metadata nested 100,000 deep": raw("zarr.json", lambda b: b"[" * 100_000),
        "metadata of the maps cut short": raw("clean/zarr.json", lambda b: b[:50]),
        "an array for the group": lambda store: shutil.copy(store / "views/zarr.json", store / "zarr.json") and None,
        "maps of another shape": array("clean", shape=[CLUSTERS, 2, SIZE, SIZE // 2]),
        "a cluster more by the metadata": array("clean", shape=[CLUSTERS + 1, 2, SIZE, SIZE]),
        "2^31-1 clusters by the metadata": array("clean", shape=[2**31 - 1, 2, SIZE, SIZE]),
        "-1 clusters by the metadata": array("clean", shape=[-1, 2, SIZE, SIZE]),
        "maps with one axis": array("clean", shape=[CLUSTERS]),
        "maps of another type": array("clean", data_type="float64"),
        "2^40 labels by the metadata": array("labels/M500c", shape=[2**40]),
        "a label fewer by the metadata": array("labels/M500c", shape=[CLUSTERS - 1]),
        "a codec that is not known": array("clean", codecs=[{"name": "stranger"}]),
        "no provenance": lambda store: _edited(store / "zarr.json", lambda content: content["attributes"].clear()),
        "provenance of a later format": about(lambda content: content.update(format=99)),
        "provenance without a format": about(lambda content: content.pop("format")),
        "provenance that is a list": lambda store: _edited(
            store / "zarr.json", lambda content: content["attributes"].update(szfast=[1])
        ),
        "provenance without a configuration": about(lambda content: content.pop("configuration")),
        "a configuration of 17 pixels": about(maps(lambda how: how.update(size=17))),
        "a configuration of 32 pixels": about(maps(lambda how: how.update(size=2 * SIZE))),
        "no labels": lambda store: shutil.rmtree(store / "labels"),
        "no column of masses": lambda store: shutil.rmtree(store / "labels/M500c"),
        "a mass of NaN": label("M500c", np.nan),
        "a negative mass": label("M500c", -1e14),
        "a redshift of inf": label("redshift", np.inf),
        "no views": lambda store: shutil.rmtree(store / "views"),
        "views that are no rotations": _skewed,
        "no noise spectrum": lambda store: shutil.rmtree(store / "noise_power"),
        "a map of NaN": _nan_map,
        "a file for the store": _file_for_store,
        "a shard that links out of the store": _link,
    }


def _edited(file: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(file.read_text())
    # the copy of all metadata in the root would hide the change
    content.pop("consolidated_metadata", None)
    change(content)
    file.write_text(json.dumps(content))


def _noise_from_a_file(content: dict) -> None:
    content["attributes"]["szfast"]["configuration"]["maps"]["noise"] = "/etc/hostname"


def _stranger(store: Path) -> None:
    (store / "clean/c/0/0/0/0.partial").write_text("x")


def _skewed(store: Path) -> None:
    import zarr

    zarr.open_group(store, mode="r+")["views"][0, 0, 0] = 7.0


def _nan_map(store: Path) -> None:
    import zarr

    zarr.open_group(store, mode="r+")["clean"][1, 1, 5, 5] = np.nan


def _file_for_store(store: Path) -> None:
    shutil.rmtree(store)
    store.write_text("no folder")


def _link(store: Path) -> None:
    (store / SHARD).unlink()
    (store / SHARD).symlink_to("/etc/hostname")
