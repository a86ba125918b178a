"""What every trained network tells of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from szfast.errors import NetworkError


@dataclass(frozen=True, eq=False, kw_only=True)
class Learnt:
    """What a network has learnt, and from what.

    Parameters
    ----------
    redshift_bin : tuple of float
        (low, high]: the redshifts that the network has learnt.
    target_offset, target_scale : float
        From the network's output to log10 of M500c in Msun.
    lowest_log10_mass : float
        Lowest log10 M500c [Msun] that the network has learnt: fainter maps get about this mass. 0 if not known.
    provenance : str
        Who trained the network, on what, and where that is described.

    Raises
    ------
    NetworkError
        If a number is out of range.
    """

    redshift_bin: tuple[float, float]
    target_offset: float = 0.0
    target_scale: float = 1.0
    lowest_log10_mass: float = 0.0
    provenance: str = "not stated"

    def __post_init__(self) -> None:
        self._check_numbers("target_offset", "target_scale", "lowest_log10_mass")
        low, high = (float(edge) for edge in self.redshift_bin)
        if not 0 <= low < high < math.inf:
            raise NetworkError(
                f"expected 0 <= low < high, found ({low}, {high}].",
                field="redshift_bin",
                remedy="give the range of redshifts that the network was trained on.",
            )
        object.__setattr__(self, "redshift_bin", (low, high))

    def _check_numbers(self, *names: str) -> None:
        for name in names:
            value = float(getattr(self, name))
            positive = name.endswith(("std", "scale"))
            if not math.isfinite(value) or (positive and value <= 0):
                raise NetworkError(
                    f"expected a finite{' positive' if positive else ''} number, found {value}.",
                    field=name,
                    remedy="give the number that the network was trained with.",
                )
            object.__setattr__(self, name, value)

    def covers(self, redshift: float) -> bool:
        """Tell whether a redshift lies in the network's bin, low edge excluded."""
        low, high = self.redshift_bin
        return low < redshift <= high
