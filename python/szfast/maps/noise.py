"""Keyed Gaussian noise with a given power spectrum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import whole_in
from szfast.errors import ArgumentError
from szfast.maps.instrument import Instrument
from szfast.maps.spectrum import NoiseSpectrum, noise_spectrum


@dataclass(frozen=True)
class NoiseKey:
    """What a noise map is a function of, besides its spectrum and instrument.

    Parameters
    ----------
    seed : int
        0 to 2^64 - 1.
    cluster : int
        The cluster's number, 0 to 2^64 - 1.
    realisation : int
        The number of the draw, 0 to 2^32 - 1.
    run : int
        The number of the training run, 0 to 2^32 - 1.

    Raises
    ------
    ArgumentError
        If a number is out of range.
    """

    seed: int = 0
    cluster: int = 0
    realisation: int = 0
    run: int = 0

    def __post_init__(self) -> None:
        for name, bits in (("seed", 64), ("cluster", 64), ("realisation", 32), ("run", 32)):
            whole_in(getattr(self, name), name, most=2**bits - 1)

    def of_views(self, views: NDArray[np.integer[Any]]) -> NDArray[np.uint64]:
        """Words of each view's key, (L, 5): seed, cluster, view, realisation, run."""
        words = np.empty((len(views), 5), dtype=np.uint64)
        for column, word in enumerate((self.seed, self.cluster, 0, self.realisation, self.run)):
            words[:, column] = word
        words[:, 2] = views
        return words


def mode_amplitude(instrument: Instrument, spectrum: NoiseSpectrum) -> NDArray[np.float64]:
    """Standard deviation of each Fourier mode of the patch, (n, n/2 + 1).

    On a flat sky of area A a field sum_k a_k exp(ikx) with spectrum C has <|a_k|^2> = C(|k|) / A; the mean is left out.
    """
    side_rad = instrument.padded_size * instrument.pixel_arcmin * math.pi / (180 * 60)
    amplitude: NDArray[np.float64] = np.sqrt(spectrum.at(instrument.multipoles())) / side_rad
    amplitude[0, 0] = 0.0
    return amplitude


def noise_maps(
    instrument: Instrument,
    noise: Any,
    key: NoiseKey,
    *,
    views: int | NDArray[np.integer[Any]] = 27,
    threads: int = 0,
) -> NDArray[np.float32]:
    """Noise alone, as it is added to the maps of a cluster.

    Parameters
    ----------
    instrument : Instrument
        Pixel, field and patch.
    noise : str, Path or NoiseSpectrum
        The power spectrum.
    key : NoiseKey
        Same key, same noise, whatever the number of threads or maps.
    views : int or (L,) int array
        How many views, or their numbers.
    threads : int
        Zero for all cores.

    Returns
    -------
    (L, size, size) float32 array
        Dimensionless y.

    Raises
    ------
    NoiseTableError
        If there is no such spectrum.
    """
    from szfast._core import observe

    spectrum = noise_spectrum(noise)
    if spectrum is None:
        raise ArgumentError("expected a noise spectrum, found none.", field="noise")
    numbers = np.arange(views) if isinstance(views, int) else np.asarray(views)
    maps: NDArray[np.float32] = observe(
        maps=None,
        keys=key.of_views(numbers),
        size=instrument.size,
        transfer=np.ones_like(instrument.multipoles()),
        amplitude=mode_amplitude(instrument, spectrum),
        threads=threads,
    )
    return maps
