"""What a share of the particles tells of all of them: how concentrated they are, and what each method would cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from szfast.maps.beam_projection import CELLS, H_LIMITS, Mesh, Particles, safe_radius_kpc
from szfast.maps.scene import Scene
from szfast.maps.spread_design import SizeClass, size_classes
from szfast.maps.spread_projection import Accuracy, Grid
from szfast.maps.wide_kernels import comes_back, wide_classes

SAMPLE = 1 << 14
"""Particles of the trial."""

_IMAGE_SIGMA, _CELLS_OF_SIGMA = 16, 2  # the trial's image reaches so far; finer cells find the same peak
_OTHER_VIEWS = 1.1  # of which one may be less bright than the three that are looked at

SPREAD_NS = {4: 33.0, 6: 48.0, 8: 64.0}
"""CPU time per particle and view, by taps; measured on a cluster of 10^6 particles, AVX-512, a shared machine."""

ORDER_NS, GRID_NS, DEPOSIT_NS = 60.0, 80.0, 1.5
"""Per particle, once; per pixel of a class's grid and view; per pixel of a wide kernel and view."""

LEAST_MESH_ERROR = 7e-5
"""Of the slices' interpolation alone: no mesh promises less."""

MESH_NS, BLOCK_NS, SLICE_NS = 13.0, 12.0, 9e4
"""Per particle; per point of the mesh, and of each further part; per view."""


@dataclass(frozen=True, eq=False)
class MeshPlan:
    """A way through a mesh.

    Parameters
    ----------
    mesh : Mesh
        The mesh.
    wide : tuple of SizeClass
        Kernels beyond the mesh's limit that are spread too, as points; others are left to the exact method.
    ns : float
        Expected CPU time.
    """

    mesh: Mesh
    wide: tuple[SizeClass, ...]
    ns: float


