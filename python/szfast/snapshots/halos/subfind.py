"""FOF+SUBFIND group tables of GADGET-4 and AREPO (HDF5), one file or many."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from szfast.constants import KPC_M, M_SUN_KG
from szfast.errors import HaloCatalogueError, SnapshotError
from szfast.hdf5_links import check_links
from szfast.snapshots.halos.columns import HaloColumns, check_stored_masses
from szfast.snapshots.hdf5_attributes import as_count, as_number, attributes_of, translated
from szfast.snapshots.hdf5_storage import gap
from szfast.snapshots.header import Assumption, SnapshotHeader, check_header

_PART = re.compile(r"^(?P<stem>.+)\.(?P<number>\d+)\.(?:hdf5|h5)$")

_FIELDS = {
    "GroupPos": 3,
    "Group_M_Crit500": 1,
    "Group_R_Crit500": 1,
    "Group_M_Crit200": 1,
    "Group_R_Crit200": 1,
}
"""The datasets of /Group that are read, with their number of columns."""

_MOST_PACKED = 200
"""Groups are packed ten times at best; bombs a thousand times."""

_SPARE_BYTES = 1 << 20
"""A part of small groups may hold nothing but zeros: none of them reaches 500 rho_c."""

# GADGET's own defaults; used where neither the file nor the snapshot tells.
_DEFAULT_UNITS = {"UnitLength_in_cm": 3.085678e21, "UnitMass_in_g": 1.989e43}


def looks_like(path: Path) -> bool:
    """Whether `path` is a SUBFIND file, or a folder or common stem of them."""
    candidates = _candidates(path)
    if not candidates or not h5py.is_hdf5(candidates[0]):
        return False
    try:
        with translated(candidates[0], HaloCatalogueError), h5py.File(candidates[0], "r") as file:
            check_links(file, ["Header"], candidates[0], HaloCatalogueError)
            return "Header" in file and "Ngroups_ThisFile" in file["Header"].attrs
    except HaloCatalogueError:
        # whose it was can no longer be told; reading it tells what is wrong
        return True


def read(path: Path, snapshot: SnapshotHeader | None) -> HaloColumns:
    """Read the groups that have an M500c; see `szfast.snapshots.halos.read_halos`.

    Raises
    ------
    HaloCatalogueError
        If a part is missing, a dataset is absent, or the counts disagree.
    """
    parts = _parts(path)
    pieces = [_read_part(part) for part in parts]
    _check_set(path, pieces)
    assumptions: list[Assumption] = []
    header = _header(parts[0], pieces[0].attributes, snapshot, assumptions)
    data = {name: np.concatenate([piece.fields[name] for piece in pieces]) for name in _FIELDS}
    check_stored_masses(data["Group_M_Crit500"], "Group/Group_M_Crit500", path)
    # Groups too small for an M500c carry a zero there.
    resolved = np.flatnonzero(data["Group_M_Crit500"] > 0)
    physical_kpc = header.code_length_kpc * header.scale_factor
    return HaloColumns(
        format="SUBFIND",
        id=resolved.astype(np.int64),
        center_kpc=data["GroupPos"][resolved] * header.code_length_kpc,
        m500c_msun=data["Group_M_Crit500"][resolved] * header.code_mass_msun,
        r500c_kpc=data["Group_R_Crit500"][resolved] * physical_kpc,
        m200c_msun=data["Group_M_Crit200"][resolved] * header.code_mass_msun,
        r200c_kpc=data["Group_R_Crit200"][resolved] * physical_kpc,
        redshift=np.full(len(resolved), header.redshift),
        header=header,
        assumptions=assumptions,
    )


@dataclass
class _Part:
    path: Path
    attributes: dict[str, Any]
    fields: dict[str, NDArray[np.float64]]


def _candidates(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    folder, stem = (path, "") if path.is_dir() else (path.parent, path.name)
    if not folder.is_dir():
        return []
    files = [f for f in folder.iterdir() if f.suffix in (".hdf5", ".h5") and f.name.startswith(stem)]
    return sorted(files, key=_part_key)


def _part_key(path: Path) -> tuple[str, int]:
    match = _PART.match(path.name)
    return (match["stem"], int(match["number"])) if match else (path.stem, -1)


def _parts(path: Path) -> list[Path]:
    files = _candidates(path)
    match = _PART.match(files[0].name)
    if path.is_file():
        if match is None:
            return files
        beside = [file for file in path.parent.iterdir() if _PART.match(file.name)]
        return sorted((f for f in beside if _part_key(f)[0] == match["stem"]), key=_part_key)
    stems = sorted({_part_key(file)[0] for file in files})
    if len(stems) > 1:
        raise HaloCatalogueError(
            f"holds the tables of several outputs: {', '.join(stems[:4])}.",
            file=path,
            field="path",
            remedy="name one file, or the common stem of one output's parts.",
        )
    return files


def _read_part(path: Path) -> _Part:
    with translated(path, HaloCatalogueError), h5py.File(path, "r") as file:
        check_links(file, ["Parameters", "Header", "Group"], path, HaloCatalogueError)
        if "Group" in file:
            check_links(file["Group"], list(_FIELDS), path, HaloCatalogueError)
        attributes: dict[str, Any] = {}
        for group in ("Parameters", "Header"):
            if group in file:
                attributes.update(attributes_of(file[group]))
        count = as_count(_stored(attributes, "Ngroups_ThisFile", path), "Ngroups_ThisFile", path, HaloCatalogueError)
        return _Part(path, attributes, {n: _dataset(file, n, k, count, path) for n, k in _FIELDS.items()})


def _attribute(attributes: dict[str, Any], name: str, path: Path) -> float:
    return as_number(_stored(attributes, name, path), name, path, HaloCatalogueError)


def _stored(attributes: dict[str, Any], name: str, path: Path) -> Any:
    if name not in attributes:
        raise HaloCatalogueError(
            "the attribute is absent.",
            file=path,
            field=f"Header/{name}",
            remedy="give FOF+SUBFIND tables as GADGET-4 or AREPO write them.",
        )
    return attributes[name]


def _dataset(file: Any, name: str, columns: int, count: int, path: Path) -> NDArray[np.float64]:
    shape = (count, columns) if columns > 1 else (count,)
    # AREPO writes no dataset into a part without groups.
    if count == 0:
        return np.empty(shape)
    if f"Group/{name}" not in file:
        raise HaloCatalogueError(
            "the dataset is absent.",
            file=path,
            field=f"Group/{name}",
            remedy="run SUBFIND with its spherical-overdensity masses (Group_M_Crit500 and the like).",
        )
    dataset = file[f"Group/{name}"]
    if dataset.shape != shape:
        raise HaloCatalogueError(
            f"expected shape {shape} from Header/Ngroups_ThisFile, found {dataset.shape}.",
            file=path,
            field=f"Group/{name}",
            remedy="the file is incomplete or damaged: copy it again.",
        )
    if dataset.dtype.kind not in "fiu":
        raise HaloCatalogueError(
            f"expected numbers, found {dataset.dtype}.",
            file=path,
            field=f"Group/{name}",
            remedy="write the array as floats.",
        )
    unpacked, stored = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
    missing = gap(dataset, path)
    if missing is None and not dataset.is_virtual and unpacked > _MOST_PACKED * stored + _SPARE_BYTES:
        missing = f"{stored} bytes would be unpacked to {unpacked}: it holds nothing but one value"
    if missing is not None:
        raise HaloCatalogueError(
            f"{missing}.", file=path, field=f"Group/{name}", remedy="the file is incomplete or damaged: copy it again."
        )
    return np.asarray(dataset[...], dtype=np.float64)


def _check_set(path: Path, pieces: Sequence[_Part]) -> None:
    first = pieces[0]
    expected = as_count(first.attributes.get("NumFiles", len(pieces)), "NumFiles", first.path, HaloCatalogueError)
    if expected != len(pieces):
        raise HaloCatalogueError(
            f"the set has {expected} parts by its header, {len(pieces)} were found beside it.",
            file=path,
            field="Header/NumFiles",
            remedy="put all parts into one folder.",
        )
    stated = _stored(first.attributes, "Ngroups_Total", first.path)
    total = as_count(stated, "Ngroups_Total", first.path, HaloCatalogueError)
    found = sum(len(piece.fields["Group_M_Crit500"]) for piece in pieces)
    if total != found:
        raise HaloCatalogueError(
            f"the header counts {total} groups, the parts hold {found}.",
            file=path,
            field="Header/Ngroups_Total",
            remedy="the set mixes outputs or is incomplete: copy it again.",
        )


def _header(
    path: Path, attributes: dict[str, Any], snapshot: SnapshotHeader | None, assumptions: list[Assumption]
) -> SnapshotHeader:
    needed = {"HubbleParam": "hubble", "Omega0": "omega_m", "OmegaLambda": "omega_lambda"}
    for name, of_snapshot in needed.items():
        if name not in attributes and snapshot is not None:
            attributes = {**attributes, name: getattr(snapshot, of_snapshot)}
            assumptions.append(Assumption(name, f"{attributes[name]:g}", "the snapshot's header"))
    hubble, redshift = (_attribute(attributes, name, path) for name in ("HubbleParam", "Redshift"))
    for name, value, least in (("HubbleParam", hubble, 0.0), ("Redshift", redshift, -1.0)):
        if not (math.isfinite(value) and value > least):
            raise HaloCatalogueError(
                f"expected a number above {least:g}, found {value:g}.",
                file=path,
                field=name,
                remedy="correct the header.",
            )
    length_kpc, mass_msun = _code_units(attributes, hubble, snapshot, assumptions, path)
    box = as_number(attributes.get("BoxSize", 0.0), "BoxSize", path, HaloCatalogueError) * length_kpc
    header = SnapshotHeader(
        redshift=redshift,
        scale_factor=_attribute(attributes, "Time", path) if "Time" in attributes else 1.0 / (1.0 + redshift),
        hubble=hubble,
        omega_m=_attribute(attributes, "Omega0", path),
        omega_lambda=_attribute(attributes, "OmegaLambda", path),
        box_size_kpc=box if box > 0 else None,
        code_length_kpc=length_kpc,
        code_mass_msun=mass_msun,
        code_velocity_km_s=1.0,
    )
    try:
        return check_header(header, path)
    except SnapshotError as error:
        raise HaloCatalogueError(error.problem, file=path, field=error.field, remedy=error.remedy) from None


def _code_units(
    attributes: dict[str, Any],
    hubble: float,
    snapshot: SnapshotHeader | None,
    assumptions: list[Assumption],
    path: Path,
) -> tuple[float, float]:
    """Comoving kpc and Msun per code unit, h divided out."""
    if all(name in attributes for name in _DEFAULT_UNITS):
        units = {name: _attribute(attributes, name, path) for name in _DEFAULT_UNITS}
    elif snapshot is not None:
        assumptions.append(Assumption("units", "the snapshot's", "no unit attributes in the catalogue"))
        return snapshot.code_length_kpc, snapshot.code_mass_msun
    else:
        units = _DEFAULT_UNITS
        assumptions.append(Assumption("units", "kpc/h, 1e10 Msun/h", "no unit attributes: GADGET's defaults"))
    length_kpc = units["UnitLength_in_cm"] * 1e-2 / KPC_M / hubble
    mass_msun = units["UnitMass_in_g"] * 1e-3 / M_SUN_KG / hubble
    return length_kpc, mass_msun
