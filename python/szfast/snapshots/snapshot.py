"""A snapshot of any dialect: its header, and its gas a bounded chunk at a time."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.errors import ArgumentError, SnapshotError
from szfast.snapshots.ahead import ahead
from szfast.snapshots.chunk import Chunk
from szfast.snapshots.consistency import GasSample, check_box, check_extent, check_filling, check_gas
from szfast.snapshots.header import Assumption, SnapshotHeader
from szfast.snapshots.particles import PER_PARTICLE, GasParticles, Gathered
from szfast.snapshots.pieces import Piece
from szfast.snapshots.selection import Spheres
from szfast.snapshots.stored_fields import Array, GasLayout, Store, within_possible

logger = logging.getLogger("szfast.snapshots")

CHUNK_ROWS = 1 << 17
_SAMPLE_SLICES, _SAMPLE_ROWS = 16, 256


@dataclass(frozen=True)
class Loaded:
    """How far the reading is, and what was found last.

    Parameters
    ----------
    rows_read : int
        Rows of all files that were read so far.
    counts : dict
        Particles that the last chunk holds of each sphere.
    """

    rows_read: int
    counts: dict[int, int]


class Snapshot:
    """A snapshot on disk: its header, and its gas on demand.

    Parameters
    ----------
    path : Path
        What the user named.
    store : Store
        Its files.
    layout : GasLayout
        How they hold the gas.
    chunk_rows : int
        Particles read at a time.
    """

    def __init__(self, path: Path, store: Store, layout: GasLayout, chunk_rows: int = CHUNK_ROWS) -> None:
        self.path, self.chunk_rows = path, chunk_rows
        self._store, self._layout = store, replace(layout, recipes=within_possible(layout.recipes))
        # A wrong unit is told as such, before single values are looked at.
        self._unbounded = layout.recipes
        self._volumes_kpc3: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return (
            f"<Snapshot {self.path}: {self.dialect}, {len(self.parts)} file(s), "
            f"z = {self.header.redshift:.4g}, {self.gas_count} gas particles>"
        )

    @property
    def parts(self) -> list[Path]:
        """All files of the snapshot."""
        return self._store.parts

    @property
    def dialect(self) -> str:
        """The code and format that wrote it."""
        return self._layout.dialect

    @property
    def header(self) -> SnapshotHeader:
        """Time, cosmology, box and units."""
        return self._layout.header

    @property
    def gas_count(self) -> int:
        """Number of gas particles in all files."""
        return sum(self._store.gas_counts)

    @property
    def assumptions(self) -> list[Assumption]:
        """What was taken for granted."""
        return list(self._layout.assumptions)

    def gas(
        self,
        center_kpc: ArrayLike | None = None,
        radius_kpc: float | None = None,
        *,
        progress: bool = False,
    ) -> GasParticles:
        """Read the gas within a sphere, or all of it.

        Parameters
        ----------
        center_kpc : (3,) array_like, optional
            Centre [comoving kpc]. Without it positions stay as the file has them, relative to its origin.
        radius_kpc : float, optional
            Radius [physical kpc]; without it everything is read.
        progress : bool
            Show a progress bar on a terminal.

        Returns
        -------
        GasParticles
            In physical units.

        Raises
        ------
        SnapshotError
            If a value is not possible, or no particle is inside.
        ArgumentError
            If the centre lies outside the box, or the radius is not positive.
        """
        centers, radii = _one_sphere(center_kpc, radius_kpc)
        return self._gathered(centers, radii, progress=progress)[0]

    def gas_chunks(
        self,
        center_kpc: ArrayLike | None = None,
        radius_kpc: float | None = None,
        *,
        progress: bool = False,
    ) -> Iterator[GasParticles]:
        """Yield the gas of `gas` a block at a time, with bounded memory; the next one is read meanwhile."""
        centers, radii = _one_sphere(center_kpc, radius_kpc)
        for _, pieces in self.loaded(centers, radii, progress=progress):
            for _, piece in pieces:
                yield from piece.particles()

    def gas_around(self, centers_kpc: ArrayLike, radii_kpc: ArrayLike, *, progress: bool = False) -> list[GasParticles]:
        """Read the gas around many centres in one pass over the files.

        Parameters
        ----------
        centers_kpc : (H, 3) array_like
            Centres [comoving kpc].
        radii_kpc : (H,) array_like
            Radii [physical kpc].
        progress : bool
            Show a progress bar on a terminal.

        Raises
        ------
        SnapshotError
            If a value is not possible, or no particle is inside one of the spheres.
        ArgumentError
            If a centre lies outside the box, or a radius is not positive.
        """
        centers = np.asarray(centers_kpc, dtype=np.float64)
        radii = np.asarray(radii_kpc, dtype=np.float64)
        if centers.ndim != 2 or centers.shape[1] != 3 or radii.shape != centers.shape[:1]:
            raise ArgumentError(
                f"expected centres (H, 3) and radii (H,), found {centers.shape} and {radii.shape}.",
                field="centers_kpc",
                remedy="give one radius for each centre.",
            )
        return self._gathered(centers, radii, progress=progress)

    def loaded(
        self, centers_kpc: NDArray[np.float64] | None, radii_kpc: NDArray[np.float64], *, progress: bool = False
    ) -> Iterator[tuple[Loaded, Iterator[tuple[int, Piece]]]]:
        """Yield what each chunk of the files holds of `gas_around`: its extent, and (sphere, what is in it).

        Parameters
        ----------
        centers_kpc : (H, 3) float64 array or None
            Centres [comoving kpc]; None for all gas, relative to the file's origin.
        radii_kpc : (H,) float64 array
            Radii [physical kpc].
        progress : bool
            Show a progress bar on a terminal.
        """
        return self._loaded(centers_kpc, radii_kpc, self._spans(), progress=progress)

    def _gathered(
        self, centers_kpc: NDArray[np.float64] | None, radii_kpc: NDArray[np.float64], *, progress: bool
    ) -> list[GasParticles]:
        found = [Gathered(self.gas_count) for _ in radii_kpc]
        for chunk, pieces in self.loaded(centers_kpc, radii_kpc, progress=progress):
            for k, count in chunk.counts.items():
                found[k].reserve(count, chunk.rows_read)
            for k, piece in pieces:
                for block in piece.particles():
                    found[k].add_particles(block)
        for k, gathered in enumerate(found):
            if not gathered.count:
                raise self.empty(k, None if centers_kpc is None else centers_kpc[k], float(radii_kpc[k]))
        return [gathered.particles() for gathered in found]

    def _spans(self) -> list[tuple[int, int, int]]:
        """(file, first row, row behind the last) of all chunks."""
        spans = []
        for part, count in enumerate(self._store.gas_counts):
            rows = self._store.rows_at_once(part, self.chunk_rows)
            spans += [(part, start, min(start + rows, count)) for start in range(0, count, rows)]
        return spans

    def _loaded(
        self,
        centers_kpc: NDArray[np.float64] | None,
        radii_kpc: NDArray[np.float64],
        spans: list[tuple[int, int, int]],
        *,
        progress: bool,
    ) -> Iterator[tuple[Loaded, Iterator[tuple[int, Piece]]]]:
        spheres = self._spheres(centers_kpc, radii_kpc)
        self._check_plausible()
        origins = np.zeros((1, 3)) if centers_kpc is None else centers_kpc
        template = self._template()

        def pieces(chunk: Chunk) -> Iterator[tuple[int, Piece]]:
            for k, rows in chunk.found:
                yield k, Piece(chunk, spheres.only(k), rows, {"origin_kpc": origins[k], **template})

        chunks = self._chunks(spheres, spans)
        # A thread is not worth its start where there is nothing to read beside the work.
        coming = ahead(chunks) if len(spans) > 1 else chunks
        with closing(coming), _progress_bar(self.gas_count, self.path.name, progress) as advance:
            rows_read = 0
            low, high = np.full(3, np.inf), np.full(3, -np.inf)
            for chunk in coming:
                rows_read += chunk.count
                low, high = np.minimum(low, chunk.low), np.maximum(high, chunk.high)
                yield Loaded(rows_read, {k: len(rows) for k, rows in chunk.found}), pieces(chunk)
                advance(chunk.count)
            check_extent(low, high, self.header, self.path)
            check_filling(self.gas_count, self._volumes_kpc3 or (0.0, 0.0), low, high, self.header, self.path)

    def _chunks(self, spheres: Spheres, spans: list[tuple[int, int, int]]) -> Generator[Chunk, None, None]:
        begins: dict[bytes, Path] = {}
        for part, of_part in groupby(spans, key=lambda span: span[0]):
            with self._store.opened(part) as read:
                for _, start, stop in of_part:
                    chunk = Chunk(self._layout, read, self.parts[part], start, stop).load(spheres)
                    if start == 0:
                        self._check_new(chunk, begins)
                    yield chunk

    def _check_new(self, chunk: Chunk, begins: dict[bytes, Path]) -> None:
        """Refuse the particles of one part in another."""
        same = begins.setdefault(chunk.first_rows, chunk.path)
        if same != chunk.path:
            raise SnapshotError(
                f"it holds the particles of {same.name}.",
                file=chunk.path,
                field=self._layout.coordinates,
                remedy="one of the two was copied to the wrong name: fetch it again.",
            )

    def _spheres(self, centers_kpc: NDArray[np.float64] | None, radii_kpc: NDArray[np.float64]) -> Spheres:
        if not np.all(radii_kpc > 0):
            raise ArgumentError("expected positive radii.", field="radius_kpc", remedy="give a radius above zero.")
        if centers_kpc is None:
            return Spheres(np.zeros((1, 3)), np.full(1, np.inf), None)
        if centers_kpc.shape != (len(radii_kpc), 3) or not np.isfinite(centers_kpc).all():
            raise ArgumentError(
                f"expected three finite coordinates, found {centers_kpc}.",
                field="center_kpc",
                remedy="give x, y and z.",
            )
        header = self.header
        box = header.box_size_kpc
        if box is not None and not ((centers_kpc >= 0.0) & (centers_kpc <= box)).all():
            outside = centers_kpc[~((centers_kpc >= 0.0) & (centers_kpc <= box)).all(axis=1)][0]
            raise ArgumentError(
                f"the centre {np.round(outside, 3)} lies outside the box of {box:.6g} comoving kpc.",
                file=self.path,
                field="center",
                remedy="give a comoving position in the snapshot's frame, and mind the factor h.",
            )
        length = header.code_length_kpc
        reach = radii_kpc[np.isfinite(radii_kpc)].max(initial=0.0) / header.scale_factor
        if box is not None and reach > 0.5 * box:
            logger.warning(
                "%s: the sphere is wider than the box; each particle is taken once, at its nearest image.", self.path
            )
        return Spheres(
            centers_kpc / length,
            radii_kpc / (length * header.scale_factor),
            None if box is None else box / length,
        )

    def _template(self) -> dict[str, Any]:
        absent = set(PER_PARTICLE) - set(self._layout.recipes) - {"offset_kpc"}
        return {
            **dict.fromkeys(absent),
            "kernel": self._layout.kernel,
            "header": self.header,
            "path": self.path,
            "assumptions": self.assumptions,
        }

    def empty(self, k: int, center_kpc: ArrayLike | None, radius_kpc: float | None) -> SnapshotError:
        """Make the error of a sphere that holds no gas."""
        if self.gas_count == 0:
            return SnapshotError(
                "it holds no gas.",
                file=self.path,
                field="PartType0",
                remedy="give a hydrodynamical snapshot.",
            )
        return SnapshotError(
            f"no gas within {radius_kpc:g} kpc of centre {k}, {np.round(np.asarray(center_kpc), 3)} kpc.",
            file=self.path,
            field=self._layout.coordinates,
            remedy="check the centre (comoving, in the snapshot's frame; mind the factor h) and the radius.",
        )

    def _check_plausible(self) -> None:
        if self._volumes_kpc3 is not None or self.gas_count == 0:
            return
        layout = self._layout
        if layout.units_assumed:
            check_box(layout.dark_matter_msun, layout.header, self.path)
        sample = self._sample()
        check_gas(sample, layout.header, self.path)
        self._volumes_kpc3 = sample.volumes_kpc3

    def _sample(self) -> GasSample:
        """Read a few slices from all over the largest file."""
        counts = self._store.gas_counts
        part = int(np.argmax(counts))
        recipes = dict(self._unbounded)
        if self._layout.density is not None:
            recipes["density"] = self._layout.density
        spans = _sample_spans(counts[part])
        total = sum(stop - start for start, stop in spans)
        with self._store.opened(part) as read:

            def spliced(name: str, _start: int, _stop: int) -> Array:
                return np.concatenate([read(name, start, stop) for start, stop in spans])

            chunk = Chunk(self._layout, spliced, self.parts[part], 0, total)
            arrays = {
                name: chunk.quantity(recipes[name], slice(0, total), total)
                for name in ("mass_msun", "smoothing_length_kpc", "internal_energy_km2_s2", "temperature_k", "density")
                if name in recipes
            }
        return GasSample(
            arrays["mass_msun"],
            arrays["smoothing_length_kpc"],
            arrays.get("density"),
            arrays.get("internal_energy_km2_s2"),
            arrays.get("temperature_k"),
        )


def _sample_spans(count: int) -> list[tuple[int, int]]:
    """Rows [start, stop) from all over a file, none twice."""
    if count <= _SAMPLE_SLICES * _SAMPLE_ROWS:
        return [(0, count)]
    starts = np.linspace(0, count - _SAMPLE_ROWS, _SAMPLE_SLICES).astype(int)
    return [(int(start), int(start) + _SAMPLE_ROWS) for start in starts]


def _one_sphere(
    center_kpc: ArrayLike | None, radius_kpc: float | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    if center_kpc is None and radius_kpc is not None:
        raise ArgumentError("a radius needs a centre.", field="center_kpc", remedy="give center_kpc too.")
    centers = None if center_kpc is None else np.atleast_2d(np.asarray(center_kpc, dtype=np.float64))
    return centers, np.full(1, np.inf if radius_kpc is None else radius_kpc)


@contextmanager
def _progress_bar(total: int, name: str, wanted: bool) -> Iterator[Any]:
    if not (wanted and sys.stderr.isatty()):
        yield lambda count: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"reading {name}", total=total)
        yield lambda count: bar.advance(task, count)
