"""The exact projection against what else projects particles, in one interleaved run on one thread.

``python benchmarks/projection_peers.py cluster_1e5.npz [cluster_1e6.npz]`` (see test_cluster.py). A peer
that is not installed, or does not run, is listed with the reason. Each gets positions in double precision and rotates
them itself; its cost is CPU time by particle and view. Errors are against szfast's own projection, which its tests
compare with direct sums in double precision: shares of the map's peak, by pixel and after a 10 arcmin beam at z = 0.2.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from results import Table, machine, write_part
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float64]

INTRODUCTION = """\
One interleaved run on one thread; CPU time by particle and view, with the rotation. Errors: largest difference as a
share of the peak, behind a 10 arcmin beam at z = 0.2 and by pixel, and the sum of differences over the sum (L1),
against szfast's exact projection of single views (rtol 1e-7); its own are against direct sums in double precision, of
60 particles.
swiftsimio has a Wendland kernel where the truth has a cubic spline.
"""

PIXELS, FIELD_MPC = 128, 8.0
PIXEL_MPC = FIELD_MPC / PIXELS
BEAM_SIGMA_MPC = 0.841  # 10 arcmin FWHM at z = 0.2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Cluster:
    """Particles in Mpc, and views as rotation matrices whose rows are the image's axes and the line of sight."""

    pos: Array
    hsml: Array
    y: Array
    views: Array

    def seen(self, view: Array) -> Array:
        """Positions along the image's axes and the line of sight."""
        return self.pos @ view.T


Project = Callable[[Cluster, Array], Array]  # one view: (row along y, column along x) share of Y in each pixel


def szfast_exact() -> Project:
    from szfast import _core

    def project(cluster: Cluster, view: Array) -> Array:
        x, y, z = (np.ascontiguousarray(axis, np.float32) for axis in cluster.pos.T)
        maps, _ = _core.deposit(
            x,
            y,
            z,
            cluster.hsml.astype(np.float32),
            cluster.y.astype(np.float32),
            views=np.ascontiguousarray(view.T)[None],
            pixels=PIXELS,
            pixel_kpc=PIXEL_MPC,
            half_depth_kpc=1e9,
            kernel="cubic",
            threads=1,
        )
        return np.asarray(maps[0])

    return project


def szfast_views(rtol: float) -> Project:
    """All views in one call, as szfast is used; of each, the image that the call made."""
    from szfast import _core

    made: dict[int, Array] = {}

    def project(cluster: Cluster, view: Array) -> Array:
        number = next(k for k, each in enumerate(cluster.views) if each is view or np.array_equal(each, view))
        if number == 0 or number not in made:
            x, y, z = (np.ascontiguousarray(axis, np.float32) for axis in cluster.pos.T)
            maps, _ = _core.deposit(
                x,
                y,
                z,
                cluster.hsml.astype(np.float32),
                cluster.y.astype(np.float32),
                views=np.ascontiguousarray(cluster.views.transpose(0, 2, 1)),
                pixels=PIXELS,
                pixel_kpc=PIXEL_MPC,
                half_depth_kpc=1e9,
                kernel="cubic",
                rtol=rtol,
                threads=1,
            )
            made.update(enumerate(maps))
        return made[number]

    return project


def own_error(cluster: Cluster, count: int = 60) -> dict[str, float]:
    """Szfast's own errors against direct sums in double precision, for some of the particles."""
    import astropy.units as u
    from astropy.cosmology import Planck18

    import szfast
    from szfast.maps.reference import project_directly

    some = np.random.default_rng(1).choice(len(cluster.y), count, replace=False)
    gas = szfast.Gas.from_arrays(
        position=cluster.pos[some] * 1e3 * u.kpc,
        mass=cluster.y[some] / cluster.y[some].max() * 1e9 * u.Msun,
        temperature=np.full(count, 5.0) * u.keV,
        smoothing_length=cluster.hsml[some] * 1e3 * u.kpc,
        redshift=0.2,
        cosmology=Planck18,
    )
    few = Cluster(gas.offset_kpc / 1e3, gas.smoothing_length_kpc / 1e3, gas.compton_y_kpc2(), cluster.views)
    grid = {"pixels": PIXELS, "pixel_kpc": 1e3 * PIXEL_MPC}
    coarse, fine = (project_directly(gas, few.views[1].T, **grid, points=points) for points in (16, 32))
    # the error of midpoints falls with the square of their distance: Richardson's step takes its first term away
    return errors(szfast_exact()(few, few.views[1]), (4 * fine - coarse) / 3)


