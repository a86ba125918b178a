"""The gas of one cluster or many, batch by batch, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.gas.columns import COLUMNS, GasColumns
from szfast.gas.particles import Gas
from szfast.gas.source import ReadGas, shared_by
from szfast.gas.stored_columns import fill_columns
from szfast.gas.treatment import SOME_ROWS, Treatment
from szfast.snapshots.ahead import ahead
from szfast.snapshots.particles import Growing
from szfast.snapshots.pieces import Piece

BATCH_ROWS = 1 << 22
"""Particles of one cluster at a time: 84 MB, and as much again for the batch that is read meanwhile."""

_ENOUGH = 64

WAITING_ROWS = 1 << 24
"""Particles of many clusters that wait until their batch is large: 335 MB."""


class GasStream:
    """Gas about centres in a snapshot, read in one pass.

    Parameters
    ----------
    snapshot : Snapshot
        From `szfast.snapshots.open_snapshot`.
    centers_kpc : (H, 3) float64 array
        Centres [comoving kpc].
    radii_kpc : (H,) float64 array
        Radii [physical kpc]; infinite for everything.
    treatment : Treatment
        How particles become gas.
    waiting_rows : int, optional
        Particles kept in memory until they are handed over.
    watch : callable, optional
        Is given (centre, Gas) of every block of particles that is kept.
    """

    def __init__(
        self,
        snapshot: Any,
        centers_kpc: NDArray[np.float64],
        radii_kpc: NDArray[np.float64],
        treatment: Treatment,
        *,
        waiting_rows: int | None = None,
        watch: Callable[[int, Gas], None] | None = None,
    ) -> None:
        self.snapshot, self.treatment, self.watch = snapshot, treatment, watch
        self.centers_kpc, self.radii_kpc = centers_kpc, radii_kpc
        self.waiting_rows = waiting_rows or (BATCH_ROWS if len(centers_kpc) == 1 else WAITING_ROWS)
        self.read: dict[int, ReadGas] = {}
        self._looked_at: set[int] = set()

    def only(self, k: int) -> GasStream:
        """The same gas about one of the centres."""
        return GasStream(self.snapshot, self.centers_kpc[k : k + 1], self.radii_kpc[k : k + 1], self.treatment)

    def batches(self, *, progress: bool = False) -> Generator[tuple[int, GasColumns], None, None]:
        """Yield (centre, gas), one batch a cluster where it is small; the next batch is read meanwhile.

        Afterwards `read` tells what was read about each centre.

        Raises
        ------
        SnapshotError
            If the snapshot cannot be read, or a centre has no gas.
        """
        return ahead(self._batches(progress))

    def _batches(self, progress: bool) -> Generator[tuple[int, GasColumns], None, None]:
        waiting = {k: self._empty_batch() for k in range(len(self.centers_kpc))}
        begun = dict.fromkeys(waiting, 0)
        in_parts, rows = set(), 0
        self.read = {}
        for chunk, pieces in self.snapshot.loaded(self.centers_kpc, self.radii_kpc, progress=progress):
            for k, count in chunk.counts.items():
                waiting[k].reserve(count, chunk.rows_read - begun[k])
            for k, piece in pieces:
                rows += self._add(k, piece, waiting[k])
            while rows >= self.waiting_rows:
                k = max(waiting, key=lambda k: waiting[k].count)
                in_parts.add(k)
                rows, begun[k] = rows - waiting[k].count, chunk.rows_read
                yield k, self._handed_over(k, waiting, whole=False)
        for k, radius_kpc in enumerate(self.radii_kpc):
            if k not in self.read:
                limit = None if np.isinf(radius_kpc) else float(radius_kpc)
                raise self.snapshot.empty(k, self.centers_kpc[k], limit)
            self.treatment.check(self.read[k])
        for k in list(waiting):
            if waiting[k].count:
                yield k, self._handed_over(k, waiting, whole=k not in in_parts)

    def _empty_batch(self) -> Growing:
        # the chunk that fills a batch does not end with it
        return Growing(min(self.snapshot.gas_count, self.waiting_rows + self.snapshot.chunk_rows))

    def _add(self, k: int, piece: Piece, waiting: Growing) -> int:
        radius_kpc = None if np.isinf(self.radii_kpc[k]) else float(self.radii_kpc[k])
        if k not in self.read:
            nothing = self.treatment.gas_of(piece.block(0, 0), radius_kpc)
            self.read[k] = ReadGas(count=0, **shared_by(nothing))
        if k not in self._looked_at and len(piece) >= _ENOUGH:
            self._looked_at.add(k)
            self.treatment.check_some(self.treatment.gas_of(piece.block(0, SOME_ROWS), radius_kpc))
        before = waiting.count
        if self.watch is None:
            filled = fill_columns(piece, self.treatment, waiting.room(COLUMNS, len(piece)))
            if filled is not None:
                waiting.count += filled[0]
                self._note(k, *filled)
                return filled[0]
        for block in piece.particles():
            gas = self.treatment.gas_of(block, radius_kpc)
            if self.watch is not None:
                self.watch(k, gas)
            self._note(k, len(gas), gas.excluded)
            columns = gas.columns(threads=1)
            waiting.add(**{name: getattr(columns, name) for name in COLUMNS})
        return waiting.count - before

    def _note(self, k: int, count: int, excluded: dict[str, int]) -> None:
        read = self.read[k]
        read.count += count
        for reason, left_out in excluded.items():
            read.excluded[reason] += left_out

    def _handed_over(self, k: int, waiting: dict[int, Growing], *, whole: bool) -> GasColumns:
        arrays = waiting[k].arrays()
        waiting[k] = self._empty_batch()
        return GasColumns(**arrays, whole=whole, **shared_by(self.read[k]))
