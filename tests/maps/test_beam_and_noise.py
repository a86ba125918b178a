"""Beam and noise in Fourier space: analytic convolution, spectra, keys."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast import PLANCK, Instrument, _core
from szfast.maps.noise import NoiseKey, mode_amplitude, noise_maps
from szfast.maps.spectrum import NOISE_PRESETS, NoiseSpectrum, noise_spectrum


def through(instrument, maps, **noise):
    return _core.observe(
        maps=maps,
        keys=noise.get("keys"),
        size=instrument.size,
        transfer=instrument.beam(instrument.multipoles()),
        amplitude=noise.get("amplitude"),
        threads=noise.get("threads", 0),
    )


@pytest.mark.parametrize(("sigma_px", "offset"), [(3.0, (0.0, 0.0)), (2.0, (5.3, -7.1)), (6.0, (0.5, 0.5))])
def test_beam_of_a_gaussian_is_the_wider_gaussian(sigma_px, offset):
    n = PLANCK.padded_size
    at = np.arange(n) + 0.5 - n / 2

    def gaussian(sigma):
        along_x, along_y = (np.exp(-((at - o) ** 2) / (2 * sigma**2)) for o in offset)
        return along_y[:, None] * along_x[None, :] / (2 * np.pi * sigma**2)

    beam_px = PLANCK.beam_sigma_arcmin / PLANCK.pixel_arcmin
    margin = (n - PLANCK.size) // 2
    truth = gaussian(np.hypot(sigma_px, beam_px))[margin:-margin, margin:-margin]
    found = through(PLANCK, gaussian(sigma_px)[None])[0]
    # float32 transform of 128 x 128; a Gaussian of two pixels is sampled to exp(-2 pi^2), 3e-9
    assert np.abs(found - truth).max() < 1e-6 * truth.max()


def test_signal_from_outside_the_field_leaks_in():
    n, margin = PLANCK.padded_size, (PLANCK.padded_size - PLANCK.size) // 2
    maps = np.zeros((1, n, n))
    maps[0, n // 2, margin - 2] = 1.0
    sigma = PLANCK.beam_sigma_arcmin / PLANCK.pixel_arcmin
    truth = np.exp(-(2**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    assert through(PLANCK, maps)[0, n // 2 - margin, 0] == pytest.approx(truth, rel=1e-5)


@pytest.mark.parametrize("n", [2, 4, 6, 10, 12, 30, 90, 96, 100, 128, 150, 162])
def test_beam_against_a_float64_transform(n):
    rng = np.random.default_rng(n)
    maps = rng.normal(size=(5, n, n))
    transfer = rng.uniform(0.2, 1, (n, n // 2 + 1))
    # a transfer of a real field's spectrum: symmetric where the half plane meets itself
    transfer[1:, 0] = (transfer[1:, 0] + transfer[1:, 0][::-1]) / 2
    transfer[1:, -1] = (transfer[1:, -1] + transfer[1:, -1][::-1]) / 2
    found = _core.observe(maps=maps, keys=None, size=n, transfer=transfer, amplitude=None, threads=0)
    truth = np.fft.irfft2(np.fft.rfft2(maps) * transfer, s=(n, n))
    assert np.linalg.norm(found - truth) < 1e-6 * np.linalg.norm(truth)


@pytest.mark.parametrize("which", ["transfer", "amplitude"])
def test_modes_below_the_rounding_of_floats_are_left_out(which):
    n = 48
    rng = np.random.default_rng(8)
    k = np.hypot(np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None])
    maps = rng.normal(size=(2, n, n)) if which == "transfer" else None
    keys = None if which == "transfer" else NoiseKey().of_views(np.arange(2))

    def with_tail(level):
        filters = {"transfer": np.ones_like(k), "amplitude": None, which: np.where(k < 0.2, 1.0, level)}
        return _core.observe(maps=maps, keys=keys, size=n, threads=1, **filters)

    np.testing.assert_array_equal(with_tail(0.99 * 2**-24), with_tail(0.0))
    # tails that count are not: their share is found back, to the rounding of the float32 result
    tail = (with_tail(2**-12) - with_tail(0.0)).astype(np.float64)
    assert tail.std() == pytest.approx((with_tail(1.0) - with_tail(0.0)).std() * 2**-12, rel=1e-2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
@pytest.mark.parametrize("pixel", [(0, 0), (3, 49), (49, 17)])
def test_a_map_that_is_not_finite_is_refused(value, pixel):
    maps = np.ones((3, 50, 50))
    maps[(2, *pixel)] = value
    with pytest.raises(ValueError, match="maps: map 2 holds values that are not finite"):
        _core.observe(maps=maps, keys=None, size=40, transfer=np.zeros((50, 26)), amplitude=None, threads=2)


def test_planck_noise_is_what_was_measured():
    spectrum = noise_spectrum("milca")
    maps = noise_maps(PLANCK, "milca", NoiseKey(seed=1), views=200).astype(np.float64)
    # the field's own fundamental cuts the largest scales: between the full rms and that of ell > 98
    assert spectrum.rms(98) * 0.97 < maps.std() < spectrum.rms() * 1.03
    lags = [float((maps[:, :, k:] * maps[:, :, :-k]).mean() / maps.var()) for k in range(1, 9)]
    # autocorrelation of the published spectrum at these lags, two digits
    np.testing.assert_allclose(lags, [0.92, 0.75, 0.58, 0.44, 0.32, 0.23, 0.17, 0.13], atol=0.02)


@pytest.mark.parametrize(("name", "rms"), [("milca", 1.63e-6), ("nilc", 1.66e-6), ("homogeneous", 1.25e-6)])
def test_presets_have_the_measured_rms(name, rms):
    assert noise_spectrum(name).rms(60) == pytest.approx(rms, abs=0.005e-6)


@pytest.mark.parametrize("name", NOISE_PRESETS)
def test_presets_are_the_table_they_were_compiled_from(name, real_data):
    rows = real_data("planck/planck_y_power.csv").read_text().split()
    column = rows[0].split(",").index(name)
    table = np.array([[float(word) for word in row.split(",")] for row in rows[1:]])
    spectrum = noise_spectrum(name)
    np.testing.assert_array_equal(spectrum.ell, table[:, 0])
    np.testing.assert_array_equal(spectrum.power, table[:, column])


def test_noise_has_its_spectrum_at_every_multipole():
    count, n = 200, PLANCK.padded_size
    amplitude = mode_amplitude(PLANCK, noise_spectrum("milca"))
    keys = NoiseKey(seed=5, cluster=12).of_views(np.arange(count))
    maps = _core.observe(maps=None, keys=keys, size=n, transfer=np.ones_like(amplitude), amplitude=amplitude, threads=0)
    modes = np.fft.rfft2(maps.astype(np.float64)) / n**2
    # one of each pair of mirrored modes, and none that is its own mirror image
    inside = np.zeros_like(amplitude, dtype=bool)
    inside[:, 1:-1] = True
    inside &= amplitude > 1e-3 * amplitude.max()
    ell = PLANCK.multipoles()[inside]
    power = (np.abs(modes[:, inside]) ** 2).sum(axis=0) / amplitude[inside] ** 2
    edges = np.linspace(ell.min(), ell.max() * 1.0001, 25)
    bins = np.digitize(ell, edges)
    for number in range(1, len(edges)):
        degrees = 2 * count * np.sum(bins == number)
        chi2 = 2 * power[bins == number].sum()
        # chi^2 of that many degrees of freedom, five standard deviations
        assert abs(chi2 - degrees) < 5 * np.sqrt(2 * degrees)
    # single modes scatter as chi^2 with 2 x 200 degrees of freedom
    assert np.var(2 * power) == pytest.approx(2 * 2 * count, rel=0.1)
    real, imaginary = modes[:, inside].real, modes[:, inside].imag
    for part in (real, imaginary):
        scaled = part / (amplitude[inside] * np.sqrt(0.5))
        # 10^6 deviates: mean, and the kurtosis of a Gaussian
        assert abs(scaled.mean()) < 5 / np.sqrt(scaled.size)
        assert (scaled**4).mean() == pytest.approx(3.0, abs=5 * np.sqrt(96 / scaled.size))
    assert abs((real * imaginary).mean()) < 1e-2 * (real**2).mean()


def test_noise_does_not_repeat_at_the_other_side_of_the_field():
    maps = noise_maps(PLANCK, "milca", NoiseKey(seed=3), views=400).astype(np.float64)
    left, right = maps[:, :, 0], maps[:, :, -1]
    # opposite sides of the field are 32 pixels apart around the patch: correlation there is below a few percent
    assert abs((left * right).mean() / maps.var()) < 0.05


def test_noise_depends_on_its_key_alone():
    everything = noise_maps(PLANCK, "milca", NoiseKey(seed=9, cluster=2**63, realisation=4), views=33)
    for threads in (1, 2, 5):
        again = noise_maps(PLANCK, "milca", NoiseKey(seed=9, cluster=2**63, realisation=4), views=33, threads=threads)
        np.testing.assert_array_equal(everything, again)
    some = np.array([31, 4, 4, 17])
    alone = noise_maps(PLANCK, "milca", NoiseKey(seed=9, cluster=2**63, realisation=4), views=some)
    np.testing.assert_array_equal(alone, everything[some])


def test_noise_and_map_do_not_touch_their_neighbours():
    rng = np.random.default_rng(2)
    n = PLANCK.padded_size
    maps = rng.exponential(size=(20, n, n))
    keys = NoiseKey(seed=1).of_views(np.arange(20))
    amplitude = mode_amplitude(PLANCK, noise_spectrum("nilc")) * 1e6
    together = through(PLANCK, maps, keys=keys, amplitude=amplitude)
    for i in (0, 7, 19):
        alone = through(PLANCK, maps[i : i + 1], keys=keys[i : i + 1], amplitude=amplitude)
        np.testing.assert_array_equal(alone[0], together[i])


@pytest.mark.parametrize("word", ["seed", "cluster", "realisation", "run"])
def test_every_word_of_the_key_matters(word):
    base = noise_maps(PLANCK, "milca", NoiseKey(), views=2)
    other = noise_maps(PLANCK, "milca", NoiseKey(**{word: 1}), views=2)
    correlation = (base * other).mean() / base.var()
    # maps of some 200 independent patches: uncorrelated within a few percent
    assert abs(correlation) < 0.25
    assert not np.array_equal(base, other)
    assert abs((base[0] * base[1]).mean() / base.var()) < 0.4


def test_clean_map_plus_noise_is_the_fused_map():
    rng = np.random.default_rng(4)
    n = PLANCK.padded_size
    maps = rng.exponential(size=(3, n, n)) * 1e-5
    key = NoiseKey(seed=6)
    amplitude = mode_amplitude(PLANCK, noise_spectrum("milca"))
    fused = through(PLANCK, maps, keys=key.of_views(np.arange(3)), amplitude=amplitude)
    apart = through(PLANCK, maps) + noise_maps(PLANCK, "milca", key, views=3)
    assert np.abs(fused - apart).max() < 3e-6 * np.abs(fused).max()


@pytest.mark.parametrize("value", [-1, 2**64, 1.5, "1", True])
def test_a_seed_out_of_range_is_refused(value):
    from szfast import SzfastError

    with pytest.raises(SzfastError, match=r"'seed': expected a whole number from 0 to 2\^64"):
        NoiseKey(seed=value)


def test_noise_tables_are_read_and_scaled(tmp_path):
    path = tmp_path / "flat.txt"
    path.write_text("# ell C_ell\n2 1e-16\n5000 1e-16\n")
    spectrum = noise_spectrum(path)
    assert spectrum.name == "flat.txt"
    np.testing.assert_allclose(spectrum.at(np.array([1.0, 300.0, 5000.0, 5001.0])), [1e-16, 1e-16, 1e-16, 0])
    assert spectrum.scaled(2).rms() == pytest.approx(2 * spectrum.rms())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2 1e-16\n1 1e-16\n", "increasing order"),
        ("2 1e-16\n5 -1e-16\n", "not negative"),
        ("2 1e-16\n5 nan\n", "not negative"),
        ("only words here\n", "it has 3 columns"),
        ("3\n4\n", "cannot be read"),
        ("2 1e-16 2e-16\n5 1e-16 2e-16\n", "it has 3 columns"),
    ],
)
def test_bad_noise_tables_are_refused(tmp_path, text, says):
    from szfast.errors import NoiseTableError

    path = tmp_path / "table.txt"
    path.write_text(text)
    with pytest.raises(NoiseTableError, match=says) as error:
        noise_spectrum(path)
    assert error.value.file == path
    assert error.value.remedy


@pytest.mark.parametrize("which", ["milka", 3, "/nowhere/table.csv"])
def test_unknown_noise_is_refused(which):
    from szfast.errors import NoiseTableError

    with pytest.raises(NoiseTableError, match="milca"):
        noise_spectrum(which)


def test_an_instrument_of_ones_own_takes_five_lines():
    own = Instrument(
        "own", 0.5 * u.arcmin, 64, 1.4 * u.arcmin, noise=NoiseSpectrum("white", [2, 20000], [1e-17, 1e-17])
    )
    assert own.padded_size >= 1.3 * 64
    maps = noise_maps(own, own.noise, NoiseKey(), views=50)
    # white noise with a cut at ell = 20000: the variance of the modes on the patch
    assert maps.std() == pytest.approx(np.sqrt((mode_amplitude(own, own.noise)[:, 1:-1] ** 2).sum() * 2), rel=0.03)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pixel": 1.7}, "'pixel': expected a quantity with a unit like arcmin"),
        ({"pixel": 1.7 * u.kpc}, "'pixel': expected a unit like arcmin"),
        ({"pixel": 0 * u.arcmin}, "'pixel': expected a positive value"),
        ({"size": 95}, "'size': expected an even number"),
        ({"size": 96.0}, "'size': expected a whole number"),
        ({"pixel": 1 * u.deg}, "'size': a field of 96.0 degrees"),
        ({"beam_fwhm": -1 * u.arcmin}, "'beam_fwhm': expected zero or more"),
        ({"beam_fwhm": np.nan * u.arcmin}, "'beam_fwhm': holds values that are not finite"),
    ],
)
def test_an_impossible_instrument_is_refused(change, says):
    from szfast import SzfastError

    arguments = {"name": "x", "pixel": 1.7 * u.arcmin, "size": 96, "beam_fwhm": 10 * u.arcmin}
    with pytest.raises(SzfastError, match=says):
        Instrument(**(arguments | change))


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"transfer": np.ones((7, 4))}, ValueError, "transfer: expected shape"),
        ({"transfer": np.full((8, 5), np.nan)}, ValueError, "transfer: value 0 is not finite"),
        ({"maps": np.ones((1, 8, 6))}, ValueError, "maps: expected shape"),
        ({"maps": np.ones((1, 8, 8), np.float32)}, TypeError, "maps: expected dtype float64"),
        ({"maps": None}, ValueError, "maps: expected maps, spectra or noise"),
        ({"size": 10}, ValueError, "size: expected at most 8"),
        ({"size": 7}, ValueError, "size: expected at most 8"),
        ({"amplitude": np.ones((8, 5))}, ValueError, "keys: noise needs one key a map"),
        ({"amplitude": -np.ones((8, 5)), "keys": np.zeros((1, 5), np.uint64)}, ValueError, "amplitude: value 0 is neg"),
        ({"amplitude": np.ones((8, 5)), "keys": np.zeros((2, 5), np.uint64)}, ValueError, "keys: expected shape"),
        ({"amplitude": np.ones((8, 5)), "keys": np.full((1, 5), 2**40, np.uint64)}, ValueError, "below 2.32"),
    ],
)
def test_bindings_refuse_what_does_not_fit(change, error, says):
    arguments = {"maps": np.ones((1, 8, 8)), "keys": None, "size": 4, "transfer": np.ones((8, 5)), "amplitude": None}
    with pytest.raises(error, match=says):
        _core.observe(**(arguments | change), threads=1)
