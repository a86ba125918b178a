"""Damaged catalogues and maps of the sky: PSZ2 and HEALPix in FITS files, and what can happen to them."""

from __future__ import annotations

import functools
import gzip
import importlib
import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.io import fits
from damage.judge import Case

CLUSTERS, NSIDE = 40, 32
PSZ2, SKY = "psz2.fits", "ymap.fits"
PIXELS = 12 * NSIDE**2


def cases(folder: Path) -> list[Case]:
    """All of them; `folder` takes the undamaged files."""
    # what reading imports is no file's fault
    importlib.import_module("healpy")
    return [*_psz2(folder), *_sky(folder)]


def psz2_columns() -> dict[str, np.ndarray]:
    """Columns of PSZ2's union catalogue, made up."""
    rng = np.random.default_rng(3)
    names = [f"PSZ2 G{number:06.2f}+{number:05.2f}" for number in range(CLUSTERS)]
    numbers = {
        "GLON": rng.uniform(0, 360, CLUSTERS),
        "GLAT": rng.uniform(-90, 90, CLUSTERS),
        "Y5R500": rng.uniform(1, 20, CLUSTERS),
        "Y5R500_ERR": rng.uniform(0.1, 2, CLUSTERS),
        "REDSHIFT": rng.uniform(0.05, 0.9, CLUSTERS),
        "MSZ": rng.uniform(1, 15, CLUSTERS),
        "MSZ_ERR_UP": rng.uniform(0.1, 1, CLUSTERS),
        "MSZ_ERR_LOW": rng.uniform(0.1, 1, CLUSTERS),
        "SNR": rng.uniform(4.5, 20, CLUSTERS),
    }
    return {"NAME": np.array(names), **{name: values.astype(np.float32) for name, values in numbers.items()}}


def write_psz2(path: Path, columns: dict[str, np.ndarray]) -> Path:
    """Write a catalogue as Planck's is: a table in the first extension."""
    kinds = {"U": "20A", "f": "E", "i": "J"}
    table = [fits.Column(name, kinds[values.dtype.kind], array=values) for name, values in columns.items()]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(table, name="PSZ2_UNION")]).writeto(path)
    return path


def psz2_summary(path: Path) -> np.ndarray:
    """Numbers of a catalogue that a study would use."""
    from szfast.planck import psz2_clusters

    table = psz2_clusters(path)
    sums = [table[name].sum() for name in ("redshift", "snr")]
    sums += [table[name].value.sum() for name in ("M_Planck", "M_Planck_err_up", "Y5R500", "Y5R500_err")]
    return np.array([len(table), *sums, table["position"].l.deg.sum(), table["position"].b.deg.sum()])


def _psz2(folder: Path) -> list[Case]:
    right = psz2_summary(write_psz2(folder / PSZ2, psz2_columns()))

    def columns(change: Callable[[dict], None]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            table = psz2_columns()
            change(table)
            return write_psz2(into / PSZ2, table)

        return make

    def raw(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = write_psz2(into / PSZ2, psz2_columns())
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    def value(name: str, wrong: float) -> Callable[[dict], None]:
        return lambda table: table[name].__setitem__(7, wrong)

    def renamed(table: dict) -> None:
        table["Z"] = table.pop("REDSHIFT")

    damages = {
        "cut short in its header": raw(lambda b: b[:1000]),
        "cut short in the table's header": raw(lambda b: b[:4000]),
        "cut short in the rows": raw(lambda b: b[: b.rindex(b"PSZ2 G0") + 5]),
        "an empty file": raw(lambda b: b""),
        "text for FITS": raw(lambda b: b"name,z,mass\nA,0.1,3\n"),
        "a page of zeros over the table's header": raw(lambda b: b[:2880] + bytes(2880) + b[5760:]),
        "2^31-1 rows": raw(lambda b: _card(b, b"NAXIS2", 2**31 - 1)),
        "ten rows fewer": raw(lambda b: _card(b, b"NAXIS2", CLUSTERS - 10)),
        "rows of 10^9 bytes": raw(lambda b: _card(b, b"NAXIS1", 10**9)),
        "2^31-1 columns": raw(lambda b: _card(b, b"TFIELDS", 2**31 - 1)),
        "an unknown type of column": raw(lambda b: b.replace(b"TFORM3  = 'E", b"TFORM3  = 'Z", 1)),
        "no column of redshifts": columns(renamed),
        "latitude 95": columns(value("GLAT", 95.0)),
        "longitude NaN": columns(value("GLON", np.nan)),
        "mass inf": columns(value("MSZ", np.inf)),
        "mass in Msun": columns(lambda table: table.update(MSZ=table["MSZ"] * np.float32(1e14))),
        "redshift inf": columns(value("REDSHIFT", np.inf)),
        "redshift 2000": columns(value("REDSHIFT", 2000.0)),
        "Y NaN": columns(value("Y5R500", np.nan)),
        "Y negative": columns(value("Y5R500", -4.0)),
        "names that are numbers": columns(lambda table: table.update(NAME=np.arange(CLUSTERS, dtype="i4"))),
        "redshifts that are text": columns(lambda table: table.update(REDSHIFT=table["NAME"])),
        "no row": columns(lambda table: table.update({name: values[:0] for name, values in table.items()})),
        "an image for the table": _image,
        "no such file": lambda into: into / PSZ2,
        "a bomb: 1 GB of zeros behind gzip": functools.partial(_bomb, name=PSZ2),
    }
    found = [Case("PSZ2", damage, make, psz2_summary) for damage, make in damages.items()]
    found.append(Case("PSZ2", "nothing", columns(lambda table: None), psz2_summary, right))
    return found


def _card(raw: bytes, keyword: bytes, value: int) -> bytes:
    """Another number for a keyword of the first extension."""
    at = raw.index(keyword.ljust(8) + b"=", 2880)
    return raw[: at + 10] + f"{value:20d}".encode() + raw[at + 30 :]


def _image(into: Path) -> Path:
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((8, 8), "f4"))]).writeto(into / PSZ2)
    return into / PSZ2


