"""Measure the error of every method against direct sums; writes benchmarks/ACCURACY.md.

Usage: python benchmarks/accuracy.py [--cluster cluster_1e6.npz] [--out benchmarks]

The truth is the sum over all particles, in float64, of their images behind the beam, averaged over the pixel: every
mode of every particle by ducc0's transform of scattered points at 1e-12, the kernels' transform by quadrature,
interpolated over Chebyshev nodes in h^2. It is itself held against plain sums over 200 particles first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.cosmology import FlatLambdaCDM
from cases import data_folder, real_cases
from numpy.typing import NDArray
from results import machine

import szfast
from szfast import Gas
from szfast.maps.sightlines import sightlines

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from direct import kernel_density

REDSHIFTS, RTOLS, METHODS = (0.05, 0.15, 0.3, 0.6), (1e-2, 1e-3, 1e-4, 1e-5), ("exact", "beam", "auto")
LEAST_NODES_IN_H = 20

Array = NDArray[Any]


def kernel_modes(kernel: str, q: Array) -> Array:
    """Fourier transform of a kernel of unit support, by quadrature on the two pieces of the cubic spline."""
    x, w = np.polynomial.legendre.leggauss(80)
    r, weight = np.concatenate([(x + 1) / 4, (x + 3) / 4]), np.concatenate([w, w]) / 4
    nodes = np.linspace(0, q.max() * 1.001 + 1e-9, 20001)
    profile = 4 * np.pi * weight * r**2 * kernel_density(kernel, r)
    from scipy.interpolate import CubicSpline

    table: Array = CubicSpline(nodes, np.sinc(nodes[:, None] * r / np.pi) @ profile)(q)
    return table


class Truth:
    """Images of a gas behind an instrument's beam."""

    def __init__(self, gas: Gas, instrument: szfast.Instrument, pixel_kpc: float) -> None:
        self.gas, self.instrument, self.pixel_kpc = gas, instrument, pixel_kpc
        self.h = gas.smoothing_length_kpc.astype(float)
        self.area = gas.compton_y_kpc2()
        sigma = instrument.beam_sigma_arcmin / instrument.pixel_arcmin
        # so far out that no periodic image of what is kept comes near the field
        self.n = 2 * (int(np.ceil(instrument.size / 2 + 8 * sigma + min(self.h.max() / pixel_kpc, 400))) + 8)
        j = np.arange(-(self.n // 2), self.n // 2)
        k = 2 * np.pi * j / self.n
        self.keep = np.abs(k) * sigma <= 6.5
        self.k = k[self.keep]
        self.magnitude = np.hypot(self.k[:, None], self.k[None, :])
        self.beam = np.exp(-0.5 * (self.magnitude * sigma) ** 2)
        pixel = np.sinc(self.k / (2 * np.pi))
        self.beam *= pixel[:, None] * pixel[None, :] / pixel_kpc**2
        # the widest kernel's transform has about this many waves within the beam's modes
        self.nodes = LEAST_NODES_IN_H + int(1.5 * 6.5 * self.h.max() / pixel_kpc / sigma)
        low, high = self.h.min() ** 2, self.h.max() ** 2
        self.t = 2 * (self.h**2 - low) / max(high - low, 1e-300) - 1
        node = np.cos(np.pi * (np.arange(self.nodes) + 0.5) / self.nodes)
        at = np.sqrt(low + (node + 1) / 2 * (high - low)) / pixel_kpc
        shape = kernel_modes(gas.kernel, self.magnitude.ravel()[:, None] * at)
        to_series = np.cos(np.arange(self.nodes)[:, None] * np.arccos(node)) * 2 / self.nodes
        to_series[0] /= 2
        self.series = (shape @ to_series.T).reshape(*self.magnitude.shape, self.nodes)

    def _image(self, modes: Array) -> Array:
        at = np.arange(self.instrument.size) - (self.instrument.size - 1) / 2
        back = np.exp(1j * np.outer(at, self.k))
        y: Array = (back @ (modes * self.beam) @ back.T).real / self.n**2
        return y

    def view(self, view: Array) -> Array:
        """One view, (size, size)."""
        import ducc0

        place = self.gas.offset_kpc @ view[:, 1::-1] / self.pixel_kpc  # rows first
        margin = self.h / self.pixel_kpc + (self.n - self.instrument.size) / 2
        near = (np.abs(place).max(axis=1) < self.n / 2) & (self.h < 1e30) & (margin > 0)
        coord = np.ascontiguousarray(place[near]) * (2 * np.pi / self.n)
        modes = np.zeros(self.magnitude.shape, dtype=complex)
        term, before = np.ones(near.sum()), None
        for order in range(self.nodes):
            points = (term * self.area[near]).astype(complex)
            grid = np.zeros((self.n, self.n), dtype=complex)
            ducc0.nufft.nu2u(points=points, coord=coord, forward=True, epsilon=1e-12, nthreads=2, out=grid)
            modes += grid[np.ix_(self.keep, self.keep)] * self.series[..., order]
            t = self.t[near]
            term, before = (t, term) if before is None else (2 * t * term - before, term)
        return self._image(modes)

    def plain(self, view: Array) -> Array:
        """The same by a plain sum over particles."""
        modes = np.zeros(self.magnitude.shape, dtype=complex)
        for place, h, area in zip(self.gas.offset_kpc @ view[:, :2] / self.pixel_kpc, self.h, self.area, strict=True):
            wave = np.outer(np.exp(-1j * self.k * place[1]), np.exp(-1j * self.k * place[0]))
            modes += area * wave * kernel_modes(self.gas.kernel, self.magnitude * h / self.pixel_kpc)
        return self._image(modes)


def clusters(path: Path | None) -> Iterator[tuple[str, Gas]]:
    """The test cluster, and the real ones where the data are at hand."""
    if path is not None:
        d = np.load(path)
        yield (
            f"test cluster, {len(d['pos'])} particles",
            Gas.from_arrays(
                position=d["pos"] * u.Mpc,
                mass=d["mass"] * u.Msun,
                temperature=d["kT"] * u.keV,
                smoothing_length=d["hsml"] * u.Mpc,
                redshift=0.2,
                cosmology=FlatLambdaCDM(67.77, 0.307115),
            ),
        )
    folder = data_folder()
    for case in [] if folder is None else real_cases(folder):
        scale = {"smoothing_scale": 50 ** (1 / 3)} if "Three Hundred" in case.name else {}
        gas = szfast.read_snapshot(case.snapshot, center=case.center, radius=15 * u.Mpc, **scale)
        yield f"{case.name}, {len(gas)} particles within 15 Mpc", gas


def check_truth(gas: Gas, pixel_kpc: float, view: Array) -> float:
    """Difference of the truth of 200 particles from their plain sum, as a share of the peak."""
    chosen = np.random.default_rng(1).choice(len(gas), min(200, len(gas)), replace=False)
    few = Gas.from_arrays(
        position=gas.offset_kpc[chosen] * u.kpc,
        mass=gas.mass_msun[chosen] * u.Msun,
        temperature=gas.temperature_k[chosen] * u.K,
        smoothing_length=gas.smoothing_length_kpc[chosen] * u.kpc,
        redshift=gas.redshift,
        cosmology=gas.cosmology,
        kernel=gas.kernel,
    )
    truth = Truth(few, szfast.PLANCK, pixel_kpc)
    plain = truth.plain(view)
    return float(np.abs(truth.view(view) - plain).max() / plain.max())


def rows(name: str, gas: Gas, views: Array) -> Iterator[str]:
    for redshift in REDSHIFTS:
        truth: list[Array] | None = None
        for rtol in RTOLS:
            for method in METHODS:
                start = time.process_time()
                maps = szfast.make_maps(gas, redshift=redshift, rtol=rtol, method=method, noise=None)
                seconds = time.process_time() - start
                if truth is None:
                    own = check_truth(gas, maps.pixel_kpc, maps.views[0])
                    assert own < 1e-7, f"the truth itself is {own:.1e} off"
                    of_gas = Truth(gas, szfast.PLANCK, maps.pixel_kpc)
                    truth = [of_gas.view(maps.views[int(v)]) for v in views]
                pairs = [(maps.y[int(v)], seen) for v, seen in zip(views, truth, strict=True)]
                error = max(float(np.abs(y - seen).max() / seen.max()) for y, seen in pairs)
                held = "yes" if maps.bound is not None and error <= maps.bound <= rtol else "NO"
                yield (
                    f"| {name} | {redshift} | {rtol:.0e} | {method} | {maps.method} | {error:.1e} | {maps.bound:.1e} |"
                    f" {held} | {seconds * 1e9 / len(gas) / len(maps):.1f} |"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cluster", type=Path, help="a file of benchmarks/test_cluster.py")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of ACCURACY.md")
    options = parser.parse_args()
    views = np.array([0, 13])
    assert len(sightlines("hemisphere27")) > views.max()
    lines = [
        "# Accuracy behind the beam",
        "",
        "Planck's beam and pixels, 27 views; largest error of two of them against the direct sum in float64, and the",
        "bound that the maps state, both shares of the peak. 'ns': CPU time of the call per particle and view.",
        "",
        "| gas | z | rtol | asked | used | error | bound | error <= bound <= rtol | ns |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, gas in clusters(options.cluster):
        for row in rows(name, gas, views):
            print(row, flush=True)
            lines.append(row)
    about = machine()
    lines += [
        "",
        "Made by benchmarks/accuracy.py. " + ", ".join(f"{key}: {value}" for key, value in about.items()) + ".",
    ]
    (options.out / "ACCURACY.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
