"""Maps made on a GPU against the CPU's: on a GPU where there is one, and anywhere with its kernels run by the host.

What the host runs is everything but the machine: the same kernels, launches, sizes and order of operations.
"""

from __future__ import annotations

from types import SimpleNamespace

import astropy.units as u
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import szfast
from szfast import _core, engines
from szfast.errors import ArgumentError
from szfast.maps.beam_projection import Mesh, mode_table
from szfast.maps.noise import NoiseKey, mode_amplitude
from szfast.maps.sightlines import sightlines
from szfast.maps.spectrum import noise_spectrum

SMALL = szfast.Instrument("small", 2.4 * u.arcmin, 24, 10 * u.arcmin, noise="milca")
NARROW = szfast.Instrument("narrow", 2.4 * u.arcmin, 24, 3 * u.arcmin, noise="milca")
VIEWS = sightlines("hemisphere27")[:4]
KERNELS = ("cubic", "wendland_c2", "wendland_c4", "uniform")
SAME = 1e-5
"""Of the peak: what is promised of two devices; floats leave 1e-6."""

cuda = pytest.importorskip("szfast._cuda", reason=f"not built: {engines.backends().cuda_reason}")


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def device(request):
    """A device, and ``device="cuda"`` that means it."""
    if request.param == "emulated":
        made = cuda.EmulatedDevice()
    elif szfast.backends().obstacle:
        pytest.skip(szfast.backends().obstacle)
    else:
        made = engines.device_named("cuda")
    patch = pytest.MonkeyPatch()
    for module in ("szfast.maps.observation", "szfast.maps.many"):
        patch.setattr(f"{module}.device_named", lambda name: None if name == "cpu" else made)
    yield made
    patch.undo()


def particles(count=400, seed=1, largest=8.0):
    rng = np.random.default_rng(seed)
    place = rng.normal(size=(3, count)) * 5
    h = np.concatenate([np.zeros(20), rng.uniform(0.01, largest, count - 20)])
    return tuple(v.astype(np.float32) for v in (*place, h, rng.exponential(size=count)))


def cluster(count=2000):
    return szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.2, particles=count, seed=4)


def assert_same(found, expected):
    found = np.asarray(found)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= SAME * np.abs(expected).max()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("depth", [np.inf, 6.0])
def test_deposits_are_the_cpu_s(device, kernel, depth):
    options = dict(views=VIEWS, pixels=33, pixel_kpc=0.8, half_depth_kpc=depth, kernel=kernel)
    maps, loaded = device.deposit(*particles(), **options)
    expected, expected_loaded = _core.deposit(*particles(), **options, threads=1)
    assert_same(maps, expected)
    np.testing.assert_allclose(loaded, expected_loaded, rtol=1e-12)


@pytest.mark.parametrize("sets", [["noise"], ["maps"], ["maps", "noise"]])
def test_beam_and_noise_are_the_cpu_s(device, sets):
    n = SMALL.padded_size
    rng = np.random.default_rng(2)
    options = dict(
        maps=rng.uniform(size=(7, n, n)) if "maps" in sets else None,
        keys=NoiseKey(3, 4, 5, 6).of_views(np.arange(7)) if "noise" in sets else None,
        amplitude=mode_amplitude(SMALL, noise_spectrum("milca")) if "noise" in sets else None,
        transfer=SMALL.beam(SMALL.multipoles()) * 1e-5,
        size=SMALL.size,
    )
    assert_same(device.observe(**options), _core.observe(**options, threads=1))


def test_the_mesh_s_modes_are_the_cpu_s(device):
    sigma = 3.0
    mesh = Mesh.of("cubic", 0.5, 4.5, sigma, 20.0, 0.1)
    last, factor = mode_table(40, sigma, mesh.spread.k_limit)
    options = dict(views=VIEWS, design=mesh.arguments(), last=last, factor=factor, pixel_kpc=1.0)
    spectra, left, sums = device.mesh_spectra(*particles(), **options)
    expected, expected_left, expected_sums = _core.mesh_spectra(*particles(), **options, threads=1)
    assert_same(spectra, expected)
    np.testing.assert_array_equal(left, expected_left)
    np.testing.assert_allclose(sums, expected_sums, rtol=1e-6)


