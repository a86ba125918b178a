"""Several networks, one for each bin of redshift."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from szfast.arguments import path_in
from szfast.errors import ArgumentError, NetworkError
from szfast.folder_members import member
from szfast.networks.filtered import FilteredWeights
from szfast.networks.mean import NetworkMean
from szfast.networks.weights import NetworkWeights

Network = NetworkWeights | FilteredWeights | NetworkMean
"""What predicts the masses of a redshift bin."""


@dataclass(frozen=True, eq=False)
class NetworkSet:
    """Networks whose redshift bins do not overlap, sorted by redshift.

    Parameters
    ----------
    networks : tuple of NetworkWeights, FilteredWeights or NetworkMean
        At least one.

    Raises
    ------
    NetworkError
        If there is none, or two bins overlap.
    """

    networks: tuple[Network, ...]

    def __post_init__(self) -> None:
        if not all(hasattr(network, "redshift_bin") for network in self.networks):
            kinds = ", ".join(sorted({type(network).__name__ for network in self.networks}))
            raise ArgumentError(
                f"expected networks, found {kinds}.",
                field="network",
                remedy="read them with szfast.networks.read_networks.",
            )
        ordered = tuple(sorted(self.networks, key=lambda network: network.redshift_bin))
        if not ordered:
            raise NetworkError("holds no network.", field="networks", remedy="give at least one.")
        for nearer, farther in itertools.pairwise(ordered):
            if farther.redshift_bin[0] < nearer.redshift_bin[1]:
                raise NetworkError(
                    f"two networks claim the same redshifts: {_bin(nearer)} and {_bin(farther)}.",
                    field="redshift_bin",
                    remedy="keep one network for each redshift.",
                )
        object.__setattr__(self, "networks", ordered)

    def __len__(self) -> int:
        return len(self.networks)

    def __iter__(self) -> Iterator[Network]:
        return iter(self.networks)

    def __getitem__(self, index: int) -> Network:
        return self.networks[index]

    def at_redshift(self, redshift: float) -> Network:
        """Choose the network whose bin holds a redshift.

        Parameters
        ----------
        redshift : float
            Of the cluster, dimensionless.

        Raises
        ------
        ArgumentError
            If no network has learnt that redshift.
        """
        for network in self.networks:
            if network.covers(redshift):
                return network
        raise ArgumentError(
            f"no network has learnt redshift {redshift}; there is {', '.join(map(_bin, self.networks))}.",
            field="redshift",
            remedy="give a redshift inside these bins, or add the network of its bin.",
        )


def read_networks(path: str | Path) -> NetworkSet:
    """Read every network of a folder: szfast's own .npz files, or the published ``bestmodel-N.h5``.

    Parameters
    ----------
    path : str or Path
        The folder, or one such file.

    Raises
    ------
    NetworkError
        If there is none, a file cannot be read or a link leads out of the folder, or the bins of two networks overlap.
    """
    from szfast.networks.npz import load
    from szfast.networks.published_weights import published

    place = path_in(path)
    own = sorted(place.glob("*.npz")) if place.is_dir() else [place] * (place.suffix == ".npz")
    theirs = sorted(place.glob("bestmodel-*.h5")) if place.is_dir() else [place] * (place.suffix == ".h5")
    if not own and not theirs:
        raise NetworkError(
            "holds no network." if place.is_dir() else "is neither a folder of networks nor a .npz or .h5 file.",
            file=place,
            field="path",
            remedy="give the folder of the published bestmodel-N.h5, or of networks saved as .npz.",
        )
    for file in (*own, *theirs) if place.is_dir() else ():
        member(place, file.name, NetworkError)
    networks: list[Network] = [load(file) for file in own]
    networks += [network for file in theirs for network in published(file)]
    try:
        return NetworkSet(tuple(networks))
    except NetworkError as error:
        raise NetworkError(error.problem, file=place, field=error.field, remedy=error.remedy) from None


def _bin(network: Network) -> str:
    low, high = network.redshift_bin
    return f"({low:g}, {high:g}]"