def _bomb(into: Path, name: str) -> Path:
    header = fits.PrimaryHDU().header.tostring().encode()
    table = fits.BinTableHDU.from_columns([fits.Column("FULL", "E", unit="", array=np.zeros(4, "f4"))]).header
    table["NAXIS2"] = 250_000_000
    table["ORDERING"], table["COORDSYS"] = "RING", "G"
    # packed pieces one behind the other are one packed file
    pieces = [gzip.compress(header + table.tostring().encode()), *[gzip.compress(bytes(1 << 26), 1)] * 16]
    (into / name).write_bytes(b"".join(pieces))
    return into / name


def sky_values() -> np.ndarray:
    """A y map of a few blobs on a floor."""
    rng = np.random.default_rng(5)
    return (1e-6 * rng.normal(size=PIXELS) + 2e-5 * (rng.random(PIXELS) > 0.99)).astype(np.float32)


def write_sky(path: Path, values: np.ndarray, unit: str | None = "1", kind: str = "E", **keywords: object) -> Path:
    """Write a map as healpy and the Planck archive do; a keyword that is None is left out."""
    column = fits.Column("FULL", f"1024{kind}", unit=unit, array=values.reshape(-1, 1024))
    table = fits.BinTableHDU.from_columns([column])
    cards = {"PIXTYPE": "HEALPIX", "ORDERING": "RING", "NSIDE": NSIDE, "FIRSTPIX": 0, "LASTPIX": len(values) - 1}
    cards |= {"INDXSCHM": "IMPLICIT", "COORDSYS": "G", "OBJECT": "FULLSKY"} | keywords
    table.header.update({keyword: value for keyword, value in cards.items() if value is not None})
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


def _zeroed_with_checksum(into: Path) -> Path:
    path = write_sky(into / SKY, sky_values())
    with fits.open(path, mode="update") as units:
        units[1].add_checksum()
    raw = bytearray(path.read_bytes())
    raw[16384:20480] = bytes(4096)
    path.write_bytes(raw)
    return path


def sky_summary(path: Path) -> np.ndarray:
    """Numbers of a map that a cutout would show: order, values where they lie, pixels without data."""
    from szfast.planck import read_sky

    sky = read_sky(path)
    y = np.nan_to_num(sky.y.astype(np.float64))
    sums = [y.sum(), np.abs(y).max(), (y * np.arange(len(y))).sum()]
    return np.array([sky.nside, sky.nested, len(sky.frame), *sums, np.isnan(sky.y).sum()])


def expected_summary(values: np.ndarray, *, nested: bool = False) -> np.ndarray:
    """What `sky_summary` should find in a map in galactic coordinates; NaN where there are no data."""
    y = np.nan_to_num(values.astype(np.float64))
    sums = [y.sum(), np.abs(y).max(), (y * np.arange(PIXELS)).sum()]
    return np.array([NSIDE, nested, len("galactic"), *sums, np.isnan(values).sum()])


def cutout_summary(path: Path) -> np.ndarray:
    """Of cutouts about pixels that are lost, or are not: pixels without data, and whether that is told."""
    import healpy
    from astropy.coordinates import SkyCoord

    from szfast.planck import cut, read_sky

    sky = read_sky(path)
    lon, lat = healpy.pix2ang(NSIDE, [LOST + 60, PIXELS - 400], nest=sky.nested, lonlat=True)
    cutouts = cut(sky, SkyCoord(lon, lat, unit="deg", frame=sky.frame), method="nearest")
    return np.array([[each.masked > 0, each.flagged] for each in cutouts])


