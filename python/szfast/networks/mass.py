"""Masses of clusters from their maps of Compton y."""

from __future__ import annotations

import astropy.units as u
import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.arguments import flag_in, numbers_in
from szfast.errors import ArgumentError
from szfast.networks.filtered import FilteredWeights, filtered_forward
from szfast.networks.forward import forward
from szfast.networks.layers import MAP_SIDE
from szfast.networks.mean import NetworkMean
from szfast.networks.network_set import Network, NetworkSet
from szfast.networks.square import symmetries

# The strongest clusters reach 3e-4: beyond this, y must be in some other unit.
LARGEST_Y = 1e-2

_MAPS_AT_ONCE = 64


def predict_log10_mass(
    maps: ArrayLike | u.Quantity,
    network: Network | NetworkSet,
    *,
    redshift: float | ArrayLike | None = None,
    average: bool = True,
) -> NDArray[np.float64]:
    """Predict the mass of each map's cluster.

    Parameters
    ----------
    maps : array_like, shape (N, 96, 96)
        Compton y, dimensionless, in pixels of 1.717 arcmin, the cluster at the centre.
    network : NetworkWeights, FilteredWeights, NetworkMean or NetworkSet
        One network, the mean of several, or a set of which the redshift chooses.
    redshift : float or array_like of shape (N,), optional
        Of the clusters; may be left out where there is only one network and it is a published one, which does not see
        the redshift; it is checked where it is given.
    average : bool, optional
        Average the eight predictions of the map turned and mirrored. The networks are not invariant under
        these symmetries; without averaging, the map is taken as it stands.

    Returns
    -------
    ndarray, shape (N,)
        log10 of M500c in Msun.

    Raises
    ------
    ArgumentError
        If the maps have a wrong shape or unit or hold values that cannot be Compton y, or no network has
        learnt the redshift.
    """
    checked = checked_maps(maps)
    flag_in(average, "average")
    networks = network if isinstance(network, NetworkSet) else NetworkSet((network,))
    log10_mass = np.empty(len(checked), dtype=np.float64)
    chosen_for = _by_network(networks, redshift, len(checked))
    redshifts = None if redshift is None else np.broadcast_to(numbers_in(redshift, "redshift"), (len(checked),))
    for chosen, which in chosen_for:
        for first in range(0, len(which), _MAPS_AT_ONCE):
            block = which[first : first + _MAPS_AT_ONCE]
            log10_mass[block] = _predict(
                checked[block], None if redshifts is None else redshifts[block], chosen, average
            )
    return log10_mass


def checked_maps(maps: ArrayLike | u.Quantity) -> NDArray[np.float32]:
    """Convert maps to float32 after checking that they can be maps of Compton y for the network.

    Raises
    ------
    ArgumentError
        If they cannot.
    """
    try:
        values = np.asarray(u.Quantity(np.ma.filled(maps, np.nan), u.one, dtype=None))
    except (TypeError, ValueError) as error:
        problem = f"expected Compton y, dimensionless numbers ({error})."
        raise ArgumentError(problem, field="maps", remedy="convert the maps to Compton y.") from None
    if values.ndim != 3 or values.shape[1:] != (MAP_SIDE, MAP_SIDE):
        problem = f"expected shape (N, {MAP_SIDE}, {MAP_SIDE}), found {values.shape}."
        remedy = "give one map as maps[np.newaxis]; make maps of another size again with PLANCK's pixels."
    elif values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        problem = "holds values that are not finite numbers."
        remedy = "leave out masked maps, or fill the masked pixels."
    elif values.size and np.abs(values).max() > LARGEST_Y:
        problem = f"holds |y| up to {np.abs(values).max():.3g}; no cluster exceeds {LARGEST_Y:g}."
        remedy = "give y itself, not y in units of 1e-6 nor a temperature."
    elif values.size and (values.min(axis=(1, 2)) == values.max(axis=(1, 2))).any():
        problem = "holds a map with the same value in every pixel."
        remedy = "leave out empty maps."
    else:
        return values.astype(np.float32)
    raise ArgumentError(problem, field="maps", remedy=remedy)


def _by_network(
    networks: NetworkSet, redshift: float | ArrayLike | None, count: int
) -> list[tuple[Network, NDArray[np.intp]]]:
    if redshift is None:
        if len(networks) > 1:
            raise ArgumentError(
                f"is needed to choose one of {len(networks)} networks.",
                field="redshift",
                remedy="give the clusters' redshift, or one network.",
            )
        return [(networks[0], np.arange(count))]
    redshifts = numbers_in(redshift, "redshift")
    if redshifts.shape not in ((), (count,)):
        raise ArgumentError(
            f"expected one redshift or {count}, found shape {redshifts.shape}.",
            field="redshift",
            remedy="give one a map.",
        )
    chosen = [networks.at_redshift(float(z)) for z in np.broadcast_to(redshifts, (count,))]
    return [
        (network, np.array([i for i, other in enumerate(chosen) if other is network], dtype=np.intp))
        for network in networks
    ]


def _predict(
    maps: NDArray[np.float32], redshift: NDArray[np.float64] | None, network: Network, average: bool
) -> NDArray[np.float64]:
    mean: NDArray[np.float64]
    if isinstance(network, NetworkMean):
        mean = np.mean([_predict(maps, redshift, one, average) for one in network.members], axis=0)
        return mean
    if isinstance(network, FilteredWeights):
        if redshift is None:
            raise ArgumentError(
                "is needed: this network sees it.", field="redshift", remedy="give the clusters' redshift."
            )
        return filtered_forward(maps, redshift, network)
    if not average:
        return forward(maps, network)
    turned = symmetries(maps)
    log10_mass = forward(turned.reshape(-1, MAP_SIDE, MAP_SIDE), network)
    mean = log10_mass.reshape(len(turned), -1).mean(axis=0)
    return mean
