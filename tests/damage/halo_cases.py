"""Damaged halo catalogues: twenty haloes of AHF and SUBFIND, and what can happen to their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from damage.judge import Case
from snapshots.halos import conftest as written

import szfast

NAME = "GadgetX-NewMDCLUSTER_0001.z0.250.AHF_halos"


def summary(path: Path) -> np.ndarray:
    """Numbers of a catalogue: count, masses, radii, centres."""
    halos = szfast.read_halos(path, snapshot=written.snapshot())
    mass, radius = halos["M500c"].to_value("Msun"), halos["R500c"].to_value("kpc")
    return np.array([len(halos), mass.sum(), mass[0], radius.sum(), *halos["center"].to_value("kpc").mean(axis=0)])


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    return [*_ahf(), *_subfind(folder)]


def _ahf() -> list[Case]:
    def columns(change: Callable[[dict], None]) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            table = written.ahf_columns(written.made(20))
            change(table)
            written.write_ahf(folder / NAME, table)
            return folder / NAME

        return make

    def text(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(folder: Path) -> Path:
            path = columns(lambda table: None)(folder)
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    def value(name: str, wrong: float) -> Callable[[dict], None]:
        def change(table: dict) -> None:
            table[name] = table[name].astype(np.float64)
            table[name][7] = wrong

        return change

    def scaled(names: tuple[str, ...], factor: float) -> Callable[[dict], None]:
        def change(table: dict) -> None:
            for name in names:
                table[name] = table[name] * factor

        return change

    damages = {
        "cut short in its header": text(lambda raw: raw[:50]),
        "cut short in a row": text(lambda raw: raw[: len(raw) // 2]),
        "cut short in its last row": text(lambda raw: raw[:-30]),
        "a page of zeros": text(lambda raw: raw[:600] + bytes(400) + raw[1000:]),
        "an empty file": text(lambda raw: b""),
        "no header line": text(lambda raw: raw[raw.index(b"\n") + 1 :]),
        "one value too few in a row": text(lambda raw: raw.replace(b"\t1000\t", b"\t", 1)),
        "a word for a mass": text(lambda raw: raw.replace(b"e+14\t", b"e+l4\t", 1)),
        "bytes that are no text": text(lambda raw: raw[:700] + bytes(range(128, 256)) + raw[828:]),
        "mass NaN": columns(value("M500", np.nan)),
        "mass negative": columns(value("M500", -1e14)),
        "mass inf": columns(value("M500", np.inf)),
        "centre NaN": columns(value("Xc", np.nan)),
        "centre far outside the box": columns(value("Xc", 9e6)),
        "radius zero": columns(value("R500", 0.0)),
        "radii in Mpc": columns(scaled(("R500", "Rvir"), 1e-3)),
        "masses in 1e10": columns(scaled(("M500", "Mvir"), 1e-10)),
    }
    return [Case("AHF", damage, make, summary) for damage, make in damages.items()]


def _subfind(folder: Path) -> list[Case]:
    name = "fof_subhalo_tab_007.hdf5"
    written.write_subfind(folder / name, written.made(20))
    right = summary(folder / name)

    def damaged(change: Callable[[Path], None], **options) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            written.write_subfind(into / name, written.made(20), **options)
            change(into / name)
            return into / name

        return make

    def array(dataset: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
        def apply(path: Path) -> None:
            with h5py.File(path, "a") as file:
                values = change(file[f"Group/{dataset}"][:])
                del file[f"Group/{dataset}"]
                file[f"Group/{dataset}"] = values

        return apply

    def nothing(path: Path) -> None:
        pass

    def wrong(at: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
        def change(values: np.ndarray) -> np.ndarray:
            values[at] = value
            return values

        return change

    def without(path: Path) -> None:
        with h5py.File(path, "a") as file:
            del file["Group/GroupPos"]

    damages = {
        "cut short": damaged(lambda path: path.write_bytes(path.read_bytes()[:3000])),
        "the header counts 2^31-1": damaged(nothing, Ngroups_ThisFile=2**31 - 1, Ngroups_Total=2**31 - 1),
        "the header counts 3 of 20": damaged(nothing, Ngroups_ThisFile=3, Ngroups_Total=3),
        "a part is missing": damaged(nothing, parts=4, total=80),
        "one array shorter": damaged(array("Group_M_Crit500", lambda values: values[:-3])),
        "mass NaN": damaged(array("Group_M_Crit500", wrong(3, np.nan))),
        "mass negative": damaged(array("Group_M_Crit500", wrong(3, -5.0))),
        "centre NaN": damaged(array("GroupPos", wrong(3, np.nan))),
        "radii in Mpc": damaged(array("Group_R_Crit500", lambda values: values * 1e-3)),
        "no centres": damaged(without),
        "HubbleParam 0": damaged(nothing, HubbleParam=0.0),
        "redshift of another snapshot": damaged(nothing, Redshift=1.0, Time=0.5),
    }
    found = [Case("SUBFIND", damage, make, summary) for damage, make in damages.items()]
    # the snapshot has it
    found.append(Case("SUBFIND", "HubbleParam absent", damaged(nothing, HubbleParam=None), summary, right))
    found.append(Case("SUBFIND", "nothing", damaged(nothing), summary, right))
    return found
