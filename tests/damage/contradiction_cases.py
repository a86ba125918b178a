"""Snapshots and catalogues that contradict themselves, or hold what no simulation does: nothing in them is broken."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from damage import halo_cases, snapshot_cases
from damage.judge import Case
from snapshots import conftest as written
from snapshots.halos import conftest as written_halos

GADGET, GADGET4, SWIFT, TWO = "GADGET HDF5", "GADGET-4", "SWIFT", "GADGET format 2"
SWIFT_TO_CGS = "Conversion factor to CGS (not including cosmological corrections)"
Change = Callable[[h5py.File], object]


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files that tell what is right."""
    truths = snapshot_cases._truths(folder)
    groups = (_units(), _headers(), _values(), _fractions(), _storage(), _links(), _parts(truths), _box(truths))
    return [case for group in (*groups, _texts(), _paths(), _binary(), _subfind()) for case in group]


def _changed(reader: str, damage: str, change: Change, right: np.ndarray | None = None, **options) -> Case:
    def make(folder: Path) -> Path:
        path = snapshot_cases.WRITERS[reader](folder, snapshot_cases.good(), **options)
        with h5py.File(path, "a") as file:
            change(file)
        return path

    return Case(reader, damage, make, snapshot_cases.summary, right)


def _replace(file: h5py.File, name: str, values: np.ndarray, **options) -> None:
    attributes = dict(file[name].attrs)
    del file[name]
    file.create_dataset(name, data=values, **options).attrs.update(attributes)


def _times(name: str, factor: float) -> Change:
    return lambda file: _replace(file, f"PartType0/{name}", file[f"PartType0/{name}"][:] * factor)


def _attribute(group: str, name: str, value: object) -> Change:
    return lambda file: (file[group] if group in file else file.create_group(group)).attrs.__setitem__(name, value)


def _attribute_times(place: str, name: str, factor: float) -> Change:
    return lambda file: file[place].attrs.__setitem__(name, file[place].attrs[name] * factor)


def _all(*changes: Change) -> Change:
    return lambda file: [change(file) for change in changes]


def _units() -> list[Case]:
    box = _attribute_times("Header", "BoxSize", 1000.0)
    no_box = _attribute("Header", "BoxSize", 0.0)
    found = [
        _changed(GADGET, "positions and box in pc", _all(_times("Coordinates", 1e3), box)),
        _changed(GADGET, "positions in pc, no period", _all(_times("Coordinates", 1e3), no_box)),
        _changed(GADGET, "positions in Mpc, no period", _all(_times("Coordinates", 1e-3), no_box)),
        _changed(
            GADGET, "the file's unit of length in Mpc", _attribute_times("Header", "UnitLength_in_cm", 1e3), units=True
        ),
        _changed(GADGET, "masses without 1e10", _times("Masses", 1e10)),
    ]
    for factor in (1e3, 1e-3):
        found += [
            _changed(
                GADGET4,
                f"unit of positions times {factor:g}",
                _attribute_times("PartType0/Coordinates", "to_cgs", factor),
            ),
            _changed(
                SWIFT,
                f"unit of positions times {factor:g}",
                _attribute_times("PartType0/Coordinates", SWIFT_TO_CGS, factor),
            ),
            _changed(
                SWIFT, f"unit of length times {factor:g}", _attribute_times("Units", "Unit length in cgs (U_L)", factor)
            ),
            _changed(SWIFT, f"smoothing lengths times {factor:g}", _times("SmoothingLengths", factor)),
        ]
    for reader, name in ((GADGET, "InternalEnergy"), (SWIFT, "InternalEnergies")):
        found += [_changed(reader, f"energies times {factor:g}", _times(name, factor)) for factor in (1e6, 1e10, 1e-6)]

    def in_kev(file: h5py.File) -> None:
        energy = file["PartType0/InternalEnergy"][:]
        del file["PartType0/InternalEnergy"]
        file["PartType0/Temperature"] = energy * 4e-6

    return [*found, _changed(GADGET, "temperatures in keV", in_kev)]


