"""HDF5 snapshots as files: what they describe, and rows of their gas, with errors that name the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py as untyped_h5py
import numpy as np

from szfast.errors import SnapshotError
from szfast.hdf5_links import check_links
from szfast.snapshots.hdf5_attributes import as_count, as_number, attributes_of, stands_here, translated
from szfast.snapshots.hdf5_storage import gap, packed_rows, plain_array
from szfast.snapshots.parts import check_total
from szfast.snapshots.plain_arrays import PlainArray, opened_plain
from szfast.snapshots.stored_fields import Array, Reader

h5py: Any = untyped_h5py
GROUPS = ("Header", "Parameters", "Config", "Units", "Cosmology", "HydroScheme", "Code")
GAS = "PartType0"
SWIFT_TO_CGS = "Conversion factor to CGS (not including cosmological corrections)"
UNIT_ATTRIBUTES = (
    *("to_cgs", "a_scaling", "h_scaling"),
    *("CGSConversionFactor", "aexp-scale-exponent", "h-scale-exponent"),
    *(SWIFT_TO_CGS, "a-scale exponent", "Value stored as physical"),
)
"""What GADGET-4 and AREPO, EAGLE, and SWIFT write beside an array to tell its unit."""

_SAYING = ("Header", "Parameters", "Cosmology", "Units")
_SHARED = (
    *("Time", "Redshift", "NumFilesPerSnapshot", "NumPart_Total", "MassTable", "BoxSize"),
    *("HubbleParam", "Omega0", "OmegaLambda", "Omega_Matter", "Omega_Lambda", "h", "Omega_m", "Omega_lambda"),
    *("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s", "Unit length in cgs (U_L)"),
)


@dataclass(frozen=True)
class DatasetDescription:
    """One array of gas.

    Parameters
    ----------
    shape : tuple of int
        Its shape.
    attributes : dict
        Its attributes.
    packed_rows : int
        Rows that are compressed together, and so are read together; 1 where it is not compressed.
    plain : PlainArray or None
        Where it lies in the file; None where HDF5 has to unpack, convert or collect it.
    """

    shape: tuple[int, ...]
    attributes: Mapping[str, Any]
    packed_rows: int = 1
    plain: PlainArray | None = None


@dataclass(frozen=True)
class Hdf5Description:
    """Attributes and arrays of one HDF5 snapshot file, no particle read.

    Parameters
    ----------
    path : Path
        The file.
    groups : dict
        Group -> attribute -> value.
    gas : dict
        Array of gas -> `DatasetDescription`.
    named_columns : dict
        Array of gas -> names of its columns (SWIFT); empty where they cannot be read.
    """

    path: Path
    groups: Mapping[str, Mapping[str, Any]]
    gas: Mapping[str, DatasetDescription]
    named_columns: Mapping[str, list[str]]

    def find(self, *names: str, groups: tuple[str, ...] = ("Header", "Parameters", "Units")) -> Any | None:
        """Return the first attribute of that name, or None."""
        for group in groups:
            for name in names:
                if name in self.groups.get(group, {}):
                    return self.groups[group][name]
        return None

    def optional_number(self, *names: str, groups: tuple[str, ...] = ("Header", "Parameters", "Units")) -> float | None:
        """Return an attribute as a float, or None where it is absent; groups that disagree on it are an error."""
        found = {
            f"{group}/{name}": as_number(self.groups[group][name], names[0], self.path)
            for group in groups
            for name in names
            if name in self.groups.get(group, {})
        }
        # A box of zero says that it has no period; how many files there were can change.
        told = [value for value in found.values() if value != 0.0 and names[0] != "NumFilesPerSnapshot"]
        if told and not np.allclose(told, told[0], rtol=1e-3, atol=0.0, equal_nan=True):
            text = ", ".join(f"{value:g} in /{where}" for where, value in found.items())
            raise SnapshotError(
                f"the file contradicts itself: {text}.",
                file=self.path,
                field=names[0],
                remedy="correct the wrong one, or delete it.",
            )
        return next(iter(found.values()), None)

    def number(self, *names: str, groups: tuple[str, ...] = ("Header", "Parameters", "Units")) -> float:
        """Return an attribute as a float; absent is an error."""
        value = self.optional_number(*names, groups=groups)
        if value is None:
            raise SnapshotError(
                f"no such attribute in {', '.join('/' + g for g in groups)}.",
                file=self.path,
                field=names[0],
                remedy="szfast needs it to turn code units into physical ones: add it to /Header.",
            )
        return value

    def positive(self, *names: str, groups: tuple[str, ...] = ("Header", "Parameters", "Units")) -> float:
        """Return an attribute as a float; absent, zero or negative is an error."""
        value = self.number(*names, groups=groups)
        if not value > 0.0:
            raise SnapshotError(
                f"expected a positive number, found {value:g}.",
                file=self.path,
                field=names[0],
                remedy=f"correct {names[0]} in the file's header.",
            )
        return value

    def counts(self, name: str) -> list[int]:
        """Return a list of particle numbers of the header, one a particle type."""
        value = self.groups.get("Header", {}).get(name)
        try:
            stored = np.ravel(np.zeros(0) if value is None else value)
            numbers = [int(v) for v in stored]
            if any(number != v for number, v in zip(numbers, stored, strict=True)):
                numbers = []
        except (TypeError, ValueError, OverflowError):
            numbers = []
        if not numbers or min(numbers) < 0:
            raise SnapshotError(
                f"expected particle numbers of each type, found {value!r}.",
                file=self.path,
                field=name,
                remedy="give a snapshot with a GADGET-like /Header.",
            )
        return numbers


@contextmanager
def opened_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading.

    Raises
    ------
    SnapshotError
        If it is absent or damaged.
    """
    if not path.is_file():
        raise SnapshotError("no such file.", file=path, field="path", remedy="check the path's spelling.")
    with translated(path):
        file = h5py.File(path, "r")
    with file:
        yield file


