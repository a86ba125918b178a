"""Time the GPU's engine: against the CPU's, against CuPy written the plain way, and against a floor that is counted.

Usage: python benchmarks/gpu.py [--particles 1000000] [--clusters 7106] [--repeats 5] [--out benchmarks]

Needs a GPU and szfast[cuda]; writes results_gpu.json and RESULTS_GPU.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import astropy.units as u
import numpy as np
from results import machine

import szfast
from szfast import _core, engines
from szfast.maps.beam_projection import Mesh, mode_table
from szfast.maps.many import STREAMS
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.observation import pixel_size_kpc
from szfast.maps.sightlines import sightlines
from szfast.maps.spectrum import noise_spectrum

REDSHIFT, CELL, RADIUS_SIGMA = 0.2, 0.4, 14.0
"""Where the cluster is seen; the mesh of the beam method, in beam sigma."""

AGREEMENT = 1e-5
"""Of the peak, between GPU and CPU: asserted before anything is timed."""


@dataclass(frozen=True)
class Row:
    """One timing; seconds are medians of wall time, cost is per unit."""

    work: str
    who: str
    seconds: float
    unit: str
    units: float

    @property
    def per_second(self) -> float:
        """Units a second."""
        return self.units / self.seconds


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
    """

    columns: tuple[Any, ...]
    views: np.ndarray
    pixel_kpc: float
    instrument: szfast.Instrument = szfast.PLANCK

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
        sigma_pixels = self.instrument.beam_sigma_arcmin / self.instrument.pixel_arcmin
        sigma_kpc = sigma_pixels * self.pixel_kpc
        mesh = Mesh.of("cubic", CELL, 4.5, sigma_kpc, RADIUS_SIGMA * sigma_kpc, 0.05)
        assert mesh is not None
        last, factor = mode_table(self.instrument.padded_size, sigma_pixels, mesh.spread.k_limit)
        design = mesh.arguments()
        return {"views": self.views, "design": design, "last": last, "factor": factor, "pixel_kpc": self.pixel_kpc}

    def observation(self, maps: int, cluster: int = 0) -> dict[str, Any]:
        """Arguments of beam and noise for so many maps."""
        spectrum = noise_spectrum("milca")
        assert spectrum is not None
        return {
            "keys": NoiseKey(seed=1, cluster=cluster).of_views(np.arange(maps)),
            "size": self.instrument.size,
            "transfer": self.instrument.beam(self.instrument.multipoles()) / self.pixel_kpc**2,
            "amplitude": mode_amplitude(self.instrument, spectrum),
        }


def case_of(particles: int) -> Case:
    """The synthetic cluster behind Planck's beam."""
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=REDSHIFT, particles=particles)
    columns = (*gas.offset_kpc.T, gas.smoothing_length_kpc, gas.compton_y_kpc2())
    pixel_kpc = pixel_size_kpc(szfast.PLANCK, gas.cosmology, REDSHIFT)
    return Case(
        tuple(np.ascontiguousarray(column, dtype=np.float32) for column in columns),
        sightlines("hemisphere27"),
        pixel_kpc,
    )


def seconds(repeats: int, work: Callable[[], Any], wait: Callable[[], Any] = lambda: None) -> float:
    """Median wall time; the first run, which plans and allocates, is not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        wait()
        times.append(time.perf_counter() - start)
    return median(times[1:])


def check(device: Any, case: Case) -> None:
    """Assert that the GPU's maps are the CPU's."""
    some = tuple(column[:: max(1, len(column[:]) // 100_000)].copy() for column in case.columns)
    views = {"views": case.views[:3]}
    pairs = [
        (device.deposit(*some, **case.deposit | views)[0], _core.deposit(*some, **case.deposit | views, threads=0)[0]),
        (
            device.mesh_spectra(*some, **case.spectra | views)[0],
            _core.mesh_spectra(*some, **case.spectra | views, threads=0)[0],
        ),
        (
            device.observe(maps=None, **case.observation(20)),
            _core.observe(maps=None, **case.observation(20), threads=0),
        ),
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
    """Beam and noise of maps with an array library's own functions."""
    n, margin = case.instrument.padded_size, (case.instrument.padded_size - case.instrument.size) // 2
    arguments = case.observation(len(maps))
    transfer = xp.asarray(arguments["transfer"], dtype=np.float32)
    amplitude = xp.asarray(arguments["amplitude"], dtype=np.float32) * n
    white = xp.random.standard_normal((len(maps), n, n)).astype(np.float32)
    modes = xp.fft.rfft2(xp.asarray(maps, dtype=np.float32)) * transfer + xp.fft.rfft2(white) * amplitude
    return xp.fft.irfft2(modes, s=(n, n))[:, margin:-margin, margin:-margin]


