"""Which way to project: exact, behind the beam, or the cheaper of the two that keeps a promised error."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import choice_in, number_in
from szfast.errors import ArgumentError
from szfast.gas.columns import GasColumns
from szfast.gas.particles import Gas
from szfast.maps.beam_projection import CELLS, Particles, project_on_mesh, safe_radius_kpc
from szfast.maps.instrument import Instrument
from szfast.maps.mapset import Conserved
from szfast.maps.method_choice import MeshPlan, Trial
from szfast.maps.projection import Projection, project
from szfast.maps.scene import Scene, Seen, bound_of
from szfast.maps.spread_projection import ROUNDING, BeamImages, accuracy, project_behind_beam
from szfast.maps.wide_kernels import with_wide_kernels

log = logging.getLogger("szfast.maps")

METHODS = ("auto", "exact", "beam")
"""Ways to project."""

ROUNDING_ON_DEVICE = 2e-6
"""Of transforms in float32, as a share of the map: ten roundings deep."""

RTOL_LIMITS = (1e-7, 0.1)

_LEAST_SHARE, _MOST_ATTEMPTS, _MOST_MESHES = 1e-8, 3, 2


def see(scene: Scene, method: str, rtol: float) -> Seen:
    """Map a scene.

    Parameters
    ----------
    scene : Scene
        What is mapped.
    method : str
        ``exact``, ``beam``, or ``auto``: the cheaper of them.
    rtol : float
        Largest error, as a share of each map's largest value without noise. Without a beam that band-limits the
        pixels: of each kernel, as a share of its own peak.

    Raises
    ------
    ArgumentError
        If ``beam`` is asked for where it does not exist: with a depth, or without a wide beam.
    """
    check_method(method, rtol)
    obstacle = _obstacle(scene)
    if obstacle and method == "beam":
        raise ArgumentError(f"'beam' cannot be used: {obstacle}.", field="method", remedy="use 'exact' or 'auto'.")
    if not scene.band_limited:
        return _on_pixels(scene, rtol)
    particles = scene.particles()
    trial = Trial.of(particles, scene)
    why = "asked for"
    if method != "exact":
        seen, why = _through_mesh(scene, particles, trial, rtol, only_if_cheaper=method == "auto")
        if seen is not None:
            return seen
    return _exact(scene, particles, trial, rtol, obstacle or why)


def check_method(method: str, rtol: float) -> None:
    """Refuse a method or tolerance that does not exist.

    Raises
    ------
    ArgumentError
        If it does not.
    """
    choice_in(method, METHODS, "method")
    low, high = RTOL_LIMITS
    number_in(rtol, "rtol", low=low, high=high)


def _obstacle(scene: Scene) -> str | None:
    if scene.depth_kpc is not None:
        return "a depth along the line of sight cuts each view differently"
    if not scene.band_limited:
        return f"a beam of {scene.sigma_pixels:.2g} pixels (sigma) leaves modes beyond the pixels' Nyquist frequency"
    if safe_radius_kpc(scene.instrument, scene.pixel_kpc) <= 0:
        return "the patch is too small against the beam"
    return None


def _on_pixels(scene: Scene, rtol: float) -> Seen:
    """Means over the instrument's pixels, then the beam, if any."""
    projection = project(
        scene.gas,
        scene.views,
        pixels=scene.instrument.padded_size,
        pixel_kpc=scene.pixel_kpc,
        center_kpc=scene.center_kpc,
        depth_kpc=scene.depth_kpc,
        rtol=rtol,
        threads=scene.threads,
        device=scene.device,
    )
    log.info("method exact: each kernel to %g of its peak; no beam band-limits the pixels", rtol)
    on_host = replace(projection, area_kpc2=np.asarray(projection.area_kpc2))
    warn_if_off_centre(on_host.area_kpc2, scene.gas)
    y = scene.observe(projection.area_kpc2, None, noise=True)
    return Seen(y, "exact", None, _conserved(on_host, scene.instrument))


