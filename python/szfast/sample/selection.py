"""From all haloes of all snapshots to the clusters that cover the Planck sample."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import scalar_in, whole_in
from szfast.errors import ArgumentError
from szfast.sample import plane
from szfast.sample.coverage import cells_table, summary_table
from szfast.sample.halo_tables import gathered
from szfast.sample.planck_range import BINS, lowest_log10_mass

if TYPE_CHECKING:
    from astropy.table import QTable

log = logging.getLogger("szfast.sample")

CLUSTERS = 7106
"""Number of clusters of the published set."""


@dataclass(frozen=True)
class Selection:
    """Selected clusters and how well they cover the target.

    Parameters
    ----------
    clusters : QTable
        The haloes' columns and region, snapshot; ordered by region, snapshot and id.
    target : QTable
        redshift and M500c of what was to be covered.
    cells : QTable
        A row a cell of the plane that was to be filled: z_low, z_high, log10_M_low, log10_M_high, target (number of
        target clusters in it, zero in the margin), available and selected.
    summary : QTable
        A row a bin of redshift: target, below (those under the lowest mass), covered (those in a cell with selected
        clusters), available, selected, and the least and largest number in a cell that has any.
    left_out : dict
        Haloes left out, by reason.
    """

    clusters: QTable
    target: QTable
    cells: QTable
    summary: QTable
    left_out: dict[str, int]


def select(haloes: Any, *, target: Any, clusters: int = CLUSTERS, seed: int = 0, min_mass: Any = None) -> Selection:
    """Select clusters that cover a target sample evenly in redshift and log mass.

    Each bin of redshift gets the same number, and in it each cell of the (z, log10 M500c) plane that the target
    occupies, widened by one cell, the same number, as far as there are haloes; what a cell or a bin lacks goes to the
    others. Which haloes of a cell are taken depends on the seed and on a halo's region, snapshot and id alone.

    Parameters
    ----------
    haloes : QTable, sequence of QTable, or mapping of region to one of these
        From `szfast.read_halos` or `synthetic_catalogue`: id, redshift, M500c, optionally fMhires and snapshot (else
        the table's file name), and region, where the mapping does not tell it.
    target : QTable
        redshift and M500c; see `psz2_sample`.
    clusters : int
        How many to select.
    seed : int
        Same seed and haloes, same selection, in whatever order they come.
    min_mass : Quantity, optional
        Lowest M500c. Default: 10^14, 10^14.5, 10^14.65 and 10^14.7 Msun in the four bins of redshift.

    Returns
    -------
    Selection
        The clusters and the coverage.

    Raises
    ------
    ArgumentError
        If a table lacks what is needed, or no halo lies where the target is.
    """
    wanted_number = whole_in(clusters, "clusters", least=1, most=10**9)
    seed = whole_in(seed, "seed")
    table, left_out = gathered(haloes)
    z, log10_mass = _plane_position(table, "haloes")
    lowest = (
        lowest_log10_mass(z) if min_mass is None else np.log10(scalar_in(min_mass, "Msun", "min_mass", positive=True))
    )
    cell = np.where(log10_mass >= lowest, plane.cell_of(z, log10_mass), -1)
    target_cell = plane.cell_of(*_plane_position(target, "target"))
    wanted = plane.widened(plane.counted(target_cell) > 0)
    candidates = np.flatnonzero((cell >= 0) & wanted[cell])
    left_out["below the lowest mass"] = int(np.count_nonzero(log10_mass < lowest))
    left_out["away from the target"] = len(table) - left_out["below the lowest mass"] - len(candidates)
    if not len(candidates):
        raise ArgumentError(
            f"none of {len(table)} haloes lies where the target is and above the lowest mass ({left_out}).",
            field="haloes",
            remedy="lower min_mass, or give more massive haloes or other snapshots.",
        )
    chosen = _chosen(table[candidates], cell[candidates], wanted_number, seed)
    rows = np.sort(candidates[chosen])
    if len(rows) < wanted_number:
        log.warning("only %d of %d clusters: there are no more haloes where the target is", len(rows), wanted_number)
    cells = cells_table(plane.counted(target_cell), plane.counted(cell), plane.counted(cell[rows]), wanted)
    return Selection(table[rows], target, cells, summary_table(cells, target), left_out)


def _plane_position(table: Any, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        redshift = np.asarray(table["redshift"], dtype=np.float64)
        mass_msun = table["M500c"].to_value("Msun")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArgumentError(
            f"expected redshift, and M500c with a unit of mass ({type(error).__name__}: {error}).",
            field=name,
            remedy="see szfast.sample.psz2_sample.",
        ) from None
    if not (np.isfinite(redshift).all() and np.all(mass_msun > 0)):
        raise ArgumentError("holds a redshift that is not finite, or a mass that is not positive.", field=name)
    return redshift, np.log10(mass_msun)


def _chosen(table: QTable, cell: NDArray[np.intp], number: int, seed: int) -> NDArray[np.intp]:
    """Rows to take: the same number from each cell of a bin, from each bin the same number."""
    identity = zip(table["region"], table["snapshot"], table["id"], strict=True)
    rank = np.array([_rank(seed, *each) for each in identity], dtype=np.uint64)
    available = plane.counted(cell).reshape(plane.SHAPE)
    cell_rank = np.array([_rank(seed, "cell", each) for each in range(available.size)], dtype=np.uint64)
    of_bin = np.array([available[each == plane.BIN_OF_ROW].sum() for each in range(len(BINS))])
    share = _filled_evenly(of_bin, number, np.arange(len(BINS), dtype=np.uint64))
    take = np.zeros_like(available)
    for each in range(len(BINS)):
        rows = each == plane.BIN_OF_ROW
        filled = _filled_evenly(available[rows].ravel(), share[each], cell_rank.reshape(plane.SHAPE)[rows].ravel())
        take[rows] = filled.reshape(-1, plane.SHAPE[1])
    order = np.lexsort((rank, cell))
    first = np.searchsorted(cell[order], cell[order], side="left")
    return order[np.arange(len(order)) - first < take.ravel()[cell[order]]]


def _rank(seed: int, *identity: Any) -> int:
    text = "|".join(map(str, (seed, *identity)))
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).digest(), "little")


def _filled_evenly(capacity: NDArray[np.intp], number: int, rank: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Share a number among places of limited capacity as evenly as can be; what does not divide goes by rank."""
    number = min(int(number), int(capacity.sum()))
    levels = np.arange(int(capacity.max(initial=0)) + 1)
    # the largest level that does not need more than there is to share
    ordered = np.sort(capacity)
    below = np.concatenate([[0], np.cumsum(ordered)])
    short = np.searchsorted(ordered, levels, side="right")
    level = int(np.flatnonzero(below[short] + (len(ordered) - short) * levels <= number)[-1])
    filled = np.minimum(capacity, level)
    open_places = np.flatnonzero(capacity > level)
    filled[open_places[np.argsort(rank[open_places])][: number - int(filled.sum())]] += 1
    return filled
