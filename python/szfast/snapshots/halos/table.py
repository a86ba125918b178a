"""Halo catalogues as plain tables: any file that astropy reads, with named columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import HaloCatalogueError
from szfast.snapshots.halos.columns import HaloColumns
from szfast.snapshots.header import Assumption, SnapshotHeader
from szfast.table_files import check_table

# astropy reads kpc/h as kpc per hour; for a length or a mass it can only mean the Hubble parameter.
_PER_H = {
    "kpc/h": "kpc/littleh",
    "Mpc/h": "Mpc/littleh",
    "Msun/h": "Msun/littleh",
    "solMass/h": "Msun/littleh",
}


_START_BYTES = 1 << 18
_ARCHIVES = (b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\x1f\x9d")
"""First bytes of Zstandard, zip and compress, which are not unpacked."""
_KNOWN = (b"SIMPLE  =", b"\x89HDF", b"<?xml", b"<VOTABLE", b"PAR1")


def read(path: Path, snapshot: SnapshotHeader | None) -> HaloColumns:
    """Read a table with columns id, x, y, z, M500c; see `szfast.snapshots.halos.read_halos`.

    Raises
    ------
    HaloCatalogueError
        If the table cannot be read, lacks a column, has a wrong unit, or needs a snapshot to be understood.
    """
    table = _read_table(path)
    for name in ("x", "y", "z", "M500c"):
        if name not in table.colnames:
            raise HaloCatalogueError(
                f"the table has no column {name}; it has {', '.join(table.colnames[:12])}.",
                file=path,
                field=name,
                remedy="name the columns id, x, y, z, M500c and optionally R500c, M200c, R200c, redshift.",
            )
    columns = _Columns(table, path, snapshot)
    redshift = columns.redshift()
    return HaloColumns(
        format="table",
        id=columns.ids(),
        center_kpc=np.column_stack([columns.position_kpc(axis) for axis in "xyz"]),
        m500c_msun=columns.required_mass_msun("M500c"),
        r500c_kpc=columns.radius_kpc("R500c", redshift),
        m200c_msun=columns.mass_msun("M200c"),
        r200c_kpc=columns.radius_kpc("R200c", redshift),
        redshift=redshift,
        header=snapshot,
        assumptions=columns.assumptions,
    )


def _read_table(path: Path) -> Any:
    import astropy.cosmology.units as cu
    import astropy.units as u
    from astropy.io import registry
    from astropy.table import Table

    try:
        check_table(path, HaloCatalogueError)
        _check_start(path)
        with u.add_enabled_units(cu):
            try:
                return Table.read(path)
            except registry.IORegistryError:
                return Table.read(path, format="ascii")
    except (HaloCatalogueError, PermissionError):
        raise
    except Exception as error:
        # astropy's readers raise whatever their format's library does.
        raise HaloCatalogueError(
            f"no reader of astropy understands it ({type(error).__name__}: {str(error).splitlines()[0]}).",
            file=path,
            field="format",
            remedy="give an .AHF_halos file, SUBFIND tables, or a table as ECSV, CSV, FITS or text.",
        ) from None


def _check_start(path: Path) -> None:
    """Refuse what astropy would guess at for long, as no table of haloes; gzip, bzip2 and xz are looked into."""
    from astropy.utils.data import get_readable_fileobj

    with get_readable_fileobj(path, encoding="binary") as file:
        start = file.read(_START_BYTES)
    problem = None
    if start.startswith(_ARCHIVES):
        problem = "it is an archive"
    elif len(start) == _START_BYTES and not start.lstrip().startswith(_KNOWN):
        words = set(re.findall(rb"\w+", start))
        missing = [name for name in ("x", "y", "z", "M500c") if name.encode() not in words]
        if b"\0" in start or b"\n" not in start:
            problem = "it is no text"
        elif missing:
            problem = f"no column {missing[0]} is named in its first {_START_BYTES} bytes"
    if problem is not None:
        raise HaloCatalogueError(
            f"{problem}.",
            file=path,
            field="format",
            remedy="give an .AHF_halos file, SUBFIND tables, or a table as ECSV, CSV, FITS or text, with gzip at most.",
        )


class _Columns:
    """Columns of one table, converted to plain arrays."""

    def __init__(self, table: Any, path: Path, snapshot: SnapshotHeader | None) -> None:
        self.table = table
        self.path = path
        self.snapshot = snapshot
        self.assumptions: list[Assumption] = []

    def ids(self) -> NDArray[Any]:
        """Identifiers; row numbers where there are none."""
        if "id" not in self.table.colnames:
            return np.arange(len(self.table))
        self._check_filled("id", self.table["id"])
        return np.asarray(self.table["id"])

    def position_kpc(self, name: str) -> NDArray[np.float64]:
        """Comoving kpc; code units without a unit."""
        values, unit = self._numbers(name)
        if unit is None:
            self._assume(name, "comoving code units of the snapshot")
            return values * self._needed_snapshot(name).code_length_kpc
        return values * self._factor(unit, "kpc", name)

    def radius_kpc(self, name: str, redshift: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Physical kpc; comoving code units without a unit."""
        if name not in self.table.colnames:
            return None
        values, unit = self._numbers(name)
        if unit is None:
            self._assume(name, "comoving code units of the snapshot")
            return values * self._needed_snapshot(name).code_length_kpc / (1.0 + redshift)
        return values * self._factor(unit, "kpc", name)

    def mass_msun(self, name: str) -> NDArray[np.float64] | None:
        """Msun, also without a unit; None where there is no such column."""
        return self.required_mass_msun(name) if name in self.table.colnames else None

    def required_mass_msun(self, name: str) -> NDArray[np.float64]:
        """Msun, also without a unit."""
        values, unit = self._numbers(name)
        if unit is None:
            self._assume(name, "Msun")
            return values
        return values * self._factor(unit, "Msun", name)

    def redshift(self) -> NDArray[np.float64]:
        """Of the column, else of the snapshot."""
        if "redshift" in self.table.colnames:
            values, unit = self._numbers("redshift")
            if unit not in (None, "", "redshift"):
                raise HaloCatalogueError(
                    f"expected a number, found the unit '{unit}'.",
                    file=self.path,
                    field="redshift",
                    remedy="give each halo the redshift of its snapshot, without a unit.",
                )
            bad = ~(np.isfinite(values) & (values > -0.05))
            if bad.any():
                raise HaloCatalogueError(
                    f"row {int(bad.argmax())} holds {values[bad.argmax()]:g}.",
                    file=self.path,
                    field="redshift",
                    remedy="give each halo the redshift of its snapshot.",
                )
            return values
        snapshot = self._needed_snapshot("redshift")
        return np.full(len(self.table), snapshot.redshift)

    def _check_filled(self, name: str, column: Any) -> None:
        mask: Any = getattr(column, "mask", False)
        if np.any(mask):
            raise HaloCatalogueError(
                f"row {int(np.argmax(mask))} has no value.",
                file=self.path,
                field=name,
                remedy="fill or remove the row.",
            )

    def _numbers(self, name: str) -> tuple[NDArray[np.float64], Any]:
        column = self.table[name]
        if np.any(getattr(column, "mask", False)):
            if not name.endswith("200c"):
                self._check_filled(name, column)
            column = column.astype(float).filled(np.nan)
        try:
            if column.dtype.kind in "bc":
                raise TypeError
            values = np.asarray(column, dtype=np.float64)
        except (TypeError, ValueError):
            raise HaloCatalogueError(
                f"expected numbers, found {column.dtype}.",
                file=self.path,
                field=name,
                remedy="remove text from this column.",
            ) from None
        if values.ndim != 1:
            raise HaloCatalogueError(
                f"expected one number a row, found shape {values.shape}.",
                file=self.path,
                field=name,
                remedy="give x, y and z as three columns.",
            )
        return values, column.unit

    def _factor(self, unit: Any, wanted: str, name: str) -> float:
        import astropy.cosmology.units as cu
        import astropy.units as u

        text = str(unit).replace(" ", "")
        try:
            with u.add_enabled_units(cu):
                parsed = u.Unit(_PER_H.get(text, text))
                scale_h = next((p for b, p in zip(parsed.bases, parsed.powers, strict=True) if b == cu.littleh), 0)
                factor = float((parsed / cu.littleh**scale_h).to(u.Unit(wanted)))
        except (ValueError, TypeError, u.UnitConversionError):
            raise HaloCatalogueError(
                f"expected a unit like {wanted} or {wanted}/littleh, found '{unit}'.",
                file=self.path,
                field=name,
                remedy=f"set the column's unit to {wanted}, M{wanted[1:]} or {wanted}/littleh.",
            ) from None
        return factor * self._needed_snapshot(name).hubble ** float(scale_h) if scale_h else factor

    def _needed_snapshot(self, name: str) -> SnapshotHeader:
        if self.snapshot is None:
            what = "a redshift" if name == "redshift" else "a unit without h"
            raise HaloCatalogueError(
                f"the column has no {what.split(' ', 1)[1]} of its own, and there is no snapshot to tell it.",
                file=self.path,
                field=name,
                remedy=f"give the column {what}, or the snapshot too (snapshot=).",
            )
        return self.snapshot

    def _assume(self, name: str, value: str) -> None:
        self.assumptions.append(Assumption(name, value, "the column has no unit"))
