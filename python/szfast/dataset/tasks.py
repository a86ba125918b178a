"""The tasks of a data set: one for each region and snapshot, in the order of the data set's clusters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from szfast.dataset.configuration import Configuration, SimulationPart, SyntheticPart
from szfast.errors import DataSetError
from szfast.table_files import check_table

if TYPE_CHECKING:
    from szfast.dataset.snapshot_task import SnapshotTask
    from szfast.dataset.synthetic_task import SyntheticTask

    Task = SnapshotTask | SyntheticTask


def tasks_of(configuration: Configuration, folder: Path) -> list[Task]:
    """All tasks of a configuration, simulations first, in the order of the file, regions and snapshots.

    Parameters
    ----------
    configuration : Configuration
        What is built.
    folder : Path
        What its paths are relative to.

    Raises
    ------
    DataSetError
        If a pattern matches nothing, or two snapshots of a code have one name.
    """
    tasks: list[Task] = []
    for number, part in enumerate(configuration.simulations):
        tasks += _of_simulation(part, folder, f"simulations.{number}")
    if configuration.synthetic is not None:
        tasks += _synthetic(configuration.synthetic)
    _check_once(tasks)
    return tasks


def _check_once(tasks: list[Task]) -> None:
    seen: set[tuple[str, str, str]] = set()
    for task in tasks:
        key = (task.code, task.region, task.snapshot)
        if key in seen:
            raise DataSetError(
                f"snapshot {task.snapshot} of region {task.region} stands there twice for the code {task.code}.",
                field="simulations",
                remedy="name each snapshot of a code once; give each simulation a code of its own.",
            )
        seen.add(key)


def _synthetic(part: SyntheticPart) -> Iterator[SyntheticTask]:
    from szfast.dataset.synthetic_task import SyntheticRow, SyntheticTask
    from szfast.sample import synthetic_catalogue

    catalogue = synthetic_catalogue(part.clusters, seed=part.seed, regions=part.regions)
    columns = (
        catalogue["cluster"].tolist(),
        catalogue["redshift"].tolist(),
        catalogue["M500c"].to_value("Msun").tolist(),
        catalogue["R500c"].to_value("kpc").tolist(),
    )
    by_region: dict[str, list[SyntheticRow]] = {}
    for region, *values in zip(catalogue["region"].tolist(), *columns, strict=True):
        by_region.setdefault(str(region), []).append(SyntheticRow(*values))
    for region, rows in by_region.items():
        yield SyntheticTask(region, tuple(rows), part.particles, part.profile, part.seed)


def _of_simulation(part: SimulationPart, folder: Path, field: str) -> list[SnapshotTask]:
    from szfast.dataset.snapshot_task import SnapshotTask

    matches = _matches(part, folder, field)
    chosen = None if part.sample is None else _sample(folder / part.sample)
    tasks = []
    for (region, snapshot), path in sorted(matches.items(), key=lambda match: [_natural(word) for word in match[0]]):
        halo_ids = None if chosen is None else chosen.get((region, snapshot), ())
        if halo_ids == ():
            continue
        halos = _catalogue(part.halos.format(region=region, snapshot=snapshot), folder, f"{field}.halos")
        tasks.append(SnapshotTask(region, snapshot, path, halos, part, halo_ids))
    if chosen is not None and (absent := sorted(set(chosen) - set(matches))):
        raise DataSetError(
            f"the sample names {len(absent)} snapshots that are not there, first {' '.join(absent[0])}.",
            file=folder / str(part.sample),
            field=f"{field}.sample",
            remedy="check the pattern 'snapshots', or make the sample again.",
        )
    return tasks


def _matches(part: SimulationPart, folder: Path, field: str) -> dict[tuple[str, str], Path]:
    """Snapshots by region and name."""
    for name in ("snapshots", "halos"):
        unknown = set(re.findall(r"{(.*?)}", getattr(part, name))) - {"region", "snapshot"}
        if unknown:
            raise DataSetError(
                f"{{{unknown.pop()}}} has no meaning.", field=f"{field}.{name}", remedy="use {region} and {snapshot}."
            )
    if "{region}" not in part.snapshots and part.region is None:
        raise DataSetError(
            "the region of these snapshots is not known.",
            field=f"{field}.region",
            remedy="put {region} into 'snapshots', or give region = 'name'.",
        )
    pattern = str((folder / part.snapshots).absolute())
    expression = re.compile(_expression(pattern))
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(Path("/").glob(re.sub(r"{.*?}", "*", pattern).lstrip("/"))):
        match = expression.fullmatch(str(path))
        if match is None:
            continue
        words = match.groupdict()
        key = (words.get("region") or str(part.region), words.get("snapshot") or path.stem)
        if key in found:
            raise DataSetError(
                f"both {found[key].name} and {path.name} are snapshot '{key[1]}' of region '{key[0]}'.",
                file=path,
                field=f"{field}.snapshots",
                remedy="put {snapshot} where the names differ.",
            )
        found[key] = path
    if not found:
        raise DataSetError(
            f"'{part.snapshots}' matches nothing in {folder}.", field=f"{field}.snapshots", remedy="check the path."
        )
    return found


def _expression(pattern: str) -> str:
    """Regular expression of a pattern: each name stands for one step of a path or a part of it."""
    seen: set[str] = set()

    def piece(text: str) -> str:
        if not text.startswith("{"):
            return re.escape(text).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        name = text[1:-1]
        again = name in seen
        seen.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>[^/]+)"

    return "".join(piece(text) for text in re.split(r"({.*?})", pattern))


def _catalogue(name: str, folder: Path, field: str) -> Path:
    path = (folder / name).absolute()
    found = sorted(Path("/").glob(str(path).lstrip("/")))
    if len(found) > 1:
        raise DataSetError(
            f"'{name}' matches {len(found)} catalogues, first {found[0].name}.",
            file=path,
            field=field,
            remedy="write a pattern that matches one.",
        )
    # an absent catalogue is a bad snapshot: its task says so
    return found[0] if found else path


def _sample(path: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    """Haloes that were chosen, by region and snapshot."""
    from astropy.table import Table

    try:
        check_table(path, DataSetError)
        table = Table.read(path)
        columns: list[Any] = [table["region"], table["snapshot"], table["id"]]
    except DataSetError:
        raise
    except Exception as error:
        # astropy's readers raise whatever their format's library does
        raise DataSetError(
            f"cannot be read as a sample ({type(error).__name__}: {str(error).splitlines()[0]}).",
            file=path,
            field="sample",
            remedy="write a table (ECSV, CSV or FITS) with the columns region, snapshot and id.",
        ) from None
    chosen: dict[tuple[str, str], tuple[int, ...]] = {}
    for region, snapshot, halo_id in zip(*columns, strict=True):
        key = (str(region), str(snapshot))
        chosen[key] = (*chosen.get(key, ()), int(halo_id))
    return chosen


def _natural(text: str) -> list[tuple[int, int | str]]:
    """Sorting key under which snapshot 9 comes before snapshot 10."""
    words = re.split(r"(\d+)", text)
    return [(0, int(word)) if word.isdecimal() else (1, word) for word in words if word]
