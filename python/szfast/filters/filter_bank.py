"""A few matched filters at the field's centre, in units of their noise: what a small network needs of a map."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from szfast.filters.flux_filters import flux_filter
from szfast.maps.instrument import Instrument
from szfast.maps.noise import mode_amplitude
from szfast.maps.spectrum import NoiseSpectrum

SIZES_ARCMIN = np.geomspace(1.0, 60.0, 6)
"""theta500 of the filters: with Planck's beam and noise, 96 sizes from 0.5 to 120 arcmin span four numbers a map."""

POOLED = 2
"""Pixels along a side whose mean the filters see: a beam of six pixels allows it, and weights are four times fewer."""


def filter_bank(instrument: Instrument, spectrum: NoiseSpectrum) -> NDArray[np.float32]:
    """Weights of the filters, (n/2 * n/2, K): their products with a map averaged over 2 x 2 pixels are signal-to-noise.

    Each is the matched filter of the universal profile (`szfast.filters.flux_filters`) of one of `SIZES_ARCMIN`,
    divided by the standard deviation that the noise gives to its product.

    Parameters
    ----------
    instrument : Instrument
        Pixel, field and beam.
    spectrum : NoiseSpectrum
        Of the noise.
    """
    coarse = replace(instrument, pixel=POOLED * instrument.pixel, size=instrument.size // POOLED)
    weights = flux_filter(coarse, spectrum, theta_arcmin=SIZES_ARCMIN).weights
    bank = weights.reshape(len(SIZES_ARCMIN), -1).T
    sigma = np.sqrt(np.diag(noise_covariance(bank, instrument, spectrum)))
    return np.asarray(bank / sigma, dtype=np.float32)


def noise_covariance(
    bank: NDArray[np.floating], instrument: Instrument, spectrum: NoiseSpectrum
) -> NDArray[np.float64]:
    """Covariance of the filters' products with noise maps, (K, K).

    The sum over modes of W_i conj(W_j) C_ell, on the patch on which noise is drawn (`szfast.maps.noise`).

    Parameters
    ----------
    bank : (n/2 * n/2, K) array
        From `filter_bank`.
    instrument : Instrument
        Pixel, field and beam.
    spectrum : NoiseSpectrum
        Of the noise.
    """
    n, coarse = instrument.padded_size, instrument.size // POOLED
    weights = bank.T.reshape(-1, coarse, coarse).astype(np.float64)
    fine = np.repeat(np.repeat(weights, POOLED, axis=1), POOLED, axis=2) / POOLED**2
    modes = np.fft.rfft2(fine, (n, n)).reshape(len(fine), -1)
    variance = mode_amplitude(instrument, spectrum) ** 2
    # the real transform holds one of each pair of conjugate modes
    variance[:, 1 : (n + 1) // 2] *= 2
    covariance: NDArray[np.float64] = (modes * variance.ravel() @ modes.conj().T).real
    return covariance