@pytest.mark.parametrize("noise", [None, "milca"])
@pytest.mark.parametrize(("method", "instrument"), [("exact", SMALL), ("exact", NARROW), ("beam", SMALL)])
def test_maps_are_the_cpu_s(device, method, instrument, noise):
    options = dict(method=method, instrument=instrument, noise=noise, sightlines=VIEWS, seed=3, rtol=1e-2)
    expected = szfast.make_maps(cluster(), **options)
    maps = szfast.make_maps(cluster(), **options, device="cuda")
    assert isinstance(maps.y, np.ndarray)
    assert maps.method == expected.method == method
    assert_same(maps.y, expected.y)
    for stage in ("loaded_kpc2", "patch_kpc2", "field_kpc2"):
        np.testing.assert_allclose(getattr(maps.conserved, stage), getattr(expected.conserved, stage), rtol=1e-5)
    assert (maps.bound is None) == (expected.bound is None)
    assert maps.bound is None or maps.bound == pytest.approx(expected.bound, rel=0.05)


def test_wide_kernels_behind_a_beam_are_the_cpu_s(device):
    gas = cluster(300)
    gas.smoothing_length_kpc[::7] = 9000.0
    options = dict(instrument=SMALL, noise=None, sightlines=VIEWS[:2], rtol=1e-2, method="exact")
    assert_same(szfast.make_maps(gas, **options, device="cuda").y, szfast.make_maps(gas, **options).y)


def test_particles_that_no_mesh_takes_are_added(device):
    gas = cluster()
    gas.smoothing_length_kpc[::50] = 3000.0
    options = dict(instrument=SMALL, sightlines=VIEWS[:2], rtol=5e-2, method="beam")
    expected = szfast.make_maps(gas, **options)
    assert expected.method == "beam"
    assert_same(szfast.make_maps(gas, **options, device="cuda").y, expected.y)


sizes = st.sampled_from([0.0, 1e-3, 0.3, 1.0, 3.0, 9.0, 60.0])
places = st.floats(-30.0, 30.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(places, places, places, sizes, st.floats(0.0, 1.0)), min_size=1, max_size=8),
    st.sampled_from(KERNELS),
)
def test_any_particles_are_deposited_like_the_cpu_s(some, kernel):
    columns = tuple(np.array(column, dtype=np.float32) for column in zip(*some, strict=True))
    options = dict(views=VIEWS, pixels=16, pixel_kpc=1.0, half_depth_kpc=20.0, kernel=kernel, rtol=1e-7)
    maps, _ = cuda.EmulatedDevice().deposit(*columns, **options)
    expected, _ = _core.deposit(*columns, **options, threads=1)
    assert np.abs(np.asarray(maps) - expected).max() <= SAME * expected.max()


def test_maps_may_stay_on_the_device(device, tmp_path):
    options = dict(instrument=SMALL, sightlines=VIEWS[:2], rtol=1e-2, device="cuda")
    here, there = (szfast.make_maps(cluster(), **options, on_device=there) for there in (False, True))
    assert isinstance(there.y, cuda.DeviceArray)
    assert there.y.shape == here.y.shape
    assert len(there) == 2
    assert there.y.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(there.y), here.y)
    np.testing.assert_array_equal(there.y.numpy(), here.y)
    assert (there.compton_y_area == here.compton_y_area).all()
    szfast.write_maps(tmp_path / "maps.fits", [there])
    np.testing.assert_array_equal(szfast.read_maps(tmp_path / "maps.fits")[0].y, here.y)


def test_other_libraries_take_the_maps_where_they_are():
    maps = cuda.EmulatedDevice().put(np.arange(5, dtype=np.float32))
    lent = np.from_dlpack(maps)
    assert maps.__dlpack_device__() == (1, 0)
    del maps
    # the memory lives as long as what has borrowed it
    np.testing.assert_array_equal(lent, np.arange(5))


