"""Compton parameters from maps: linear filters at fixed theta500, by aperture and by matched filter.

Every filter is a stack of weights, one for each theta500: their product with a map is Y500, without bias for a cluster
of the universal profile seen through the instrument's beam, and its noise follows from the power spectrum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in
from szfast.constants import ARCMIN_RAD
from szfast.filters.profile_integrals import PROFILES, radial_transform
from szfast.maps.instrument import Instrument
from szfast.maps.spectrum import NoiseSpectrum
from szfast.sample.pressure import PressureProfile

METHODS = ("matched_filter", "aperture")

THETA_GRID_ARCMIN = np.geomspace(0.5, 120.0, 96)
"""Sizes theta500 for which there are weights; between them quantities are interpolated in its logarithm."""

_PADDING = 4
"""Side of the patch that templates are made on, in fields: 5 theta500 of the largest cluster still fit."""


@dataclass(frozen=True, eq=False)
class FluxFilter:
    """Weights that turn a map into Y500, for each size.

    Parameters
    ----------
    theta_arcmin : (T,) array
        theta500.
    weights : (T, n, n) array
        Sum of weight times y is Y500 [arcmin^2].
    sigma_arcmin2 : (T,) array
        Standard deviation of that sum by the noise [arcmin^2].
    """

    theta_arcmin: NDArray[np.float64]
    weights: NDArray[np.float64]
    sigma_arcmin2: NDArray[np.float64]

    def apply(self, maps: NDArray[np.float32]) -> NDArray[np.float64]:
        """Y500 of each map at each size, (N, T) [arcmin^2]."""
        y = maps.reshape(len(maps), self.weights[0].size).astype(np.float64)
        flux: NDArray[np.float64] = y @ self.weights.reshape(len(self.weights), -1).T
        return flux


def flux_filter(
    instrument: Instrument,
    spectrum: NoiseSpectrum,
    *,
    method: str = "matched_filter",
    profile: str = "A10",
    theta_arcmin: NDArray[np.float64] = THETA_GRID_ARCMIN,
) -> FluxFilter:
    """The filter of an instrument and its noise.

    Parameters
    ----------
    instrument : Instrument
        Pixel, field and beam.
    spectrum : NoiseSpectrum
        Of the noise: the matched filter's weights and every filter's error follow from it.
    method : str
        ``matched_filter``: weights that leave the least noise. ``aperture``: the mean of a ring taken from a disc of
        radius (theta500^2 + FWHM^2)^(1/2), both through the beam.
    profile : str
        ``A10`` or ``P13``.
    theta_arcmin : (T,) array
        Sizes theta500.

    Raises
    ------
    ArgumentError
        If a name is unknown.
    """
    choice_in(method, METHODS, "method")
    choice_in(profile, PROFILES, "profile")
    # templates know of the instrument only what changes them, so that equal ones are made once
    known = (float(instrument.pixel_arcmin), instrument.size, instrument.beam_sigma_arcmin)
    shapes = _templates(*known, PROFILES[profile], tuple(theta_arcmin.tolist()))
    if method == "aperture":
        raw = np.array([_aperture(instrument, theta) for theta in theta_arcmin])
    else:
        raw = _matched(instrument, shapes, spectrum)
    weights = raw / np.einsum("tij,tij->t", raw, shapes)[:, None, None]
    return FluxFilter(theta_arcmin, weights, _noise_sigma(instrument, weights, spectrum))


@cache
def _templates(
    pixel_arcmin: float, size: int, sigma_arcmin: float, profile: PressureProfile, sizes_arcmin: tuple[float, ...]
) -> NDArray[np.float64]:
    """Pixel means of y of a cluster with Y500 = 1 arcmin^2 at the field's centre, (T, n, n) [arcmin^-2]."""
    n = _PADDING * size
    pixel_rad = pixel_arcmin * ARCMIN_RAD
    along_y = np.fft.fftfreq(n)[:, None]
    along_x = np.fft.rfftfreq(n)[None, :]
    ell = 2 * np.pi * np.hypot(along_y, along_x) / pixel_rad
    # the centre lies between four pixels
    middle = (size - 1) / 2
    seen = np.exp(-2j * np.pi * middle * (along_x + along_y) - 0.5 * (ell * sigma_arcmin * ARCMIN_RAD) ** 2)
    seen = seen * np.sinc(along_x) * np.sinc(along_y) / pixel_arcmin**2
    maps = np.empty((len(sizes_arcmin), size, size))
    for number, theta in enumerate(sizes_arcmin):
        transform = radial_transform(profile, ell * theta * ARCMIN_RAD)
        maps[number] = np.fft.irfft2(transform * seen, (n, n))[:size, :size]
    maps.flags.writeable = False
    return maps


def _matched(instrument: Instrument, shapes: NDArray[np.float64], spectrum: NoiseSpectrum) -> NDArray[np.float64]:
    """Template over power, on the field itself: what its edges cost in noise is counted by `_noise_sigma`."""
    n = instrument.size
    power = spectrum.at(_multipoles(instrument, n))
    usable = power > power.max() * 1e-12
    usable[0, 0] = False
    inverse = np.where(usable, 1 / np.where(usable, power, 1.0), 0.0)
    # beyond the beam there is neither signal nor noise: their quotient may not decide
    inverse *= instrument.beam(_multipoles(instrument, n)) > 1e-3
    weights: NDArray[np.float64] = np.fft.irfft2(np.fft.rfft2(shapes) * inverse, (n, n))
    return weights


def _aperture(instrument: Instrument, theta_arcmin: float) -> NDArray[np.float64]:
    n, pixel = instrument.size, instrument.pixel_arcmin
    offset = (np.arange(n) - (n - 1) / 2) * pixel
    radius = np.hypot(offset[:, None], offset[None, :])
    fwhm = instrument.beam_sigma_arcmin * math.sqrt(8 * math.log(2))
    # a ring of at least a third of the field's half side remains for the background
    disc = min(math.hypot(theta_arcmin, fwhm), n * pixel / 3)
    inside = radius <= disc
    ring = (radius > disc) & (radius <= min(max(2 * disc, disc + 2 * fwhm), n * pixel / 2))
    weights: NDArray[np.float64] = inside / 1.0 - ring * (inside.sum() / ring.sum())
    return weights


def _noise_sigma(instrument: Instrument, weights: NDArray[np.float64], spectrum: NoiseSpectrum) -> NDArray[np.float64]:
    """Standard deviation of the weighted sum: |W(k)|^2 times power, on a patch where the field's edges do not meet."""
    n = _PADDING * instrument.size
    side_rad = n * instrument.pixel_arcmin * ARCMIN_RAD
    power = spectrum.at(_multipoles(instrument, n))
    power[0, 0] = 0.0
    # the real transform holds one of each pair of conjugate modes
    power[:, 1 : (n + 1) // 2] *= 2
    found = [np.sum(np.abs(np.fft.rfft2(each, (n, n))) ** 2 * power) for each in weights]
    sigma: NDArray[np.float64] = np.sqrt(found) / side_rad
    return sigma


def _multipoles(instrument: Instrument, n: int) -> NDArray[np.float64]:
    pixel_rad = instrument.pixel_arcmin * ARCMIN_RAD
    ell: NDArray[np.float64] = 2 * np.pi * np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None, :]) / pixel_rad
    return ell