def _headers() -> list[Case]:
    values = {"HubbleParam": 67.77, "Omega0": 1.5, "OmegaLambda": 1.9, "Time": 1.0, "Redshift": 1.0}
    found = [_changed(GADGET, f"{name} {value:g}", _attribute("Header", name, value)) for name, value in values.items()]
    for name, value in {"HubbleParam": 0.72, "Omega0": 0.25, "BoxSize": 2 * written.BOX}.items():
        found.append(_changed(GADGET, f"/Parameters has {name} {value:g}", _attribute("Parameters", name, value)))
    nonsense = {
        "HubbleParam": 0.6777 + 3j,
        "NumPart_ThisFile": np.array([snapshot_cases.COUNT + 0.7, 0, 0, 0, 0, 0]),
        "BoxSize": np.array([5e4, 5e4, 6e4]),
    }
    found += [
        _changed(GADGET, f"{name} {value}", _attribute("Header", name, value)) for name, value in nonsense.items()
    ]
    found += [_changed("GIZMO", f"kernel {n:g}", _attribute("Header", "Kernel_Function_ID", n)) for n in (99.0, np.nan)]
    for name, value in {"to_cgs": np.nan, "a_scaling": 0.0}.items():
        found.append(
            _changed(GADGET4, f"{name} of positions {value}", _attribute("PartType0/Coordinates", name, value))
        )
    found.append(_changed(GADGET4, "to_cgs of masses -1", _attribute("PartType0/Masses", "to_cgs", -1.0)))
    return [*found, _changed(SWIFT, "unit of masses 0", _attribute("PartType0/Masses", SWIFT_TO_CGS, 0.0))]


def _values() -> list[Case]:
    def one(name: str, value: float) -> Change:
        def change(file: h5py.File) -> None:
            values = file[f"PartType0/{name}"][:].astype("f8")
            values[(77, 1) if values.ndim == 2 else 77] = value
            _replace(file, f"PartType0/{name}", values)

        return change

    def at_one_point(file: h5py.File) -> None:
        positions = file["PartType0/Coordinates"][:]
        positions[:] = snapshot_cases.CENTER
        _replace(file, "PartType0/Coordinates", positions)

    def stored_as(kind: str) -> Change:
        return lambda file: _replace(file, "PartType0/Coordinates", file["PartType0/Coordinates"][:].astype(kind))

    values = {
        "Coordinates": (1e6, 1e30),
        "Masses": (1e6, 1e300),
        "SmoothingLength": (1e8, 1e-300, 1e-40),
        "InternalEnergy": (1e14, 1e300),
    }
    found = [_changed(GADGET, f"one of {name} {v:g}", one(name, v)) for name, some in values.items() for v in some]
    no_box = _attribute("Header", "BoxSize", 0.0)
    return [
        *found,
        _changed("AREPO", "one density 1e-30", one("Density", 1e-30)),
        _changed(GADGET, "one position 1e30, no period", _all(one("Coordinates", 1e30), no_box)),
        _changed(GADGET, "all particles at one point", at_one_point),
        _changed(GADGET, "positions of 16 bits", stored_as("f2")),
        _changed(GADGET, "positions as whole numbers", stored_as("i4")),
    ]


def _fractions() -> list[Case]:
    def names(*wanted: bytes) -> Change:
        return lambda file: file["SubgridScheme/NamedColumns/ElementMassFractions"].write_direct(
            np.array(wanted, "S32")
        )

    return [
        _changed(GADGET, "electrons per nucleon", _times("ElectronAbundance", 0.76)),
        _changed(GADGET, "electrons 1e-4", _times("ElectronAbundance", 1e-4)),
        _changed(SWIFT, "electrons a thousandth", _times("ElectronNumberDensities", 1e-3)),
        _changed("GIZMO", "metals in per cent", _times("Metallicity", 100.0)),
        _changed("AREPO", "metals times 1.5", _times("GFM_Metals", 1.5)),
        _changed(SWIFT, "no column is hydrogen", names(b"a", b"b", b"c")),
        _changed(SWIFT, "helium named hydrogen", names(b"Carbon", b"Helium", b"Hydrogen")),
    ]


def _storage() -> list[Case]:
    def never(file: h5py.File, name: str) -> None:
        shape = file[f"PartType0/{name}"].shape
        del file[f"PartType0/{name}"]
        file.create_dataset(f"PartType0/{name}", shape, "f4")

    def partly(file: h5py.File, name: str) -> None:
        values = file[f"PartType0/{name}"][:]
        del file[f"PartType0/{name}"]
        rows = file.create_dataset(f"PartType0/{name}", values.shape, "f4", chunks=(1000, *values.shape[1:]))
        rows[:15000] = values[:15000]

    def elsewhere(file: h5py.File) -> None:
        del file["PartType0/StarFormationRate"]
        place = [("/dev/zero", 0, h5py.h5f.UNLIMITED)]
        file.create_dataset("PartType0/StarFormationRate", (snapshot_cases.COUNT,), "f4", external=place)

    def virtual(source: str) -> Change:
        def change(file: h5py.File) -> None:
            (Path(file.filename).parent / "no.hdf5").write_bytes(bytes(1000))
            os.mkfifo(Path(file.filename).parent / "pipe.hdf5")
            layout = h5py.VirtualLayout((snapshot_cases.COUNT,), "f4")
            layout[:] = h5py.VirtualSource(source, "/PartType0/StarFormationRate", shape=(snapshot_cases.COUNT,))
            del file["PartType0/StarFormationRate"]
            file["PartType0"].create_virtual_dataset("StarFormationRate", layout)

        return change

    found = [_changed(GADGET, "star formation in no file", elsewhere)]
    for name in ("StarFormationRate", "NeutralHydrogenAbundance", "ElectronAbundance", "Coordinates"):
        found.append(_changed(GADGET, f"{name} never written", lambda file, name=name: never(file, name)))
        found.append(_changed(GADGET, f"{name} written in part", lambda file, name=name: partly(file, name)))
    sources = {".": "itself", "gone.hdf5": "a file that is gone", "no.hdf5": "no HDF5 file", "pipe.hdf5": "a pipe"}
    return [*found, *(_changed(GADGET, f"a virtual array of {what}", virtual(name)) for name, what in sources.items())]


