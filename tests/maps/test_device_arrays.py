"""Arrays that a GPU and other libraries hand to one another, its memory, and the processes that use it."""

from __future__ import annotations

import multiprocessing
import warnings
from types import SimpleNamespace

import astropy.units as u
import numpy as np
import pytest

import szfast
from szfast import _core, engines
from szfast.errors import DeviceError, SzfastError
from szfast.maps.beam_projection import Mesh, mode_table

cuda = pytest.importorskip("szfast._cuda", reason=f"not built: {engines.backends().cuda_reason}")

SMALL = szfast.Instrument("small", 2.4 * u.arcmin, 24, 10 * u.arcmin, noise="milca")
OPTIONS = dict(instrument=SMALL, sightlines=np.eye(3)[None], rtol=1e-2, noise=None)
DEPOSIT = dict(views=np.eye(3)[None], pixels=4, pixel_kpc=1.0, half_depth_kpc=9.0, kernel="cubic")


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


def cluster(count=300):
    return szfast.synthetic_cluster(M500c=8e14 * u.Msun, redshift=0.2, particles=count, seed=4)


@pytest.fixture
def emulated(monkeypatch):
    """Makes ``device="cuda"`` mean a device with so much memory."""

    def use(memory_bytes=2**40):
        device = cuda.EmulatedDevice(memory_bytes)
        monkeypatch.setattr("szfast.maps.observation.device_named", lambda name: None if name == "cpu" else device)
        return device

    return use


@pytest.mark.parametrize(
    ("changes", "waits"),
    [
        ({}, []),
        ({"stream": 7}, [7]),
        ({"stream": 1}, [1]),
        # before version 3 nobody says in which stream an array is made; PyTorch's is one of these
        ({"version": 2}, [-1]),
        ({"version": 2, "stream": 7}, [-1]),
    ],
)
def test_the_stream_of_who_lends_an_array_is_waited_for(changes, waits):
    device = cuda.EmulatedDevice()
    columns = [np.ones(3, np.float32)] * 4
    maps, _ = device.deposit(lent(np.ones(3, np.float32), **changes), *columns, **DEPOSIT)
    assert device.waits == waits
    assert np.asarray(maps).sum() == pytest.approx(3.0, rel=1e-6)


def test_a_masked_array_is_refused():
    with pytest.raises(ValueError, match="x: expected an array without a mask"):
        cuda.EmulatedDevice().deposit(
            lent(np.ones(3, np.float32), mask=lent(np.ones(3))), *[np.ones(3, np.float32)] * 4, **DEPOSIT
        )


def test_memory_that_was_lent_is_free_when_the_device_has_done_everything():
    device = cuda.EmulatedDevice()
    kept = device.put(np.arange(5, dtype=np.float32))
    assert np.asarray(kept).sum() == 10
    del kept
    # nobody else had it: nobody is waited for
    assert device.waits == []
    maps = device.put(np.arange(5, dtype=np.float32))
    borrowed = np.from_dlpack(maps)
    del maps
    assert device.waits == []
    del borrowed
    assert device.waits == [-1]


