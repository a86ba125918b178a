"""The beam method against the direct sum over particles of their images behind the beam, mode by mode, in float64."""

from __future__ import annotations

import logging

import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import FlatLambdaCDM
from direct import kernel_density
from hypothesis import given, settings
from hypothesis import strategies as st

import szfast
from szfast.errors import ArgumentError
from szfast.maps.beam_projection import CELLS, pixel_error
from szfast.maps.mesh_design import kernel_transform, spreading, window_shape
from szfast.maps.method_choice import Trial
from szfast.maps.projection import project
from szfast.maps.sightlines import hemisphere

COSMOLOGY = FlatLambdaCDM(67.77, 0.307115)
KERNELS = ("cubic", "wendland_c2", "wendland_c4", "uniform")


def transform_by_quadrature(kernel: str, q: np.ndarray) -> np.ndarray:
    x, w = np.polynomial.legendre.leggauss(60)
    r, weight = np.concatenate([(x + 1) / 4, (x + 3) / 4]), np.concatenate([w, w]) / 4
    profile = 4 * np.pi * weight * r**2 * kernel_density(kernel, r)
    return np.sinc(q[..., None] * r / np.pi) @ profile


def seen_directly(gas, view, pixel_kpc, instrument=szfast.PLANCK) -> np.ndarray:
    """Mean over each pixel of the sky behind the beam: every particle's modes, summed."""
    n, size = 2 * instrument.padded_size, instrument.size  # a wider patch, of which no image comes back
    sigma_kpc = instrument.beam_sigma_arcmin / instrument.pixel_arcmin * pixel_kpc
    k = 2 * np.pi * np.fft.fftfreq(n, pixel_kpc)
    keep = np.abs(k) * sigma_kpc < 6
    k = k[keep]
    magnitude = np.hypot(k[:, None], k[None, :])
    bins = np.linspace(0, magnitude.max() * 1.0001, 6000)  # straight between them: 1e-7 of the largest kernel's
    modes = np.zeros((len(k), len(k)), dtype=complex)
    along_x, along_y = (gas.offset_kpc @ view[:, axis] for axis in (0, 1))
    area, h = gas.compton_y_kpc2(), gas.smoothing_length_kpc.astype(float)
    for size_kpc in np.unique(h):
        of_size = h == size_kpc
        shape = np.interp(magnitude, bins, transform_by_quadrature(gas.kernel, bins * size_kpc))
        waves_x = np.exp(-1j * np.outer(k, along_x[of_size]))
        waves_y = np.exp(-1j * np.outer(k, along_y[of_size])) * area[of_size]
        modes += shape * (waves_y @ waves_x.T)
    pixel = np.sinc(k * pixel_kpc / (2 * np.pi))
    modes *= np.exp(-0.5 * (magnitude * sigma_kpc) ** 2) * pixel[:, None] * pixel[None, :]
    at = (np.arange(size) - (size - 1) / 2) * pixel_kpc
    back = np.exp(1j * np.outer(at, k))
    return (back @ modes @ back.T).real / (n * pixel_kpc) ** 2


def gas_of(position_kpc, h_kpc, area, redshift=0.2, kernel="cubic"):
    # a few smoothing lengths only: the direct sum goes by them
    gas = szfast.Gas.from_arrays(
        position=np.asarray(position_kpc, dtype=float) * u.kpc,
        mass=np.asarray(area, dtype=float) * 1e10 * u.Msun,
        temperature=np.full(len(position_kpc), 4.0) * u.keV,
        smoothing_length=np.ones(len(position_kpc)) * u.kpc,
        redshift=redshift,
        cosmology=COSMOLOGY,
        kernel=kernel,
    )
    # points, which arrays may not hold, are the limit that a bound has to stand
    gas.smoothing_length_kpc = np.asarray(h_kpc, dtype=np.float32)
    return gas


def cluster(count=4000, seed=2, scale_kpc=900.0, h_kpc=(40, 120, 400), **options):
    rng = np.random.default_rng(seed)
    position = rng.normal(size=(count, 3)) * scale_kpc * rng.uniform(0.1, 1, (count, 1))
    h = rng.choice(h_kpc, count)
    # dense gas is hot: most of the pressure is in small kernels
    return gas_of(position, h, rng.uniform(0.1, 1, count) * 40 / h, **options)


VIEWS = hemisphere(27)[[0, 5]]


def error_of(maps, gas, views=(0, 1)) -> float:
    worst = 0.0
    for view in views:
        truth = seen_directly(gas, maps.views[view], maps.pixel_kpc)
        worst = max(worst, np.abs(maps.y[view] - truth).max() / truth.max())
    return worst


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_cluster_is_its_direct_sum(kernel):
    gas = cluster(kernel=kernel)
    # the uniform sphere's gas is farther out
    rtol = 3e-3 if kernel == "uniform" else 1e-3
    maps = szfast.make_maps(gas, method="beam", noise=None, rtol=rtol, sightlines=VIEWS)
    assert maps.method == "beam"
    assert maps.bound <= rtol
    # positions are random in their cells: errors cancel, ten times at least
    assert error_of(maps, gas) < min(maps.bound, 1e-4)


