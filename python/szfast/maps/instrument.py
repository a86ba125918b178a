"""What is observed with: pixel, field, beam and noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import astropy.units as u
import numpy as np
from numpy.typing import NDArray

from szfast.arguments import scalar_in, whole_in
from szfast.errors import ArgumentError

PADDING_BEAM_SIGMA = 6.0
"""Map margin before the beam; what leaks in from farther out, or around the patch, is below exp(-18)."""

NOISE_PATCH_FIELDS = 1.3
"""Least side of the noise patch, in fields, so that its periodicity does not show."""


@dataclass(frozen=True)
class Instrument:
    """An instrument that makes square Compton-y maps.

    Parameters
    ----------
    name : str
        What it is called in products.
    pixel : Quantity
        Side of a pixel, an angle.
    size : int
        Pixels along a side of the map.
    beam_fwhm : Quantity
        Full width at half maximum of the Gaussian beam, an angle; zero for none.
    noise : str, Path, NoiseSpectrum or None
        Default noise of its maps; see `szfast.maps.spectrum.noise_spectrum`.

    Raises
    ------
    ArgumentError
        If a value has a wrong unit, or is out of range.

    Examples
    --------
    >>> import astropy.units as u, szfast
    >>> ACT = szfast.Instrument("ACT", 0.5 * u.arcmin, 128, 1.6 * u.arcmin, noise=None)
    """

    name: str
    pixel: Any
    size: int
    beam_fwhm: Any
    noise: Any = None

    def __post_init__(self) -> None:
        pixel_arcmin = scalar_in(self.pixel, "arcmin", "pixel", positive=True)
        fwhm_arcmin = scalar_in(self.beam_fwhm, "arcmin", "beam_fwhm")
        if fwhm_arcmin < 0:
            raise ArgumentError(f"expected zero or more, found {self.beam_fwhm}.", field="beam_fwhm")
        # the margin is the same on both sides of an even patch, so the map is even too
        whole_in(self.size, "size", least=2, most=8192)
        if self.size % 2:
            raise ArgumentError(f"expected an even number of pixels, found {self.size}.", field="size")
        if not isinstance(self.name, str) or not self.name:
            raise ArgumentError(f"expected text, found {type(self.name).__name__}.", field="name")
        if pixel_arcmin * self.size > 60 * 60:
            raise ArgumentError(
                f"a field of {pixel_arcmin * self.size / 60:.1f} degrees is too large for a flat map.",
                field="size",
                remedy="take fewer or smaller pixels.",
            )

    @cached_property
    def pixel_arcmin(self) -> float:
        """Side of a pixel [arcmin]."""
        return float(self.pixel.to_value("arcmin"))

    @cached_property
    def beam_sigma_arcmin(self) -> float:
        """Standard deviation of the beam, FWHM / sqrt(8 ln 2) [arcmin]."""
        return float(self.beam_fwhm.to_value("arcmin")) / math.sqrt(8 * math.log(2))

    @cached_property
    def padded_size(self) -> int:
        """Pixels along the patch that is projected, and in which beam and noise are applied."""
        from szfast._core import fast_length

        margin = math.ceil(PADDING_BEAM_SIGMA * self.beam_sigma_arcmin / self.pixel_arcmin)
        wanted = max(self.size + 2 * margin, math.ceil(NOISE_PATCH_FIELDS * self.size))
        return int(fast_length(wanted))

    def multipoles(self) -> NDArray[np.float64]:
        """|ell| of the patch's Fourier modes on a flat sky, (n, n/2 + 1), in the order of ``numpy.fft.rfft2``."""
        pixel_rad = self.pixel_arcmin * math.pi / (180 * 60)
        n = self.padded_size
        along_y = 2 * np.pi * np.fft.fftfreq(n, pixel_rad)
        along_x = 2 * np.pi * np.fft.rfftfreq(n, pixel_rad)
        ell: NDArray[np.float64] = np.hypot(along_y[:, None], along_x[None, :])
        return ell

    def beam(self, ell: NDArray[np.float64]) -> NDArray[np.float64]:
        """Transfer of the Gaussian beam, exp(-ell^2 sigma^2 / 2)."""
        sigma_rad = self.beam_sigma_arcmin * math.pi / (180 * 60)
        transfer: NDArray[np.float64] = np.exp(-0.5 * (ell * sigma_rad) ** 2)
        return transfer


PLANCK = Instrument("Planck", 1.717 * u.arcmin, 96, 10.0 * u.arcmin, noise="milca")
"""The Planck set: 96 x 96 pixels of 1.717 arcmin (Nside 2048), 10 arcmin beam (de Andres et al. 2022)."""
