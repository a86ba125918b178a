"""Which way to project: exact, behind the beam, or the cheaper of the two that keeps a promised error."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.errors import ArgumentError
from szfast.gas.columns import GasColumns
from szfast.gas.particles import Gas
from szfast.maps.beam_projection import (
    CELLS,
    H_LIMIT,
    BeamProjection,
    Mesh,
    Particles,
    pixel_error,
    project_on_mesh,
    safe_radius_kpc,
)
from szfast.maps.instrument import Instrument
from szfast.maps.mapset import Conserved
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.profile import Profile, current_profile
from szfast.maps.projection import Projection, project
from szfast.maps.spectrum import NoiseSpectrum

log = logging.getLogger("szfast.maps")

METHODS = ("auto", "exact", "beam")
"""Ways to project."""

RTOL_LIMITS = (1e-7, 0.1)

_SAMPLE = 1 << 14
_TYPICAL_CONCENTRATION = 4.0
"""All gas in one point behind the beam against the brightest pixel, as a first guess."""


_EXACT_ERROR = 2e-5
"""Of the exact method's tables, as a share of a particle's image behind the beam."""


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

    @property
    def sigma_pixels(self) -> float:
        """Standard deviation of the beam in pixels."""
        return self.instrument.beam_sigma_arcmin / self.instrument.pixel_arcmin

    @property
    def sigma_kpc(self) -> float:
        """Standard deviation of the beam at the cluster."""
        return self.sigma_pixels * self.pixel_kpc

    def particles(self) -> Particles:
        """The gas relative to the centre, as the core takes it."""
        gas = self.gas.columns(self.center_kpc)
        return Particles(gas.x_kpc, gas.y_kpc, gas.z_kpc, gas.h_kpc, gas.area_kpc2)

    def observe(
        self, area_kpc2: NDArray[np.float64] | None, spectra_kpc2: NDArray[np.float32] | None, *, noise: bool
    ) -> NDArray[np.float32]:
        """Beam, and noise, on maps or half spectra or both; dimensionless y."""
        profile = current_profile()
        start = time.perf_counter()
        y = self._observed(area_kpc2, spectra_kpc2, self.spectrum if noise else None)
        if profile is not None:
            self._profile(profile, time.perf_counter() - start, area_kpc2, spectra_kpc2, noise=noise)
        return y

    def _observed(self, area_kpc2: Any, spectra_kpc2: Any, spectrum: NoiseSpectrum | None) -> NDArray[np.float32]:
        from szfast import _core

        numbers = np.arange(len(self.views))
        y: NDArray[np.float32] = _core.observe(
            maps=area_kpc2,
            spectra=spectra_kpc2,
            keys=None if spectrum is None else self.key.of_views(numbers),
            size=self.instrument.size,
            transfer=self.instrument.beam(self.instrument.multipoles()) / self.pixel_kpc**2,
            amplitude=None if spectrum is None else mode_amplitude(self.instrument, spectrum),
            threads=self.threads,
        )
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
        Dimensionless y.
    method : str
        ``exact`` or ``beam``.
    bound : float or None
        Largest error, as a share of a map's largest value without noise; None for ``exact``.
    conserved : Conserved
        Compton area at the stages of the projection.
    """

    y: NDArray[np.float32]
    method: str
    bound: float | None
    conserved: Conserved


def see(scene: Scene, method: str, rtol: float) -> Seen:
    """Map a scene by a method, or by the exact one where that method cannot promise the error.

    Parameters
    ----------
    scene : Scene
        What is mapped.
    method : str
        ``exact``, ``beam``, or ``auto``: ``beam`` where it is cheaper.
    rtol : float
        Largest error of ``beam``, as a share of each map's largest value without noise.

    Raises
    ------
    ArgumentError
        If ``beam`` is asked for where it does not exist: with a depth, or without a wide beam.
    """
    check_method(method, rtol)
    if method == "exact":
        return _exact(scene, "asked for")
    obstacle = _obstacle(scene)
    if obstacle:
        if method == "beam":
            raise ArgumentError(f"'beam' cannot be used: {obstacle}.", field="method", remedy="use 'exact' or 'auto'.")
        return _exact(scene, obstacle)
    if len(scene.gas) == 0:
        return _exact(scene, "there is no gas")
    particles = scene.particles()
    sample = _Sample.of(particles, scene)
    concentration = sample.concentration
    cells = CELLS
    while True:
        mesh = _cheapest(scene, sample, rtol, concentration, cells)
        if mesh is None and cells is CELLS:
            # the guess may be far too high; a map whose gas is all in one point has one
            mesh = _cheapest(scene, sample, rtol, 1.0, cells)
        if mesh is None:
            return _exact(scene, f"no mesh is known to keep {rtol:g} of the peak")
        if method == "auto" and sample.cost_ns(mesh, scene) > sample.exact_ns(scene):
            return _exact(scene, "it is cheaper here")
        seen, concentration = _beam(scene, particles, mesh)
        assert seen.bound is not None
        if seen.bound <= rtol:
            log.info(
                "method beam: error at most %.1e of the peak, mesh of %d^3 points, cell %g beam sigma",
                seen.bound,
                mesh.points,
                mesh.spread.cell,
            )
            return seen
        cells = tuple(cell for cell in CELLS if cell < mesh.spread.cell)