def _links() -> list[Case]:
    def to_pipe(name: str) -> Change:
        def change(file: h5py.File) -> None:
            pipe = Path(file.filename).parent / "pipe"
            os.mkfifo(pipe)
            if name in file:
                del file[name]
            file[name] = h5py.ExternalLink(str(pipe), "/x")

        return change

    def soft_to_pipe(file: h5py.File) -> None:
        to_pipe("outside")(file)
        del file["PartType0/Masses"]
        file["PartType0/Masses"] = h5py.SoftLink("/outside")

    def root(file: h5py.File) -> None:
        del file["PartType0"]
        file["PartType0"] = h5py.SoftLink("/")

    names = ("PartType0/Masses", "PartType0/Unused", "PartType0", "Header", "Units", "SubgridScheme")
    found = [_changed(GADGET, f"{name} a link to a pipe", to_pipe(name)) for name in names]
    return [
        *found,
        _changed(GADGET, "a link to a link to a pipe", soft_to_pipe),
        _changed(GADGET, "PartType0 a link to /", root),
    ]


def _parts(truths: dict[str, np.ndarray]) -> list[Case]:
    def made(reader: str, damage: str, change: Callable[[list[Path]], object], right: np.ndarray | None = None) -> Case:
        def make(folder: Path) -> Path:
            path = snapshot_cases.WRITERS[reader](folder, snapshot_cases.good(), parts=4)
            change(sorted(folder.glob("snap_007.*")))
            return path

        return Case(reader, damage, make, snapshot_cases.summary, right)

    def other(reader: str, **changes: float) -> Callable[[list[Path]], object]:
        def change(parts: list[Path]) -> None:
            gas = snapshot_cases.good()
            for name, value in changes.items():
                setattr(gas, name, value)
            aside = parts[0].parent / "other"
            aside.mkdir()
            snapshot_cases.WRITERS[reader](aside, gas, parts=4)
            shutil.move(aside / parts[1].name, parts[1])

        return change

    def pipe(parts: list[Path]) -> None:
        parts[1].unlink()
        os.mkfifo(parts[1])

    def swapped(parts: list[Path]) -> None:
        first, second = parts[1].read_bytes(), parts[2].read_bytes()
        parts[1].write_bytes(second)
        parts[2].write_bytes(first)

    def without_electrons(parts: list[Path]) -> None:
        with h5py.File(parts[0], "a") as file:
            del file["PartType0/ElectronAbundance"]

    found = [made(GADGET4, "the first part lacks electrons", without_electrons)]
    for reader in (TWO, GADGET, GADGET4, SWIFT):
        found += [
            made(reader, "a part twice", lambda parts: shutil.copy(parts[0], parts[1])),
            made(reader, "a part of another box and h", other(reader, box=2 * written.BOX, hubble=0.7)),
            made(reader, "a part of another time", other(reader, time=0.5, redshift=1.0)),
            made(reader, "a part is a pipe", pipe),
            made(reader, "two parts changed places", swapped, truths[reader]),
        ]
    return found


def _box(truths: dict[str, np.ndarray]) -> list[Case]:
    """A period of zero is none, by agreement: right for gas that lies together."""

    def moved(folder: Path, box: float) -> Path:
        gas = snapshot_cases.good()
        inside = gas.position - snapshot_cases.CENTER
        gas = gas.with_column("position", inside - written.BOX * np.round(inside / written.BOX) + snapshot_cases.CENTER)
        gas.box = box
        return written.write_gadget_hdf5(folder, gas)

    def half(file: h5py.File) -> None:
        positions = file["PartType0/Coordinates"][:]
        _replace(
            file, "PartType0/Coordinates", np.where(positions > 0.5 * written.BOX, positions - written.BOX, positions)
        )

    return [
        Case(GADGET, "BoxSize 0", lambda folder: moved(folder, 0.0), snapshot_cases.summary, truths[GADGET]),
        _changed(GADGET, "positions from -L/2 to L/2", half, truths[GADGET]),
        _changed(GADGET, "no number in velocities", _times("Velocities", np.nan), truths[GADGET]),
    ]


