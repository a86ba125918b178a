"""What is timed on a GPU: the engine's operations, the same on the CPU, and the plain way with an array library."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import astropy.units as u
import numpy as np

import szfast
from szfast import _core
from szfast.maps.beam_projection import Mesh, mode_table
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.observation import pixel_size_kpc
from szfast.maps.sightlines import sightlines
from szfast.maps.spectrum import noise_spectrum

REDSHIFT, CELL, RADIUS_SIGMA = 0.2, 0.4, 14.0
"""Where the cluster is seen; the mesh of the beam method, in beam sigma."""

AGREEMENT = 1e-5
"""Of the peak, between GPU and CPU: asserted before anything is timed."""

SEED = 1


@dataclass(frozen=True)
class Row:
    """One timing; seconds are medians of wall time. `demand` names what the floor is counted from."""

    work: str
    who: str
    seconds: float
    unit: str
    units: float
    demand: str = ""
    of_demand: float = 1.0


@dataclass(frozen=True)
class Case:
    """A cluster, and how it is seen.

    Parameters
    ----------
    columns : tuple of (N,) float32 arrays
        x, y, z, support radius [kpc], Compton area [kpc^2].
    views : (L, 3, 3) array
        Lines of sight.
    pixel_kpc : float
        Side of a pixel.
    cosmology : FLRW
        Of the cluster.
    instrument : Instrument
        Pixel, field and beam.
    radius_sigma : float
        Out to which the mesh reaches, in beam sigma.
    rtol : float
        Of `szfast.make_maps`.
    """

    columns: tuple[Any, ...]
    views: np.ndarray
    pixel_kpc: float
    cosmology: Any
    instrument: szfast.Instrument = szfast.PLANCK
    radius_sigma: float = RADIUS_SIGMA
    rtol: float = 1e-3

    @property
    def sigma_kpc(self) -> float:
        """Standard deviation of the beam."""
        return self.instrument.beam_sigma_arcmin / self.instrument.pixel_arcmin * self.pixel_kpc

    @property
    def deposit(self) -> dict[str, Any]:
        """Arguments of the exact projection."""
        return {
            "views": self.views,
            "pixels": self.instrument.padded_size,
            "pixel_kpc": self.pixel_kpc,
            "half_depth_kpc": np.inf,
            "kernel": "cubic",
            "rtol": 1e-3,
        }

    @property
    def spectra(self) -> dict[str, Any]:
        """Arguments of the projection behind the beam."""
        mesh = Mesh.of("cubic", CELL, 4.5, self.sigma_kpc, self.radius_sigma * self.sigma_kpc, 0.05)
        assert mesh is not None
        sigma_pixels = self.sigma_kpc / self.pixel_kpc
        last, factor = mode_table(self.instrument.padded_size, sigma_pixels, mesh.spread.k_limit)
        design = mesh.arguments()
        return {"views": self.views, "design": design, "last": last, "factor": factor, "pixel_kpc": self.pixel_kpc}

    def observation(self, maps: int, cluster: int = 0) -> dict[str, Any]:
        """Arguments of beam and noise for so many maps."""
        spectrum = noise_spectrum("milca")
        assert spectrum is not None
        return {
            "keys": NoiseKey(seed=SEED, cluster=cluster).of_views(np.arange(maps)),
            "size": self.instrument.size,
            "transfer": self.instrument.beam(self.instrument.multipoles()) / self.pixel_kpc**2,
            "amplitude": mode_amplitude(self.instrument, spectrum),
        }


def case_of(particles: int, views: int = 27, **seen: Any) -> Case:
    """The synthetic cluster behind a beam."""
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=REDSHIFT, particles=particles)
    columns = (*gas.offset_kpc.T, gas.smoothing_length_kpc, gas.compton_y_kpc2())
    pixel_kpc = pixel_size_kpc(seen.get("instrument", szfast.PLANCK), gas.cosmology, REDSHIFT)
    plain = tuple(np.ascontiguousarray(column, dtype=np.float32) for column in columns)
    return Case(plain, sightlines("hemisphere27")[:views], pixel_kpc, gas.cosmology, **seen)


def seconds(repeats: int, work: Callable[[], Any], wait: Callable[[], Any] = lambda: None) -> float:
    """Median wall time; the first run, which plans and allocates, is not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return median(times[1:])