def describe(path: Path) -> Hdf5Description:
    """Read what one file says about itself.

    Raises
    ------
    SnapshotError
        If it is no HDF5 snapshot, or damaged.
    """
    with opened_hdf5(path) as file, translated(path):
        check_links(file, [*GROUPS, GAS], path, SnapshotError)
        if not isinstance(file.get("Header"), h5py.Group):
            raise SnapshotError(
                "no group /Header: not a snapshot that szfast knows.",
                file=path,
                field="Header",
                remedy="give an HDF5 snapshot of GADGET, AREPO, GIZMO or SWIFT.",
            )
        groups = {name: attributes_of(file[name]) for name in GROUPS if name in file}
        gas = {}
        # HDF5 counts addresses from behind a user block.
        from_start = file.userblock_size == 0
        if GAS in file:
            check_links(file[GAS], list(file[GAS]), path, SnapshotError)
        for name, dataset in file[GAS].items() if GAS in file else ():
            if isinstance(dataset, h5py.Dataset):
                gas[name] = DatasetDescription(
                    dataset.shape or (),
                    attributes_of(dataset),
                    packed_rows(dataset),
                    plain_array(dataset) if from_start else None,
                )
        return Hdf5Description(path, groups, gas, _named_columns(file, gas))


def _named_columns(file: Any, gas: Mapping[str, DatasetDescription]) -> dict[str, list[str]]:
    path, group = Path(file.filename), file
    for name in ("SubgridScheme", "NamedColumns"):
        check_links(group, [name], path, SnapshotError)
        group = group.get(name)
        if not isinstance(group, h5py.Group):
            return {}
    check_links(group, list(gas.keys() & group.keys()), path, SnapshotError)
    found = {}
    for name in gas.keys() & group.keys():
        columns = group[name]
        readable = stands_here(columns.dtype) and columns.shape == gas[name].shape[1:]
        names = np.ravel(columns[()]) if readable else ()
        found[name] = [c.decode(errors="replace") if isinstance(c, bytes) else str(c) for c in names]
    return found


def _headers(one: Hdf5Description, other: Hdf5Description) -> Iterator[tuple[str, Any, Any]]:
    """(attribute, its values in two files), of those that all parts share."""
    for name in _SHARED:
        yield name, one.find(name, groups=_SAYING), other.find(name, groups=_SAYING)