def _texts() -> list[Case]:
    """Texts on HDF5's heap, which HDF5 reads without end where it is damaged."""

    def damaged(at: int, raw: bytes) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            path = written.write_swift(folder, snapshot_cases.good())
            with h5py.File(path, "a") as file:
                file["HydroScheme"].attrs["Kernel function"] = "Cubic spline (M4)"
                file["Header"].attrs["OutputType"] = "FullVolume"
            content = bytearray(path.read_bytes())
            heap = content.index(b"GCOL") + at
            content[heap : heap + len(raw)] = raw
            path.write_bytes(content)
            return path

        return make

    damages = {
        "a heap of zeros": (16, bytes(4080)),
        "a heap whose object is too long": (24, struct.pack("<Q", 2**20)),
        "a heap whose object is endless": (24, struct.pack("<Q", 2**64 - 16)),
        "a heap of no length": (8, bytes(8)),
    }
    return [Case(SWIFT, name, damaged(*how), snapshot_cases.summary) for name, how in damages.items()]


def _paths() -> list[Case]:
    names = {"5,000 letters": "x" * 5000, "**": "**", "an opening bracket": "snap_[0", "no letter": "a\0b"}
    found = [
        Case("no snapshot", f"a name of {what}", lambda folder, name=name: folder / name, snapshot_cases.summary)
        for what, name in names.items()
    ]
    for place in ("/dev/zero", "/dev/stdin", "/proc/self/mem"):
        found.append(Case("no snapshot", place, lambda folder, place=place: Path(place), snapshot_cases.summary))
    return found


def _binary() -> list[Case]:
    def labelled(old: bytes, new: bytes) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            path = written.write_binary(folder, snapshot_cases.good())
            raw = bytearray(path.read_bytes())
            first, second = raw.index(old), raw.index(new)
            raw[first : first + 4], raw[second : second + 4] = new, old
            path.write_bytes(raw)
            return path

        return make

    def twice(folder: Path) -> Path:
        path = written.write_binary(folder, snapshot_cases.good())
        raw = path.read_bytes()
        payload = np.full(snapshot_cases.COUNT, 5e5, "<f4").tobytes()
        marker = struct.pack("<I", len(payload))
        block = struct.pack("<I4sII", 8, b"U   ", len(payload) + 8, 8) + marker + payload + marker
        end = raw.index(b"SFR ") - 4
        path.write_bytes(raw[:end] + block + raw[end:])
        return path

    pairs = [(b"NE  ", b"NH  "), (b"HSML", b"SFR "), (b"U   ", b"RHO "), (b"POS ", b"VEL ")]
    found = [
        Case(
            TWO, f"{a.decode().strip()} and {b.decode().strip()} changed names", labelled(a, b), snapshot_cases.summary
        )
        for a, b in pairs
    ]
    return [*found, Case(TWO, "a block twice", twice, snapshot_cases.summary)]


def _subfind() -> list[Case]:
    name = "fof_subhalo_tab_007.hdf5"

    def made(damage: str, change: Change, **attributes) -> Case:
        def make(folder: Path) -> Path:
            written_halos.write_subfind(folder / name, written_halos.made(20), **attributes)
            with h5py.File(folder / name, "a") as file:
                change(file)
            return folder / name

        return Case("SUBFIND", damage, make, halo_cases.summary)

    def half_written(file: h5py.File) -> None:
        values = file["Group/GroupPos"][:]
        del file["Group/GroupPos"]
        file.create_dataset("Group/GroupPos", values.shape, "f4", chunks=(5, 3))[:10] = values[:10]

    def to_pipe(place: str) -> Change:
        def change(file: h5py.File) -> None:
            os.mkfifo(Path(file.filename).parent / "pipe")
            del file[place]
            file[place] = h5py.ExternalLink("pipe", "/x")

        return change

    def nothing(file: h5py.File) -> None:
        pass

    def bomb(file: h5py.File) -> None:
        for dataset in list(file["Group"]):
            shape = (10**7, *file[f"Group/{dataset}"].shape[1:])
            _replace(file, f"Group/{dataset}", np.zeros(shape, "f4"), chunks=(1 << 20, *shape[1:]), compression="gzip")

    return [
        made("positions written in part", half_written),
        *(made(f"{place} a link to a pipe", to_pipe(place)) for place in ("Group", "Header", "Group/GroupPos")),
        made("ten million packed zeros", bomb, Ngroups_ThisFile=10**7, Ngroups_Total=10**7),
        made("h of another simulation", nothing, HubbleParam=0.72),
        made("Omega0 of another simulation", nothing, Omega0=0.25),
        made("box of another simulation", nothing, BoxSize=2 * written.BOX),
        made("its scale factor is of another time", nothing, Time=0.5),
        made("one halo twice", lambda file: file["Group/GroupPos"].__setitem__(1, file["Group/GroupPos"][0])),
    ]