def sphviewer2() -> Project:
    import sphviewer2

    def project(cluster: Cluster, view: Array) -> Array:
        seen = cluster.seen(view)
        camera = sphviewer2.Camera(4 * FIELD_MPC, extent=FIELD_MPC, xc=0.0, yc=0.0, zc=0.0, periodic=False, r_max=7)
        projector = sphviewer2.Projector(camera)
        projector.project(sphviewer2.Particles(*seen.T, cluster.hsml, cluster.y), num_threads=1)
        return np.asarray(projector.collapse()) * PIXEL_MPC**2

    return project


def swiftsimio(backend: str) -> Project:
    from swiftsimio.visualisation.projection_backends import backends
    from swiftsimio.visualisation.projection_backends.kernels import kernel_gamma

    scatter = backends[backend]

    def project(cluster: Cluster, view: Array) -> Array:
        seen = cluster.seen(view)[:, :2] / FIELD_MPC + 0.5
        h = (cluster.hsml / FIELD_MPC / kernel_gamma).astype(np.float32)
        image = scatter(x=seen[:, 0].copy(), y=seen[:, 1].copy(), m=cluster.y.astype(np.float32), h=h, res=PIXELS)
        return np.asarray(image, np.float64).T / PIXELS**2

    return project


def pynbody() -> Project:
    import pynbody

    made: dict[int, object] = {}

    def project(cluster: Cluster, view: Array) -> Array:
        key = len(cluster.y)
        if key not in made:
            snapshot = pynbody.new(gas=key)
            # Y over a unit volume: its column density is Y by area
            for name, values, unit in (
                ("smooth", cluster.hsml / 2, "Mpc"),
                ("rho", np.ones(key), "Msol Mpc**-3"),
                ("mass", np.ones(key), "Msol"),
                ("Y", cluster.y, "Msol Mpc**-3"),
            ):
                snapshot[name] = pynbody.array.SimArray(values, unit)
            made[key] = snapshot
        snapshot = made[key]
        snapshot["pos"] = pynbody.array.SimArray(cluster.seen(view), "Mpc")
        render = pynbody.sph.renderers.make_render_pipeline(
            snapshot, quantity="Y", width=FIELD_MPC, resolution=PIXELS, out_units="Msol Mpc**-2", threaded=False
        )
        return np.asarray(render.render(), np.float64) * PIXEL_MPC**2

    return project


def yt_kernel() -> Project:
    from yt.utilities.lib.pixelization_routines import pixelize_sph_kernel_projection

    def project(cluster: Cluster, view: Array) -> Array:
        seen = cluster.seen(view)
        buffer, mask = np.zeros((PIXELS, PIXELS)), np.zeros((PIXELS, PIXELS), np.uint8)
        ones, half = np.ones(len(cluster.y)), FIELD_MPC / 2
        axes = [np.ascontiguousarray(axis) for axis in seen.T]
        bounds = [-half, half, -half, half, -1e3, 1e3]
        pixelize_sph_kernel_projection(
            buffer, mask, *axes, cluster.hsml, ones, ones, cluster.y, bounds, _check_period=np.zeros(3, int)
        )
        return buffer.T * PIXEL_MPC**2

    return project


def yt_off_axis() -> Project:
    from yt.utilities.lib.pixelization_routines import off_axis_projection_SPH

    def project(cluster: Cluster, view: Array) -> Array:
        buffer, mask = np.zeros((PIXELS, PIXELS)), np.zeros((PIXELS, PIXELS), np.uint8)
        ones = np.ones(len(cluster.y))
        axes = [np.ascontiguousarray(axis) for axis in cluster.pos.T]
        off_axis_projection_SPH(
            *axes,
            ones,
            ones,
            cluster.hsml,
            np.array([-1e3, 1e3] * 3),
            np.zeros(3),
            np.array([FIELD_MPC, FIELD_MPC, 1e3]),
            np.zeros(3, bool),
            cluster.y,
            buffer,
            mask,
            view[2].copy(),
            view[1].copy(),
            depth=1e3,
        )
        return buffer.T * PIXEL_MPC**2

    return project


