"""What each stage is compared with in the same run: plain code that a user would write with common packages."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import scipy.fft
from astropy.io import fits
from numpy.typing import NDArray

from szfast import Gas

READ = "h5py or numpy.fromfile, bytes alone"
PROJECT = "numpy.histogram2d, nearest pixel"
OBSERVE = "scipy.fft + NumPy normals, float32"
WRITE = "astropy.io.fits, array alone"

FIELDS = ("Coordinates", "Masses", "InternalEnergy", "SmoothingLength", "ElectronAbundance")


def read(path: Path) -> None:
    """Load what a reader cannot do without: the datasets of an HDF5 file, or a binary file's bytes."""
    for part in sorted(path.glob("*.hdf5")) if path.is_dir() else [path]:
        if part.suffix != ".hdf5":
            np.fromfile(part, dtype=np.uint8)
            continue
        with h5py.File(part) as file:
            for name in FIELDS:
                if name in file["PartType0"]:
                    file["PartType0"][name][...]


def project(gas: Gas, views: NDArray[np.float64], pixels: int, pixel_kpc: float) -> NDArray[np.float64]:
    """Drop each particle into its nearest pixel: no kernel."""
    edge = 0.5 * pixels * pixel_kpc
    area = gas.compton_y_kpc2()
    maps = np.empty((len(views), pixels, pixels))
    for i, view in enumerate(views):
        x, y = (gas.offset_kpc @ view[:, :2]).T
        maps[i] = np.histogram2d(y, x, bins=pixels, range=[[-edge, edge]] * 2, weights=area)[0]
    return maps


def observe(
    maps: NDArray[np.float64],
    transfer: NDArray[np.float64],
    amplitude: NDArray[np.float64] | None,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Beam and noise in float32, map by map: white noise from normals, coloured in Fourier space."""
    n = maps.shape[-1]
    margin = (n - size) // 2
    transfer, inner = transfer.astype(np.float32), slice(margin, margin + size)
    # white noise of unit variance has modes of variance n^2
    colour = None if amplitude is None else (amplitude * n).astype(np.float32)
    out = np.empty((len(maps), size, size), dtype=np.float32)
    for i, each in enumerate(maps):
        modes = scipy.fft.rfft2(each.astype(np.float32)) * transfer
        if colour is not None:
            modes += scipy.fft.rfft2(rng.standard_normal((n, n), dtype=np.float32)) * colour
        out[i] = scipy.fft.irfft2(modes, s=(n, n))[inner, inner]
    return out


def write(path: Path, y: NDArray[np.float32]) -> None:
    """Write and read back one array."""
    fits.writeto(path, y, overwrite=True)
    fits.getdata(path)
