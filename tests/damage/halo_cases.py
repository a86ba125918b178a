"""Damaged halo catalogues: twenty haloes of AHF and SUBFIND, and what can happen to their files."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import h5py
import numpy as np
from astropy.table import MaskedColumn, Table
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
    return [*_ahf(), *_subfind(folder), *_tables(folder)]


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
        "centres in Mpc along x": columns(scaled(("Xc",), 1e-3)),
        "masses in 1e10, no radii": columns(lambda table: [scaled(("M500", "Mvir"), 1e-10)(table), table.pop("R500")]),
        "each row twice": columns(lambda table: table.update({k: np.tile(v, 2) for k, v in table.items()})),
        "one identifier for all": columns(lambda table: table.update(ID=np.full(20, 7))),
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


def _tables(folder: Path) -> list[Case]:
    halos, header = written.made(20), written.snapshot().header
    length = header.code_length_kpc * u.kpc

    def good() -> Table:
        columns = {axis: halos.position[:, i] * length for i, axis in enumerate("xyz")}
        return Table(
            {
                "id": np.arange(20),
                **columns,
                "M500c": halos.m500 * header.code_mass_msun * u.Msun,
                "R500c": halos.r500 * header.scale_factor * length,
            }
        )

    def changed(change: Callable[[Table], object], suffix: str = ".ecsv") -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            table = good()
            change(table)
            table.write(into / f"halos{suffix}")
            return into / f"halos{suffix}"

        return make

    def column(name: str, change: Callable[[np.ndarray], object], *, radii: bool = True) -> Callable[[Path], Path]:
        def apply(table: Table) -> None:
            table[name] = change(np.asarray(table[name]))
            if not radii:
                del table["R500c"]

        return changed(apply)

    def raw(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            good().write(into / "good.csv")
            (into / name).write_bytes(content((into / "good.csv").read_bytes()))
            return into / name

        return make

    def pipe(into: Path) -> Path:
        os.mkfifo(into / "halos.csv")
        return into / "halos.csv"

    many = b"1,1,1,1,1e14\n" * (1 << 21)
    damages = {
        "masses as logarithms": column("M500c", np.log10, radii=False),
        "masses in 1e14": column("M500c", lambda values: values / 1e14, radii=False),
        "masses in g": column("M500c", lambda values: values * 2e33, radii=False),
        "all in Mpc": changed(lambda table: [table.replace_column(n, np.asarray(table[n]) / 1e3) for n in "xyz"]),
        "x yes or no": column("x", lambda values: values > 3e4),
        "x complex": column("x", lambda values: values + 1j),
        "x in seconds": column("x", lambda values: values * u.s),
        "x in two columns": column("x", lambda values: np.stack([values, values], axis=1)),
        "a gap in x": column("x", lambda values: MaskedColumn(values, mask=np.arange(20) == 4)),
        "a gap in the identifiers": column("id", lambda values: MaskedColumn(values, mask=np.arange(20) == 4)),
        "one identifier for all": column("id", lambda values: 0 * values),
        "redshifts in km": changed(lambda table: table.__setitem__("redshift", np.full(20, 0.25) * u.km)),
        "M200c below M500c": changed(lambda table: table.__setitem__("M200c", 0.5 * table["M500c"])),
        "R200c below R500c": changed(lambda table: table.__setitem__("R200c", 0.5 * table["R500c"])),
        "radii comoving": column("R500c", lambda values: 1.25 * values * u.kpc),
        "no rows": changed(lambda table: table.remove_rows(slice(None))),
        "no rows, FITS": changed(lambda table: table.remove_rows(slice(None)), ".fits"),
        "a row too short": raw("halos.csv", lambda text: text.replace(b"\n7,", b"\n", 1)),
        "an empty file": raw("halos.csv", lambda text: b""),
        "27 million bytes of zeros": raw("halos.dat", lambda text: bytes(27 << 20)),
        "one line of 27 million letters": raw("halos.csv", lambda text: b"x" * (27 << 20)),
        "27 million bytes of other text": raw("halos.txt", lambda text: b"some words, and more.\n" * (27 << 16)),
        "27 million bytes, compressed": raw("halos.csv.gz", lambda text: gzip.compress(b"id,x,y,z,M500c\n" + many, 1)),
        "a pipe": pipe,
        "a name of 5,000 letters": lambda into: into / ("x" * 5000),
    }
    good().write(folder / "halos.ecsv")
    found = [Case("table", damage, make, summary) for damage, make in damages.items()]
    return [*found, Case("table", "nothing", changed(lambda table: None), summary, summary(folder / "halos.ecsv"))]