def check(device: Any, case: Case, maps: int = 20) -> None:
    """Assert that the GPU's maps are the CPU's."""
    some = tuple(column[:: max(1, len(column) // 100_000)].copy() for column in case.columns)
    views, seen = {"views": case.views[:3]}, case.observation(maps)
    pairs = [
        (device.deposit(*some, **case.deposit | views)[0], _core.deposit(*some, **case.deposit | views, threads=0)[0]),
        (
            device.mesh_spectra(*some, **case.spectra | views)[0],
            _core.mesh_spectra(*some, **case.spectra | views, threads=0)[0],
        ),
        (device.observe(maps=None, **seen), _core.observe(maps=None, **seen, threads=0)),
    ]
    for found, expected in pairs:
        difference = np.abs(np.asarray(found) - expected).max() / np.abs(expected).max()
        assert difference <= AGREEMENT, f"GPU and CPU differ by {difference:.1e} of the peak"


def plain_maps(xp: Any, case: Case, columns: tuple[Any, ...]) -> Any:
    """Nearest-pixel maps of all views with an array library's own functions."""
    n, maps = case.instrument.padded_size, []
    x, y, z, _, area = columns
    for view in case.views:
        column = xp.floor((x * view[0, 0] + y * view[1, 0] + z * view[2, 0]) / case.pixel_kpc + n / 2).astype(np.int64)
        row = xp.floor((x * view[0, 1] + y * view[1, 1] + z * view[2, 1]) / case.pixel_kpc + n / 2).astype(np.int64)
        inside = (row >= 0) & (row < n) & (column >= 0) & (column < n)
        pixel = xp.where(inside, row * n + column, n * n)
        maps.append(xp.bincount(pixel, weights=area, minlength=n * n + 1)[: n * n].reshape(n, n))
    return xp.stack(maps)


def plain_observation(xp: Any, case: Case, maps: Any) -> Any:
    """Beam and noise with an array library's own functions; other random numbers, the same spectrum."""
    n, size = case.instrument.padded_size, case.instrument.size
    arguments = case.observation(1)
    transfer = xp.asarray(arguments["transfer"], dtype=np.float32)
    # white noise of unit variance has modes of variance n^2
    amplitude = xp.asarray(arguments["amplitude"] * n, dtype=np.float32)
    white = xp.random.standard_normal((len(maps), n, n)).astype(np.float32)
    modes = xp.fft.rfft2(maps) * transfer + xp.fft.rfft2(white) * amplitude
    margin = (n - size) // 2
    return xp.fft.irfft2(modes, s=(n, n))[:, margin : margin + size, margin : margin + size]


def projections(device: Any, xp: Any, wait: Callable[[], Any], case: Case, repeats: int) -> list[Row]:
    """Particle-projections: particles on the device already, and the CPU's and the plain way's."""
    views = len(case.views)
    there = tuple(device.put(column) for column in case.columns)
    plain = tuple(xp.asarray(column) for column in case.columns)
    unit = ("particle-projections", float(len(case.columns[0]) * views))

    def both() -> None:
        spectra, _, _ = device.mesh_spectra(*there, **case.spectra)
        device.observe(maps=None, spectra=spectra, **case.observation(views))

    def on_cpu() -> None:
        spectra, _, _ = _core.mesh_spectra(*case.columns, **case.spectra, threads=0)
        _core.observe(maps=None, spectra=spectra, **case.observation(views), threads=0)

    def exact_on_cpu() -> None:
        _core.deposit(*case.columns, **case.deposit, threads=0)

    exact, beam = "exact, on pixels", "beam method, beam, noise"
    exact_s = seconds(repeats, lambda: device.deposit(*there, **case.deposit))
    return [
        Row(exact, "szfast, GPU", exact_s, *unit, demand="exact"),
        Row(exact, "szfast, CPU", seconds(1, exact_on_cpu), *unit),
        Row("nearest pixel, no kernel", "CuPy", seconds(repeats, lambda: plain_maps(xp, case, plain), wait), *unit),
        Row(beam, "szfast, GPU", seconds(repeats, both), *unit, demand="beam"),
        Row(beam, "szfast, CPU", seconds(repeats, on_cpu), *unit),
    ]


def observations(device: Any, xp: Any, wait: Callable[[], Any], case: Case, repeats: int, maps: int) -> list[Row]:
    """Beam and noise of many maps."""
    n = case.instrument.padded_size
    projected = np.random.default_rng(2).uniform(size=(maps, n, n))
    plain = xp.asarray(projected, dtype=np.float32)
    # maps of nothing: the time does not depend on what is in them
    nothing = (device.put(np.zeros(0, dtype=np.float32)) for _ in range(5))
    there, _ = device.deposit(*nothing, **case.deposit | {"views": np.broadcast_to(np.eye(3), (maps, 3, 3)).copy()})
    arguments, unit = case.observation(maps), ("maps", float(maps))

    def on_cpu() -> None:
        _core.observe(maps=projected, **arguments, threads=0)

    own_s = seconds(repeats, lambda: device.observe(maps=there, **arguments))
    what = "beam and noise"
    return [
        Row(what, "szfast, GPU", own_s, *unit, demand="map", of_demand=maps),
        Row(what, "szfast, CPU", seconds(1, on_cpu), *unit),
        Row(what, "CuPy", seconds(repeats, lambda: plain_observation(xp, case, plain), wait), *unit),
    ]


def whole_calls(case: Case, repeats: int, particles: int) -> list[Row]:
    """All that a user calls, from particles on the host to maps on the host."""
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=REDSHIFT, particles=particles)
    options = {"instrument": case.instrument, "sightlines": case.views, "rtol": case.rtol}
    rows = []
    for method in ("exact", "beam"):
        for device, who, runs in (("cuda", "szfast, GPU", repeats), ("cpu", "szfast, CPU", 1)):

            def call(method: str = method, device: str = device) -> None:
                szfast.make_maps(gas, method=method, device=device, **options)

            rows.append(Row(f"make_maps, {method}", who, seconds(runs, call), "maps", float(len(case.views))))
    return rows
