"""Gas that is left out: star-forming, wind and neutral particles."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.particles import GasParticles

log = logging.getLogger("szfast.gas")

NEUTRAL_FRACTION = 0.1
"""Gas with this neutral fraction or more is not the hot gas that scatters photons."""


class Reason(NamedTuple):
    """Why gas is left out: a quantity above a threshold, or at it too.

    Parameters
    ----------
    name : str
        As in logs and products.
    quantity : str
        A field of `GasParticles`.
    threshold : float
        In the quantity's own unit.
    at_threshold : bool
        Whether gas at the threshold is left out too.
    """

    name: str
    quantity: str
    threshold: float = 0.0
    at_threshold: bool = False


STAR_FORMING = Reason("star-forming", "star_formation_rate")
WIND = Reason("wind", "wind_delay_time")
NEUTRAL = Reason("neutral", "neutral_fraction", NEUTRAL_FRACTION, at_threshold=True)


def left_out(particles: GasParticles, reasons: Sequence[Reason]) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which particles to leave out, and how many for each reason.

    Parameters
    ----------
    particles : GasParticles
        As read from the snapshot.
    reasons : sequence of Reason
        What to leave out, where the snapshot has the quantity.

    Returns
    -------
    mask : (N,) bool array
        True where a particle is left out.
    counts : dict
        Particles by reason; one with several reasons counts under the first.
    """
    mask = np.zeros(len(particles), dtype=bool)
    counts = {}
    for reason in reasons:
        values = getattr(particles, reason.quantity)
        if values is None:
            continue
        hit = (values >= reason.threshold if reason.at_threshold else values > reason.threshold) & ~mask
        counts[reason.name] = int(np.count_nonzero(hit))
        mask |= hit
    return mask, counts


def check_left(kept: int, counts: dict[str, int], path: Path) -> None:
    """Log what was left out.

    Raises
    ------
    SnapshotError
        If nothing is left.
    """
    total = kept + sum(counts.values())
    if total and not kept:
        raise SnapshotError(
            f"all {total} gas particles are left out: {counts}.",
            file=path,
            field="selection",
            remedy="switch an exclusion off (exclude_star_forming, exclude_winds, exclude_neutral).",
        )
    for reason, count in counts.items():
        log.info("%s: %d of %d gas particles left out (%s)", path, count, total, reason)