@dataclass(frozen=True, eq=False)
class Trial:
    """A sample of the particles.

    Parameters
    ----------
    sample : Particles
        The sample.
    count : int
        Particles of which it is a share.
    views : (L, 3, 3) float64 array
        Lines of sight.
    sigma_kpc : float
        Standard deviation of the beam.
    farthest_kpc, widest_kpc : float
        Largest distance and support radius of all particles.
    """

    sample: Particles
    count: int
    views: NDArray[np.float64]
    sigma_kpc: float
    farthest_kpc: float
    widest_kpc: float

    @classmethod
    def of(cls, particles: Particles, scene: Scene) -> Trial:
        """Take a sample, every so manyth particle."""
        step = max(1, len(particles) // SAMPLE)
        sample = particles.some(slice(None, None, step)) if step > 1 else particles
        widest_kpc = float(particles.h.max(initial=0.0))
        return cls(sample, len(particles), scene.views, scene.sigma_kpc, _farthest(particles), widest_kpc)

    @cached_property
    def concentration(self) -> float:
        """All gas in one point behind the beam against the brightest place, in the least bright of three views."""
        cells, half = 2 * _IMAGE_SIGMA * _CELLS_OF_SIGMA, _IMAGE_SIGMA * _CELLS_OF_SIGMA
        apart = (np.arange(cells)[:, None] - np.arange(cells)) / _CELLS_OF_SIGMA
        total = max(float(self._area.sum()), 1e-300)
        width2 = 1 + 0.075 * float((self._area * self._h_kpc**2).sum()) / total / self.sigma_kpc**2
        beam = np.exp(-0.5 * apart**2 / width2) / math.sqrt(width2)
        peak = math.inf
        place = self._offset_kpc * (_CELLS_OF_SIGMA / self.sigma_kpc)
        for view in self.views[:: max(1, len(self.views) // 2)]:
            column, row = (np.floor((place * view[:, axis]).sum(axis=1)).astype(np.intp) + half for axis in (0, 1))
            inside = (column >= 0) & (column < cells) & (row >= 0) & (row < cells)
            at = row[inside] * cells + column[inside]
            image = np.bincount(at, self._area[inside], cells**2).reshape(cells, cells)
            peak = min(peak, float((beam @ image @ beam).max()))
        return _OTHER_VIEWS * total / max(peak, 1e-300)

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

    def plan(
        self, scene: Scene, how: Accuracy, rtol: float, concentration: float, cells: tuple[float, ...] = CELLS
    ) -> MeshPlan | None:
        """The cheapest way through a mesh that should keep the error, if any."""
        safe_kpc = safe_radius_kpc(scene.instrument, scene.pixel_kpc)
        if scene.depth_kpc is not None or not scene.band_limited or safe_kpc <= 0:
            return None
        if concentration * LEAST_MESH_ERROR > rtol:
            return None
        plans = (
            self._plan(scene, how, rtol / concentration, limit, spread_wide, cells)
            for limit in H_LIMITS
            for spread_wide in (False, True)
        )
        return min(filter(None, plans), key=lambda plan: plan.ns, default=None)

    def _plan(
        self, scene: Scene, how: Accuracy, error: float, h_limit: float, spread_wide: bool, cells: tuple[float, ...]
    ) -> MeshPlan | None:
        """The coarsest mesh with this limit whose error, as a share of all gas in one point, should be small enough."""
        kernel, area, radius = scene.gas.kernel, self._area, self._radius_kpc
        widest, h_sigma = self.widest_kpc / scene.sigma_kpc, self._h_kpc / scene.sigma_kpc
        if spread_wide and widest <= h_limit:
            return None
        reach_kpc = self._reach_kpc(scene)
        inside = radius <= reach_kpc
        narrow, beyond = inside & (h_sigma <= h_limit), inside & (h_sigma > h_limit)
        total, of_wide = max(float(area.sum()), 1e-300), float(area[beyond].sum())
        of_narrow = max(float(area[narrow].sum()), 1e-300)
        r4 = (radius / reach_kpc) ** 4
        far = float((area * r4)[beyond].sum()) / max(of_wide, 1e-300)
        wide: tuple[SizeClass, ...] = ()
        if spread_wide:
            of_class = _power_of_two(min(0.1 * error * total / max(of_wide, 1e-9 * total), 1e-2))
            wide = wide_classes(kernel, h_limit, widest, of_class)
            safe_kpc = safe_radius_kpc(scene.instrument, scene.pixel_kpc)
            beyond &= (h_sigma <= wide[-1].to) & ~comes_back(radius, h_sigma, scene.sigma_kpc, safe_kpc)
        weight, t = area[narrow] / of_narrow, (h_sigma[narrow] / h_limit) ** 2
        means = float((weight * t).sum()), float((weight * t**2).sum()), float((weight * r4[narrow]).sum())
        modes = 4.8 if error >= 1e-4 else 5.2
        for cell in cells:
            mesh = Mesh.of(kernel, cell, modes, scene.sigma_kpc, reach_kpc, means[0], h_limit)
            if mesh is None:
                continue
            expected = of_narrow * mesh.error(*means)
            if wide:
                expected += of_wide * (mesh.error(0.0, 0.0, far) + max(of_size.error for of_size in wide))
            if expected <= error * total:
                left = self.sample.some(np.flatnonzero(~(narrow | beyond) if wide else ~narrow))
                ns = self._mesh_ns(scene, mesh, wide, int(beyond.sum())) + self.exact_ns(scene, how, left)
                return MeshPlan(mesh, wide, ns)
        return None

    @cached_property
    def _area(self) -> NDArray[np.float64]:
        return self.sample.area.astype(np.float64)

    @cached_property
    def _h_kpc(self) -> NDArray[np.float64]:
        return self.sample.h.astype(np.float64)

    @cached_property
    def _offset_kpc(self) -> NDArray[np.float64]:
        return np.stack([self.sample.x, self.sample.y, self.sample.z], axis=1).astype(np.float64)

    @cached_property
    def _radius_kpc(self) -> NDArray[np.float64]:
        result: NDArray[np.float64] = np.sqrt((self._offset_kpc**2).sum(axis=1))
        return result

    def _reach_kpc(self, scene: Scene) -> float:
        """Radius of a mesh: of all particles, unless a few are far off, and no farther than the patch allows."""
        of_sample_kpc = float(self._radius_kpc.max(initial=0.0))
        reach_kpc = 1.02 * of_sample_kpc if self.farthest_kpc > 1.5 * of_sample_kpc else 1.0001 * self.farthest_kpc
        return min(reach_kpc + 1e-3 * scene.sigma_kpc, safe_radius_kpc(scene.instrument, scene.pixel_kpc))

    def _mesh_ns(self, scene: Scene, mesh: Mesh, wide: tuple[SizeClass, ...], in_classes: int) -> float:
        points = mesh.points**3
        fixed = 2 * BLOCK_NS * points + SLICE_NS * len(scene.views)
        further = (min(8, self.count // 2**19 + 1) - 1) * BLOCK_NS * points
        fields = [len(of_size.coefficients) for of_size in wide]
        # as if all were in the class of most fields
        again = MESH_NS * max(fields, default=0) * in_classes * self.count / len(self.sample)
        return MESH_NS * self.count + fixed + further + sum(fields) * fixed + again


def _power_of_two(error: float) -> float:
    """At most this, so that the fits are found again."""
    return 2.0 ** math.floor(math.log2(error))


def _farthest(particles: Particles) -> float:
    """Largest distance from the centre, in blocks that stay in the cache."""
    largest = 0.0
    for first in range(0, len(particles), SAMPLE):
        x, y, z = (axis[first : first + SAMPLE] for axis in (particles.x, particles.y, particles.z))
        largest = max(largest, float((x * x + y * y + z * z).max()))
    return math.sqrt(largest)
