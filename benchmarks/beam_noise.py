"""Beam and noise of a batch of Planck maps: szfast against what else there is, in one interleaved run on one thread.

``python benchmarks/beam_noise.py [--maps 1000] [--rounds 5]`` needs threadpoolctl; ducc0 and pixell are
left out where they are not installed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import scipy
import scipy.fft
from numpy.typing import NDArray
from results import Table, machine, write_part
from threadpoolctl import threadpool_limits

import szfast
from szfast import PLANCK, _core
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.spectrum import noise_spectrum

INTRODUCTION = """\
One interleaved run on one thread, CPU time per map: szfast 1,000 maps a call, others 200, pixell 3. The error is that
of the beam alone against float64, as a share of the peak.
"""

N, SIZE = PLANCK.padded_size, PLANCK.size
MARGIN = (N - SIZE) // 2
INNER = slice(MARGIN, MARGIN + SIZE)
TRANSFER = PLANCK.beam(PLANCK.multipoles())
AMPLITUDE = mode_amplitude(PLANCK, noise_spectrum("milca"))
TRANSFER_F4, AMPLITUDE_F4 = TRANSFER.astype("f4"), AMPLITUDE.astype("f4")

Maps = NDArray[np.float64]
Method = Callable[[Maps, np.random.Generator], NDArray[np.float32]]


def projected_maps(count: int) -> Maps:
    """Beta profiles off the centre with clumps of a pixel: y as projected, before the beam."""
    rng = np.random.default_rng(0)
    at = np.arange(N) - N / 2 + 0.5
    maps = np.empty((count, N, N))
    for each in maps:
        x, y, core = rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(2, 8)
        radius2 = (at[:, None] - y) ** 2 + (at[None, :] - x) ** 2
        each[:] = 1e-4 / (1 + radius2 / core**2) * rng.lognormal(0, 0.5, (N, N))
    return maps


def reference(maps: Maps) -> Maps:
    """The beam in float64 by numpy.fft."""
    return np.fft.irfft2(np.fft.rfft2(maps) * TRANSFER, s=(N, N))[:, INNER, INNER]


def drawn_modes(rng: np.random.Generator) -> NDArray[np.complex64]:
    """Noise modes of the half plane; the two columns that are their own mirror image are made so."""
    g = rng.standard_normal((2, N, N // 2 + 1), dtype=np.float32)
    modes = np.empty((N, N // 2 + 1), np.complex64)
    np.multiply(g[0], AMPLITUDE_F4 * np.float32(np.sqrt(0.5)), out=modes.real)
    np.multiply(g[1], AMPLITUDE_F4 * np.float32(np.sqrt(0.5)), out=modes.imag)
    for column in (0, N // 2):
        mirrored = np.roll(modes[::-1, column], 1).conj()
        modes[:, column] = (modes[:, column] + mirrored) * np.float32(np.sqrt(0.5))
    return modes


def with_szfast(beam: bool, noise: bool) -> Method:
    def method(maps: Maps, rng: np.random.Generator) -> NDArray[np.float32]:
        return _core.observe(
            maps=maps if beam else None,
            keys=NoiseKey(seed=int(rng.integers(2**32))).of_views(np.arange(len(maps))) if noise else None,
            size=SIZE,
            transfer=TRANSFER,
            amplitude=AMPLITUDE if noise else None,
            threads=1,
        )

    return method


def map_by_map(one: Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float32]]) -> Method:
    def method(maps: Maps, rng: np.random.Generator) -> NDArray[np.float32]:
        out = np.empty((len(maps), SIZE, SIZE), np.float32)
        for i, each in enumerate(maps):
            out[i] = one(each, rng)
        return out

    return method


def with_scipy(beam: bool, noise: bool) -> Method:
    def one(each: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
        modes = np.zeros((), np.complex64)
        if beam:
            modes = scipy.fft.rfft2(each.astype(np.float32), workers=1) * TRANSFER_F4
        if noise:
            modes = modes + drawn_modes(rng) * np.float32(N * N)
        return scipy.fft.irfft2(modes, s=(N, N), workers=1)[INNER, INNER]

    return map_by_map(one)


def with_ducc0(beam: bool, noise: bool) -> Method:
    from ducc0 import fft

    def one(each: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
        modes = np.zeros((), np.complex64)
        if beam:
            modes = fft.r2c(each.astype(np.float32), nthreads=1) * (TRANSFER_F4 / np.float32(N * N))
        if noise:
            modes = modes + drawn_modes(rng)
        return fft.c2r(modes, lastsize=N, forward=False, nthreads=1, allow_overwriting_input=True)[INNER, INNER]

    return map_by_map(one)


def beam_matrix() -> NDArray[np.float32]:
    """The Gaussian beam along one axis, periodic as the transform's, rows of the kept pixels alone, (SIZE, N)."""
    kernel = np.fft.ifft(TRANSFER[:, 0]).real
    index = (np.arange(N)[:, None] - np.arange(N)[None, :]) % N
    return np.ascontiguousarray(kernel[index][INNER].astype(np.float32))