@pytest.mark.gpu
def test_cupy_takes_and_gives_arrays():
    if szfast.backends().obstacle:
        pytest.skip(szfast.backends().obstacle)
    cupy = pytest.importorskip("cupy")
    device = engines.device_named("cuda")
    columns = tuple(cupy.asarray(column) for column in particles())
    options = dict(views=VIEWS, pixels=16, pixel_kpc=1.0, half_depth_kpc=np.inf, kernel="cubic")
    maps, _ = device.deposit(*columns, **options)
    expected, _ = _core.deposit(*particles(), **options, threads=1)
    assert_same(cupy.asnumpy(cupy.asarray(maps)), expected)
    assert_same(cupy.asnumpy(cupy.from_dlpack(maps)), expected)


def lent(column, **changes):
    """What another library lends: an object with __cuda_array_interface__ and a shape."""
    interface = {
        "shape": column.shape,
        "typestr": column.dtype.str,
        "data": (column.ctypes.data, False),
        "version": 3,
        "strides": None,
        "stream": None,
    }
    return SimpleNamespace(__cuda_array_interface__=interface | changes, shape=column.shape, keep=column)


def test_particles_may_be_on_the_device_already(monkeypatch):
    device = cuda.EmulatedDevice()
    monkeypatch.setattr("szfast.maps.observation.device_named", lambda name: device if name == "cuda" else None)
    gas = cluster()
    columns = (*gas.offset_kpc.T, gas.smoothing_length_kpc, gas.compton_y_kpc2())
    names = ("x_kpc", "y_kpc", "z_kpc", "smoothing_length_kpc", "compton_area_kpc2")
    there = szfast.gas_on_device(
        **{
            name: lent(np.ascontiguousarray(column, dtype=np.float32))
            for name, column in zip(names, columns, strict=True)
        },
        redshift=gas.redshift,
        cosmology=gas.cosmology,
        kernel=gas.kernel,
    )
    assert len(there) == len(gas)
    for instrument in (SMALL, NARROW):
        options = dict(instrument=instrument, sightlines=VIEWS[:2], rtol=1e-2, noise=None)
        assert_same(szfast.make_maps(there, **options, device="cuda").y, szfast.make_maps(gas, **options).y)
        with pytest.raises(ArgumentError, match="the gas is on a GPU"):
            szfast.make_maps(there, **options)


def test_many_clusters_are_those_made_one_by_one(device):
    options = dict(instrument=SMALL, sightlines=VIEWS[:1], rtol=1e-2)
    clusters = [cluster(count) for count in (100, 400, 150, 300, 200)]
    expected = [szfast.make_maps(gas, **options).y for gas in clusters]
    # the emulated device has no stream for a second thread
    streams = 1 if isinstance(device, cuda.EmulatedDevice) else 3
    for name in ("cpu", "cuda"):
        found = list(szfast.make_maps_of(iter(clusters), device=name, streams=streams, **options))
        assert len(found) == len(expected)
        for maps, y in zip(found, expected, strict=True):
            assert_same(maps.y, y)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"y": np.zeros(5, np.float32)}, ValueError, r"y: expected shape \(3\), found \(5\)"),
        ({"x": np.zeros(3)}, TypeError, "x: expected dtype float32, found float64"),
        ({"x": lent(np.zeros(3))}, TypeError, "x: expected dtype float32, found float64"),
        ({"z": lent(np.zeros(4, np.float32))}, ValueError, r"z: expected shape \(3\), found \(4\)"),
        ({"h": lent(np.zeros(6, np.float32)[::2], strides=(8,))}, ValueError, "h: expected a C-contiguous array"),
        ({"Y": np.array([1, -1, 1], np.float32)}, ValueError, "h and Y not negative"),
        ({"kernel": "gauss"}, ValueError, "kernel: expected cubic"),
        ({"pixels": 0}, ValueError, "pixels: expected 1 to 16384"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, says):
    arguments = {name: np.ones(3, np.float32) for name in ("x", "y", "z", "h", "Y")}
    arguments |= {"views": VIEWS, "pixels": 4, "pixel_kpc": 1.0, "half_depth_kpc": 9.0, "kernel": "cubic"}
    with pytest.raises(error, match=says):
        cuda.EmulatedDevice().deposit(**(arguments | change))