def floors(xp: Any, wait: Callable[[], Any], case: Case, repeats: int) -> dict[str, float]:
    """What the machine can do, and what the work asks of it at least."""
    n, count = case.instrument.padded_size, len(case.columns[0][:])
    big = xp.zeros(1 << 26, dtype=np.float32)
    copy_s = seconds(repeats, lambda: big.copy(), wait)
    places = xp.asarray(np.random.default_rng(1).integers(0, 27 * n * n, 1 << 24))
    ones = xp.ones(1 << 24, dtype=np.float32)
    adds_s = seconds(repeats, lambda: xp.bincount(places, weights=ones, minlength=27 * n * n), wait)
    h_pixels = np.minimum(np.asarray(case.columns[3]) / case.pixel_kpc, n)
    touched = float(((2 * h_pixels + 1) ** 2).mean())
    bandwidth, adds = 2 * big.nbytes / copy_s, len(ones) / adds_s
    return {
        "bandwidth_GB_s": bandwidth * 1e-9,
        "scattered_adds_per_s": adds,
        "read_particles_s": 20 * count / bandwidth,
        "mesh_adds_s": 64 * count / adds,
        "exact_adds_s": touched * count * len(case.views) / adds,
    }


def projections(device: Any, xp: Any, wait: Callable[[], Any], case: Case, repeats: int) -> list[Row]:
    """Particle-projections: particles on the device already, and the CPU's and CuPy's."""
    count, views = len(case.columns[0][:]), len(case.views)
    there = tuple(device.put(column) for column in case.columns)
    plain = tuple(xp.asarray(column) for column in case.columns)
    unit = ("particle-projections", float(count * views))

    def both() -> None:
        spectra, _, _ = device.mesh_spectra(*there, **case.spectra)
        device.observe(maps=None, spectra=spectra, **case.observation(views))

    def on_cpu() -> None:
        spectra, _, _ = _core.mesh_spectra(*case.columns, **case.spectra, threads=0)
        _core.observe(maps=None, spectra=spectra, **case.observation(views), threads=0)

    return [
        Row("exact, on pixels", "szfast, GPU", seconds(repeats, lambda: device.deposit(*there, **case.deposit)), *unit),
        Row(
            "exact, on pixels",
            "szfast, CPU",
            seconds(1, lambda: _core.deposit(*case.columns, **case.deposit, threads=0)),
            *unit,
        ),
        Row("nearest pixel, no kernel", "CuPy", seconds(repeats, lambda: plain_maps(xp, case, plain), wait), *unit),
        Row("beam method, beam, noise", "szfast, GPU", seconds(repeats, both), *unit),
        Row("beam method, beam, noise", "szfast, CPU", seconds(repeats, on_cpu), *unit),
    ]


def observations(device: Any, xp: Any, wait: Callable[[], Any], case: Case, repeats: int, maps: int) -> list[Row]:
    """Beam and noise of many maps."""
    n = case.instrument.padded_size
    projected = np.random.default_rng(2).uniform(size=(maps, n, n))
    there, _ = device.deposit(
        *(device.put(np.zeros(0, dtype=np.float32)) for _ in range(5)),
        **case.deposit | {"views": np.broadcast_to(np.eye(3), (maps, 3, 3)).copy()},
    )
    plain = xp.asarray(projected, dtype=np.float32)
    arguments, unit = case.observation(maps), ("maps", float(maps))
    return [
        Row("beam and noise", "szfast, GPU", seconds(repeats, lambda: device.observe(maps=there, **arguments)), *unit),
        Row(
            "beam and noise",
            "szfast, CPU",
            seconds(1, lambda: _core.observe(maps=projected, **arguments, threads=0)),
            *unit,
        ),
        Row("beam and noise", "CuPy", seconds(repeats, lambda: plain_observation(xp, case, plain), wait), *unit),
    ]