@pytest.mark.parametrize("redshift", [0.05, 0.15, 0.3, 0.6])
def test_at_any_redshift(redshift):
    gas = cluster(redshift=redshift, h_kpc=(20, 60, 120))
    for method in ("beam", "exact"):
        maps = szfast.make_maps(gas, method=method, noise=None, sightlines=VIEWS)
        # nearby, no mesh is fine enough, and the exact method takes over
        assert maps.method == method or redshift == 0.05
        assert error_of(maps, gas) < min(maps.bound, 2e-4)


@pytest.mark.parametrize("method", ["auto", "beam", "exact"])
@pytest.mark.parametrize("rtol", [1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5])
def test_the_asked_error_is_kept(rtol, method):
    gas = cluster(h_kpc=(10, 60, 100, 1500))
    maps = szfast.make_maps(gas, method=method, rtol=rtol, noise=None, sightlines=VIEWS)
    assert error_of(maps, gas) <= maps.bound <= rtol
    assert maps.method == "exact" or rtol >= 1e-4


def test_coarser_meshes_are_used_for_larger_errors():
    gas = cluster()
    fine, coarse = (szfast.make_maps(gas, method="beam", rtol=r, noise=None, sightlines=VIEWS) for r in (1e-3, 2e-2))
    assert fine.method == coarse.method == "beam"
    assert coarse.bound > 1.5 * fine.bound
    assert error_of(coarse, gas) > error_of(fine, gas)


# up to the field's size at the second of the redshifts below
sizes = st.sampled_from([0.0, 0.5, 30.0, 200.0, 700.0, 1500.0, 6000.0, 33000.0])
places = st.floats(-1.0, 1.0).map(lambda v: 9000.0 * v**3)
particle = st.tuples(places, places, places, sizes, st.floats(0.01, 1.0))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(particle, min_size=1, max_size=12),
    st.sampled_from(KERNELS),
    st.sampled_from([0.1, 0.2, 0.5]),
    st.sampled_from([5e-2, 1e-3, 1e-5]),
    st.sampled_from(["auto", "exact", "beam"]),
)
def test_the_bound_holds_for_any_particles(particles, kernel, redshift, rtol, method):
    *position, h, area = np.array(particles).T
    gas = gas_of(np.transpose(position), h, area, kernel=kernel, redshift=redshift)
    maps = szfast.make_maps(gas, method=method, rtol=rtol, noise=None, sightlines=VIEWS)
    # the truth is itself good to 3e-7 of all gas in one point; the bound may stay above what was asked for only where
    # such a point would outshine what is seen by far, since maps are kept in float32
    truth_error, concentration = truth_limits(maps, gas)
    assert error_of(maps, gas) <= maps.bound + truth_error
    # pixels still move a wide sphere with a hard edge
    hard = kernel == "uniform" and h.max() > 5000
    assert maps.bound <= rtol or hard or concentration * 5e-7 > 0.5 * rtol


def truth_limits(maps, gas) -> tuple[float, float]:
    instrument = maps.instrument
    sigma_kpc = instrument.beam_sigma_arcmin / instrument.pixel_arcmin * maps.pixel_kpc
    point = gas.compton_y_kpc2().sum() / (2 * np.pi * sigma_kpc**2)
    concentration = point / maps.y.max(axis=(1, 2)).min()
    return 3e-7 * concentration, concentration


@pytest.mark.parametrize("place", [0.0, 13.0, -87.0, 211.0, 500.0, 3000.0])
def test_one_particle_keeps_the_bound_wherever_it_is_in_its_cell(place):
    gas = gas_of([[place, 0.7 * place, -1.3 * place]], [20.0], [1.0])
    maps = szfast.make_maps(gas, method="beam", noise=None)
    assert maps.method == "beam"
    assert error_of(maps, gas) <= maps.bound <= 1e-3


@pytest.mark.parametrize(("method", "rtol"), [("beam", 1e-3), ("exact", 1e-3), ("exact", 1e-5)])
@pytest.mark.parametrize("h_kpc", [0.0, 1.0])
def test_all_in_one_place(method, rtol, h_kpc):
    gas = gas_of(np.full((5000, 3), 123.4), np.full(5000, h_kpc), np.ones(5000))
    maps = szfast.make_maps(gas, method=method, noise=None, rtol=rtol, sightlines=VIEWS)
    assert error_of(maps, gas) <= maps.bound <= rtol


