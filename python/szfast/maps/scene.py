"""What is mapped: gas about a centre, from where, with what; and what came of it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.engines import operation
from szfast.gas.columns import GasColumns
from szfast.gas.on_device import GasOnDevice
from szfast.gas.particles import Gas
from szfast.maps.beam_projection import Particles
from szfast.maps.device_particles import ParticlesOnDevice
from szfast.maps.instrument import Instrument
from szfast.maps.mapset import Conserved
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.profile import Profile, current_profile
from szfast.maps.spectrum import NoiseSpectrum

LEAST_BAND_LIMIT = 5.1
"""A beam band-limits the pixels if its sigma times their Nyquist wave number is at least this: 2e-6 is beyond it."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is mapped: gas about a centre, from where, with what.

    Parameters
    ----------
    gas : Gas or GasColumns
        The particles.
    views : (L, 3, 3) float64 array
        Rotation matrices; columns are image x, image y and the line of sight.
    instrument : Instrument
        Pixel, field and beam.
    pixel_kpc : float
        Side of a pixel at the cluster.
    center_kpc : (3,) array or None
        Physical position of the maps' centre relative to the gas's origin.
    depth_kpc : float or None
        Only particles within half of it on both sides of the centre.
    spectrum : NoiseSpectrum or None
        Noise, or none.
    key : NoiseKey
        Key of the noise.
    threads : int
        Zero for all cores.
    device : szfast._cuda.Device or None
        The GPU that computes; None for the CPU.
    """

    gas: Gas | GasColumns
    views: NDArray[np.float64]
    instrument: Instrument
    pixel_kpc: float
    center_kpc: NDArray[np.float64] | None
    depth_kpc: float | None
    spectrum: NoiseSpectrum | None
    key: NoiseKey
    threads: int
    device: Any = None

    @property
    def sigma_pixels(self) -> float:
        """Standard deviation of the beam in pixels."""
        return self.instrument.beam_sigma_arcmin / self.instrument.pixel_arcmin

    @property
    def sigma_kpc(self) -> float:
        """Standard deviation of the beam at the cluster."""
        return self.sigma_pixels * self.pixel_kpc

    @property
    def point_kpc2(self) -> float:
        """Area over which the beam spreads a point: its Compton area over this is its brightest y."""
        return 2 * math.pi * self.sigma_kpc**2

    @property
    def half_depth_kpc(self) -> float:
        """Largest distance from the centre along the line of sight."""
        return math.inf if self.depth_kpc is None else 0.5 * self.depth_kpc

    @property
    def band_limited(self) -> bool:
        """Whether the beam leaves no modes that the pixels cannot hold."""
        return math.pi * self.sigma_pixels >= LEAST_BAND_LIMIT

    def particles(self) -> Particles:
        """The gas relative to the centre, in float32 as the core takes it.

        Raises
        ------
        ArgumentError
            If the gas is on a GPU and the maps are not to be made there, about its origin.
        """
        if isinstance(self.gas, GasOnDevice):
            return ParticlesOnDevice.lent(self.gas.columns_on(self.device, self.center_kpc), self.device)
        particles = Particles(*self.gas.columns(self.center_kpc, threads=self.threads).arrays)
        return particles if self.device is None else ParticlesOnDevice.of(particles, self.device)

    def observe(self, area_kpc2: Any, spectra_kpc2: Any, *, noise: bool) -> Any:
        """Beam, and noise, on maps or half spectra or both, or noise alone; dimensionless y, on the device."""
        profile = current_profile()
        start = time.perf_counter()
        y = self._observed(area_kpc2, spectra_kpc2, self.spectrum if noise else None)
        if profile is not None:
            self._profile(profile, time.perf_counter() - start, area_kpc2, spectra_kpc2, noise=noise)
        return y

    def _observed(self, area_kpc2: Any, spectra_kpc2: Any, spectrum: NoiseSpectrum | None) -> Any:
        numbers = np.arange(len(self.views))
        return operation("observe", self.device, self.threads)(
            maps=area_kpc2,
            spectra=spectra_kpc2,
            keys=None if spectrum is None else self.key.of_views(numbers),
            size=self.instrument.size,
            transfer=self.instrument.beam(self.instrument.multipoles()) / self.pixel_kpc**2,
            amplitude=None if spectrum is None else mode_amplitude(self.instrument, spectrum),
        )

    def placed(self, y: NDArray[np.float32]) -> Any:
        """Maps that were added up on the host, on the device."""
        if self.device is None:
            return y
        there = self.device.no_images(len(y), self.instrument.size)
        self.device.add(there, y)
        return there

    def sum_of(self, y: Any, more: Any) -> Any:
        """Maps and more maps, float32, on the device."""
        if self.device is None:
            return y.astype(np.float32) + more.astype(np.float32)
        self.device.add(y, more)
        return y

    def _profile(self, profile: Profile, seconds: float, area_kpc2: Any, spectra_kpc2: Any, *, noise: bool) -> None:
        """Beam and noise are one call: the same call without noise tells them apart."""
        start = time.perf_counter()
        clean = seconds
        if area_kpc2 is None and spectra_kpc2 is None:
            clean = 0.0
        elif noise and self.spectrum is not None:
            self._observed(area_kpc2, spectra_kpc2, None)
            clean = min(seconds, time.perf_counter() - start)
        profile.add("beam", clean)
        profile.add("noise", seconds - clean)
        profile.beside(seconds + time.perf_counter() - start)


@dataclass(frozen=True, eq=False)
class Seen:
    """Maps, the method that made them, and the error it guarantees.

    Parameters
    ----------
    y : (L, size, size) float32 array
        Dimensionless y, on the scene's device.
    method : str
        ``exact`` or ``beam``.
    bound : float or None
        Largest error, as a share of a map's largest value without noise; None where no beam band-limits the pixels.
    conserved : Conserved
        Compton area at the stages of the projection.
    """

    y: Any
    method: str
    bound: float | None
    conserved: Conserved


def bound_of(error: float, clean: NDArray[np.floating], rounding: float) -> float:
    """An error in y as a share of the least bright map's largest value, which may be lower by as much as the error.

    To it comes a share of the map itself, its rounding. Rounded up to three digits.
    """
    peak = float(clean.max(axis=(1, 2)).min()) if clean.size else 0.0
    if peak > error:
        return float(f"{1.005 * (error / (peak - error) + rounding):.2e}")
    return 0.0 if error == 0 else math.inf
