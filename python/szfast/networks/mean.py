"""The mean of several networks of one redshift bin."""

from __future__ import annotations

from dataclasses import dataclass

from szfast.errors import NetworkError
from szfast.networks.filtered import FilteredWeights
from szfast.networks.weights import NetworkWeights


@dataclass(frozen=True, eq=False)
class NetworkMean:
    """Networks of one redshift bin, whose mean log10 mass is predicted.

    Parameters
    ----------
    members : tuple of NetworkWeights or FilteredWeights
        At least one, all of one redshift bin.

    Raises
    ------
    NetworkError
        If there is none, or their bins differ.
    """

    members: tuple[NetworkWeights | FilteredWeights, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise NetworkError("holds no network.", field="members", remedy="give at least one.")
        if len({one.redshift_bin for one in self.members}) > 1:
            raise NetworkError(
                "the networks have learnt different redshifts.", field="members", remedy="give those of one bin."
            )

    @property
    def redshift_bin(self) -> tuple[float, float]:
        """(low, high]: the redshifts that they have learnt."""
        return self.members[0].redshift_bin

    @property
    def lowest_log10_mass(self) -> float:
        """Highest of the members' lowest log10 M500c [Msun]: above it all have learnt."""
        return max(one.lowest_log10_mass for one in self.members)

    @property
    def provenance(self) -> str:
        """Where the members are from."""
        return f"mean of {len(self.members)}: " + "; ".join(one.provenance for one in self.members)

    def covers(self, redshift: float) -> bool:
        """Tell whether a redshift lies in the networks' bin, low edge excluded."""
        return self.members[0].covers(redshift)