def check_method(method: str, rtol: float) -> None:
    """Refuse a method or tolerance that does not exist.

    Raises
    ------
    ArgumentError
        If it does not.
    """
    if method not in METHODS:
        raise ArgumentError(f"expected one of {', '.join(METHODS)}, found {method!r}.", field="method")
    low, high = RTOL_LIMITS
    if isinstance(rtol, bool) or not isinstance(rtol, int | float | np.floating) or not low <= rtol <= high:
        raise ArgumentError(f"expected a number from {low:g} to {high:g}, found {rtol!r}.", field="rtol")


def _obstacle(scene: Scene) -> str | None:
    if scene.depth_kpc is not None:
        return "a depth along the line of sight cuts each view differently"
    if scene.sigma_pixels < 5.1 / math.pi:
        return f"a beam of {scene.sigma_pixels:.2g} pixels (sigma) leaves modes beyond the pixels' Nyquist frequency"
    if safe_radius_kpc(scene.instrument, scene.pixel_kpc) <= 0:
        return "the patch is too small against the beam"
    return None


def _exact(scene: Scene, why: str) -> Seen:
    projection = project(
        scene.gas,
        scene.views,
        pixels=scene.instrument.padded_size,
        pixel_kpc=scene.pixel_kpc,
        center_kpc=scene.center_kpc,
        depth_kpc=scene.depth_kpc,
        threads=scene.threads,
    )
    log.info("method exact: %s", why)
    warn_if_off_centre(projection.area_kpc2, scene.gas)
    y = scene.observe(projection.area_kpc2, None, noise=True)
    return Seen(y, "exact", None, _conserved(projection, scene.instrument))


def _beam(scene: Scene, particles: Particles, mesh: Mesh) -> tuple[Seen, float]:
    """Map through a mesh; and the concentration of the least concentrated view."""
    pixels = scene.instrument.padded_size
    projection = project_on_mesh(
        particles, scene.views, mesh, pixels=pixels, pixel_kpc=scene.pixel_kpc, threads=scene.threads
    )
    rest = _rest(scene, particles.some(projection.left)) if len(projection.left) else None
    area_kpc2, rest_kpc2, rest_error_kpc2 = rest or (None, 0.0, 0.0)
    y = scene.observe(area_kpc2, projection.spectra_kpc2, noise=True)
    clean = y if scene.spectrum is None else scene.observe(area_kpc2, projection.spectra_kpc2, noise=False)
    warn_if_off_centre(clean, scene.gas)
    peak = float(clean.max(axis=(1, 2)).min())
    error = (projection.error_kpc2 + rest_error_kpc2) / (2 * math.pi * scene.sigma_kpc**2)
    total_kpc2 = projection.area_kpc2 + rest_kpc2
    concentration = total_kpc2 / (2 * math.pi * scene.sigma_kpc**2) / peak if peak > 0 else math.inf
    # the true peak may be lower than the one found by as much as the error
    bound = error / (peak - error) if peak > error else math.inf
    conserved = _conserved_of_spectra(projection, area_kpc2, rest_kpc2, scene.instrument)
    return Seen(y, "beam", bound, conserved), concentration


def _rest(scene: Scene, particles: Particles) -> tuple[NDArray[np.float64], float, float]:
    """What no mesh takes: its maps, its Compton area, and the bound of its error."""
    from szfast._core import deposit

    area_kpc2, _ = deposit(
        particles.x,
        particles.y,
        particles.z,
        particles.h,
        particles.area,
        views=np.ascontiguousarray(scene.views),
        pixels=scene.instrument.padded_size,
        pixel_kpc=scene.pixel_kpc,
        half_depth_kpc=math.inf,
        kernel=scene.gas.kernel,
        threads=scene.threads,
    )
    weight = particles.area.astype(np.float64)
    errors = pixel_error(scene.gas.kernel, scene.sigma_pixels, particles.h.astype(np.float64) / scene.pixel_kpc)
    return area_kpc2, float(weight.sum()), float(weight @ (errors + _EXACT_ERROR))


