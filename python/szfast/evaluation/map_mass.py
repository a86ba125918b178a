"""M_SZ from a map, as a survey would quote it: the fixed point of scaling relation and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from szfast.arguments import cosmology_in, redshifts_in
from szfast.constants import ARCMIN_RAD
from szfast.errors import ArgumentError
from szfast.evaluation.relation import (
    SLOPE,
    compton_y_mpc2,
    distances_mpc,
    theta_500_arcmin,
)
from szfast.filters.flux_filters import FluxFilter, flux_filter
from szfast.maps.instrument import PLANCK, Instrument
from szfast.maps.spectrum import noise_spectrum

if TYPE_CHECKING:
    from astropy.table import QTable


def map_sz_mass(
    maps: ArrayLike,
    redshift: Any,
    cosmology: Any,
    *,
    instrument: Instrument = PLANCK,
    noise: Any = "instrument",
    method: str = "matched_filter",
    profile: str = "A10",
    bias: float = 0.0,
) -> QTable:
    """Measure Y500 and M500c on maps, with the cluster at the centre.

    Y500 is measured at the size theta500(M) of the mass M that the relation gives to it: as for the masses of PSZ2
    (Planck 2015 XXVII, section 5.3), the answer is where the measured Y500(theta500) meets the relation's.

    Parameters
    ----------
    maps : (N, n, n) array
        Dimensionless y, beam included.
    redshift : float or (N,) array
        Of the clusters.
    cosmology : FLRW
        For distances, E(z) and h.
    instrument : Instrument
        Of the maps.
    noise : str, Path or NoiseSpectrum
        Spectrum of the maps' noise: weights of the matched filter, and errors. Default: the instrument's.
    method : str
        ``matched_filter`` or ``aperture``; see `szfast.filters.flux_filters`.
    profile : str
        ``A10`` or ``P13``.
    bias : float
        b of the relation's (1-b) M500.

    Returns
    -------
    QTable
        A row a map: ``M500c``, ``M500c_error`` [Msun], spherical ``Y500``, ``Y500_error`` [Mpc^2], ``theta_500``
        [arcmin]; errors are those by noise. NaN where the measured Y500 nowhere meets the relation.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or a name is unknown.
    """
    import astropy.units as u
    from astropy.table import QTable

    try:
        y = np.asarray(maps, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError("expected an array of numbers.", field="maps", remedy="give Compton y.") from None
    if y.ndim != 3 or y.shape[1:] != (instrument.size,) * 2 or not np.isfinite(y).all():
        raise ArgumentError(
            f"expected finite maps of shape (N, {instrument.size}, {instrument.size}), found {y.shape}.", field="maps"
        )
    z = redshifts_in(redshift)
    if z.shape not in ((), (1,), (len(y),)):
        raise ArgumentError(
            f"expected one redshift or {len(y)}, found shape {z.shape}.", field="redshift", remedy="give one a map."
        )
    z = np.broadcast_to(z, len(y))
    cosmology_in(cosmology)
    spectrum = noise_spectrum(instrument.noise if isinstance(noise, str) and noise == "instrument" else noise)
    if spectrum is None:
        raise ArgumentError("expected a noise spectrum, found none.", field="noise", remedy="give the maps' noise.")
    filters = flux_filter(instrument, spectrum, method=method, profile=profile)
    found = _meeting_points(filters, y, z, cosmology, bias)
    table = QTable(
        {
            "M500c": found["m_msun"] * u.Msun,
            "M500c_error": found["m_error"] * u.Msun,
            "Y500": found["y_mpc2"] * u.Mpc**2,
            "Y500_error": found["y_error"] * u.Mpc**2,
            "theta_500": found["theta"] * u.arcmin,
        }
    )
    table.meta.update({"method": method, "profile": profile, "bias": bias, "noise": spectrum.name})
    return table


def _meeting_points(
    filters: FluxFilter, y: NDArray[np.float32], z: NDArray[np.float64], cosmology: Any, bias: float
) -> dict[str, NDArray[np.float64]]:
    area_mpc2 = (distances_mpc(z, cosmology) * ARCMIN_RAD) ** 2
    theta_of_pivot = theta_500_arcmin(np.full(len(z), 1e14), z, cosmology, bias)
    # M ~ theta^3 at fixed redshift
    mass = 1e14 * (filters.theta_arcmin[None, :] / theta_of_pivot[:, None]) ** 3
    known = compton_y_mpc2(mass, z[:, None], cosmology, bias)
    ratio = filters.apply(y) * area_mpc2[:, None] / known
    names = ("m_msun", "m_error", "y_mpc2", "y_error", "theta")
    found = {name: np.full(len(y), np.nan) for name in names}
    for i in range(len(y)):
        at = _crossing(ratio[i])
        if at is None:
            continue
        log_theta = np.interp(at, np.arange(len(filters.theta_arcmin)), np.log(filters.theta_arcmin))
        m = 1e14 * (np.exp(log_theta) / theta_of_pivot[i]) ** 3
        sigma = np.exp(np.interp(log_theta, np.log(filters.theta_arcmin), np.log(filters.sigma_arcmin2)))
        y500, y_error = float(compton_y_mpc2(m, z[i], cosmology, bias)), float(sigma * area_mpc2[i])
        # of ln(measured Y) with ln M: the measured Y grows with the size it is measured at
        step = np.log(filters.theta_arcmin[1] / filters.theta_arcmin[0])
        growth = SLOPE + np.log(max(ratio[i][int(at) + 1], 1e-3) / ratio[i][int(at)]) / (3 * step)
        m_error = m * y_error / y500 / max(SLOPE - growth, 0.1)
        for name, value in zip(names, (m, m_error, y500, y_error, np.exp(log_theta)), strict=True):
            found[name][i] = value
    return found


def _crossing(ratio: NDArray[np.float64]) -> float | None:
    """Place on the grid where measured over expected Y falls through one, last such place; None where it never does."""
    places = np.flatnonzero((ratio[:-1] >= 1) & (ratio[1:] < 1))
    if len(places) == 0:
        return None
    first = int(places[-1])
    above, below = ratio[first], ratio[first + 1]
    if below <= 0:
        return first + float((above - 1) / (above - below))
    return first + float(np.log(above) / np.log(above / below))