def _units(
    one: Mapping[str, DatasetDescription], other: Mapping[str, DatasetDescription]
) -> Iterator[tuple[str, Any, Any]]:
    for name in one.keys() & other.keys():
        for unit in UNIT_ATTRIBUTES:
            yield f"{GAS}/{name}.{unit}", one[name].attributes.get(unit), other[name].attributes.get(unit)


class Hdf5Store:
    """The HDF5 files of one snapshot.

    Parameters
    ----------
    descriptions : list of Hdf5Description
        Description of each of them.

    Raises
    ------
    SnapshotError
        If the files do not belong together, or their counts disagree with their arrays.
    """

    def __init__(self, descriptions: list[Hdf5Description]) -> None:
        first = descriptions[0]
        self._gas = [description.gas for description in descriptions]
        self.parts = [description.path for description in descriptions]
        self.gas_counts: list[int] = []
        self._packed_rows = [max((d.packed_rows for d in each.gas.values()), default=1) for each in descriptions]
        for description in descriptions:
            if description is not first:
                self._check_belongs(description, first)
            self.gas_counts.append(self._checked_count(description))
        total = first.counts("NumPart_Total")[0]
        high = first.groups["Header"].get("NumPart_Total_HighWord")
        if high is not None and total < 2**32:
            total += as_count(np.ravel(high)[:1], "NumPart_Total_HighWord", first.path) << 32
        check_total(self.gas_counts, total, first.path)

    @staticmethod
    def _check_belongs(description: Hdf5Description, first: Hdf5Description) -> None:
        for field, mine, theirs in (*_headers(description, first), *_units(description.gas, first.gas)):
            if not np.array_equal(np.ravel(mine), np.ravel(theirs)):
                raise SnapshotError(
                    f"{mine} here, {theirs} in {first.path.name}: the parts are of different snapshots.",
                    file=description.path,
                    field=field,
                    remedy="put the parts of one snapshot, and nothing else, into the folder.",
                )

    @staticmethod
    def _checked_count(description: Hdf5Description) -> int:
        count = description.counts("NumPart_ThisFile")[0]
        if count and not description.gas:
            raise SnapshotError(
                f"the header says {count} gas particles, the group is absent.",
                file=description.path,
                field=GAS,
                remedy="the file is incomplete: fetch it again.",
            )
        for name, dataset in description.gas.items():
            if dataset.shape[:1] != (count,):
                raise SnapshotError(
                    f"the header says {count} gas particles, the array has shape {dataset.shape}.",
                    file=description.path,
                    field=f"{GAS}/{name}",
                    remedy="the file is damaged: fetch it again.",
                )
        return count

    @contextmanager
    def opened(self, part: int) -> Iterator[Reader]:
        """Open one file and give its reader."""
        path, described = self.parts[part], self._gas[part]
        with ExitStack() as stack:
            file = stack.enter_context(opened_plain(path))
            others: dict[str, Any] = {}
            # HDF5 takes longer to open a file than to read what lies in it plainly.
            if any(dataset.plain is None for dataset in described.values()):
                whole = stack.enter_context(opened_hdf5(path))

            def read(name: str, start: int, stop: int) -> Array:
                if name not in described:
                    raise SnapshotError(
                        "the array is absent here, though another part has it.",
                        file=path,
                        field=f"{GAS}/{name}",
                        remedy="check that all parts belong to one snapshot.",
                    )
                plain = described[name].plain
                if plain is not None:
                    return plain.rows(file, f"{GAS}/{name}", start, stop)
                if name not in others:
                    others[name] = _without_gap(whole, name)
                with translated(path):
                    rows: Array = others[name][start:stop]
                return rows

            yield read

    def rows_at_once(self, part: int, wanted: int) -> int:
        """Whole packets of compressed arrays, which would be unpacked again for each part of them."""
        packed = self._packed_rows[part]
        return -(-wanted // packed) * packed


def _without_gap(file: Any, name: str) -> Any:
    """An array that only HDF5 can read, and that has all its values."""
    path = Path(file.filename)
    with translated(path):
        dataset = file[GAS][name]
        missing = gap(dataset, path)
    if missing is not None:
        raise SnapshotError(
            f"{missing}.",
            file=path,
            field=f"{GAS}/{name}",
            remedy="fetch the file again, or write its numbers into it; a virtual file needs its parts beside it.",
        )
    return dataset