def with_matrices(noise: Method | None) -> Method:
    rows = beam_matrix()

    def method(maps: Maps, rng: np.random.Generator) -> NDArray[np.float32]:
        out = np.empty((len(maps), SIZE, SIZE), np.float32)
        for i, each in enumerate(maps):
            np.matmul(rows @ each.astype(np.float32), rows.T, out=out[i])
        if noise:
            out += noise(maps, rng)
        return out

    return method


def with_pixell(beam: bool, noise: bool) -> Method:
    from pixell import enmap, utils

    pixel = PLANCK.pixel_arcmin * utils.arcmin
    half = 0.5 * N * pixel
    shape, wcs = enmap.geometry(pos=[[-half, -half], [half, half]], res=pixel, proj="car")
    shape = (N, N)
    ell = np.arange(6000.0)
    power = noise_spectrum("milca").at(ell)

    def one(each: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
        total = np.zeros((N, N), np.float32)
        if beam:
            sky = enmap.ndmap(each.astype(np.float32), wcs)
            total = total + enmap.smooth_gauss(sky, PLANCK.beam_sigma_arcmin * utils.arcmin)
        if noise:
            total = total + enmap.rand_map(shape, wcs, power[None, None], seed=int(rng.integers(2**31)))
        return np.asarray(total)[INNER, INNER]

    return map_by_map(one)


def methods() -> tuple[dict[str, dict[str, Method]], dict[str, str]]:
    """Methods by task and name, and why one is absent."""
    found: dict[str, dict[str, Method]] = {"beam": {}, "noise": {}, "beam and noise": {}}
    absent: dict[str, str] = {}
    tasks = {"beam": (True, False), "noise": (False, True), "beam and noise": (True, True)}
    for name, make in (
        ("szfast", with_szfast),
        ("scipy.fft", with_scipy),
        ("ducc0", with_ducc0),
        ("pixell", with_pixell),
    ):
        try:
            for task, (beam, noise) in tasks.items():
                found[task][name] = make(beam, noise)
        except ImportError as error:
            absent[name] = str(error)
    found["beam"]["two matrix products"] = with_matrices(None)
    noise = "ducc0" if "ducc0" in found["noise"] else "scipy.fft"
    found["beam and noise"][f"matrix products, {noise} noise"] = with_matrices(found["noise"][noise])
    return found, absent


def versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    result = {"szfast": f"{szfast.__version__} ({_core.cpu_level()})"}
    for name in ("numpy", "scipy", "ducc0", "pixell"):
        try:
            result[name] = version(name)
        except PackageNotFoundError:
            result[name] = "absent"
    return result


def measure(count: int, rounds: int) -> dict[str, object]:
    maps = projected_maps(count)
    truth = reference(maps[:20])
    expected_rms = float(np.sqrt((AMPLITUDE[:, 1:-1] ** 2).sum() * 2 + (AMPLITUDE[:, [0, -1]] ** 2).sum()))
    found, absent = methods()
    microseconds: dict[tuple[str, str], list[float]] = {}
    checked: dict[tuple[str, str], float] = {}
    for turn in range(rounds):
        for task, entries in found.items():
            for name, method in entries.items():
                # the slow ones take fewer maps
                batch = maps if name == "szfast" else maps[:3] if name == "pixell" else maps[:200]
                rng = np.random.default_rng(turn)
                start = time.process_time()
                out = method(batch, rng)
                microseconds.setdefault((task, name), []).append((time.process_time() - start) / len(batch) * 1e6)
                if turn == 0 and task == "beam":
                    some = min(len(batch), len(truth))
                    checked[task, name] = float(np.abs(out[:some] - truth[:some]).max() / truth[:some].max())
                elif turn == 0 and task == "noise":
                    checked[task, name] = float(out.astype(np.float64).std() / expected_rms)
    rows = [
        {
            "task": task,
            "method": name,
            "us": statistics.median(times),
            "us_least": min(times),
            "check": checked.get((task, name)),
        }
        for (task, name), times in microseconds.items()
    ]
    return {"maps": count, "rounds": rounds, "versions": versions(), "absent": absent, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and results.json")
    options = parser.parse_args()
    with threadpool_limits(1):
        result = measure(options.maps, options.rounds)
    rows = []
    for row in result["rows"]:
        check = "" if row["check"] is None else f"{row['check']:.2g}"
        rows.append([row["task"], row["method"], f"{row['us']:.0f}", f"{row['us_least']:.0f}", check])
    rows += [["all", name, reason, "", ""] for name, reason in result["absent"].items()]
    columns = ("task", "method", "CPU us per map", "least", "beam's error, of the peak")
    about = machine() | {name: str(value) for name, value in result["versions"].items()}
    write_part(
        options.out, "beam_noise", INTRODUCTION, about, [Table("128 x 128 pixels, 96 kept", columns, rows)], [result]
    )


if __name__ == "__main__":
    main()