LOST = 4096
"""First pixel of the page that is lost, where a row of the table begins."""


def _lost_page(into: Path, page: int, ordering: str, kind: str) -> Path:
    path = write_sky(into / SKY, sky_values(), kind=kind, ORDERING=ordering)
    with fits.open(path) as units:
        start = units[1].fileinfo()["datLoc"] + LOST * np.dtype(KINDS[kind]).itemsize
    raw = bytearray(path.read_bytes())
    raw[start : start + page] = bytes(page)
    path.write_bytes(raw)
    return path


KINDS = {"E": "f4", "D": "f8"}


def _sky(folder: Path) -> list[Case]:
    right, nested = expected_summary(sky_values()), expected_summary(sky_values(), nested=True)
    masked = sky_values()
    masked[:50] = -1.6375e30

    def with_values(values: np.ndarray) -> Callable[[Path], Path]:
        return lambda into: write_sky(into / SKY, values)

    def with_cards(unit: str | None = "1", **keywords: object) -> Callable[[Path], Path]:
        return lambda into: write_sky(into / SKY, sky_values(), unit, **keywords)

    def raw(change: Callable[[bytes], bytes]) -> Callable[[Path], Path]:
        def make(into: Path) -> Path:
            path = write_sky(into / SKY, sky_values())
            path.write_bytes(change(path.read_bytes()))
            return path

        return make

    def filled(value: float, start: int = 0, stop: int = PIXELS) -> np.ndarray:
        values = sky_values()
        values[start:stop] = value
        return values

    damages = {
        "cut short in its header": raw(lambda b: b[:1500]),
        "cut short in the pixels": raw(lambda b: b[: 2 * len(b) // 3]),
        "cut short in the last row": raw(lambda b: b[:-4000]),
        "an empty file": raw(lambda b: b""),
        "a page of zeros in the pixels, with a checksum": _zeroed_with_checksum,
        "no ORDERING": with_cards(ORDERING=None),
        "an unknown ORDERING": with_cards(ORDERING="SPIRAL"),
        "no COORDSYS": with_cards(COORDSYS=None),
        "no unit": with_cards(None),
        "a temperature": with_cards("K_CMB"),
        "Nside of another map": with_cards(NSIDE=64),
        "Nside 31": with_cards(NSIDE=31),
        "Nside 0": with_cards(NSIDE=0),
        "Nside -32": with_cards(NSIDE=-NSIDE),
        "Nside 2^30": with_cards(NSIDE=2**30),
        "Nside that is text": with_cards(NSIDE="many"),
        "a row fewer": with_values(sky_values()[:-1024]),
        "2^31-1 rows": raw(lambda b: _card(b, b"NAXIS2", 2**31 - 1)),
        "no pixel with data": with_values(filled(-1.6375e30)),
        "no pixel but zero": with_values(filled(0.0)),
        "values in K": with_values(filled(2.7)),
        "values of 1e30": with_values(filled(1e30, 5, 9)),
        "explicit pixels without their numbers": with_cards(INDXSCHM="EXPLICIT"),
        "no such file": lambda into: into / SKY,
        "an image for the table": lambda into: _image(into),
        "a bomb: 1 GB of zeros behind gzip": functools.partial(_bomb, name=SKY),
    }
    found = [Case("HEALPix", damage, make, sky_summary) for damage, make in damages.items()]
    found.append(Case("HEALPix", "nothing", with_cards(), sky_summary, right))
    found.append(Case("HEALPix", "nested", with_cards(ORDERING="NESTED"), sky_summary, nested))
    unseen = np.where(masked < -1e30, np.nan, masked)
    found.append(Case("HEALPix", "pixels without data", with_values(masked), sky_summary, expected_summary(unseen)))
    for page, (ordering, is_nested), kind in itertools.product((512, 4096), (("RING", 0), ("NESTED", 1)), KINDS):
        make = functools.partial(_lost_page, page=page, ordering=ordering, kind=kind)
        lost = sky_values()
        lost[LOST : LOST + page // np.dtype(KINDS[kind]).itemsize] = np.nan
        what = f"a page of {page} zeros in {KINDS[kind]}, {ordering.lower()}"
        found.append(Case("HEALPix", what, make, sky_summary, expected_summary(lost, nested=bool(is_nested))))
        # the cutout about the lost pixels says so, the one far from it has all
        found.append(Case("HEALPix cutouts", what, make, cutout_summary, np.array([[1.0, 1.0], [0.0, 0.0]])))
    return found
