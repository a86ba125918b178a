"""Damaged snapshots: one cluster of 20,000 particles in each dialect, and what can happen to its files."""

from __future__ import annotations

import functools
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from damage.judge import Case
from snapshots import conftest as written

import szfast

COUNT = 20_000
CENTER = [100.0, 25000.0, 49900.0]
WRITERS: dict[str, Callable[..., Path]] = {
    "GADGET format 1": functools.partial(written.write_binary, format=1),
    "GADGET format 2": functools.partial(written.write_binary, format=2),
    "GADGET HDF5": written.write_gadget_hdf5,
    "GADGET-4": written.write_gadget4,
    "AREPO": written.write_arepo,
    "GIZMO": written.write_gizmo,
    "SWIFT": written.write_swift,
}
BINARY = ("GADGET format 1", "GADGET format 2")
HDF5 = tuple(name for name in WRITERS if name not in BINARY)
FIELDS = {
    "position": ("POS", "Coordinates", "Coordinates"),
    "mass": ("MASS", "Masses", "Masses"),
    "energy": ("U", "InternalEnergy", "InternalEnergies"),
    "h": ("HSML", "SmoothingLength", "SmoothingLengths"),
}


@functools.cache
def _columns() -> dict[str, np.ndarray]:
    columns = written.gas_columns(COUNT)
    # hot and ionised, so that nothing is left out
    return columns | {"neutral": columns["neutral"] * 0.01, "sfr": 0 * columns["sfr"], "delay": 0 * columns["delay"]}


def good() -> written.CodeGas:
    """An undamaged cluster."""
    return written.CodeGas(columns=dict(_columns()))


def summary(path: Path, **options) -> np.ndarray:
    """Numbers of a snapshot's gas that a map would show: count, Compton area, mean offset and size."""
    import astropy.units as u

    gas = szfast.read_snapshot(path, center=np.asarray(CENTER) * written.LENGTH.to(u.kpc), **options)
    area = gas.compton_y_kpc2().astype(np.float64)
    offset = np.abs(np.asarray(gas.offset_kpc, dtype=np.float64)).mean(axis=0)
    h = np.asarray(gas.smoothing_length_kpc, dtype=np.float64)
    return np.array([len(gas), area.sum(), *offset, h.mean(), (area * h).sum() / area.sum()])


