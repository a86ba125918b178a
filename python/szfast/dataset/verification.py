"""Is a store whole: checksums, values that are not finite, labels that cannot be, statistics of each bin."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from szfast.arguments import path_in
from szfast.dataset.bins import PLANCK_BINS, bin_name, bin_numbers
from szfast.dataset.checksums import sha256, store_files
from szfast.dataset.progress import progress_of
from szfast.dataset.store import ATTRIBUTE, check_claim, dataset_of, largest_skew, open_group
from szfast.dataset.stored_maps import SHARD_CLUSTERS, StoredMaps
from szfast.errors import DataSetError

if TYPE_CHECKING:
    from astropy.table import QTable

    from szfast.dataset.maps import DataSet


@dataclass
class Verification:
    """What a look at a whole store has found.

    Parameters
    ----------
    files, maps : int
        How many were checked.
    problems : list of str
        What is wrong; empty where the store is whole.
    statistics : QTable or None
        Of each redshift bin; None where the maps cannot be read.
    """

    files: int
    maps: int = 0
    problems: list[str] = field(default_factory=list)
    statistics: QTable | None = None


def verify(path: str | Path, *, progress: bool = False) -> Verification:
    """Check every file, map and label of a store.

    Parameters
    ----------
    path : str or Path
        The store.
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    Verification
        Problems found, and statistics of each redshift bin.

    Raises
    ------
    DataSetError
        If there is no store to check.
    """
    path = path_in(path)
    root = open_group(path)
    found = _check_files(path, dict(root.attrs[ATTRIBUTE].get("sha256", {})))
    try:
        check_claim(root, path)
        dataset = dataset_of(root, path)
    except DataSetError as error:
        found.problems.append(error.problem)
        return found
    found.maps = len(dataset)
    found.problems += _check_labels(dataset)
    moments = _moments(dataset, found.problems, progress)
    found.statistics = _statistics(dataset, moments)
    return found


def _check_files(path: Path, expected: dict[str, str]) -> Verification:
    here = {str(file): file for file in store_files(path)}
    problems = [f"{name}: is missing" for name in sorted(set(expected) - set(here))]
    problems += [f"{name}: does not belong to the store" for name in sorted(set(here) - set(expected))]
    shared = sorted(set(here) & set(expected))
    changed = [name for name in shared if sha256(path / name) != expected[name]]
    problems += [f"{name}: its checksum is not the one that was written" for name in changed]
    return Verification(len(shared), problems=problems)


def _check_labels(dataset: DataSet) -> list[str]:
    labels, problems = dataset.labels, []
    for name in ("M500c", "R500c", "Y500", "pixel", "redshift"):
        values = np.asarray(getattr(labels[name], "value", labels[name]))
        bad = np.flatnonzero(~(values > 0))
        if len(bad):
            problems.append(f"labels, {name}: expected positive numbers, found {values[bad[0]]:g} at cluster {bad[0]}")
    if len(np.unique(labels["noise_cluster"])) < len(labels):
        problems.append("labels, noise_cluster: two clusters have the same noise")
    if not largest_skew(dataset.views) < 1e-6:
        problems.append("views: a matrix is no rotation")
    return problems


def _moments(dataset: DataSet, problems: list[str], progress: bool) -> Any:
    """Of each map: mean, mean square, largest value; NaN where the map cannot be read."""
    views, source = dataset.n_views, dataset.source
    assert isinstance(source, StoredMaps)
    moments = np.full((3, len(dataset)), np.nan)
    blocks = range(0, len(dataset.labels), SHARD_CLUSTERS)
    with progress_of("reading maps", len(blocks), shown=progress) as advance:
        for start in blocks:
            maps = np.arange(start * views, min(start + SHARD_CLUSTERS, len(dataset.labels)) * views)
            try:
                y = source.take_any(maps).astype(np.float64)
            except DataSetError as error:
                problems.append(error.problem)
                continue
            moments[:, maps] = y.mean(axis=(1, 2)), (y**2).mean(axis=(1, 2)), y.max(axis=(1, 2))
            problems += _odd_maps(moments[:, maps], maps, views)
            advance(1, len(maps))
    return moments


def _odd_maps(moments: Any, maps: Any, views: int) -> list[str]:
    odd = {
        "holds values that are not finite": ~np.isfinite(moments).all(axis=0),
        "is empty": moments[2] <= 0,
    }
    found = [(what, divmod(int(index), views)) for what, which in odd.items() for index in maps[which]]
    return [f"cluster {cluster}, view {view}: {what}" for what, (cluster, view) in found]


def _statistics(dataset: DataSet, moments: Any) -> QTable:
    """Statistics of each redshift bin, in the columns' units."""
    import astropy.units as u
    from astropy.table import QTable

    mean, square, peak = moments
    number, log10_mass = bin_numbers(dataset.redshift_of()), dataset.log10_mass_of()
    rows = []
    for bin_number, edges in [*enumerate(PLANCK_BINS), (-1, None)]:
        here = number == bin_number
        if not here.any():
            continue
        read = here & np.isfinite(peak)
        average, mean_square = (float(each[read].mean()) if read.any() else np.nan for each in (mean, square))
        rows.append(
            {
                "redshift": "none of these" if edges is None else bin_name(edges),
                "clusters": int(here.sum()) // dataset.n_views,
                "maps": int(here.sum()),
                "lowest log10 M500c": log10_mass[here].min() * u.dex(u.Msun),
                "median log10 M500c": float(np.median(log10_mass[here])) * u.dex(u.Msun),
                "highest log10 M500c": log10_mass[here].max() * u.dex(u.Msun),
                "mean y": average,
                "std y": float(np.sqrt(mean_square - average**2)),
                "median peak y": float(np.median(peak[read])) if read.any() else np.nan,
            }
        )
    return QTable(rows)
