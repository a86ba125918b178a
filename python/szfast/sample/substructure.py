"""Substructure and mergers: which smaller haloes lie in and about a cluster, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from szfast.sample.pressure import PressureProfile

LEAST_RATIO, LARGEST_RATIO = 0.005, 0.5
"""Mass of a clump over the cluster's, both M500c: from small groups to a merger of two to one."""

SLOPE = 0.9
"""dN / dln(mass ratio) goes as ratio^-0.9 (Gao et al. 2004, MNRAS 355 819; Giocoli et al. 2008, MNRAS 386 2135)."""

MASS_SHARE = 0.15
"""Mean mass in clumps over the cluster's M500c; one cluster in four then has a clump above 1:10 (choice)."""


@dataclass(frozen=True)
class Clump:
    """A smaller halo.

    Parameters
    ----------
    ratio : float
        Its M500c over the cluster's.
    at : (3,) array
        Its centre, in R500 of the cluster.
    """

    ratio: float
    at: NDArray[np.float64]


def draw_clumps(rng: np.random.Generator, profile: PressureProfile, mass_share: float, x_end: float) -> list[Clump]:
    """Draw the clumps of a cluster, their number Poisson, their place with the probability of the pressure.

    So placed, clumps change the mean profile of many clusters by no more than their own size smears it.

    Parameters
    ----------
    rng : Generator
        Random numbers.
    profile : PressureProfile
        The cluster's.
    mass_share : float
        Mean mass in clumps over the cluster's.
    x_end : float
        Farthest centre, in R500.
    """
    low, high = LEAST_RATIO**-SLOPE, LARGEST_RATIO**-SLOPE
    mean_ratio = SLOPE / (1 - SLOPE) * (LARGEST_RATIO ** (1 - SLOPE) - LEAST_RATIO ** (1 - SLOPE)) / (low - high)
    count = int(rng.poisson(mass_share / mean_ratio))
    ratios = (low - rng.random(count) * (low - high)) ** (-1 / SLOPE)
    radii = np.geomspace(1e-3, x_end, 300)
    within = np.cumsum(radii**3 * profile.at(radii))
    x = np.interp(rng.random(count) * within[-1], within, radii)
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return [Clump(float(ratio), at) for ratio, at in zip(ratios, direction * x[:, None], strict=True)]
