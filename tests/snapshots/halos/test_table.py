"""Plain tables of haloes: units, optional columns, formats, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma

import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest
from astropy.table import Table

from szfast.errors import ArgumentError, HaloCatalogueError
from szfast.snapshots.halos import read_halos


def _in_code_units(files, halos):
    return Table(
        {
            "id": np.arange(len(halos.m500)),
            "x": halos.position[:, 0],
            "y": halos.position[:, 1],
            "z": halos.position[:, 2],
            "M500c": halos.m500 * files.MASS_MSUN,
            "R500c": halos.r500,
            "M200c": halos.m200 * files.MASS_MSUN,
            "R200c": halos.r200,
            "redshift": np.full(len(halos.m500), files.REDSHIFT),
        }
    )


def _with_units(table, length, per_h, mass_unit, files):
    """The same numbers with units; radii physical."""
    table = table.copy()
    scale = files.LENGTH_KPC / length.to(u.kpc) * (files.HUBBLE if per_h else 1.0)
    unit = length / cu.littleh if per_h else length
    for name in ("x", "y", "z", "R500c", "R200c"):
        table[name] = table[name] * (scale / 1.25 if name[0] == "R" else scale)
        table[name].unit = unit
    for name in ("M500c", "M200c"):
        factor = files.HUBBLE if mass_unit is not u.Msun else 1.0
        table[name] = table[name] * factor
        table[name].unit = mass_unit
    return table


def _check(halos, made, files):
    order = np.argsort(-made.m500)
    assert (halos["id"] == order).all()
    np.testing.assert_allclose(halos["center"].to_value("kpc"), made.position[order] * files.LENGTH_KPC, rtol=1e-6)
    np.testing.assert_allclose(halos["M500c"].to_value("Msun"), made.m500[order] * files.MASS_MSUN, rtol=1e-6)
    radius_kpc = made.r500[order] * files.LENGTH_KPC / 1.25
    # R500c may have been computed: other constants than the writer's.
    np.testing.assert_allclose(halos["R500c"].to_value("kpc"), radius_kpc, rtol=2e-4)


@pytest.mark.parametrize("name", ["halos.csv", "halos.ecsv", "halos.fits", "halos.txt"])
def test_formats(tmp_path, files, name):
    made = files.made()
    table = _in_code_units(files, made)
    table.write(tmp_path / name, **({"format": "ascii"} if name.endswith("txt") else {}))
    _check(read_halos(tmp_path / name, snapshot=files.snapshot()), made, files)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("name", ["halos.csv", "halos.ecsv", "halos.fits"])
def test_packed_tables(tmp_path, files, name, pack):
    made = files.made()
    _in_code_units(files, made).write(tmp_path / name)
    ending = {gzip.compress: ".gz", bz2.compress: ".bz2", lzma.compress: ".xz"}[pack]
    (tmp_path / f"{name}{ending}").write_bytes(pack((tmp_path / name).read_bytes()))
    _check(read_halos(tmp_path / f"{name}{ending}", snapshot=files.snapshot()), made, files)


def test_a_cluster_at_a_face_of_the_box(tmp_path, files):
    """Its haloes lie within a thousandth of the box from the face, but not in a sheet."""
    made = files.made()
    made.position[:] = np.random.default_rng(1).normal([25.0, 30000.0, 20000.0], 8.0, made.position.shape)
    table = _in_code_units(files, made)
    table.write(tmp_path / "halos.csv")
    _check(read_halos(tmp_path / "halos.csv", snapshot=files.snapshot()), made, files)
    # whereas the x of haloes all over the box is in another unit there
    table["y"], table["z"] = np.random.default_rng(2).uniform(0, 50000, (2, len(table)))
    table.write(tmp_path / "halos.csv", overwrite=True)
    with pytest.raises(HaloCatalogueError, match="face along x"):
        read_halos(tmp_path / "halos.csv", snapshot=files.snapshot())


@pytest.mark.parametrize(
    ("length", "per_h", "mass_unit"),
    [
        (u.kpc, False, u.Msun),
        (u.Mpc, False, u.Msun),
        (u.kpc, True, u.Msun / cu.littleh),
        (u.Mpc, True, u.Msun),
    ],
    ids=str,
)
def test_units(tmp_path, files, length, per_h, mass_unit):
    made = files.made()
    table = _with_units(_in_code_units(files, made), length, per_h, mass_unit, files)
    table.write(tmp_path / "halos.ecsv")
    _check(read_halos(tmp_path / "halos.ecsv", snapshot=files.snapshot()), made, files)


def test_kpc_over_h_is_not_kpc_per_hour(tmp_path, files):
    made = files.made()
    table = _with_units(_in_code_units(files, made), u.kpc, True, u.Msun / cu.littleh, files)
    table.write(tmp_path / "halos.ecsv")
    text = (tmp_path / "halos.ecsv").read_text()
    (tmp_path / "halos.ecsv").write_text(text.replace("kpc / littleh", "kpc/h").replace("littleh", "h"))
    _check(read_halos(tmp_path / "halos.ecsv", snapshot=files.snapshot()), made, files)


def test_without_optional_columns(tmp_path, files):
    made = files.made()
    table = _in_code_units(files, made)
    table.keep_columns(["id", "x", "y", "z", "M500c"])
    table.write(tmp_path / "halos.csv")
    halos = read_halos(tmp_path / "halos.csv", snapshot=files.snapshot())
    _check(halos, made, files)
    assert np.isnan(halos["M200c"].value).all()
    assert halos["redshift"] == pytest.approx(0.25)


def test_without_a_snapshot_units_and_redshift_suffice(tmp_path, files):
    made = files.made()
    _with_units(_in_code_units(files, made), u.Mpc, False, u.Msun, files).write(tmp_path / "halos.ecsv")
    _check(read_halos(tmp_path / "halos.ecsv"), made, files)


def test_min_mass_and_order(tmp_path, files):
    made = files.made()
    _in_code_units(files, made).write(tmp_path / "halos.csv")
    least = np.median(made.m500) * files.MASS_MSUN * u.Msun
    halos = read_halos(tmp_path / "halos.csv", snapshot=files.snapshot(), min_mass=least)
    assert len(halos) == 3
    assert (np.diff(halos["M500c"].value) < 0).all()
    with pytest.raises(ArgumentError, match="min_mass"):
        read_halos(tmp_path / "halos.csv", snapshot=files.snapshot(), min_mass=1e14)


def _set(name, row, value):
    def change(table):
        table[name] = np.asarray(table[name], dtype=float)
        table[name][row] = value

    return change


def _scaled(factor, *names):
    def change(table):
        for name in names:
            table[name] = table[name] * factor

    return change


def _unit(name, unit):
    return lambda table: setattr(table[name], "unit", unit)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.remove_column("z"), "'z'.*no column z"),
        (_set("M500c", 2, np.nan), "'M500c'.*halo 2"),
        (_set("M500c", 2, -1e14), "'M500c'.*halo 2"),
        (_set("R500c", 1, 0.0), "'R500c'.*halo 1"),
        (_set("x", 3, np.inf), "'center'.*halo 3 is not finite"),
        (_set("x", 3, -70.0), "'center'.*outside the box"),
        (_set("redshift", 0, np.nan), "'redshift'.*row 0"),
        (_scaled(1.5, "redshift"), r"z = 0\.375, the snapshot of z = 0\.25"),
        (_scaled(1e-3, "x", "y", "z"), "'center'.*seem to be in Mpc"),
        (_scaled(1e3, "x", "y", "z"), "'center'.*outside the box"),
        (_scaled(1e-3, "R500c", "R200c"), "radii are Mpc and not kpc"),
        (_scaled(1 / 0.6777, "R500c", "R200c"), "radii are without h"),
        (_scaled(0.8, "R500c", "R200c"), "radii are physical and not comoving"),
        (_scaled(1e-10, "M500c", "M200c"), "masses are in 1e10 Msun"),
        (_scaled(0.6777, "M500c", "M200c"), "masses are per h"),
        (_unit("M500c", "keV"), "'M500c'.*expected a unit like Msun"),
        (_unit("x", "Msun"), "'x'.*expected a unit like kpc"),
        (_unit("R500c", "parsnip"), "'R500c'.*parsnip"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, files, change, says):
    table = _in_code_units(files, files.made())
    change(table)
    table.write(tmp_path / "halos.ecsv")
    with pytest.raises(HaloCatalogueError, match=f"halos.ecsv.*{says}") as raised:
        read_halos(tmp_path / "halos.ecsv", snapshot=files.snapshot())
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("missing", "says"), [("units", "'x'.*no snapshot"), ("redshift", "'redshift'"), ("R500c", "'R500c'")]
)
def test_without_a_snapshot_something_is_missing(tmp_path, files, missing, says):
    table = _in_code_units(files, files.made())
    if missing != "units":
        table = _with_units(table, u.Mpc, False, u.Msun, files)
        table.remove_column(missing)
    table.write(tmp_path / "halos.ecsv")
    with pytest.raises(HaloCatalogueError, match=says):
        read_halos(tmp_path / "halos.ecsv")


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 100, b"these are words\nand more\n"])
def test_no_table_at_all(tmp_path, content):
    path = tmp_path / "halos.dat"
    path.write_bytes(content)
    with pytest.raises(HaloCatalogueError, match=r"halos\.dat"):
        read_halos(path)


def test_missing_file(tmp_path):
    with pytest.raises(HaloCatalogueError, match="no such file"):
        read_halos(tmp_path / "absent.csv")


def test_text_in_a_column(tmp_path, files):
    table = _in_code_units(files, files.made())
    table["M500c"] = ["heavy"] * len(table)
    table.write(tmp_path / "halos.csv")
    with pytest.raises(HaloCatalogueError, match=r"'M500c'.*expected numbers"):
        read_halos(tmp_path / "halos.csv", snapshot=files.snapshot())


def test_missing_value(tmp_path, files):
    table = Table(_in_code_units(files, files.made()), masked=True)
    table["M500c"].mask[4] = True
    table.write(tmp_path / "halos.csv")
    with pytest.raises(HaloCatalogueError, match=r"'M500c'.*row 4"):
        read_halos(tmp_path / "halos.csv", snapshot=files.snapshot())
