"""The answers, asserted before anything is timed: a fast wrong result is worth nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import astropy.units as u
import numpy as np
import peers
from cases import Case
from numpy.typing import NDArray

from szfast import Gas, MapSet, networks, read_maps
from szfast.gas import spherical_compton_y
from szfast.maps.instrument import Instrument
from szfast.maps.projection import Projection, project
from szfast.maps.reference import project_directly

PUBLISHED_CUTOUT_LOG10_MASS = 14.682933


def check_gas(case: Case, gas: Gas) -> None:
    """The Compton area inside R500c is the known one; the truths are printed with four to six digits."""
    found = spherical_compton_y(gas, radius=case.R500c)
    assert abs(found / case.Y500 - 1) < 1e-3, f"{case.name}: Y500 {found.to(u.Mpc**2)}, expected {case.Y500}"


def check_projection(gas: Gas, views: NDArray[np.float64], found: Projection) -> None:
    """Y is conserved in every view, and forty particles are their direct sum over points of each pixel."""
    pixels = found.area_kpc2.shape[-1]
    edge_kpc = 0.5 * pixels * found.pixel_kpc
    for view, area, loaded in zip(views, found.area_kpc2, found.loaded_kpc2, strict=True):
        reach = np.abs(gas.offset_kpc @ view[:, :2]).max(axis=1)
        inside = gas.compton_y_kpc2()[reach + gas.smoothing_length_kpc <= edge_kpc].sum()
        assert inside * (1 - 1e-6) <= area.sum() <= loaded * (1 + 1e-6), "Y is not conserved"
    few = _some_of(gas, 40)
    exact = project(few, views[:1], pixels=pixels, pixel_kpc=found.pixel_kpc).area_kpc2[0]
    coarse, fine = (
        project_directly(few, views[0], pixels=pixels, pixel_kpc=found.pixel_kpc, points=points) for points in (16, 32)
    )
    # the error of midpoints falls with the square of their distance: Richardson's step takes its first term away
    direct = (4 * fine - coarse) / 3
    assert np.abs(exact - direct).max() < 1e-4 * direct.max(), "projection differs from the direct sum"


def _some_of(gas: Gas, count: int) -> Gas:
    chosen = np.random.default_rng(1).choice(len(gas), size=min(count, len(gas)), replace=False)
    per_particle = [name for name, value in vars(gas).items() if isinstance(value, np.ndarray) and name != "origin_kpc"]
    return dataclasses.replace(gas, **{name: getattr(gas, name)[chosen] for name in per_particle})


def check_clean(clean: NDArray[np.float32], projection: Projection, instrument: Instrument) -> None:
    """The beam is the same as with scipy.fft, to the rounding of float32 in both."""
    transfer = instrument.beam(instrument.multipoles()) / projection.pixel_kpc**2
    expected = peers.observe(projection.area_kpc2[:2], transfer, None, instrument.size, np.random.default_rng(0))
    assert np.abs(clean[:2] - expected).max() < 1e-5 * expected.max(), "the beam differs from scipy's"


def check_noise(noise: NDArray[np.float32], plain: NDArray[np.float32]) -> None:
    """Pixels of the keyed noise scatter as those of the peer's, to the error of 27 small fields."""
    assert abs(noise.std() / plain.std() - 1) < 0.1, f"noise of {noise.std():.3g}, expected {plain.std():.3g}"


def check_file(path: Path, maps: MapSet) -> None:
    """What was written is read back."""
    (back,) = read_maps(path)
    assert np.array_equal(back.y, maps.y)
    assert np.allclose(back.views, maps.views, atol=1e-12)


def check_networks(folder: Path, published: networks.NetworkSet) -> None:
    """The published network's mass of the published cutout."""
    cutout = networks.read_cutout(folder / "deepplanck" / "PSZ2G359.07-32.12.fits")
    found = networks.predict_log10_mass(cutout.y[None], published, redshift=0.15, average=False)
    assert abs(found[0] - PUBLISHED_CUTOUT_LOG10_MASS) < 1e-5, f"found {found[0]}"
