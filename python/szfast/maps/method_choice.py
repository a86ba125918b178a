"""What a share of the particles tells of all of them: how concentrated they are, and what each method would cost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from szfast.maps.beam_projection import CELLS, H_LIMIT, Mesh, Particles, safe_radius_kpc
from szfast.maps.scene import Scene
from szfast.maps.spread_design import size_classes
from szfast.maps.spread_projection import Accuracy, Grid

SAMPLE = 1 << 14
"""Particles of the trial."""

TYPICAL_CONCENTRATION = 5.0
"""All gas in one point behind the beam against the brightest pixel, where the gas is not about the centre."""

SPREAD_NS = {4: 33.0, 6: 48.0, 8: 64.0}
"""CPU time per particle and view, by taps; measured on a cluster of 10^6 particles, AVX-512, a shared machine."""

ORDER_NS, GRID_NS, DEPOSIT_NS = 60.0, 80.0, 1.5
"""Per particle, once; per pixel of a class's grid and view; per pixel of a wide kernel and view."""

LEAST_MESH_ERROR = 7e-5
"""Of the slices' interpolation alone: no mesh promises less."""

MESH_NS, BLOCK_NS, SLICE_NS = 13.0, 12.0, 9e4
"""Per particle; per point of the mesh, and of each further part; per view."""


@dataclass(frozen=True)
class Trial:
    """A sample of the particles.

    Parameters
    ----------
    sample : Particles
        The sample.
    count : int
        Particles of which it is a share.
    concentration : float
        All gas in one point behind the beam, against the brightest pixel, as a first guess.
    """

    sample: Particles
    count: int
    concentration: float

    @classmethod
    def of(cls, particles: Particles, scene: Scene) -> Trial:
        """Take a sample, every so manyth particle."""
        step = max(1, len(particles) // SAMPLE)
        sample = particles.some(slice(None, None, step)) if step > 1 else particles
        area = sample.area.astype(np.float64)
        near = np.exp(-0.5 * (_radius2(sample) + 0.075 * sample.h.astype(np.float64) ** 2) / scene.sigma_kpc**2)
        # gas this near the centre is at least as near in any view; a cluster beside the centre is not seen so
        total, seen = float(area.sum()), float(area @ near)
        return cls(sample, len(particles), min(1.05 * total / max(seen, 1e-300), TYPICAL_CONCENTRATION))

    def share(self, rtol: float) -> float:
        """Error of each particle that leaves a map's below `rtol`, with room for three kinds of error."""
        return 0.3 * rtol / self.concentration

    def exact_ns(self, scene: Scene, how: Accuracy, of: Particles | None = None) -> float:
        """CPU time of the exact method for all that the sample, or a part of it, stands for."""
        some = self.sample if of is None else of
        if not len(some):
            return 0.0
        weight, views = self.count / len(self.sample), len(scene.views)
        h_sigma = some.h.astype(np.float64) / scene.sigma_kpc
        cost, largest = 0.0, float(h_sigma.max())
        for of_size in islice(size_classes(scene.gas.kernel, how.kernel_error), 64):
            count = weight * int(((h_sigma > of_size.above) | (of_size.above == 0)).sum())
            count -= weight * int((h_sigma > of_size.to).sum())
            if count:
                pixels = Grid.of(scene.instrument, scene.pixel_kpc, min(of_size.to, largest) * scene.sigma_kpc).pixels
                cost += count * (ORDER_NS + SPREAD_NS[how.taps] * views) + GRID_NS * pixels**2 * views
            if of_size.to >= min(largest, how.widest_sigma):
                wide = h_sigma[h_sigma > of_size.to] * scene.sigma_pixels
                return cost + DEPOSIT_NS * weight * views * float(((2 * np.minimum(wide, 512) + 1) ** 2).sum())
        return cost

    def mesh_ns(self, scene: Scene, mesh: Mesh, how: Accuracy) -> float:
        """CPU time of the beam method, with what its mesh leaves to the exact one."""
        some = self.sample
        left = some.some(np.flatnonzero(~_on_mesh(some, mesh.radius_kpc, mesh.spread.h_limit * scene.sigma_kpc)))
        parts = min(8, self.count // 2**19 + 1)
        on_mesh = MESH_NS * self.count + BLOCK_NS * (1 + parts) * mesh.points**3 + SLICE_NS * len(scene.views)
        return on_mesh + self.exact_ns(scene, how, left)

    def mesh(self, scene: Scene, rtol: float, concentration: float, cells: tuple[float, ...] = CELLS) -> Mesh | None:
        """The coarsest mesh that should keep the error, if any."""
        reach_kpc = safe_radius_kpc(scene.instrument, scene.pixel_kpc)
        if scene.depth_kpc is not None or not scene.band_limited or reach_kpc <= 0:
            return None
        if concentration * LEAST_MESH_ERROR > rtol:
            return None
        some = self.sample
        radius = np.sqrt(_radius2(some))
        # a little more than the sample's farthest, so that hardly a particle is left out
        reach_kpc = min(1.02 * float(radius.max(initial=0.0)) + 1e-3 * scene.sigma_kpc, reach_kpc)
        on_mesh = _on_mesh(some, reach_kpc, H_LIMIT * scene.sigma_kpc)
        weight = some.area.astype(np.float64) * on_mesh
        total = max(float(weight.sum()), 1e-300)
        t = (some.h.astype(np.float64) / (H_LIMIT * scene.sigma_kpc)) ** 2
        means = (
            float(weight @ t) / total,
            float(weight @ t**2) / total,
            float(weight @ (radius / reach_kpc) ** 4) / total,
        )
        least = 4.5 if rtol >= 5e-4 else 5.0
        for cell in cells:
            mesh = Mesh.of(scene.gas.kernel, cell, least, scene.sigma_kpc, reach_kpc, means[0])
            if mesh is not None and concentration * mesh.error(*means) <= rtol:
                return mesh
        return None


def _on_mesh(particles: Particles, radius_kpc: float, h_kpc: float) -> np.ndarray:
    result: np.ndarray = (_radius2(particles) <= radius_kpc**2) & (particles.h <= h_kpc)
    return result


def _radius2(particles: Particles) -> np.ndarray:
    x, y, z = (axis.astype(np.float64) for axis in (particles.x, particles.y, particles.z))
    result: np.ndarray = x * x + y * y + z * z
    return result
