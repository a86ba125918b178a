"""Damaged tables and folders of szfast's own and of others: mass catalogues, maps, lensing samples, runs."""

from __future__ import annotations

import functools
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from damage.judge import Case

MASSES = "name,redshift,log10_M500c,M_Planck\n" + "".join(
    f"PSZ2 G{i:03d},{0.05 + 0.02 * i:.3f},{14.2 + 0.02 * i:.3f},{14.3 + 0.02 * i:.3f}\n" for i in range(30)
)
LENSING = "cluster,ra,dec,z,M500_ap,em_M500_ap,ep_M500_ap\n" + "".join(
    f"A{i},{10 + i:.3f},{-20 + i:.3f},{0.1 + 0.01 * i:.3f},{5 + 0.1 * i:.2f},1.1,1.2\n" for i in range(30)
)


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    return [*_masses(folder), *_lensing(folder), *_maps(folder), *_runs(folder)]


def _raw(good: bytes, name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    def make(into: Path) -> Path:
        (into / name).write_bytes(change(good))
        return into / name

    return make


def _masses(folder: Path) -> list[Case]:
    from szfast.evaluation.mass_pairs import read_mass_pairs

    def read(path: Path) -> np.ndarray:
        pairs = read_mass_pairs(path)
        return np.array([len(pairs), pairs.redshift.sum(), pairs.log10_mass.sum(), pairs.log10_reference.sum()])

    good = MASSES.encode()
    made = functools.partial(_raw, good, "masses.csv")
    damages = {
        "cut short in its header": made(lambda b: b[:12]),
        "cut short in a row": made(lambda b: b[: b.index(b"G020") + 12]),
        "an empty file": made(lambda b: b""),
        "no row": made(lambda b: b[: b.index(b"\n") + 1]),
        "a page of zeros": made(lambda b: b[:200] + bytes(200) + b[400:]),
        "binary": made(lambda b: bytes(range(256)) * 8),
        "no column of masses": made(lambda b: b.replace(b"log10_M500c", b"mass", 1)),
        "a word for a mass": made(lambda b: b.replace(b"14.280", b"heavy", 1)),
        "a mass in Msun": made(lambda b: b.replace(b"14.280", b"1.9e14", 1)),
        "a mass of inf": made(lambda b: b.replace(b"14.280", b"inf", 1)),
        "a redshift of inf": made(lambda b: b.replace(b"0.110", b"inf", 1)),
        "a negative redshift": made(lambda b: b.replace(b"0.110", b"-0.11", 1)),
        "one value too many": made(lambda b: b.replace(b"14.280", b"14.280,3", 1)),
        "no such file": lambda into: into / "masses.csv",
    }
    found = [Case("mass catalogue", damage, make, read) for damage, make in damages.items()]
    right = read(made(lambda b: b)(folder))
    found.append(Case("mass catalogue", "nothing", made(lambda b: b), read, right))
    return found


def _lensing(folder: Path) -> list[Case]:
    from szfast.planck import read_lensing

    def read(path: Path) -> np.ndarray:
        table = read_lensing(path)
        masses = [table[name].value.sum() for name in ("M500c", "M500c_err_low", "M500c_err_up")]
        place = table["position"].icrs
        return np.array([len(table), table["redshift"].sum(), *masses, place.ra.deg.sum(), place.dec.deg.sum()])

    def made(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        return lambda into: _raw(LENSING.encode(), "herbonnet2020_wl_masses.csv", change)(into).parent

    damages = {
        "cut short in its header": made(lambda b: b[:20]),
        "cut short in a row": made(lambda b: b[: b.index(b"A20") + 14]),
        "an empty file": made(lambda b: b""),
        "a page of zeros": made(lambda b: b[:200] + bytes(200) + b[400:]),
        "no column of masses": made(lambda b: b.replace(b"M500_ap", b"mass", 1)),
        "a word for a mass": made(lambda b: b.replace(b"5.50", b"heavy", 1)),
        "a mass of inf": made(lambda b: b.replace(b"5.50", b"inf", 1)),
        "a negative mass": made(lambda b: b.replace(b"5.50", b"-5.5", 1)),
        "masses in Msun": made(lambda b: b.replace(b"5.50", b"5.5e14", 1)),
        "a redshift of NaN": made(lambda b: b.replace(b"0.150", b"nan", 1)),
        "declination -200": made(lambda b: b.replace(b"-15.000", b"-200.0", 1)),
        "an empty folder": lambda into: into,
    }
    found = [Case("lensing table", damage, make, read) for damage, make in damages.items()]
    right = read(made(lambda b: b)(folder))
    found.append(Case("lensing table", "nothing", made(lambda b: b), read, right))
    return found


def _maps(folder: Path) -> list[Case]:
    import astropy.units as u
    from astropy.cosmology import FlatLambdaCDM

    import szfast

    rng = np.random.default_rng(3)
    gas = szfast.Gas.from_arrays(
        position=rng.normal(0, 400, (500, 3)) * u.kpc,
        mass=np.full(500, 1e10) * u.Msun,
        temperature=np.full(500, 5e7) * u.K,
        smoothing_length=np.full(500, 200.0) * u.kpc,
        redshift=0.1,
        cosmology=FlatLambdaCDM(70, 0.3),
    )
    instrument = szfast.Instrument("small", 2 * u.arcmin, 16, 4 * u.arcmin)
    made = szfast.make_maps(
        gas, instrument=instrument, noise=None, sightlines=np.eye(3)[None], method="exact", threads=1
    )
    good = szfast.write_maps(folder / "maps.fits", made).read_bytes()

    def read(path: Path) -> np.ndarray:
        (maps,) = szfast.read_maps(path)
        y = np.asarray(maps.y, dtype=np.float64)
        return np.array([*y.shape, y.sum(), y.max(), maps.redshift, maps.pixel_kpc, maps.views.sum()])

    raw = functools.partial(_raw, good, "maps.fits")
    data = good.index(b"END" + b" " * 77, 2880) // 2880 * 2880 + 2880
    damages = {
        "cut short in its header": raw(lambda b: b[:3000]),
        "cut short in the maps": raw(lambda b: b[: data + 500]),
        "cut short in the table of views": raw(lambda b: b[:-2000]),
        "the table of views is missing": raw(lambda b: b[: data + 2880]),
        "an empty file": raw(lambda b: b""),
        "a page of zeros in the maps": raw(lambda b: b[: data + 256] + bytes(256) + b[data + 512 :]),
        "a flipped bit in the maps": raw(lambda b: b[: data + 99] + bytes([b[data + 99] ^ 1]) + b[data + 100 :]),
        "NaN in the maps": raw(lambda b: b[: data + 100] + struct.pack(">f", np.nan) + b[data + 104 :]),
        "2^31-1 maps": raw(
            lambda b: b.replace(b"NAXIS3  =                    1", b"NAXIS3  =           2147483647", 1)
        ),
        "another redshift": raw(
            lambda b: b.replace(b"Z       =                  0.1", b"Z       =                  0.2", 1)
        ),
        "text for FITS": raw(lambda b: b"maps\n" * 1000),
        "no such file": lambda into: into / "maps.fits",
    }
    found = [Case("maps in FITS", damage, make, read) for damage, make in damages.items()]
    found.append(Case("maps in FITS", "nothing", raw(lambda b: b), read, read(raw(lambda b: b)(folder))))
    return found


def _runs(folder: Path) -> list[Case]:
    from astropy.table import Table

    from szfast.run_folder import create_run, open_run

    rows = 8
    run = create_run(folder / "run", {"seed": 1})
    columns = {"cluster": np.arange(rows), "redshift": np.linspace(0.1, 0.9, rows)}
    run.write("sample", Table(columns | {"log10_M500c": np.linspace(14, 15, rows)}))
    maps = np.random.default_rng(1).random((2, 8, 8))
    numbers = {"redshift": np.array([0.1, 0.2]), "log10_M500c": np.array([14.0, 15.0])}
    run.write_examples(clean=maps, planck_like=maps, **numbers)

    def read(path: Path) -> np.ndarray:
        opened = open_run(path)
        sample, examples = opened.read("sample"), opened.read_examples()
        sums = [float(np.sum(sample[name])) for name in ("cluster", "redshift", "log10_M500c")]
        # what was run is told as it stands
        return np.array([len(opened.about) > 0, len(sample), *sums, *(examples[name].sum() for name in examples)])

    def damaged(change: Callable[[Path], object]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            shutil.copytree(folder / "run", into / "run")
            change(into / "run")
            return into / "run"

        return make

    def raw(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        return damaged(lambda path: (path / name).write_bytes(change((path / name).read_bytes())))

    def examples(**changed: np.ndarray) -> Callable[[Path], Path]:
        arrays = {"clean": maps, "planck_like": maps} | numbers | changed
        return damaged(lambda path: np.savez(path / "examples.npz", **arrays))

    damages = {
        "no run.json": damaged(lambda path: (path / "run.json").unlink()),
        "run.json cut short": raw("run.json", lambda b: b[:10]),
        "run.json that is a list": raw("run.json", lambda b: b"[1, 2]"),
        "run.json nested 100,000 deep": raw("run.json", lambda b: b"[" * 100_000),
        "run.json of a later format": raw("run.json", lambda b: json.dumps({"format": 99}).encode()),
        "a format that is inf": raw("run.json", lambda b: b'{"format": Infinity, "seed": 1}'),
        "no sample": damaged(lambda path: (path / "sample.ecsv").unlink()),
        "a sample cut short": raw("sample.ecsv", lambda b: b[: len(b) // 3]),
        "a sample cut short in a row": raw("sample.ecsv", lambda b: b[: b.rindex(b"\n", 0, -1) + 4]),
        "an empty sample": raw("sample.ecsv", lambda b: b""),
        "a page of zeros in the sample": raw("sample.ecsv", lambda b: b[:100] + bytes(100) + b[200:]),
        "a word for a mass": raw("sample.ecsv", lambda b: b.replace(b" 14.0", b" heavy", 1)),
        "a mass of NaN": raw("sample.ecsv", lambda b: b.replace(b" 14.0", b" nan", 1)),
        "no column of redshifts": raw("sample.ecsv", lambda b: b.replace(b"redshift", b"z")),
        "examples cut short": raw("examples.npz", lambda b: b[: len(b) // 2]),
        "examples of NaN": examples(clean=np.full((2, 8, 8), np.nan)),
        "examples of another shape": examples(clean=np.zeros((2, 8))),
        "pickled examples": examples(redshift=np.array([{}, {}], dtype=object)),
        "no such folder": lambda into: into / "run",
    }
    found = [Case("run folder", damage, make, read) for damage, make in damages.items()]
    found.append(Case("run folder", "nothing", damaged(lambda path: None), read, read(folder / "run")))
    return found