def _exact(scene: Scene, particles: Particles, trial: Trial, rtol: float, why: str) -> Seen:
    share = trial.share(rtol)
    for attempt in range(_MOST_ATTEMPTS):
        images = _images(scene, particles, share)
        clean = np.asarray(images.y)
        bound = bound_of(images.error, clean, _rounding(scene))
        if bound <= rtol or share <= _LEAST_SHARE or attempt + 1 == _MOST_ATTEMPTS:
            break
        share = max(share * min(0.5 * rtol / bound, 0.25), _LEAST_SHARE)
    if bound > rtol:
        log.warning("%s: the error may be %.1e of the peak, more than %g", scene.gas.path or "the gas", bound, rtol)
    log.info("method exact: error at most %.1e of the peak; %s", bound, why)
    warn_if_off_centre(clean, scene.gas)
    y = images.y if scene.device is not None else clean.astype(np.float32)
    if scene.spectrum is not None:
        y = scene.sum_of(y, scene.observe(None, None, noise=True))
    area_kpc2 = clean.sum(axis=(1, 2), dtype=np.float64) * scene.pixel_kpc**2
    return Seen(y, "exact", bound, Conserved(images.loaded_kpc2, images.patch_kpc2, area_kpc2))


def _rounding(scene: Scene) -> float:
    return ROUNDING if scene.device is None else ROUNDING_ON_DEVICE


def _images(scene: Scene, particles: Particles, share: float) -> BeamImages:
    return project_behind_beam(
        particles,
        scene.views,
        scene.instrument,
        scene.pixel_kpc,
        scene.gas.kernel,
        accuracy(scene.gas.kernel, scene.sigma_pixels, share),
        half_depth_kpc=scene.half_depth_kpc,
        threads=scene.threads,
    )


def _through_mesh(
    scene: Scene, particles: Particles, trial: Trial, rtol: float, *, only_if_cheaper: bool
) -> tuple[Seen | None, str]:
    """Map through a mesh, or say why not."""
    if _obstacle(scene) or not len(particles):
        return None, "there is no gas"
    share = trial.share(rtol)
    how = accuracy(scene.gas.kernel, scene.sigma_pixels, share)
    cells: tuple[float, ...] = CELLS
    concentration = trial.concentration
    for _ in range(_MOST_MESHES):
        plan = trial.plan(scene, how, rtol, concentration, cells)
        if plan is None:
            return None, f"no mesh is known to keep {rtol:g} of the peak"
        if only_if_cheaper and plan.ns > trial.exact_ns(scene, how):
            return None, "it is cheaper here"
        seen, concentration = _beam(scene, particles, plan, share)
        assert seen.bound is not None
        mesh = plan.mesh
        if seen.bound <= rtol:
            log.info(
                "method beam: error at most %.1e of the peak, mesh of %d^3 points, cell %g beam sigma",
                seen.bound,
                mesh.points,
                mesh.spread.cell,
            )
            return seen, ""
        cells = tuple(cell for cell in CELLS if cell < mesh.spread.cell)
    return None, f"meshes did not keep {rtol:g} of the peak"


def _beam(scene: Scene, particles: Particles, plan: MeshPlan, share: float) -> tuple[Seen, float]:
    """Map through a mesh, what it does not take exactly; and the concentration of the least concentrated view."""
    grid: dict[str, Any] = {
        "pixels": scene.instrument.padded_size,
        "pixel_kpc": scene.pixel_kpc,
        "threads": scene.threads,
    }
    projection = with_wide_kernels(
        project_on_mesh(particles, scene.views, plan.mesh, **grid),
        particles,
        plan.wide,
        scene.views,
        plan.mesh,
        safe_kpc=safe_radius_kpc(scene.instrument, scene.pixel_kpc),
        **grid,
    )
    y = scene.observe(None, projection.spectra_kpc2, noise=True)
    clean = y if scene.spectrum is None else scene.observe(None, projection.spectra_kpc2, noise=False)
    loaded = np.full(len(scene.views), projection.area_kpc2)
    patch, error = loaded, projection.error_kpc2 / scene.point_kpc2
    if len(projection.left):
        rest = _images(scene, particles.some(projection.left), share)
        y = scene.sum_of(y, rest.y)
        clean = y if scene.spectrum is None else scene.sum_of(clean, rest.y)
        loaded, patch, error = loaded + rest.loaded_kpc2, patch + rest.patch_kpc2, error + rest.error
    clean = np.asarray(clean)
    warn_if_off_centre(clean, scene.gas)
    area_kpc2 = clean.sum(axis=(1, 2), dtype=np.float64) * scene.pixel_kpc**2
    peak = float(clean.max(axis=(1, 2)).min())
    concentration = float(loaded.max()) / scene.point_kpc2 / peak if peak > 0 else math.inf
    return Seen(y, "beam", bound_of(error, clean, _rounding(scene)), Conserved(loaded, patch, area_kpc2)), concentration


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
