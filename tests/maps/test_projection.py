"""The exact projection against independent integrals."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from direct import column_quadrature, direct_map, pixel_shares, uniform_shares

from szfast import _core

KERNELS = ("cubic", "wendland_c2", "wendland_c4", "uniform")
FACE_ON = np.eye(3)[None]


def projected(x, y, h, area, n, kernel="cubic", *, views=FACE_ON, z=None, depth=np.inf, rtol=1e-7, threads=0):
    """Project particles at (x, y) [pixels from the lower corner] on n x n pixels of 1 kpc."""
    arrays = [
        np.ascontiguousarray(a, dtype=np.float32) for a in (x - n / 2, y - n / 2, 0 * x if z is None else z, h, area)
    ]
    return _core.deposit(
        *arrays,
        views=views,
        pixels=n,
        pixel_kpc=1.0,
        half_depth_kpc=depth,
        kernel=kernel,
        rtol=rtol,
        threads=threads,
    )


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("R", [0.0, 0.03, 0.49, 0.5, 0.51, 0.9, 0.999, 1.0, 1.5])
def test_column_density_is_the_line_of_sight_integral(kernel, R):
    truth = column_quadrature(kernel, R) if R < 1 else 0.0
    # closed form against quadrature: both are float64, the polynomial's terms cancel to about 1e-12
    assert _core.column_density(kernel, np.array([R]))[0] == pytest.approx(truth, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("h", [0.01, 0.05, 0.3, 0.5, 1.0, 2.7, 2.99, 3.01, 6.9, 8.0, 19.9, 31.9, 32.1, 40.0])
def test_one_particle_is_its_kernel_over_each_pixel(kernel, h):
    n = 96
    rng = np.random.default_rng(int(100 * h))
    for inside in [(0.0, 0.0), (0.5, 0.5), (1e-4, 0.9999), *rng.random((3, 2))]:
        # multiples of 2^-12 are exact in float32, so that both sides project the same particle
        x, y = np.round((n / 2 + np.array(inside)) * 4096) / 4096
        h = float(np.float32(h))
        truth = uniform_shares(x, y, h, n) if kernel == "uniform" else pixel_shares(kernel, x, y, h, n, step=0.025)
        for rtol in (1e-2, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-7):
            found, _ = projected(np.array([x]), np.array([y]), np.array([h]), np.ones(1), n, kernel, rtol=rtol)
            # what is asked, of the particle's own peak; tables and quadratures in float64 reach a few 1e-7
            assert np.abs(found[0] - truth).max() < max(rtol, 1e-6) * truth.max()


@pytest.mark.parametrize("kernel", KERNELS)
def test_thousand_particles_are_the_direct_sum(kernel):
    n, rng = 40, np.random.default_rng(7)
    # centres in and around the grid: many kernels are cut by its border
    x, y = (np.round(rng.uniform(-4, n + 4, (2, 1000)) * 4096) / 4096).astype(np.float64)
    h = np.exp(rng.uniform(np.log(0.05), np.log(12), 1000)).astype(np.float32).astype(np.float64)
    area = rng.exponential(size=1000).astype(np.float32).astype(np.float64)
    truth = direct_map(kernel, x, y, h, area, n, step=0.05)
    # the table, and the sums of products
    for rtol in (1e-7, 1e-5):
        found, _ = projected(x, y, h, area, n, kernel, rtol=rtol)
        assert np.abs(found[0] - truth).max() < 1e-5 * truth.max()


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_falls_inside_is_conserved(kernel):
    n, rng = 64, np.random.default_rng(8)
    h = np.exp(rng.uniform(np.log(1e-3), np.log(15), 20000))
    x, y = rng.uniform(16, 48, (2, 20000))
    area = rng.exponential(size=20000).astype(np.float32)
    total = area.sum(dtype=np.float64)
    # the sum over pixels telescopes: what is left is the rounding of a share, in float32 or in float64
    for rtol, rounding in ((1e-3, 2e-7), (1e-4, 2e-7), (1e-5, 2e-7), (1e-7, 1e-12)):
        found, loaded = projected(x, y, h, area, n, kernel, rtol=rtol)
        assert found.sum() == pytest.approx(total, rel=1e-12 if kernel == "uniform" else rounding)
        assert loaded[0] == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("n", [1, 5, 8, 9, 23])
def test_kernels_cut_by_the_border_keep_their_shares(kernel, n):
    rng = np.random.default_rng(n)
    for h in (0.015, 0.4, 1.7, 4.2, 9.0, 21.0, 40.0):
        # from outside to outside: cut on either side, on both, and not at all
        x, y = (np.round(rng.uniform(-h, n + h, (2, 40)) * 4096) / 4096).astype(np.float64)
        sizes = np.full(40, np.float32(h), dtype=np.float64)
        for rtol in (1e-7, 1e-5):
            wide, _ = projected(x + 64, y + 64, sizes, np.ones(40), n + 128, kernel, rtol=rtol)
            found, _ = projected(x, y, sizes, np.ones(40), n, kernel, rtol=rtol)
            # the same shares on a larger grid, up to the rounding of shares by different tables
            truth = wide[0][64 : 64 + n, 64 : 64 + n]
            np.testing.assert_allclose(found[0], truth, rtol=0, atol=1e-5 * min(1.0, 2 / h**2))


@pytest.mark.parametrize("kernel", KERNELS[:3])
def test_wide_kernels_are_conserved(kernel):
    # above 32 pixels the kernel is sampled, not integrated in closed form: the bound of the field's convention holds
    found, _ = projected(np.array([150.3]), np.array([149.8]), np.array([100.0]), np.ones(1), 300, kernel)
    assert found.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("rtol", [1e-2, 1e-3, 1e-5, 1e-7])
def test_particles_without_size_fall_into_their_pixel(rtol):
    found, _ = projected(np.array([3.5, 3.25]), np.array([1.5, 1.0]), np.zeros(2), np.array([1.0, 2.0]), 8, rtol=rtol)
    truth = np.zeros((8, 8))
    truth[1, 3] = 3.0
    np.testing.assert_array_equal(found[0], truth)


@pytest.mark.parametrize("rtol", [1e-3, 1e-7])
def test_depth_cuts_by_the_particles_centre(rtol):
    z = np.array([-3.0, 0.0, 2.9])
    x = np.full(3, 4.5)
    found, loaded = projected(x, x, np.full(3, 0.1), np.array([1.0, 2.0, 4.0]), 9, z=z, depth=2.95, rtol=rtol)
    assert found.sum() == pytest.approx(6.0)
    assert loaded[0] == pytest.approx(6.0)


def test_beta_model_has_its_analytic_map():
    # beta = 2/3: (1 + r^2/c^2)^-1 cut at radius s has the column 2 c^2/sqrt(c^2+R^2) atan(sqrt((s^2-R^2)/(c^2+R^2)))
    n, c, s, count = 64, 6.0, 30.0, 10**6
    rng = np.random.default_rng(11)
    mass = lambda r: c**2 * (r - c * np.arctan(r / c))  # noqa: E731
    radii = np.linspace(0, s, 20001)
    r = np.interp((np.arange(count) + rng.random(count)) / count * mass(s), mass(radii), radii)
    direction = rng.standard_normal((count, 3))
    position = direction / np.linalg.norm(direction, axis=1)[:, None] * r[:, None] + n / 2
    area = np.full(count, 4 * np.pi * mass(s) / count)
    h = 0.5 * np.ones(count)
    found, _ = projected(position[:, 0], position[:, 1], h, area, n)
    centers = np.arange(n) + 0.5 - n / 2
    R2 = centers[:, None] ** 2 + centers[None, :] ** 2
    truth = 2 * c**2 / np.sqrt(c**2 + R2) * np.arctan(np.sqrt(np.clip(s**2 - R2, 0, None) / (c**2 + R2)))
    inner = R2 < 20**2
    # Poisson noise of 200 to 1500 particles a pixel: compare with its chi^2, and the mean far below it
    expected = truth / area[0]
    chi = (found[0] - truth)[inner] / area[0] / np.sqrt(expected[inner])
    # the kernel of half a pixel correlates neighbours and lowers the variance below one
    assert 0.3 < np.mean(chi**2) < 1.1
    assert np.abs(found[0][inner].sum() / truth[inner].sum() - 1) < 3e-3


def _cloud(count, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(scale=5, size=(count, 3)), rng.uniform(0.2, 6, count), rng.exponential(size=count)


def test_rotating_view_and_particles_together_changes_nothing():
    from scipy.spatial.transform import Rotation

    position, h, area = _cloud(500)
    turn = Rotation.random(random_state=5).as_matrix()
    view = Rotation.random(random_state=6).as_matrix()
    n = 48
    results = []
    for points, matrix in ((position, view), (position @ turn.T, turn @ view)):
        x, y, z = points.T
        results.append(projected(x + n / 2, y + n / 2, h, area, n, z=z, views=matrix[None])[0][0])
    # positions enter in float32: 1e-7 of 20 pixels
    assert np.abs(results[0] - results[1]).max() < 1e-5 * results[0].max()


def test_a_quarter_turn_of_the_image_turns_the_map():
    position, h, area = _cloud(500)
    n = 48
    x, y, z = position.T
    quarter = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    straight = projected(x + n / 2, y + n / 2, h, area, n, z=z)[0][0]
    turned = projected(x + n / 2, y + n / 2, h, area, n, z=z, views=quarter[None])[0][0]
    # image x = old -y, image y = old x: map[j, i] of the turned view is map[n-1-i, j] of the straight one
    np.testing.assert_allclose(turned, np.rot90(straight, -1), atol=1e-6 * straight.max())


def test_moving_all_particles_by_pixels_moves_the_map():
    position, h, area = _cloud(500)
    n = 64
    x, y, z = np.round(position.T * 1024) / 1024
    first = projected(x + n / 2, y + n / 2, h, area, n, z=z)[0][0]
    moved = projected(x + n / 2 + 3, y + n / 2 - 2, h, area, n, z=z)[0][0]
    np.testing.assert_allclose(moved[:-2, 3:], first[2:, :-3], atol=1e-12 * first.max())


@pytest.mark.parametrize("rtol", [1e-4, 1e-7])
@pytest.mark.parametrize("views", [1, 27])
def test_the_same_bits_for_any_number_of_threads(views, rtol):
    from szfast.maps.sightlines import sightlines

    position, h, area = _cloud(60000)
    x, y, z = position.T
    matrices = np.ascontiguousarray(sightlines("hemisphere27")[:views])
    maps = [
        projected(x + 16, y + 16, h * 0.1, area, 32, z=z, views=matrices, rtol=rtol, threads=threads)[0]
        for threads in (1, 2, 3, 7)
    ]
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0], other)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"x": np.zeros(3)}, TypeError, "x: expected dtype float32, found float64"),
        ({"x": [0.0]}, TypeError, "x: expected a NumPy array"),
        ({"y": np.zeros(2, np.float32)}, ValueError, r"y: expected shape \(3\), found \(2\)"),
        ({"h": np.zeros((3, 2), np.float32)[:, 0]}, ValueError, "h: expected a C-contiguous array"),
        ({"h": np.array([1, -1, 1], np.float32)}, ValueError, "h: value 1 is negative"),
        ({"Y": np.array([1, np.nan, 1], np.float32)}, ValueError, "Y: value 1 is not finite"),
        ({"z": np.array([1, 1, np.inf], np.float32)}, ValueError, "z: value 2 is not finite"),
        ({"views": np.eye(3)}, ValueError, "views: expected shape"),
        ({"pixels": 0}, ValueError, "pixels: expected 1 to 16384"),
        ({"pixel_kpc": 0.0}, ValueError, "pixel_kpc"),
        ({"half_depth_kpc": -1.0}, ValueError, "half_depth_kpc"),
        ({"rtol": 0.0}, ValueError, "rtol: expected above 0"),
        ({"rtol": float("nan")}, ValueError, "rtol: expected above 0"),
        ({"kernel": "gauss"}, ValueError, "kernel: expected cubic"),
    ],
)
def test_bindings_refuse_what_does_not_fit(change, error, says):
    arguments = {name: np.ones(3, np.float32) for name in ("x", "y", "z", "h", "Y")}
    arguments |= {
        "views": FACE_ON,
        "pixels": 4,
        "pixel_kpc": 1.0,
        "half_depth_kpc": 9.0,
        "kernel": "cubic",
        "threads": 1,
    }
    with pytest.raises(error, match=says):
        _core.deposit(**(arguments | change))


def test_an_unknown_cpu_level_is_refused():
    program = "from szfast import _core; _core.cpu_level()"
    environment = os.environ | {"SZFAST_CPU_LEVEL": "avx9"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "SZFAST_CPU_LEVEL: expected baseline, v3 or v4, found 'avx9'" in run.stderr


def test_no_particles_make_empty_maps():
    none = np.empty(0)
    found, loaded = projected(none, none, none, none, 4)
    assert found.shape == (1, 4, 4)
    assert not found.any()
    assert loaded[0] == 0
