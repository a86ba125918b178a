"""Snapshots in GADGET's binary formats 1 and 2, GADGET-X's named blocks among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from szfast.constants import X_H_PRIMORDIAL
from szfast.errors import SnapshotError
from szfast.snapshots.gadget_blocks import (
    BinaryFile,
    BinaryHeader,
    Record,
    element_type,
    massive_types,
    read_binary_file,
)
from szfast.snapshots.gadget_hdf5 import GADGET_UNITS_CGS, KPC_CM, M_SUN_G, absent, smoothing_from_density
from szfast.snapshots.header import Assumption, SnapshotHeader, check_header
from szfast.snapshots.parts import check_total
from szfast.snapshots.plain_arrays import PlainArray, opened_plain
from szfast.snapshots.stored_fields import Array, GasLayout, Reader, Recipe, StoredField, constant, scaled

_GAS_BLOCKS = ("U", "RHO", "NE", "NH", "HSML", "SFR", "TEMP", "MHI")


class BinaryStore:
    """The binary files of one snapshot.

    Parameters
    ----------
    parts : list of Path
        All files.

    Raises
    ------
    SnapshotError
        If a file is damaged, or they do not belong together.
    """

    def __init__(self, parts: list[Path]) -> None:
        self.parts = parts
        files = [read_binary_file(path) for path in parts]
        for file in files[1:]:
            _check_belongs(file, files[0])
        self.gas_counts = [file.header.counts[0] for file in files]
        self.blocks = [_gas_blocks(file) for file in files]
        self.first = files[0]
        totals = self.first.header.totals
        # GADGET-1 left the totals of a single file empty.
        if len(parts) > 1 or any(totals):
            check_total(self.gas_counts, totals[0], self.first.path)

    @property
    def names(self) -> set[str]:
        """Blocks that hold gas."""
        return set().union(*(set(blocks) for blocks in self.blocks))

    @contextmanager
    def opened(self, part: int) -> Iterator[Reader]:
        """Open one file and give its reader."""
        path, blocks = self.parts[part], self.blocks[part]
        with opened_plain(path) as file:

            def read(name: str, start: int, stop: int) -> Array:
                if name not in blocks:
                    raise absent(path, name, "the same blocks in every part")
                return blocks[name].rows(file, name, start, stop)

            yield read

    def rows_at_once(self, part: int, wanted: int) -> int:
        """As many as wanted: blocks are plain arrays."""
        return wanted


def _check_belongs(file: BinaryFile, first: BinaryFile) -> None:
    mine, theirs = file.header, first.header
    if replace(mine, counts=theirs.counts) != theirs:
        raise SnapshotError(
            f"its header does not fit that of {first.path.name}: the parts are of different snapshots.",
            file=file.path,
            field="HEAD",
            remedy="put the parts of one snapshot, and nothing else, into the folder.",
        )


def _gas_blocks(file: BinaryFile) -> dict[str, PlainArray]:
    """Name -> gas of that block; gas comes first in every block."""
    header, gas = file.header, file.header.counts[0]
    if not gas:
        return {}
    named = _named_by_label(file) if file.format == 2 else _named_by_order(file)
    if "POS" not in named:
        raise absent(file.path, "POS", "positions")
    blocks = {"POS": _block(file, named["POS"], sum(header.counts), 3)}
    _check_labels(file, set(named))
    with_mass = massive_types(header)
    massive = sum(header.counts[i] for i in with_mass)
    if 0 in with_mass:
        if "MASS" not in named:
            raise absent(file.path, "MASS", "gas masses, or a gas mass in the header")
        blocks["MASS"] = _block(file, named["MASS"], massive, 1)
    elif file.format == 2 and "MASS" in named:
        # a gas mass in the header that the block of masses contradicts
        _block(file, named["MASS"], massive, 1)
    for name in _GAS_BLOCKS:
        if name in named:
            blocks[name] = _block(file, named[name], gas, 1, gas_first=True)
    return blocks


def _check_labels(file: BinaryFile, names: set[str]) -> None:
    """Refuse a label that is a bit away from that of a block which is not there: the block would be left out."""
    for wanted in set(_GAS_BLOCKS) - names:
        for name in names:
            if _bits_apart(name, wanted) == 1:
                raise SnapshotError(
                    f"there is no block '{wanted}', but one whose label is a single bit away from it, {name!r}.",
                    file=file.path,
                    field=wanted,
                    remedy="the file is damaged: fetch it again.",
                )


def _bits_apart(one: str, other: str) -> int:
    pairs = zip(one.ljust(4), other.ljust(4), strict=True) if len(one) <= 4 else ()
    return sum((ord(a) ^ ord(b)).bit_count() for a, b in pairs)


def _block(file: BinaryFile, record: Record, count: int, per_row: int, *, gas_first: bool = False) -> PlainArray:
    dtype = element_type(file, record, count, per_row, gas_first=gas_first)
    return PlainArray(record.start, dtype, () if per_row == 1 else (per_row,))


def _named_by_label(file: BinaryFile) -> dict[str, Record]:
    named: dict[str, Record] = {}
    for record in file.records:
        if record.name in named and record.name in ("POS", "MASS", *_GAS_BLOCKS):
            raise SnapshotError(
                "the file has two blocks of this name.",
                file=file.path,
                field=record.name,
                remedy="write each block once.",
            )
        named[record.name] = record
    return named


def _named_by_order(file: BinaryFile) -> dict[str, Record]:
    """Name the records of format 1 by the order in which GADGET-2 and GADGET-X write them.

    Raises
    ------
    SnapshotError
        If their number does not fit the header's flags.
    """
    header = file.header
    order = ["POS", "VEL", "ID", *(["MASS"] if massive_types(header) else []), "U", "RHO"]
    order += ["NE", "NH"] if header.has_cooling else []
    order += ["HSML"]
    if header.has_star_formation:
        order.append("SFR")
    if len(file.records) < len(order):
        raise SnapshotError(
            f"format 1 has no names: expected {' '.join(order)}, found {len(file.records)} blocks.",
            file=file.path,
            field=order[len(file.records)],
            remedy="write the snapshot in format 2 or HDF5, whose blocks have names.",
        )
    return {name: replace(record, name=name) for name, record in zip(order, file.records, strict=False)}


def read_layout(store: BinaryStore) -> GasLayout:
    """Describe the gas of a GADGET binary snapshot; units are GADGET's, which the file does not tell.

    Raises
    ------
    SnapshotError
        If the header cannot be used, or a block that is needed is absent.
    """
    file = store.first
    header = _header(file)
    kpc = header.code_length_kpc * header.scale_factor
    density_msun_kpc3 = header.code_mass_msun / kpc**3
    names = store.names
    recipes = {"mass_msun": _mass(file.header, header.code_mass_msun)}
    if "U" in names:
        recipes["internal_energy_km2_s2"] = scaled(
            StoredField("U", lowest=0.0, gapless=True), header.code_velocity_km_s**2
        )
    elif "TEMP" in names:
        recipes["temperature_k"] = scaled(StoredField("TEMP", lowest=0.0, gapless=True), 1.0)
    elif names:
        raise absent(file.path, "U", "the gas's internal energy (U) or temperature (TEMP)")
    if "HSML" in names:
        recipes["smoothing_length_kpc"] = scaled(StoredField("HSML", positive=True), kpc)
        source = Assumption("smoothing length", "support radius of the kernel", "block HSML")
    elif "RHO" in names:
        density = StoredField("RHO", positive=True)
        recipes["smoothing_length_kpc"] = smoothing_from_density(recipes["mass_msun"], density, density_msun_kpc3)
        source = Assumption("smoothing length", "(3 * 64 m / (4 pi rho))^(1/3)", "no block HSML; 64 neighbours")
    elif names:
        raise absent(file.path, "HSML", "smoothing lengths (HSML) or densities (RHO)")
    else:
        source = Assumption("gas", "none", "the header's particle numbers")
    recipes.update(_fractions(names, recipes["mass_msun"], header.code_mass_msun))
    return GasLayout(
        dialect=f"GADGET binary, format {file.format}",
        header=header,
        coordinates="POS",
        recipes=recipes,
        kernel="cubic",
        assumptions=[*_unit_assumptions(), source],
        units_assumed=True,
        density=scaled(StoredField("RHO"), density_msun_kpc3) if "RHO" in names else None,
        dark_matter_msun=_dark_matter(file.header, header.code_mass_msun),
    )


def _header(file: BinaryFile) -> SnapshotHeader:
    raw = file.header
    if not raw.hubble > 0.0:
        raise SnapshotError(
            f"expected h, a value like 0.7, found {raw.hubble:g}.",
            file=file.path,
            field="HubbleParam",
            remedy="correct HubbleParam in the header.",
        )
    length_kpc = GADGET_UNITS_CGS["length"] / raw.hubble / KPC_CM
    header = SnapshotHeader(
        redshift=0.0 if abs(raw.redshift) < 1e-6 else raw.redshift,
        scale_factor=raw.time,
        hubble=raw.hubble,
        omega_m=raw.omega_m,
        omega_lambda=raw.omega_lambda,
        box_size_kpc=None if raw.box_size == 0.0 else raw.box_size * length_kpc,
        code_length_kpc=length_kpc,
        code_mass_msun=GADGET_UNITS_CGS["mass"] / raw.hubble / M_SUN_G,
        code_velocity_km_s=GADGET_UNITS_CGS["velocity"] / 1e5,
    )
    return check_header(header, file.path)


def _unit_assumptions() -> list[Assumption]:
    source = "GADGET's default, the file does not tell"
    return [
        Assumption("unit of length", "kpc/h, comoving", source),
        Assumption("unit of mass", "1e10 Msun/h", source),
        Assumption("unit of velocity", "km/s", source),
        Assumption("kernel", "cubic", source),
    ]


def _mass(raw: BinaryHeader, code_mass_msun: float) -> Recipe:
    if raw.mass_table[0] > 0.0:
        return constant(raw.mass_table[0] * code_mass_msun)
    return scaled(StoredField("MASS", lowest=0.0, gapless=True), code_mass_msun)


def _fractions(names: set[str], mass: Recipe, code_mass_msun: float) -> dict[str, Recipe]:
    recipes = {}
    if "NE" in names:
        recipes["electron_per_hydrogen"] = scaled(StoredField("NE", lowest=0.0), 1.0)
    if "SFR" in names:
        recipes["star_formation_rate"] = scaled(StoredField("SFR"), 1.0)
    if "NH" in names:
        recipes["neutral_fraction"] = scaled(StoredField("NH", lowest=0.0), 1.0)
    elif "MHI" in names:
        # MHI is the mass of neutral hydrogen, NH its share of the hydrogen.
        scale = code_mass_msun / X_H_PRIMORDIAL
        recipes["neutral_fraction"] = Recipe(
            (StoredField("MHI", lowest=0.0), *mass.fields),
            lambda count, neutral, *arrays: neutral * scale / mass.combine(count, *arrays),
        )
    return recipes


def _dark_matter(raw: BinaryHeader, code_mass_msun: float) -> float | None:
    if not raw.mass_table[1] > 0.0 or any(raw.totals[2:4]):
        return None
    return raw.mass_table[1] * raw.totals[1] * code_mass_msun