def test_memory_that_does_not_suffice_is_told(emulated):
    device = emulated(100_000)
    with pytest.raises(
        DeviceError, match=r"does not suffice; an array takes .* bytes\), .* GiB are free\. Remedy: map"
    ):
        szfast.make_maps(cluster(), **OPTIONS, device="cuda")
    # nothing is left behind
    fits = device.put(np.zeros(100_000 // 4, np.float32))
    assert len(fits) == 25_000


def test_what_a_gpu_says_is_szfast_s_error():
    assert issubclass(cuda.CudaError, SzfastError)
    error = cuda.CudaError("launch: out of threads")
    assert str(error) == "launch: out of threads"


def test_all_gas_in_one_point_of_a_mesh():
    # what divides the window out makes a point of a uniform sphere's hold over ten times its gas: sums must not wrap
    sigma = 3.0
    mesh = Mesh.of("uniform", 0.2, 4.5, sigma, 5.0, 0.1)
    last, factor = mode_table(40, sigma, mesh.spread.k_limit)
    options = dict(views=np.eye(3)[None], design=mesh.arguments(), last=last, factor=factor, pixel_kpc=1.0)
    columns = [np.array([value], np.float32) for value in (0.0, 0.0, 0.0, 0.999 * sigma, 1.0)]
    found = np.asarray(cuda.EmulatedDevice().mesh_spectra(*columns, **options)[0])
    expected = _core.mesh_spectra(*columns, **options, threads=1)[0]
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def test_maps_on_a_device_serve_where_maps_serve(emulated, tmp_path):
    pytest.importorskip("matplotlib")
    from szfast.maps.picture import contact_sheet, save_figure

    emulated()
    here, there = (szfast.make_maps(cluster(), **OPTIONS, device="cuda", on_device=stays) for stays in (False, True))
    assert isinstance(there.y, cuda.DeviceArray)
    back = there.to_host()
    assert here.to_host() is here
    assert back.provenance() == there.provenance()
    np.testing.assert_array_equal(back.y, here.y)
    save_figure(contact_sheet(there), tmp_path / "there.png")
    save_figure(contact_sheet(here), tmp_path / "here.png")
    assert (tmp_path / "there.png").read_bytes() == (tmp_path / "here.png").read_bytes()
    szfast.write_maps(tmp_path / "maps.fits", there)
    np.testing.assert_array_equal(szfast.read_maps(tmp_path / "maps.fits")[0].y, here.y)


def test_networks_take_maps_that_are_on_a_device():
    from szfast.networks.mass import checked_maps

    y = np.random.default_rng(1).normal(size=(2, 96, 96)).astype(np.float32) * 1e-5
    device = cuda.EmulatedDevice()
    images = device.no_images(2, 96)
    device.add(images, y)
    np.testing.assert_array_equal(checked_maps(images), y)


# What follows needs a GPU: CUDA's streams, memory and processes.


@pytest.fixture
def gpu():
    if szfast.backends().obstacle:
        pytest.skip(szfast.backends().obstacle)
    return engines.device_named("cuda")


@pytest.mark.gpu
def test_more_memory_than_a_gpu_has_is_refused_and_harms_nothing(gpu):
    with pytest.raises(DeviceError, match=r"takes 3725\.29 GiB \(4000000000000 bytes\)"):
        gpu.no_images(10**4, 10**4)
    np.testing.assert_array_equal(np.asarray(gpu.put(np.arange(5, dtype=np.float32))), np.arange(5))


@pytest.mark.gpu
def test_a_forked_process_is_told_so(gpu):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()

    def child():
        try:
            gpu.no_images(1, 1)
        except DeviceError as error:
            theirs.send(str(error))
        else:
            theirs.send("")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process = context.Process(target=child)
        process.start()
    assert ours.poll(60)
    assert "forked from one that had used CUDA" in ours.recv()
    process.join(60)
    np.testing.assert_array_equal(np.asarray(gpu.no_images(1, 2)), np.zeros((1, 2, 2)))


@pytest.mark.gpu
def test_arrays_that_are_still_being_made_are_waited_for(gpu):
    cupy = pytest.importorskip("cupy")
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        slow = cupy.zeros((4096, 4096), dtype=np.float32)
        for _ in range(30):
            slow = slow @ slow
        value = cupy.full(1000, 2.0, dtype=np.float32) + slow[0, :1000]
        found = gpu.every(value, 1)
    np.testing.assert_array_equal(found, np.full(1000, 2.0))


@pytest.mark.gpu
def test_memory_that_is_still_read_is_not_given_away(gpu):
    cupy = pytest.importorskip("cupy")
    count = 1 << 20
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        slow = cupy.zeros((4096, 4096), dtype=np.float32)
        borrowed = cupy.from_dlpack(gpu.put(np.full(count, 3.0, dtype=np.float32)))
        for _ in range(30):
            slow = slow @ slow
        result = borrowed + slow[0, 0]
        del borrowed
    # would take the freed memory at once
    taken = [gpu.put(np.full(count, 9.0, dtype=np.float32)) for _ in range(3)]
    stream.synchronize()
    np.testing.assert_array_equal(cupy.asnumpy(result), np.full(count, 3.0))
    assert len(taken) == 3


@pytest.mark.gpu
def test_another_library_s_gpu_stays_chosen(gpu):
    cupy = pytest.importorskip("cupy")
    if len(szfast.backends().gpus) < 2:
        pytest.skip("there is one GPU")
    with cupy.cuda.Device(0):
        cupy.zeros(1)
        assert engines.device_named("cuda:1").put(np.ones(2, np.float32)).__dlpack_device__() == (2, 1)
        assert cupy.zeros(1).device.id == 0