def test_a_depth_leaves_out_what_is_beyond_it():
    gas = cluster(400)
    maps = szfast.make_maps(gas, depth=1 * u.Mpc, noise=None, rtol=1e-5)
    view = maps.views[5]
    near = np.abs(gas.offset_kpc @ view[:, 2]) <= 500
    inside = gas_of(gas.offset_kpc[near], gas.smoothing_length_kpc[near], gas.mass_msun[near] / 1e10)
    truth = seen_directly(inside, view, maps.pixel_kpc)
    assert np.abs(maps.y[5] - truth).max() <= maps.bound * truth.max()
    np.testing.assert_allclose(maps.conserved.loaded_kpc2[5], inside.compton_y_kpc2().sum(), rtol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("h_kpc", [(400, 500), (150, 1500), (2900,), (200, 3000, 4200)])
def test_wide_kernels_go_through_the_mesh(kernel, h_kpc, monkeypatch):
    gas = cluster(2000, h_kpc=h_kpc, kernel=kernel)
    # dear, and not to be had
    monkeypatch.setattr(Trial, "exact_ns", lambda *arguments: 1e15 * len(arguments[-1]))
    monkeypatch.setattr("szfast.maps.method._images", None)
    maps = szfast.make_maps(gas, method="beam", noise=None, rtol=3e-3, sightlines=VIEWS)
    assert maps.method == "beam"
    # random places in a cell: errors cancel, five times at least
    assert error_of(maps, gas) < min(maps.bound, 6e-4)
    np.testing.assert_allclose(maps.conserved.loaded_kpc2, gas.compton_y_kpc2().sum(), rtol=1e-6)


def test_particles_that_no_mesh_takes_are_mapped_exactly():
    few = gas_of([[30000.0, 0, 0], [0, 29000.0, 100], [800, -900, 0], [0, 0, 0]], [50, 50, 6000, 3000], [1, 1, 30, 30])
    core = cluster()
    gas = gas_of(
        np.concatenate([core.offset_kpc, few.offset_kpc]),
        np.concatenate([core.smoothing_length_kpc, few.smoothing_length_kpc]),
        np.concatenate([core.mass_msun, few.mass_msun]) / 1e10,
    )
    maps = szfast.make_maps(gas, method="beam", noise=None)
    assert maps.method == "beam"
    assert error_of(maps, gas, views=(0, 3, 7)) <= maps.bound <= 1e-3


def test_same_bits_for_any_number_of_threads():
    gas = cluster(1_200_000, scale_kpc=600.0)
    first, *others = (szfast.make_maps(gas, method="beam", threads=threads, seed=3) for threads in (1, 2, 5))
    assert first.method == "beam"
    for other in others:
        np.testing.assert_array_equal(first.y, other.y)


def test_noise_is_that_of_the_exact_method():
    gas = cluster()
    noise = [
        szfast.make_maps(gas, method=method, seed=8).y - szfast.make_maps(gas, method=method, noise=None).y
        for method in ("beam", "exact")
    ]
    # rounding of the maps to float32
    np.testing.assert_allclose(noise[0], noise[1], atol=4e-7 * np.abs(szfast.make_maps(gas).y).max() + 1e-11)


def test_what_is_conserved_is_told():
    gas = cluster()
    seen, exact = (szfast.make_maps(gas, method=method, noise=None).conserved for method in ("beam", "exact"))
    np.testing.assert_allclose(seen.loaded_kpc2, exact.loaded_kpc2, rtol=1e-5)
    np.testing.assert_allclose(seen.patch_kpc2, exact.patch_kpc2, rtol=1e-5)
    np.testing.assert_allclose(seen.field_kpc2, exact.field_kpc2, rtol=1e-3)


def test_auto_takes_the_cheaper_and_says_why(caplog):
    with caplog.at_level(logging.INFO, logger="szfast.maps"):
        # kernels as wide as the patch: nothing is left for a mesh to save
        assert szfast.make_maps(cluster(2000, h_kpc=(30000,)), rtol=1e-2).method == "exact"
        assert "cheaper" in caplog.text
        many = szfast.make_maps(cluster(60000))
    assert many.method == "beam"
    assert f"error at most {many.bound:.1e}" in caplog.text
    assert szfast.make_maps(cluster(6000), rtol=1e-6).method == "exact"


def test_where_there_is_no_beam_method():
    sharp = szfast.Instrument("sharp", 1 * u.arcmin, 64, 1 * u.arcmin)
    gas = cluster(500)
    assert szfast.make_maps(gas, depth=1 * u.Mpc).method == "exact"
    assert szfast.make_maps(gas, instrument=sharp).method == "exact"
    for options, says in (({"depth": 1 * u.Mpc}, "depth"), ({"instrument": sharp}, "Nyquist")):
        with pytest.raises(ArgumentError, match=says):
            szfast.make_maps(gas, method="beam", **options)


@pytest.mark.parametrize("rtol", [0.0, -1e-3, 1.0, float("nan"), "1e-3", True])
def test_bad_tolerances_are_refused(rtol):
    with pytest.raises(ArgumentError, match="'rtol'"):
        szfast.make_maps(cluster(10), rtol=rtol)


def test_the_core_refuses_what_is_not_finite():
    from szfast.maps.beam_projection import Mesh, Particles, project_on_mesh

    mesh = Mesh.of("cubic", 0.5, 4.5, 840.0, 3000.0)
    for column in range(5):
        for wrong in (np.nan, np.inf, -1.0):
            if wrong == -1.0 and column < 3:
                continue
            columns = [np.ones(37, dtype=np.float32) for _ in range(5)]
            columns[column][33] = wrong
            with pytest.raises(ValueError, match="finite"):
                project_on_mesh(Particles(*columns), np.eye(3)[None], mesh, pixels=128, pixel_kpc=340.0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_transforms(kernel):
    q = np.linspace(0, 30, 100)
    # the quadrature's own nodes; both are exact to rounding
    np.testing.assert_allclose(kernel_transform(kernel, q), transform_by_quadrature(kernel, q), atol=1e-9)


def test_finer_meshes_promise_less_error():
    errors = np.array([spreading("cubic", cell, window_shape(cell, 0.0), 1.0, 5.0).error for cell in CELLS])
    assert (np.diff(errors[:, 0]) < 0).all()
    assert errors[-1, 0] < 5e-5


def test_pixels_move_narrow_particles_only():
    narrow, wide = pixel_error("cubic", 2.47, np.array([0.0, 4.0]))
    assert 0.05 < narrow < 0.7
    assert wide < 1e-2


def on_fine_pixels(gas, views, pixel_kpc, fine=4) -> np.ndarray:
    """Kernels integrated over finer pixels, beam and mean over the instrument's pixel in Fourier space."""
    planck = szfast.PLANCK
    n = planck.padded_size * fine
    area_kpc2 = project(gas, views, pixels=n, pixel_kpc=pixel_kpc / fine, rtol=1e-5).area_kpc2
    k = 2 * np.pi * np.fft.fftfreq(n, 1 / fine), 2 * np.pi * np.fft.rfftfreq(n, 1 / fine)
    sigma = planck.beam_sigma_arcmin / planck.pixel_arcmin
    # the mean over a pixel, of which the fine pixels have had their part
    along = [np.exp(-0.5 * (q * sigma) ** 2) * np.sinc(q / (2 * np.pi)) / np.sinc(q / (2 * np.pi * fine)) for q in k]
    modes = np.fft.rfft2(area_kpc2) * along[0][:, None] * along[1][None, :]
    # from the middle of the first fine pixel to that of the first pixel
    modes *= np.exp(0.5j * (1 - 1 / fine) * (k[0][:, None] + k[1][None, :]))
    margin = (planck.padded_size - planck.size) // 2
    inner = slice(margin * fine, (margin + planck.size) * fine, fine)
    return np.fft.irfft2(modes, s=(n, n))[:, inner, inner] * fine**2 / pixel_kpc**2


def compare_real(gas, redshifts, rtol=1e-3, **options):
    # two views: the comparison is slow
    views = szfast.make_maps(cluster(5)).views[::14]
    for redshift in redshifts:
        seen = szfast.make_maps(gas, redshift=redshift, rtol=rtol, noise=None, sightlines=views, **options)
        truth = on_fine_pixels(gas, views, seen.pixel_kpc)
        error = (np.abs(seen.y - truth).max(axis=(1, 2)) / truth.max(axis=(1, 2))).max()
        # fine pixels move the narrowest particles a quarter as far
        assert error < min(seen.bound + 1e-4, 3e-4)
        assert seen.bound <= rtol


@pytest.mark.parametrize(("method", "rtol"), [("auto", 1e-3), ("exact", 1e-4)])
def test_a_real_cluster(real_data, method, rtol):
    center = [2501.6, 2497.2, 2503.0] * u.kpc / cu.littleh
    path = real_data("the300/snap_Gadget_sample")
    gas = szfast.read_snapshot(path, center=center, radius=12 * u.Mpc, smoothing_scale=50 ** (1 / 3))
    compare_real(gas, (0.15, 0.6), rtol, method=method)


def test_a_real_box(real_data):
    path = real_data("gadget4/box/snapshot_002.hdf5")
    halo = szfast.read_halos(real_data("gadget4/box/fof_subhalo_tab_002.hdf5"), snapshot=path)[0]
    compare_real(szfast.read_snapshot(path, halo=halo, radius=15 * u.Mpc), (0.3, 0.6))
