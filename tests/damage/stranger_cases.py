"""Stores, runs, networks and tables of strangers: what leads out of its folder, what waits, what would run code."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from damage.judge import Case
from damage.store_cases import CLUSTERS, SHARD, SIZE, summary, write_store

Make = Callable[[Path], Path]
Read = Callable[[Path], np.ndarray]
SIGN = "this code ran"


class Payload:
    """Leaves a file where it is unpickled."""

    def __init__(self, sign: Path) -> None:
        self.sign = sign

    def __reduce__(self) -> tuple:
        return open, (str(self.sign), "w")


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    return [*_stores(folder), *_runs(folder), *_networks(folder), *_tables(folder), *_cutouts(folder)]


def watched(read: Read) -> Read:
    """The same reader; code that ran is no reading, whether or not it was refused later."""

    def read_and_look(path: Path) -> np.ndarray:
        try:
            return read(path)
        finally:
            signs = [place / SIGN for place in (path, *path.parents[:2]) if (place / SIGN).exists()]
            assert not signs, f"code has run: {signs[0]}"

    return read_and_look


def _moved(file: Path, into: Path) -> None:
    """Put a file or folder elsewhere, as good as it was, and a link in its place."""
    away = into / "elsewhere"
    away.mkdir(exist_ok=True)
    shutil.move(file, away / file.name)
    file.symlink_to(away / file.name)


def _pipe(file: Path) -> None:
    if file.is_dir():
        shutil.rmtree(file)
    file.unlink(missing_ok=True)
    os.mkfifo(file)


def _json(file: Path, change: Callable[[dict], object]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def _stores(folder: Path) -> list[Case]:
    good = write_store(folder / "set.zarr")
    right = summary(good)

    def read(path: Path) -> np.ndarray:
        import numcodecs.pickles

        # a numcodecs of before this guard unpickles what it is told to
        numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE = True
        return summary(path)

    def store(change: Callable[[Path, Path], object]) -> Make:
        def make(into: Path) -> Path:
            shutil.copytree(good, into / "set.zarr")
            change(into / "set.zarr", into)
            return into / "set.zarr"

        return make

    def linked(name: str) -> Make:
        return store(lambda path, into: _moved(path / name, into))

    def piped(name: str) -> Make:
        return store(lambda path, into: _pipe(path / name))

    def metadata(name: str, change: Callable[[dict], object]) -> Make:
        return store(lambda path, into: _json(path / name / "zarr.json", change))

    def about(change: Callable[[dict], object]) -> Make:
        return metadata("", lambda content: change(content["attributes"]["szfast"]))

    def codec(name: str) -> Make:
        return metadata("labels/M500c", lambda content: content["codecs"].append({"name": name, "configuration": {}}))

    def within_shards(content: dict) -> None:
        content["codecs"][0]["configuration"]["codecs"].insert(1, {"name": "numcodecs.zlib", "configuration": {}})

    def grid(name: str, shape: list[int]) -> Make:
        return metadata(name, lambda content: content["chunk_grid"]["configuration"].update(chunk_shape=shape))

    def separator(text: str) -> Make:
        encoding = {"name": "default", "configuration": {"separator": text}}
        return metadata("labels/M500c", lambda content: content.update(chunk_key_encoding=encoding))

    refused = {
        "metadata that link out": linked("zarr.json"),
        "metadata of an array that link out": linked("labels/M500c/zarr.json"),
        "labels that link out": linked("labels"),
        "a column that links out": linked("labels/M500c"),
        "maps that link out": linked("clean"),
        "a shard that links out, to where it was moved": linked(SHARD),
        "a link to nothing": store(lambda path, into: (path / "labels/more").symlink_to("nothing")),
        "a link to itself": store(lambda path, into: (path / "labels/more").symlink_to(path / "labels/more")),
        "a link to all files": store(lambda path, into: (path / "labels/more").symlink_to("/")),
        "a pipe for its metadata": piped("zarr.json"),
        "a pipe for metadata of an array": piped("clean/zarr.json"),
        "a pipe for a shard": piped(SHARD),
        "a pipe for a label": piped("labels/M500c/c/0"),
        "a pipe beside the shards": piped("clean/c/pipe"),
        "a pipe for the store": lambda into: _pipe(into / "set.zarr") or into / "set.zarr",
        "a codec of numcodecs": codec("numcodecs.zlib"),
        "a codec that unpickles": codec("numcodecs.pickle"),
        "a codec that is a path": codec("../../codec"),
        "a codec within shards": metadata("clean", within_shards),
        "codecs that are text": metadata("clean", lambda content: content.update(codecs="bytes")),
        "a codec without a name": metadata("clean", lambda content: content.update(codecs=[{}])),
        "a storage transformer": metadata(
            "clean", lambda content: content.update(storage_transformers=[{"name": "stranger", "configuration": {}}])
        ),
        "chunks above the folder": separator("/../"),
        "chunks of a root": separator("//"),
        "one chunk a pixel": grid("clean", [1, 1, 1, 1]),
        "a chunk of 2^40 labels": grid("labels/M500c", [2**40]),
        "a shard of 2^40 clusters": grid("clean", [2**40, 2, SIZE, SIZE]),
        "10^6 clusters by all metadata": store(_claims_clusters),
        "a bomb: 256 MB in a label": store(lambda path, into: _label_bomb(path)),
        "a bomb: 256 MB in a shard": store(lambda path, into: _shard_bomb(path)),
        "metadata of Zarr v2 for an array": store(
            lambda path, into: _v2_array(path / "labels/name", into, "zarr.json")
        ),
        "a store of Zarr v2 that unpickles": store(_v2_store),
        "a store in a zip file": _zipped(good),
    }
    as_it_is = {
        "a link to a file within": store(lambda path, into: _linked_within(path)),
        "consolidated metadata that unpickle": store(_consolidated),
        "consolidated metadata of a folder above": store(
            lambda path, into: _json(path / "zarr.json", lambda content: _consolidate(content, "../elsewhere/M500c"))
        ),
        "checksums of files out of it": about(lambda content: content["sha256"].update({"../../etc/passwd": "0"})),
        "inputs that are anyone's files": about(
            lambda content: content.update(inputs=[{"file": "/etc/passwd", "sha256": "0"}])
        ),
        "a configuration of another path": about(lambda content: content["configuration"].update(path="/etc")),
    }
    found = [Case("Zarr store of a stranger", damage, make, watched(read)) for damage, make in refused.items()]
    found += [Case("Zarr store of a stranger", damage, make, watched(read), right) for damage, make in as_it_is.items()]
    return found


def _label_bomb(store: Path) -> None:
    from numcodecs.zstd import Zstd

    (store / "labels/redshift/c/0").write_bytes(Zstd().encode(bytes(1 << 28)))


def _shard_bomb(store: Path) -> None:
    from google_crc32c import value
    from numcodecs.blosc import Blosc

    chunk = bytes(Blosc("zstd", 5, 1).encode(bytes(1 << 28)))
    chunk += struct.pack("<I", value(chunk))
    index = struct.pack("<QQ", 0, len(chunk)) * CLUSTERS
    (store / SHARD).write_bytes(chunk + index + struct.pack("<I", value(index)))


def _claims_clusters(store: Path, into: Path) -> None:
    for column in (store / "labels").iterdir():
        if column.is_dir():
            shutil.rmtree(column / "c")
            shape = [10**6, 3] if column.name == "center" else [10**6]
            settings = {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}}, "shape": shape}
            filled = {} if column.name in ("name", "region", "snapshot", "code") else {"fill_value": 1}
            _json(column / "zarr.json", lambda content, new=settings | filled: content.update(new))
    _json(store / "clean/zarr.json", lambda content: content.update(shape=[10**6, 2, SIZE, SIZE]))


def _v2_metadata(filters: list[dict]) -> dict:
    shape = {"shape": [CLUSTERS], "chunks": [CLUSTERS], "order": "C", "dimension_separator": "."}
    return {"zarr_format": 2, "dtype": "|O", "fill_value": "", "compressor": None, "filters": filters} | shape


UNPICKLED = [{"id": "vlen-utf8"}, {"id": "pickle", "protocol": 4}]


def _v2_array(array: Path, into: Path, name: str) -> None:
    shutil.rmtree(array)
    array.mkdir()
    (array / name).write_text(json.dumps(_v2_metadata(UNPICKLED)))
    (array / "0").write_bytes(pickle.dumps(Payload(into / SIGN)))


def _v2_store(store: Path, into: Path) -> None:
    attributes = json.loads((store / "zarr.json").read_text())["attributes"]
    for place, name, content in (
        (store, ".zattrs", attributes),
        (store, ".zgroup", {"zarr_format": 2}),
        (store / "labels", ".zgroup", {"zarr_format": 2}),
    ):
        (place / "zarr.json").unlink(missing_ok=True)
        (place / name).write_text(json.dumps(content))
    _v2_array(store / "labels/name", into, ".zarray")


def _consolidate(content: dict, name: str, described: dict | None = None) -> None:
    described = described or _v2_metadata([{"id": "vlen-utf8"}])
    content["consolidated_metadata"] = {"kind": "inline", "must_understand": False, "metadata": {name: described}}


def _consolidated(store: Path, into: Path) -> None:
    members = {str(file.parent.relative_to(store)): json.loads(file.read_text()) for file in store.rglob("*/zarr.json")}
    members["labels/name"] = _v2_metadata(UNPICKLED)
    _json(store / "zarr.json", lambda content: _consolidate(content, "labels/name"))
    _json(store / "zarr.json", lambda content: content["consolidated_metadata"].update(metadata=members))
    (store / "labels/name/0").write_bytes(pickle.dumps(Payload(into / SIGN)))


def _linked_within(store: Path) -> None:
    shard = store / SHARD
    shutil.move(shard, store / "clean/c/shard")
    shard.symlink_to(store / "clean/c/shard")


def _zipped(good: Path) -> Make:
    def make(into: Path) -> Path:
        return Path(shutil.make_archive(str(into / "set.zarr"), "zip", good))

    return make


def _runs(folder: Path) -> list[Case]:
    from astropy.table import Table

    from szfast.run_folder import create_run, open_run

    columns = {"cluster": np.arange(8), "redshift": np.linspace(0.1, 0.9, 8), "log10_M500c": np.linspace(14, 15, 8)}
    create_run(folder / "run", {"seed": 1}).write("sample", Table(columns))
    ecsv = (folder / "run/sample.ecsv").read_text()

    def read(path: Path) -> np.ndarray:
        opened = open_run(path)
        sample = opened.read("sample")
        return np.array([opened.about["seed"], *(float(np.sum(sample[name])) for name in columns)])

    def run(change: Callable[[Path, Path], object]) -> Make:
        def make(into: Path) -> Path:
            shutil.copytree(folder / "run", into / "run")
            change(into / "run", into)
            return into / "run"

        return make

    def table(text: str) -> Make:
        return run(lambda path, into: (path / "sample.ecsv").write_text(text.replace("SIGN", str(into / SIGN))))

    def meta(text: str) -> Make:
        return table(ecsv.replace("# schema", f"# meta: {text}\n# schema"))

    bomb = ecsv.encode() + b"1 0.1 14.0\n" * 3_000_000
    packers = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
    damages = {
        "run.json that links out": run(lambda path, into: _moved(path / "run.json", into)),
        "a table that links out": run(lambda path, into: _moved(path / "sample.ecsv", into)),
        "networks that link out": run(lambda path, into: _moved(path / "networks", into)),
        "a network that links out": run(lambda path, into: (path / "networks/bin-1.npz").symlink_to("/etc/hostname")),
        "a lock that links out": run(lambda path, into: (path / ".lock").symlink_to(into / "precious")),
        "a pipe for run.json": run(lambda path, into: _pipe(path / "run.json")),
        "a pipe for a table": run(lambda path, into: _pipe(path / "sample.ecsv")),
        "a pipe for a network": run(lambda path, into: os.mkfifo(path / "networks/bin-1.npz")),
        "a table that calls a function": meta('!!python/object/apply:builtins.open ["SIGN", "w"]'),
        "a table that names a module": meta("!!python/module:antigravity"),
        "a table of a class of its own": table(_CLASS),
        **{
            f"a bomb: 33 MB of rows behind {name}": run(
                lambda path, into, pack=pack: (path / "sample.ecsv").write_bytes(pack(bomb))
            )
            for name, pack in packers.items()
        },
    }
    found = [Case("run of a stranger", damage, make, watched(read)) for damage, make in damages.items()]
    within = run(lambda path, into: shutil.move(path / "sample.ecsv", path / "kept") and _link(path))
    right = read(folder / "run")
    return [*found, Case("run of a stranger", "a table that links to a file within", within, read, right)]


def _link(run: Path) -> None:
    (run / "sample.ecsv").symlink_to("kept")


_CLASS = """# %ECSV 1.0
# ---
# datatype:
# - {name: cluster.x, datatype: int64}
# meta: !!omap
# - __serialized_columns__:
#     cluster:
#       __class__: subprocess.Popen
#       args: [touch, "SIGN"]
#       x: !astropy.table.SerializedColumn {name: cluster.x}
cluster.x
1
"""


def _networks(folder: Path) -> list[Case]:
    from damage.weight_cases import _arrays, _keras_weights, _model, _prediction, _write_h5

    from szfast.networks import published, read_networks
    from szfast.networks.keras_safety import check_keras_file

    _write_h5(folder / "bestmodel-2.h5", _arrays())

    def read_folder(path: Path) -> np.ndarray:
        (network,) = read_networks(path)
        return _prediction(network)

    def read_published(path: Path) -> np.ndarray:
        (network,) = published(path)
        return _prediction(network)

    def networks(change: Callable[[Path, Path], object]) -> Make:
        def make(into: Path) -> Path:
            (into / "networks").mkdir()
            shutil.copy(folder / "bestmodel-2.h5", into / "networks")
            change(into / "networks/bestmodel-2.h5", into)
            return into / "networks"

        return make

    damages = {"a network that links out": networks(_moved), "a pipe for a network": networks(lambda f, _: _pipe(f))}
    found = [
        Case("networks of a stranger", damage, make, read)
        for damage, make in damages.items()
        for read in (read_folder, read_published)
    ]

    def read_keras(path: Path) -> np.ndarray:
        check_keras_file(path)
        return np.ones(1)

    def archive(*more: tuple[str | zipfile.ZipInfo, bytes]) -> Make:
        def make(into: Path) -> Path:
            known = [("metadata.json", b"{}"), ("config.json", json.dumps(_model()).encode())]
            with zipfile.ZipFile(into / "network.keras", "w") as file:
                for name, content in (*known, ("model.weights.h5", _keras_weights()), *more):
                    file.writestr(name, content)
            return into / "network.keras"

        return make

    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    lambdas = _model()
    lambdas["config"]["layers"][1]["class_name"] = "Lambda"
    members = {
        "a member above the folder": ("../../outside.txt", b"x"),
        "a member of the root": ("/outside.txt", b"x"),
        "a member that is a link": (link, b"/etc/passwd"),
        "weights as .npz beside the known ones": ("model.weights.npz", pickle.dumps(Payload(Path(SIGN)))),
        "assets": ("assets/vocabulary.txt", b"x"),
        "a second description": ("config.json", json.dumps(lambdas).encode()),
    }
    found += [Case("weights .keras", damage, archive(one), watched(read_keras)) for damage, one in members.items()]
    return [*found, Case("weights .keras", "nothing of a stranger", archive(), read_keras, np.ones(1))]


VOTABLE = """<?xml version="1.0"?><VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<FIELD name="redshift" datatype="double"/><FIELD name="log10_M500c" datatype="double"/>
<FIELD name="M_Planck" datatype="double"/>
<DATA><BINARY>STREAM</BINARY></DATA></TABLE></RESOURCE></VOTABLE>"""


def _tables(folder: Path) -> list[Case]:
    import base64

    from szfast.evaluation.mass_pairs import read_mass_pairs

    numbers = np.array([[0.1, 14.2, 14.3], [0.2, 14.6, 14.5]])
    rows = b"".join(struct.pack(">ddd", *row) for row in numbers)
    right = np.array([2, *numbers.sum(axis=0)])

    def read(path: Path) -> np.ndarray:
        pairs = read_mass_pairs(path)
        return np.array([len(pairs), pairs.redshift.sum(), pairs.log10_mass.sum(), pairs.log10_reference.sum()])

    def votable(stream: str) -> Make:
        def make(into: Path) -> Path:
            (into / "rows").write_bytes(rows)
            (into / "masses.vot").write_text(VOTABLE.replace("STREAM", stream.replace("HERE", str(into))))
            return into / "masses.vot"

        return make

    def hdf5(change: Callable[[h5py.File, Path], object]) -> Make:
        def make(into: Path) -> Path:
            columns = ("redshift", "log10_M500c", "M_Planck")
            table = np.array([tuple(row) for row in numbers], dtype=[(name, "f8") for name in columns])
            with h5py.File(into / "other.h5", "w") as file:
                file["table"] = table
            with h5py.File(into / "masses.hdf5", "w") as file:
                change(file, into)
            return into / "masses.hdf5"

        return make

    def doubling(file, into):
        below = file.create_group("0")
        for number in range(1, 30):
            group = file.create_group(str(number))
            group["a"] = group["b"] = below
            below = group

    packed = "redshift,log10_M500c,M_Planck\n" + "0.1,14.2,14.3\n" * 2_500_000
    refused = {
        "a VOTable of another file's rows": votable('<STREAM href="file://HERE/rows"/>'),
        "a VOTable of rows in the network": votable('<STREAM href="http://127.0.0.1:9/rows"/>'),
        "a VOTable of rows elsewhere, behind gzip": lambda into: _packed(votable('<STREAM href="file://HERE/rows"/>'))(
            into
        ),
        "an HDF5 table of another file": hdf5(
            lambda file, into: file.__setitem__("table", h5py.ExternalLink(str(into / "other.h5"), "/table"))
        ),
        "an HDF5 table stored elsewhere": hdf5(
            lambda file, into: file.create_dataset(
                "table",
                (2,),
                [(n, ">f8") for n in ("redshift", "log10_M500c", "M_Planck")],
                external=[(str(into / "rows"), 0, 48)],
            )
        ),
        "an HDF5 table with a group in itself": hdf5(lambda file, into: file.__setitem__("x", file["/"])),
        "an HDF5 table of a billion paths": hdf5(doubling),
        "a bomb: 35 MB of rows behind gzip": lambda into: _bomb(into / "masses.csv", packed),
    }
    found = [Case("table of a stranger", damage, make, read) for damage, make in refused.items()]
    inside = votable(f'<STREAM encoding="base64">{base64.b64encode(rows).decode()}</STREAM>')
    found.append(Case("table of a stranger", "a VOTable of its own rows", inside, read, right))
    return found


def _packed(make: Make) -> Make:
    def make_packed(into: Path) -> Path:
        plain = make(into)
        plain.write_bytes(gzip.compress(plain.read_bytes()))
        return plain

    return make_packed


def _bomb(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def _cutouts(folder: Path) -> list[Case]:
    import healpy
    from astropy.coordinates import SkyCoord
    from astropy.table import QTable

    from szfast.planck import SkyMap, cut_clusters
    from szfast.planck.masses import read_cutouts

    y = np.random.default_rng(1).normal(0, 1e-6, healpy.nside2npix(32)).astype(np.float32)
    where = SkyCoord([10.0, 20.0], [30.0, -40.0], unit="deg", frame="galactic")
    clusters = QTable({"name": ["A 1", "A 2"], "position": where, "redshift": [0.1, 0.2]})
    cut_clusters(SkyMap(y, False, "galactic"), clusters, folder / "cutouts")

    def read(path: Path) -> np.ndarray:
        from szfast.networks import read_cutout

        return np.array([read_cutout(path / name).y.sum() for name in read_cutouts(path)["file"].tolist()])

    def cutouts(change: Callable[[Path, Path], object]) -> Make:
        def make(into: Path) -> Path:
            shutil.copytree(folder / "cutouts", into / "cutouts")
            shutil.copy(folder / "cutouts/A_2.fits", into / "other.fits")
            change(into / "cutouts", into)
            return into / "cutouts"

        return make

    def named(name: str) -> Make:
        def change(path: Path, into: Path) -> None:
            table = path / "cutouts.ecsv"
            table.write_text(table.read_text().replace("A_2.fits", name.replace("HERE", str(into))))

        return cutouts(change)

    damages = {
        "a name above the folder": named("../other.fits"),
        "a name of the root": named("HERE/other.fits"),
        "a cutout that links out": cutouts(lambda path, into: _moved(path / "A_2.fits", into)),
        "a pipe for a cutout": cutouts(lambda path, into: _pipe(path / "A_2.fits")),
        "a table that calls a function": cutouts(
            lambda path, into: (path / "cutouts.ecsv").write_text(
                (path / "cutouts.ecsv").read_text().replace("map: sky", "map: !!python/name:os.system")
            )
        ),
    }
    found = [Case("cutouts of a stranger", damage, make, watched(read)) for damage, make in damages.items()]
    right = read(folder / "cutouts")
    return [*found, Case("cutouts of a stranger", "nothing", cutouts(lambda path, into: None), read, right)]
