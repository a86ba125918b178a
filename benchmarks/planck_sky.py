"""A synthetic sky at Nside 2048: PSZ2's clusters at their places, noise by spherical harmonics, cut and weighed.

Run: python benchmarks/planck_sky.py PSZ2.fits WEIGHTS. Asserts before it times; prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import healpy as hp
import numpy as np
from numpy.typing import NDArray

import szfast
from szfast.dataset.bins import PLANCK_BINS, bin_name, within_bin
from szfast.evaluation import expected_compton_y, theta_500
from szfast.filters.profile_integrals import PROFILES, radial_transform
from szfast.maps.noise import NoiseKey, noise_maps
from szfast.maps.spectrum import noise_spectrum
from szfast.networks import masses_of_files
from szfast.planck import SkyMap, cut, cut_clusters, psz2_clusters
from szfast.planck.catalogue import psz2_cosmology
from szfast.planck.cutouts import directions

NSIDE = 2048
SIGMA_RAD = np.radians(szfast.PLANCK.beam_sigma_arcmin / 60)
REACH_RAD = np.radians(6.0)


class Beamed:
    """y of a cluster of the universal profile through Planck's beam, against the angle from its centre."""

    def __init__(self) -> None:
        # the flat-sky transform of profile and beam, summed with Bessel functions once for each size
        from scipy.special import j0

        self.theta = np.geomspace(0.4, 120, 60)
        self.radius = np.concatenate([[0], np.geomspace(1e-5, REACH_RAD, 500)])
        ell = np.linspace(0.5, 4500, 4500)
        beam = ell * np.exp(-0.5 * (ell * SIGMA_RAD) ** 2) * (ell[1] - ell[0]) / (2 * np.pi)
        bessel = j0(np.outer(self.radius, ell)) * beam
        sizes = np.radians(self.theta / 60)
        self.table = np.array([bessel @ radial_transform(PROFILES["A10"], ell * size) for size in sizes])

    def at(self, y500_sr: float, theta_arcmin: float, radius: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compton y at angles [rad] from the centre of a cluster of Y500 [sr] and theta500 [arcmin]."""
        place = np.interp(np.log(theta_arcmin), np.log(self.theta), np.arange(len(self.theta)))
        low = min(int(place), len(self.theta) - 2)
        column = self.table[low] + (place - low) * (self.table[low + 1] - self.table[low])
        y: NDArray[np.float64] = y500_sr * np.interp(radius, self.radius, column, right=0.0)
        return y


def angles(vectors: NDArray[np.float64], center: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 2 * np.arcsin(np.minimum(np.linalg.norm(vectors - center, axis=-1) / 2, 1))
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("psz2", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--nside", type=int, default=NSIDE)
    options = parser.parse_args()
    results: dict[str, object] = {"nside": options.nside}
    clusters, cosmology = psz2_clusters(options.psz2), psz2_cosmology()
    mass, z = clusters["M_Planck"], np.asarray(clusters["redshift"])
    distance = cosmology.angular_diameter_distance(z)
    y500_sr = (expected_compton_y(mass, z, cosmology) / distance**2).to_value("")
    theta = theta_500(mass, z, cosmology).to_value("arcmin")
    centers = clusters["position"].cartesian.xyz.value.T
    beamed = Beamed()

    clean = np.zeros(hp.nside2npix(options.nside), dtype=np.float32)
    for center, y, size in zip(centers, y500_sr, theta, strict=True):
        near = hp.query_disc(options.nside, center, REACH_RAD)
        vectors = np.array(hp.pix2vec(options.nside, near)).T
        clean[near] += beamed.at(y, size, angles(vectors, center)).astype(np.float32)

    sky = SkyMap(clean, False, "galactic", "synthetic")
    begin, cpu = time.perf_counter(), time.process_time()
    cutouts = list(cut(sky, clusters["position"]))
    results["cut_1094_seconds"] = round(time.perf_counter() - begin, 2)
    results["cut_1094_cpu_seconds"] = round(time.process_time() - cpu, 2)
    errors = []
    for i, cutout in enumerate(cutouts):
        lon, lat = clusters["position"][i].l.rad, clusters["position"][i].b.rad
        vectors = directions(float(lon), float(lat), szfast.PLANCK)
        # neighbours within reach belong to the sky as well
        close = np.flatnonzero(centers @ centers[i] > np.cos(REACH_RAD + np.radians(2)))
        truth = sum(beamed.at(y500_sr[j], theta[j], angles(vectors, centers[j])) for j in close)
        errors.append(np.abs(cutout.y - truth).max() / cutout.y.max())
    results["error_over_peak"] = {"median": float(np.median(errors)), "largest": float(np.max(errors))}
    # bilinear between pixels of 1.72 arcmin under a beam of sigma 4.25 arcmin: (h / sigma)^2 / 4 = 4.1 % at most
    assert max(errors) < 0.045

    spectrum = noise_spectrum("milca")
    assert spectrum is not None
    begin = time.perf_counter()
    np.random.seed(1)  # noqa: NPY002 (healpy draws from the global generator)
    power = spectrum.at(np.arange(1, 3 * options.nside, dtype=float))
    noise = hp.synfast(np.concatenate([[0], power]), options.nside, lmax=3 * options.nside - 1)
    results["synfast_seconds"] = round(time.perf_counter() - begin, 1)
    noise_sky = SkyMap(noise.astype(np.float32), False, "galactic")
    drawn = np.array([each.y for each in cut(noise_sky, clusters["position"][:300], method="nearest")])
    flat = noise_maps(szfast.PLANCK, spectrum, NoiseKey(seed=1), views=300)
    results["noise_rms"] = {"sky": float(drawn.std()), "flat": float(flat.std())}
    results["noise_lags"] = {"sky": lags(drawn), "flat": lags(flat)}

    clean += noise.astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        table = cut_clusters(sky, clusters, folder)
        found = masses_of_files([Path(folder) / name for name in table["file"]], options.weights)
    error = np.log10(found["M500c"].to_value("Msun") / mass.to_value("Msun"))
    results["log10_mass_error"] = {
        bin_name(edges): [round(float(part.mean()), 3), round(float(part.std()), 3)]
        for edges in PLANCK_BINS
        for part in [error[within_bin(z, edges)]]
    }
    results["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    print(json.dumps(results, indent=2))


def lags(maps: NDArray[np.float32]) -> list[float]:
    """Autocorrelation along rows at lags of 1 to 8 pixels."""
    y = maps - maps.mean(axis=(1, 2), keepdims=True)
    return [round(float((y[..., :-lag] * y[..., lag:]).mean() / y.var()), 3) for lag in range(1, 9)]


if __name__ == "__main__":
    main()
