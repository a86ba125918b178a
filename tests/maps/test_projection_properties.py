"""What holds of the exact projection whatever the particles."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from szfast import _core
from szfast.maps.sightlines import sightlines

KERNELS = ("cubic", "wendland_c2", "wendland_c4")
VIEWS = np.ascontiguousarray(sightlines("hemisphere27")[:6])


def deposit(position, h, area, n, kernel, rtol, *, depth=np.inf, threads=1):
    return _core.deposit(
        *(np.ascontiguousarray(column, dtype=np.float32) for column in (*position.T, h, area)),
        views=VIEWS,
        pixels=n,
        pixel_kpc=1.0,
        half_depth_kpc=depth,
        kernel=kernel,
        rtol=rtol,
        threads=threads,
    )


@st.composite
def particle_sets(draw):
    """One particle to hundreds, in one pixel or all over the field and beyond, from points to the field's size."""
    n = draw(st.integers(1, 40))
    count = draw(st.sampled_from([1, 2, 17, 300]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([0.0, 0.3, 0.5 * n, 2.0 * n]))
    position = draw(st.floats(-0.6 * n, 0.6 * n)) + rng.uniform(-spread, spread, (count, 3))
    if draw(st.booleans()):
        position = np.round(position)  # on edges and corners of pixels
    smallest, largest = sorted(draw(st.tuples(*[st.sampled_from([0.0, 1e-6, 0.02, 0.3, 2.9, 7.0, 1.0 * n])] * 2)))
    h = rng.uniform(smallest, largest, count)
    area = 10.0 ** rng.uniform(-draw(st.sampled_from([0, 3, 9])), 0, count)
    return n, position.astype(np.float32), h.astype(np.float32), area.astype(np.float32)


@given(particle_sets(), st.sampled_from(KERNELS), st.sampled_from([1e-2, 1e-3, 1e-4, 1e-5]))
@settings(max_examples=150, deadline=None)
def test_any_particles_keep_the_promised_error(particles, kernel, rtol):
    n, position, h, area = particles
    found, loaded = deposit(position, h, area, n, kernel, rtol)
    truth, _ = deposit(position, h, area, n, kernel, 1e-7)
    assert np.isfinite(found).all()
    # each particle's peak is below twice Y / h^2 pixels, and below Y; 1e-6 is what floats and tables leave
    peak = area * np.minimum(1.0, 2.7 / np.maximum(h, 1e-9) ** 2)
    assert np.abs(found - truth).max() <= max(rtol, 2e-6) * peak.sum(dtype=np.float64)
    np.testing.assert_allclose(loaded, area.sum(dtype=np.float64), rtol=1e-12)


@given(particle_sets(), st.sampled_from(KERNELS), st.sampled_from([1e-2, 1e-3, 1e-5, 1e-7]))
@settings(max_examples=100, deadline=None)
def test_any_particles_are_conserved(particles, kernel, rtol):
    _, position, h, area = particles
    wide = 2 * int(np.ceil(1.8 * (np.abs(position).max() + h.max()))) + 4
    if wide > 600 or (rtol < 1e-5 and h.max() > 30):
        wide, h = 400, np.minimum(h, 20.0)
        position = np.clip(position, -90, 90)
    found, _ = deposit(position, h, area, wide, kernel, rtol)
    np.testing.assert_allclose(found.sum(axis=(1, 2)), area.sum(dtype=np.float64), rtol=5e-7)


@given(particle_sets(), st.floats(0.1, 20.0), st.sampled_from([2, 5]))
@settings(max_examples=50, deadline=None)
def test_threads_change_no_bit_at_any_depth(particles, depth, threads):
    n, position, h, area = particles
    one = deposit(position, h, area, n, "cubic", 1e-3, depth=depth)
    many = deposit(position, h, area, n, "cubic", 1e-3, depth=depth, threads=threads)
    np.testing.assert_array_equal(one[0], many[0])
    np.testing.assert_array_equal(one[1], many[1])
    along = position.astype(np.float64) @ VIEWS[:, :, 2].T
    expected = (area.astype(np.float64)[:, None] * (np.abs(along) <= depth)).sum(axis=0)
    np.testing.assert_allclose(one[1], expected, rtol=1e-9, atol=1e-30)


@given(st.floats(1.0, 100.0), st.sampled_from(KERNELS), st.sampled_from([1e-2, 1e-3, 1e-5]))
@settings(max_examples=30, deadline=None)
def test_kernels_as_wide_as_the_field_and_wider(times, kernel, rtol):
    n = 24
    found, _ = deposit(np.array([[0.2, -0.4, 3.0]]), np.array([times * n]), np.ones(1), n, kernel, rtol)
    truth, _ = deposit(np.array([[0.2, -0.4, 3.0]]), np.array([times * n]), np.ones(1), n, kernel, 1e-7)
    assert np.isfinite(found).all()
    assert np.abs(found - truth).max() <= max(rtol, 2e-6) * 2.7 / (times * n) ** 2