def whole_calls(repeats: int, particles: int) -> list[Row]:
    """All that a user calls, from particles on the host to maps on the host."""
    gas = szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=REDSHIFT, particles=particles)
    rows = []
    for method in ("exact", "beam"):
        for device, who, runs in (("cuda", "szfast, GPU", repeats), ("cpu", "szfast, CPU", 1)):

            def call(method: str = method, device: str = device) -> None:
                szfast.make_maps(gas, method=method, device=device)

            rows.append(Row(f"make_maps, {method}", who, seconds(runs, call), "maps", 27.0))
    return rows


def data_set(device_of: Callable[[], Any], xp: Any, case: Case, clusters: int, particles: int) -> Row:
    """A full data set: clusters of particles made on the device, all views, beam and noise; maps stay there."""
    sigma_kpc = case.instrument.beam_sigma_arcmin / case.instrument.pixel_arcmin * case.pixel_kpc

    def make(cluster: int) -> float:
        device, random = device_of(), xp.random.default_rng(cluster)
        # a beta profile: mass within r grows as its cube inside a core, then as r
        radius = 0.1 * sigma_kpc * xp.exp(4.0 * random.random(particles, dtype=np.float32))
        direction = random.standard_normal((3, particles), dtype=np.float32)
        x, y, z = direction / xp.sqrt((direction**2).sum(axis=0)) * radius
        h = (0.1 * radius).astype(np.float32)
        area = random.random(particles, dtype=np.float32)
        columns = tuple(xp.ascontiguousarray(v, dtype=np.float32) for v in (x, y, z, h, area))
        spectra, _, _ = device.mesh_spectra(*columns, **case.spectra)
        maps = device.observe(maps=None, spectra=spectra, **case.observation(len(case.views), cluster))
        return float(maps.shape[0])

    make(0)
    start = time.perf_counter()
    with ThreadPoolExecutor(STREAMS) as pool:
        made = sum(pool.map(make, range(clusters)))
    what = f"data set: {clusters} clusters of {particles:.0e} particles, {len(case.views)} views"
    return Row(what, "szfast, GPU", time.perf_counter() - start, "maps", made)


def write(folder: Path, name: str, rows: list[Row], counted: dict[str, float], particles: int) -> None:
    """Write the rows as JSON and as a page."""
    content = {"device": name, "machine": machine(), "particles": particles, "floors": counted}
    content["rows"] = [asdict(row) | {"per_second": row.per_second} for row in rows]
    (folder / "results_gpu.json").write_text(json.dumps(content, indent=2) + "\n")
    about = "; ".join(f"{what} {value}" for what, value in machine().items())
    lines = [
        "# On a GPU",
        "",
        f"{name}; {about}. One cluster of {particles:.0e} particles, 27 views, Planck's patch; wall time, medians.",
        "Written by `nox -s gpu`. GPU and CPU agree to 1e-5 of the peak, which is asserted first.",
        "",
        "| work | who | seconds | a second |",
        "|---|---|---|---|",
        *(f"| {row.work} | {row.who} | {row.seconds:.3g} | {row.per_second:.3g} {row.unit} |" for row in rows),
        "",
        "Floors, counted from what this GPU does with plain copies and plain scattered adds:",
        "",
        *(f"- {key}: {value:.3g}" for key, value in counted.items()),
        "",
    ]
    (folder / "RESULTS_GPU.md").write_text("\n".join(lines))
    print("\n".join(lines))


def main() -> None:
    """Check, time, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--particles", type=int, default=1_000_000)
    parser.add_argument("--clusters", type=int, default=7106)
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    asked = parser.parse_args()
    here = szfast.backends()
    if here.obstacle:
        sys.exit(f"{here.obstacle}. {here.remedy}")
    import cupy

    wait = cupy.cuda.Device().synchronize
    device, case = engines.device_named("cuda"), case_of(asked.particles)
    check(device, case)
    rows = projections(device, cupy, wait, case, asked.repeats)
    rows += observations(device, cupy, wait, case, asked.repeats, asked.maps)
    rows += whole_calls(asked.repeats, asked.particles)
    rows.append(data_set(lambda: engines.device_named("cuda"), cupy, case, asked.clusters, asked.particles))
    write(asked.out, here.gpus[0].name, rows, floors(cupy, wait, case, asked.repeats), asked.particles)


if __name__ == "__main__":
    main()