def meshoid() -> Project:
    from meshoid.grid_deposition import GridSurfaceDensity

    def project(cluster: Cluster, view: Array) -> Array:
        # its grid spans from the first pixel's centre to the last one's
        size = FIELD_MPC - PIXEL_MPC
        image = GridSurfaceDensity(
            cluster.y, cluster.seen(view), cluster.hsml, np.zeros(3), size, res=PIXELS, parallel=False
        )
        return np.asarray(image).T * PIXEL_MPC**2

    return project


def ducc0_nufft() -> Project:
    from ducc0.nufft import nu2u

    def project(cluster: Cluster, view: Array) -> Array:
        # the field twice over, so that what lies around it does not fold into it
        at = cluster.seen(view)[:, 1::-1] / (2 * FIELD_MPC) * 2 * np.pi
        modes = np.zeros((2 * PIXELS, 2 * PIXELS), np.complex64)
        nu2u(
            points=cluster.y.astype(np.complex64),
            coord=at.astype(np.float32),
            forward=True,
            epsilon=1e-4,
            out=modes,
            fft_order=True,
        )
        k = np.fft.fftfreq(2 * PIXELS)
        # mean over a pixel; pixel centres lie half a pixel off the origin
        pixel = np.sinc(k) * np.exp(2j * np.pi * k * 0.5)
        image = np.fft.ifft2(modes * pixel[:, None] * pixel[None, :]).real
        middle = np.arange(-PIXELS // 2, PIXELS // 2)
        return image[np.ix_(middle, middle)]

    return project


def numpy_histogram() -> Project:
    def project(cluster: Cluster, view: Array) -> Array:
        x, y, _ = cluster.seen(view).T
        edge = FIELD_MPC / 2
        return np.histogram2d(y, x, bins=PIXELS, range=[[-edge, edge]] * 2, weights=cluster.y)[0]

    return project


def fast_histogram() -> Project:
    from fast_histogram import histogram2d

    def project(cluster: Cluster, view: Array) -> Array:
        x, y, _ = cluster.seen(view).T
        edge = FIELD_MPC / 2
        return histogram2d(y, x, bins=PIXELS, range=[[-edge, edge]] * 2, weights=cluster.y)

    return project


def numba_cic() -> Project:
    import numba

    @numba.njit(fastmath=True)  # type: ignore[untyped-decorator]
    def cloud_in_cell(pos: Array, weight: Array, view: Array, pixel: float, image: Array) -> None:
        n = image.shape[0]
        for i in range(len(weight)):
            x = (view[0, 0] * pos[i, 0] + view[0, 1] * pos[i, 1] + view[0, 2] * pos[i, 2]) / pixel + 0.5 * n - 0.5
            y = (view[1, 0] * pos[i, 0] + view[1, 1] * pos[i, 1] + view[1, 2] * pos[i, 2]) / pixel + 0.5 * n - 0.5
            column, row = int(np.floor(x)), int(np.floor(y))
            if column < 0 or row < 0 or column >= n - 1 or row >= n - 1:
                continue
            dx, dy = x - column, y - row
            image[row, column] += weight[i] * (1 - dx) * (1 - dy)
            image[row, column + 1] += weight[i] * dx * (1 - dy)
            image[row + 1, column] += weight[i] * (1 - dx) * dy
            image[row + 1, column + 1] += weight[i] * dx * dy

    def project(cluster: Cluster, view: Array) -> Array:
        image = np.zeros((PIXELS, PIXELS))
        cloud_in_cell(cluster.pos, cluster.y, view, PIXEL_MPC, image)
        return image

    return project


def pymsz() -> Project:
    raise NotImplementedError("not to be had: it is not on PyPI")


@dataclass(frozen=True)
class Peer:
    """A peer, the package whose version is told, and the most particles and views it is given."""

    make: Callable[[], Project]
    package: str
    most_particles: int = 10**6
    views: int = 3
    views_at_once: int = 1


PEERS = {
    "szfast exact, a view a call": Peer(szfast_exact, "szfast"),
    "szfast exact, 27 views a call, rtol 1e-5": Peer(lambda: szfast_views(1e-5), "szfast", views=1, views_at_once=27),
    "szfast exact, 27 views a call, rtol 1e-3": Peer(lambda: szfast_views(1e-3), "szfast", views=1, views_at_once=27),
    "szfast exact, 27 views a call, rtol 1e-2": Peer(lambda: szfast_views(1e-2), "szfast", views=1, views_at_once=27),
    "py-sphviewer2": Peer(sphviewer2, "py-sphviewer2"),
    "swiftsimio fast": Peer(lambda: swiftsimio("fast"), "swiftsimio"),
    "swiftsimio nested": Peer(lambda: swiftsimio("nested"), "swiftsimio"),
    "swiftsimio subsampled": Peer(lambda: swiftsimio("subsampled"), "swiftsimio", 10**5, 1),
    "pynbody": Peer(pynbody, "pynbody"),
    "yt kernel": Peer(yt_kernel, "yt", views=1),
    "yt off-axis": Peer(yt_off_axis, "yt", 10**5, 1),
    "meshoid": Peer(meshoid, "meshoid"),
    "ducc0 NUFFT (points)": Peer(ducc0_nufft, "ducc0"),
    "numpy.histogram2d": Peer(numpy_histogram, "numpy"),
    "fast_histogram": Peer(fast_histogram, "fast-histogram"),
    "numba CIC": Peer(numba_cic, "numba"),
    "PyMSZ": Peer(pymsz, "pymsz"),
}


def load(path: Path) -> Cluster:
    file = np.load(path)
    return Cluster(
        *(np.ascontiguousarray(file[name], np.float64) for name in ("pos", "hsml")), y=file["w"], views=file["R"]
    )


def beamed(image: Array) -> Array:
    return gaussian_filter(image, BEAM_SIGMA_MPC / PIXEL_MPC, mode="constant", truncate=6.0)


def errors(image: Array, truth: Array) -> dict[str, float]:
    """Largest differences by pixel and behind the beam, as shares of the peak, and the sum of all over the sum."""
    behind, expected = beamed(image), beamed(truth)
    return {
        "pixel_error": float(np.abs(image - truth).max() / truth.max()),
        "l1": float(np.abs(image - truth).sum() / truth.sum()),
        "beam_error": float(np.abs(behind - expected).max() / expected.max()),
    }


def compare(path: Path, rounds: int) -> list[dict[str, object]]:
    cluster = load(path)
    count = len(cluster.y)
    truth = {k: szfast_exact()(cluster, cluster.views[k]) for k in range(3)}
    rows: dict[str, dict[str, object]] = {}
    ready: dict[str, Project] = {}
    for name, peer in PEERS.items():
        rows[name] = {"peer": name, "particles": count}
        if count > peer.most_particles:
            rows[name]["reason"] = f"slow: {peer.most_particles} particles at most"
            continue
        try:
            project = peer.make()
            rows[name]["version"] = version(peer.package)
            images = {k: project(cluster, cluster.views[k]) for k in range(peer.views)}  # compiles, too
        except Exception as error:  # whatever stops a peer is what is listed
            rows[name]["reason"] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            continue
        ready[name] = project
        of_views = [errors(image, truth[k]) for k, image in images.items()]
        rows[name] |= {kind: max(each[kind] for each in of_views) for kind in of_views[0]}
    rows["szfast exact, a view a call"] |= own_error(cluster)
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    for _ in range(rounds):
        for name, project in ready.items():
            for k in range(PEERS[name].views):
                start = time.process_time()
                project(cluster, cluster.views[k])
                seconds[name].append((time.process_time() - start) / PEERS[name].views_at_once)
    for name, times in seconds.items():
        rows[name]["ns"] = statistics.median(times) / count * 1e9
    return list(rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clusters", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and results.json")
    options = parser.parse_args()
    absent = [name for name in THREAD_VARIABLES if os.environ.get(name) != "1"]
    if absent:
        parser.error(f"one thread for everybody: set {' '.join(f'{name}=1' for name in absent)}")
    about = machine() | {"command": f"python benchmarks/projection_peers.py, {options.rounds} rounds, one thread"}
    rows = [row for path in options.clusters for row in compare(path, options.rounds)]
    cells = []
    for row in rows:
        head = [f"{row['peer']} {row.get('version', '')}".strip(), f"{row['particles']}"]
        if "reason" in row:
            cells.append([*head, str(row["reason"]), "", "", ""])
        else:
            cells.append(
                [*head, f"{row['ns']:.0f}", *(f"{row[name]:.1e}" for name in ("beam_error", "pixel_error", "l1"))]
            )
    columns = ("peer", "particles", "CPU ns per particle and view", "beam error", "pixel error", "L1")
    table = Table("128 x 128 pixels over 8 Mpc", columns, cells)
    write_part(options.out, "projection_peers", INTRODUCTION, about, [table], rows)


if __name__ == "__main__":
    main()