@dataclass(frozen=True)
class _Sample:
    """What a fixed share of the particles tells of all of them."""

    count: int
    radius_kpc: float
    t: float
    t2: float
    r4: float
    concentration: float
    left: float
    mean_exact_ns: float

    @classmethod
    def of(cls, particles: Particles, scene: Scene) -> _Sample:
        some = particles.some(slice(None, None, max(1, len(particles) // _SAMPLE)))
        radius = np.sqrt(
            some.x.astype(np.float64) ** 2 + some.y.astype(np.float64) ** 2 + some.z.astype(np.float64) ** 2
        )
        # a little more than the sample's farthest, so that hardly a particle is left out
        reach = min(
            1.02 * float(radius.max()) + 1e-3 * scene.sigma_kpc, safe_radius_kpc(scene.instrument, scene.pixel_kpc)
        )
        t = (some.h / (H_LIMIT * scene.sigma_kpc)).astype(np.float64) ** 2
        on_mesh = (t <= 1) & (radius <= reach)
        weight = some.area.astype(np.float64) * on_mesh
        total = max(float(weight.sum()), 1e-300)
        near = np.exp(-0.5 * (radius**2 / scene.sigma_kpc**2 + 0.075 * t))
        h_pixels = np.minimum(some.h / scene.pixel_kpc, scene.instrument.padded_size).astype(np.float64)
        exact_ns = 15.0 + 1.5 * (1 + 2 * h_pixels) ** 2
        return cls(
            count=len(particles),
            radius_kpc=reach,
            t=float(weight @ t) / total,
            t2=float(weight @ t**2) / total,
            r4=float(weight @ radius**4) / total / reach**4,
            # gas this near the centre is at least as near in any view; a cluster beside the centre is not seen so
            concentration=min(1.05 * total / max(float(weight @ near), 1e-300), _TYPICAL_CONCENTRATION),
            left=float((exact_ns * ~on_mesh).sum() / exact_ns.sum()),
            mean_exact_ns=float(exact_ns.mean()),
        )

    def exact_ns(self, scene: Scene) -> float:
        return self.mean_exact_ns * self.count * len(scene.views)

    def cost_ns(self, mesh: Mesh, scene: Scene) -> float:
        return mesh.cost_ns(self.count, len(scene.views)) + self.left * self.exact_ns(scene)


def _cheapest(
    scene: Scene, sample: _Sample, rtol: float, concentration: float, cells: tuple[float, ...]
) -> Mesh | None:
    """The coarsest mesh that should keep the error, if any."""
    k_limit = 4.5 if rtol >= 5e-4 else 5.0
    for cell in cells:
        mesh = Mesh.of(scene.gas.kernel, cell, k_limit, scene.sigma_kpc, sample.radius_kpc, sample.t)
        if mesh is not None and concentration * mesh.error(sample.t, sample.t2, sample.r4) <= rtol:
            return mesh
    return None


def warn_if_off_centre(maps: NDArray[Any], gas: Gas | GasColumns) -> None:
    """Say so where most views are brightest far from their middle: a sign of a centre in another unit or frame."""
    if isinstance(gas, GasColumns) and not gas.whole:
        return
    n = maps.shape[-1]
    block = max(1, n // 16)
    count = n // block
    coarse = maps[:, : count * block, : count * block].reshape(-1, count, block, count, block).sum(axis=(2, 4))
    middle = coarse[:, 3 * count // 8 : 5 * count // 8 + 1, 3 * count // 8 : 5 * count // 8 + 1].max(axis=(1, 2))
    if np.mean(middle < 0.3 * coarse.max(axis=(1, 2))) > 0.5 or not coarse.any():
        log.warning("%s: the gas is brightest far from the centre in most views; check the centre's unit", gas.path)


def _conserved(projection: Projection, instrument: Instrument) -> Conserved:
    margin = (projection.area_kpc2.shape[-1] - instrument.size) // 2
    inner = slice(margin, margin + instrument.size)
    return Conserved(
        loaded_kpc2=projection.loaded_kpc2,
        patch_kpc2=projection.area_kpc2.sum(axis=(1, 2)),
        field_kpc2=projection.area_kpc2[:, inner, inner].sum(axis=(1, 2)),
    )


def _conserved_of_spectra(
    projection: BeamProjection, area_kpc2: NDArray[np.float64] | None, rest_kpc2: float, instrument: Instrument
) -> Conserved:
    """The same, but for the field behind the beam: before it, only the modes that it leaves are known."""
    spectra = projection.spectra_kpc2
    count, _, n, rows = spectra.shape
    sigma_pixels = instrument.beam_sigma_arcmin / instrument.pixel_arcmin
    margin = (n - instrument.size) // 2
    pixel = np.arange(margin, margin + instrument.size)
    along_x = np.exp(2j * np.pi * np.outer(np.fft.fftfreq(n, 1 / n), pixel) / n).sum(axis=1) / n
    along_y = np.exp(2j * np.pi * np.outer(np.arange(rows), pixel) / n).sum(axis=1) / n
    along_y[1:] *= 2  # for the other half of the plane
    k_sigma = np.hypot(np.fft.fftfreq(n, 1 / n)[:, None], np.arange(rows)) * (2 * np.pi * sigma_pixels / n)
    weight = along_x[:, None] * along_y[None, :] * np.exp(-0.5 * k_sigma**2)
    both: Any = np.stack([weight.real, -weight.imag]).astype(np.float32).ravel()
    field = (spectra.reshape(count, -1) @ both).astype(np.float64)
    patch = np.full(count, projection.area_kpc2)
    if area_kpc2 is not None:
        inner = slice(margin, margin + instrument.size)
        patch += area_kpc2.sum(axis=(1, 2))
        field += area_kpc2[:, inner, inner].sum(axis=(1, 2))
    return Conserved(np.full(count, projection.area_kpc2 + rest_kpc2), patch, field)