@functools.cache
def _truths(folder: Path) -> dict[str, np.ndarray]:
    truths = {}
    for name, write in WRITERS.items():
        into = folder / name.replace(" ", "_")
        into.mkdir()
        truths[name] = summary(write(into, good()))
    return truths


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files that tell what is right."""
    truths = _truths(folder)
    groups = (_cut_short(), _zeroed(), _counts(), _bad_values(), _headers(), _links_and_bombs(), _bytes(truths))
    return [case for group in groups for case in group]


def _case(reader: str, damage: str, change: Callable[[Path], None], right: np.ndarray | None = None, **options) -> Case:
    def make(folder: Path) -> Path:
        path = WRITERS[reader](folder, good(), **options)
        change(path)
        return path

    return Case(reader, damage, make, summary, right)


def _cut_short() -> list[Case]:
    def cut(share: float) -> Callable[[Path], None]:
        return lambda path: path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    places = {"in its header": 0.0001, "in the positions": 0.2, "in its last array": 0.97}
    readers = ("GADGET format 1", "GADGET format 2", "GADGET-4", "SWIFT")
    return [_case(reader, f"cut short {where}", cut(share)) for reader in readers for where, share in places.items()]


def _zeroed() -> list[Case]:
    def header(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[:4096] = bytes(4096)
        path.write_bytes(raw)

    found = [_case(reader, "a page of zeros, start", header) for reader in ("GADGET format 2", "GADGET HDF5")]
    for column in (*FIELDS, "electrons"):
        found.append(_case("GADGET format 2", f"a page of zeros, {column}", functools.partial(_zero_in_binary, column)))
        found.append(_case("GADGET HDF5", f"a page of zeros, {column}", functools.partial(_zero_in_hdf5, column)))
    return found


def _zero_in_binary(column: str, path: Path) -> None:
    raw = bytearray(path.read_bytes())
    start = raw.index(_columns()[column].astype("<f4")[:100].tobytes()) + 8192
    raw[start : start + 4096] = bytes(4096)
    path.write_bytes(raw)


def _zero_in_hdf5(column: str, path: Path) -> None:
    name = FIELDS.get(column, ("", "ElectronAbundance"))[1]
    with h5py.File(path) as file:
        start = file[f"PartType0/{name}"].id.get_offset() + 8192
    raw = bytearray(path.read_bytes())
    raw[start : start + 4096] = bytes(4096)
    path.write_bytes(raw)


def _counts() -> list[Case]:
    def binary(start: int, count: int) -> Callable[[Path], None]:
        def change(path: Path) -> None:
            raw = bytearray(path.read_bytes())
            raw[start : start + 4] = struct.pack("<i", count)
            path.write_bytes(raw)

        return change

    def hdf5(count: int) -> Callable[[Path], None]:
        def change(path: Path) -> None:
            with h5py.File(path, "a") as file:
                for name in ("NumPart_ThisFile", "NumPart_Total"):
                    file["Header"].attrs[name] = np.array([count, 0, 0, 0, 0, 0], "i8")

        return change

    def lose(path: Path) -> None:
        sorted(path.parent.glob("snap_007*"))[1].unlink()

    def shorten(path: Path) -> None:
        with h5py.File(path, "a") as file:
            values = file["PartType0/Masses"][:-7]
            del file["PartType0/Masses"]
            file["PartType0/Masses"] = values

    wanted = {"2^31-1 particles": 2**31 - 1, "100 of 20,000": 100, "-1": -1}
    found = [_case("GADGET format 1", f"the header counts {text}", binary(4, count)) for text, count in wanted.items()]
    found += [
        _case("GADGET format 2", f"the header counts {text}", binary(20, count)) for text, count in wanted.items()
    ]
    found += [_case("GADGET-4", f"the header counts {text}", hdf5(count)) for text, count in wanted.items()]
    found += [_case(reader, "a part is missing", lose, parts=3) for reader in ("GADGET format 2", "GADGET-4", "SWIFT")]
    found.append(_case("GADGET HDF5", "one array shorter", shorten))
    return found


def _bad_values() -> list[Case]:
    found = []
    for reader in ("GADGET format 2", "GADGET HDF5", "SWIFT"):
        for column in FIELDS:
            for value in (np.nan, np.inf, -1.0):
                if column == "position" and value == -1.0:
                    continue  # a period to the other side: allowed
                found.append(_with_value(reader, column, value))
    return found


def _with_value(reader: str, column: str, value: float) -> Case:
    def make(folder: Path) -> Path:
        values = _columns()[column].copy()
        values[(COUNT // 2, 1) if values.ndim == 2 else COUNT // 2] = value
        return WRITERS[reader](folder, good().with_column(column, values))

    return Case(reader, f"{column} {value:g}", make, summary)


def _headers() -> list[Case]:
    def attribute(name: str, value: float | None) -> Callable[[Path], None]:
        def change(path: Path) -> None:
            with h5py.File(path, "a") as file:
                for group in ("Header", "Parameters", "Cosmology"):
                    if group in file and name in file[group].attrs:
                        if value is None:
                            del file[group].attrs[name]
                        else:
                            file[group].attrs[name] = value

        return change

    found = [
        _case("GADGET HDF5", f"HubbleParam {'absent' if value is None else value}", attribute("HubbleParam", value))
        for value in (0.0, -0.7, None)
    ]
    found += [_case("SWIFT", f"h {value}", attribute("h", value)) for value in (0.0, -0.7)]
    # what a box of zero means is agreed: no period; the gas of this cluster then lies on several sides
    found += [
        _case("GADGET HDF5", f"BoxSize {text}", attribute("BoxSize", written.BOX * factor))
        for text, factor in {"1000 times too large": 1e3, "1000 times too small": 1e-3}.items()
    ]

    def without_electrons(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["PartType0/ElectronAbundance"]

    def fully_ionised(folder: Path) -> Path:
        path = written.write_gadget_hdf5(folder, good())
        without_electrons(path)
        return path

    def in_mpc(folder: Path) -> Path:
        gas = good()
        for name, power in (("position", 1), ("h", 1), ("density", -3)):
            gas = gas.with_column(name, getattr(gas, name) * 1e-3**power)
        gas.box /= 1e3
        return written.write_binary(folder, gas)

    # fully ionised where the file is silent: the assumption is logged and written into every product
    found.append(Case("GADGET HDF5", "no electron fraction", fully_ionised, summary, _fully_ionised_summary()))
    found.append(Case("GADGET format 2", "written in Mpc", in_mpc, summary))
    return found


@functools.cache
def _fully_ionised_summary() -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        return summary(written.write_gadget_hdf5(Path(folder), good()), electrons="fully_ionised")


def _links_and_bombs() -> list[Case]:
    def cyclic(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0/Masses"] = h5py.SoftLink("/PartType0/Masses")

    def deep(path: Path) -> None:
        with h5py.File(path, "a") as file:
            file.move("PartType0/Masses", "PartType0/link0")
            for i in range(2000):
                file[f"PartType0/link{i + 1}"] = h5py.SoftLink(f"/PartType0/link{i}")
            file["PartType0/Masses"] = h5py.SoftLink("/PartType0/link2000")

    def outside(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0/Masses"] = h5py.ExternalLink("/etc/hostname", "/x")

    def group(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file.create_group("PartType0/Masses")

    def bomb(path: Path) -> None:
        count = 10**9
        with h5py.File(path, "a") as file:
            for name in list(file["PartType0"]):
                shape = (count, 3) if name == "Coordinates" else (count,)
                del file["PartType0"][name]
                file["PartType0"].create_dataset(
                    name, shape, "f4", chunks=(1 << 20, *shape[1:]), compression="gzip", fillvalue=1.0
                )
            for name in ("NumPart_ThisFile", "NumPart_Total"):
                file["Header"].attrs[name] = np.array([count, 0, 0, 0, 0, 0], "u8")

    def one_huge_chunk(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["PartType0/Masses"]
            file["PartType0"].create_dataset(
                "Masses", data=np.zeros(10**8, "f4"), chunks=(10**8,), compression="gzip", compression_opts=1
            )

    damages = {
        "a link to itself": cyclic,
        "2,000 links deep": deep,
        "a link to another file": outside,
        "a group for an array": group,
        "a billion compressed particles": bomb,
        "one compressed chunk of 400 MB": one_huge_chunk,
    }
    return [_case("GADGET HDF5", name, change) for name, change in damages.items()]


def _bytes(truths: dict[str, np.ndarray]) -> list[Case]:
    def marker(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[16:20] = struct.pack("<I", 255)
        path.write_bytes(raw)

    def half_swapped(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        body = np.frombuffer(bytes(raw[300 : 300 + 4 * ((len(raw) - 300) // 4)]), "<u4").byteswap().tobytes()
        raw[300 : 300 + len(body)] = body
        path.write_bytes(raw)

    def magic(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[:4] = b"\x89HDG"
        path.write_bytes(raw)

    def swapped(folder: Path) -> Path:
        return written.write_binary(folder, good(), order=">")

    def empty(folder: Path) -> Path:
        (folder / "snap_007").write_bytes(b"")
        return folder / "snap_007"

    def absent(folder: Path) -> Path:
        return folder / "snap_007.hdf5"

    def a_folder(folder: Path) -> Path:
        (folder / "other").mkdir()
        return folder / "other"

    two = "GADGET format 2"
    return [
        Case(two, "the other byte order", swapped, summary, truths[two]),
        _case(two, "another byte order behind the header", half_swapped),
        _case(two, "a wrong record marker", marker),
        _case("GADGET-4", "a wrong magic number", magic),
        Case(two, "an empty file", empty, summary),
        Case("GADGET-4", "no such file", absent, summary),
        Case("GADGET-4", "an empty folder", a_folder, summary),
    ]
