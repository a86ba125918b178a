"""Maps of gas that comes in batches: those of each batch add up."""

from __future__ import annotations

import dataclasses
import logging
import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from szfast.gas.columns import GasColumns
from szfast.gas.stream import GasStream
from szfast.maps.mapset import Conserved
from szfast.maps.method import RTOL_LIMITS, Scene, Seen, see, warn_if_off_centre
from szfast.maps.profile import stage

log = logging.getLogger("szfast.maps")

_FIRST_SHARE = 0.5
"""Of the tolerance, asked of each batch: peaks of batches that are not in one place count each."""


class Sum:
    """The clean maps of the batches of one scene, added up in float64.

    With batches of another size the maps differ by float rounding, and where a method has a tolerance by less than it.

    Parameters
    ----------
    method, rtol
        As in `see`, of each batch.
    """

    def __init__(self, method: str, rtol: float) -> None:
        self.method, self.rtol = method, max(rtol, RTOL_LIMITS[0])
        self.scene: Scene | None = None
        self.y: NDArray[np.float64] = np.zeros(0)
        self.error = 0.0
        self.conserved: Conserved | None = None
        self.methods: set[str] = set()
        self.bounded = True

    def add(self, scene: Scene) -> None:
        """Map a batch."""
        clean = dataclasses.replace(scene, spectrum=None)
        seen = see(clean, self.method, self.rtol)
        if self.scene is None:
            self.y, self.conserved = seen.y.astype(np.float64), seen.conserved
        else:
            assert self.conserved is not None
            self.y += seen.y
            self.conserved = Conserved(
                *(
                    getattr(self.conserved, each.name) + getattr(seen.conserved, each.name)
                    for each in dataclasses.fields(Conserved)
                )
            )
        # its particles are needed no more
        assert isinstance(scene.gas, GasColumns)
        self.scene = dataclasses.replace(scene, gas=_without_particles(scene.gas))
        self.methods.add(seen.method)
        self.bounded = self.bounded and seen.bound is not None
        # relative to the least bright view
        self.error += (seen.bound or 0.0) * float(seen.y.max(axis=(1, 2)).min())

    def finish(self) -> Seen:
        """The maps of all batches, with noise."""
        assert self.scene is not None
        assert self.conserved is not None
        warn_if_off_centre(self.y, self.scene.gas)
        bound = None
        if self.bounded:
            peak = float(self.y.max(axis=(1, 2)).min())
            bound = self.error / (peak - self.error) if peak > self.error else math.inf
        y = self.y.astype(np.float32)
        if self.scene.spectrum is not None:
            y += self.scene.observe(None, None, noise=True)
        return Seen(y, "beam" if "beam" in self.methods else "exact", bound, self.conserved)


def _without_particles(gas: GasColumns) -> GasColumns:
    none = np.zeros(0, dtype=np.float32)
    return dataclasses.replace(gas, x_kpc=none, y_kpc=none, z_kpc=none, h_kpc=none, area_kpc2=none, whole=True)


def see_stream(
    stream: GasStream,
    scene_of: Callable[[int, GasColumns], Scene],
    method: str,
    rtol: float,
    *,
    progress: bool = False,
) -> Iterator[tuple[int, Seen]]:
    """Map the gas about each centre of a stream in one pass; yield (centre, maps) as they are done.

    Parameters
    ----------
    stream : GasStream
        The gas.
    scene_of : callable
        Makes the scene of a centre from some of its gas.
    method, rtol
        As in `szfast.make_maps`. Where the batches of a cluster do not keep `rtol` together, it is read again, alone.
    progress : bool
        Show a progress bar on a terminal.
    """
    sums: dict[int, Sum] = {}
    share = _FIRST_SHARE * rtol
    for k, gas in _timed(stream, progress):
        scene = scene_of(k, gas)
        with stage("projection"):
            if gas.whole:
                seen = see(scene, method, rtol)
            else:
                sums.setdefault(k, Sum(method, share)).add(scene)
        if gas.whole:
            yield k, seen
    bad: dict[int, float] = {}
    for k in list(sums):
        with stage("projection"):
            seen = sums.pop(k).finish()
        if seen.bound is not None and seen.bound > rtol:
            bad[k] = seen.bound
        else:
            yield k, seen
    for k, bound in bad.items():
        log.info("centre %d: the errors of its batches add up to %.1e of the peak, more than %g", k, bound, rtol)
        yield k, _again(stream.only(k), partial(scene_of, k), method, rtol, 0.8 * share * rtol / bound)


def _again(
    stream: GasStream, scene_of: Callable[[GasColumns], Scene], method: str, rtol: float, of_batch: float
) -> Seen:
    """Read a cluster once more, and ask more of each batch."""
    total = Sum(method, of_batch)
    for _, gas in _timed(stream, progress=False):
        with stage("projection"):
            total.add(scene_of(gas))
    seen = total.finish()
    if seen.bound is not None and seen.bound > rtol:
        log.warning("the error may be %.1e of the peak, more than %g", seen.bound, rtol)
    return seen


def _timed(stream: GasStream, progress: bool) -> Iterator[tuple[int, GasColumns]]:
    batches = stream.batches(progress=progress)
    while True:
        with stage("reading"):
            coming = next(batches, None)
        if coming is None:
            return
        yield coming
