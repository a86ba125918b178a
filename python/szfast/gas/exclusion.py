"""Gas that is left out: star-forming, wind and neutral particles."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.errors import SnapshotError
from szfast.snapshots.particles import GasParticles

log = logging.getLogger("szfast.gas")

NEUTRAL_FRACTION = 0.1
"""Gas with this neutral fraction or more is not the hot gas that scatters photons."""


def left_out(
    particles: GasParticles, *, star_forming: bool, winds: bool, neutral: bool
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Which particles to leave out, and how many for each reason.

    Parameters
    ----------
    particles : GasParticles
        As read from the snapshot.
    star_forming, winds, neutral : bool
        Leave out gas with SFR > 0, with a wind's delay time > 0, with a neutral fraction >= 0.1.

    Returns
    -------
    mask : (N,) bool array
        True where a particle is left out.
    counts : dict
        Particles by reason; one with several reasons counts under the first.
    """
    reasons = {
        "star-forming": (star_forming, particles.star_formation_rate, 0.0),
        "wind": (winds, particles.wind_delay_time, 0.0),
        "neutral": (neutral, particles.neutral_fraction, NEUTRAL_FRACTION),
    }
    mask = np.zeros(len(particles), dtype=bool)
    counts = {}
    for reason, (asked, values, threshold) in reasons.items():
        if not asked or values is None:
            continue
        hit = (values >= threshold if reason == "neutral" else values > threshold) & ~mask
        counts[reason] = int(np.count_nonzero(hit))
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
