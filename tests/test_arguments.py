"""Arguments of public functions that make no sense: each is refused with its name and a remedy, whatever it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.cosmology import Planck15
from small_snapshot import CENTERS_KPC_H, write_small_snapshot

import szfast
from szfast.errors import SzfastError

SMALL = szfast.Instrument("small", 10 * u.arcmin, 16, 20 * u.arcmin, noise="milca")
LINE = np.linspace(0.0, 1.0, 9)
ODD = [
    *(None, True, -1, 0, 2**63, 10**400, -0.5, 0.5, np.nan, np.inf, 1e300, 1e-300, 3 + 2j, np.float32(3), ...),
    *("x", "", "nan", "a\0b", b"x", [], {}, (), object(), len, Planck15),
    *(np.nan * u.kpc, -1 * u.kpc, 1e300 * u.Mpc, 3 * u.s, 1 * u.one, [1, 2] * u.kpc),
    *(np.zeros(3), np.full((3, 3), np.nan), np.zeros((2, 3, 3)), np.array(["a"]), np.array([], dtype=float)),
]


def _no_file(folder):
    return folder / "absent"


def _calls(folder) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Public functions with arguments that they take."""
    gas = szfast.synthetic_cluster(M500c=5e14 * u.Msun, redshift=0.2, cluster=1, particles=200)
    maps = szfast.make_maps(gas, instrument=SMALL, sightlines=np.eye(3)[None])
    snapshot = write_small_snapshot(folder / "snapshot.hdf5")
    szfast.write_maps(folder / "maps.fits", maps)
    rng = np.random.default_rng(0)
    planck = np.abs(rng.normal(size=(2, 96, 96))).astype(np.float32) * 1e-6
    network = szfast.networks.NetworkWeights(**_weights(rng))
    at = {"redshift": 0.2, "cosmology": Planck15, "bias": 0.0}
    line = {"log10_x": LINE, "log10_y": LINE**1.1, "error_x": np.full(9, 0.1), "error_y": np.full(9, 0.1)}
    number = {"M500c": 5e14 * u.Msun, "redshift": 0.2, "cosmology": None, "profile": "A10"}
    return {
        "Instrument": (szfast.Instrument, {"name": "x", "pixel": 1 * u.arcmin, "size": 16, "beam_fwhm": 5 * u.arcmin}),
        "NoiseSpectrum": (partial(szfast.NoiseSpectrum, "x"), {"ell": LINE + 1, "power": LINE}),
        "make_maps": (
            partial(szfast.make_maps, gas, instrument=SMALL),
            {
                **{"redshift": 0.2, "sightlines": np.eye(3)[None], "noise": "milca", "seed": 0, "cluster": 1},
                **{"realisation": 0, "depth": 5 * u.Mpc, "cosmology": None, "method": "auto", "rtol": 1e-3},
                **{"electrons": None, "smoothing_scale": None, "name": "x", "threads": 1, "device": "cpu"},
                **{"on_device": False, "radius": None, "center": None, "halo": None, "snapshot": None},
            },
        ),
        "read_snapshot": (
            szfast.read_snapshot,
            {
                **{"path": snapshot, "center": CENTERS_KPC_H[0] / 0.7 * u.kpc, "radius": 2 * u.Mpc, "halo": None},
                **{"electrons": "from_file", "exclude_star_forming": True, "exclude_winds": True},
                **{"exclude_neutral": True, "smoothing_scale": 1.0},
            },
        ),
        "read_halos": (szfast.read_halos, {"path": _no_file(folder), "snapshot": None, "min_mass": 1e14 * u.Msun}),
        "write_maps": (szfast.write_maps, {"path": folder / "again.fits", "maps": maps, "overwrite": True}),
        "read_maps": (szfast.read_maps, {"path": folder / "maps.fits"}),
        "synthetic_cluster": (
            partial(szfast.synthetic_cluster, particles=100),
            number | {"cluster": 1, "seed": 0, "scatter_dex": 0.07, "axis_ratio": 0.78, "substructure": 0.15},
        ),
        "mean_compton_y": (szfast.sample.mean_compton_y, number),
        "psz2_sample": (szfast.sample.psz2_sample, {"path": _no_file(folder)}),
        "read_lensing": (szfast.planck.read_lensing, {"folder": _no_file(folder), "hubble": 0.7}),
        "predict_log10_mass": (
            szfast.networks.predict_log10_mass,
            {"maps": planck, "network": network, "redshift": 0.2, "average": False},
        ),
        "masses_of_files": (
            szfast.networks.masses_of_files,
            {"paths": folder / "maps.fits", "networks": _no_file(folder), "redshift": 0.2, "average": True},
        ),
        "networks.load": (szfast.networks.load, {"path": _no_file(folder)}),
        "read_networks": (szfast.networks.read_networks, {"path": _no_file(folder)}),
        "read_cutout": (szfast.networks.read_cutout, {"path": _no_file(folder)}),
        "symmetries": (szfast.networks.symmetries, {"maps": planck}),
        "sz_mass": (szfast.evaluate.sz_mass, {"compton_y": 1e-4 * u.Mpc**2, **at}),
        "expected_compton_y": (szfast.evaluate.expected_compton_y, {"mass": 5e14 * u.Msun, **at}),
        "theta_500": (szfast.evaluate.theta_500, {"mass": 5e14 * u.Msun, **at}),
        "map_sz_mass": (
            partial(szfast.evaluate.map_sz_mass, instrument=SMALL),
            {"maps": planck[:1, :16, :16], "noise": "milca", "method": "aperture", "profile": "A10", **at},
        ),
        "fit_line": (szfast.evaluate.fit_line, line),
        "fit_ratio": (szfast.evaluate.fit_ratio, line),
        "read_mass_pairs": (
            szfast.evaluate.read_mass_pairs,
            {"path": _no_file(folder), "mass": None, "reference": None, "redshift": None},
        ),
        "bias_score": (
            szfast.ensemble.bias_score,
            {"log10_predicted": LINE, "log10_true": LINE, "least_maps": 30},
        ),
        "runs_below": (szfast.ensemble.runs_below, {"scores": LINE, "thresholds": LINE}),
        "open_dataset": (szfast.dataset.open_dataset, {"path": _no_file(folder)}),
        "from_arrays": (
            partial(szfast.dataset.from_arrays, planck[None, :, :16, :16]),
            {
                **{"M500c": [1e14] * u.Msun, "redshift": np.array([0.1]), "instrument": SMALL, "noise": "milca"},
                **{"seed": 0, "region": None, "views": None, "R500c": None, "center": None, "pixel": None},
                **{"Y500": None, "halo_id": None, "noise_cluster": None},
            },
        ),
    }


NAMES = [
    *("Instrument", "NoiseSpectrum", "make_maps", "read_snapshot", "read_halos", "write_maps", "read_maps"),
    *("synthetic_cluster", "mean_compton_y", "psz2_sample", "read_lensing", "predict_log10_mass", "masses_of_files"),
    *("networks.load", "read_networks", "read_cutout", "symmetries", "sz_mass", "expected_compton_y", "theta_500"),
    *("map_sz_mass", "fit_line", "fit_ratio", "read_mass_pairs", "bias_score", "runs_below", "open_dataset"),
    "from_arrays",
]


def _weights(rng: np.random.Generator) -> dict[str, Any]:
    from szfast.networks.layers import LAYERS

    dense = [layer for layer in LAYERS if hasattr(layer, "kernel_shape")]
    return {
        "kernels": tuple(rng.normal(size=layer.kernel_shape).astype(np.float32) * 0.1 for layer in dense),
        "biases": tuple(np.zeros(layer.bias_shape, dtype=np.float32) for layer in dense),
        "input_mean": 0.0,
        "input_std": 1e-6,
        "redshift_bin": (0.0, 1.0),
    }


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    return _calls(tmp_path_factory.mktemp("arguments"))


def test_every_name_has_a_call(calls):
    assert sorted(calls) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore")
def test_what_makes_no_sense_is_refused_by_name(calls, name, monkeypatch, tmp_path):
    # a word that passes for a path is one here
    monkeypatch.chdir(tmp_path)
    call, given = calls[name]
    wrong = []
    for argument in given:
        for value in ODD:
            try:
                call(**given | {argument: value})
            except SzfastError as error:
                if not (error.field and error.remedy):
                    wrong.append(f"{argument}={value!r:.40}: incomplete: {error}")
            except Exception as error:
                wrong.append(f"{argument}={value!r:.40}: {type(error).__name__}: {error!s:.80}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("sz_mass", "redshift", 3 * u.s),
        ("sz_mass", "redshift", [0.1, 0.2] * u.kpc),
        ("sz_mass", "redshift", np.inf),
        ("sz_mass", "bias", True),
        ("theta_500", "redshift", 1e300),
        ("mean_compton_y", "redshift", -1.0),
        ("mean_compton_y", "redshift", np.nan),
        ("mean_compton_y", "redshift", 0.1 + 0.2j),
        ("read_snapshot", "exclude_star_forming", "no"),
        ("read_snapshot", "smoothing_scale", 1e300),
        ("read_snapshot", "smoothing_scale", True),
        ("write_maps", "overwrite", "no"),
        ("predict_log10_mass", "average", "no"),
        ("predict_log10_mass", "redshift", 0.1 * u.kpc),
        ("make_maps", "on_device", "no"),
        ("make_maps", "redshift", 1e-300),
        ("bias_score", "least_maps", -1),
        ("from_arrays", "redshift", np.zeros(1)),
        ("from_arrays", "seed", -1),
        ("from_arrays", "region", "a"),
        ("from_arrays", "noise_cluster", np.array([-1])),
        ("symmetries", "maps", np.zeros((3, 4))),
    ],
)
def test_what_would_give_a_wrong_number_in_silence_is_refused(calls, name, argument, value):
    call, given = calls[name]
    with pytest.raises(SzfastError) as caught:
        call(**given | {argument: value})
    assert caught.value.field == argument


READERS = ("read_snapshot", "read_halos", "read_maps", "psz2_sample", "networks.load", "read_networks", "read_cutout")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", READERS)
def test_a_pipe_in_a_files_place_is_not_waited_for(calls, name, tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    call, given = calls[name]
    with pytest.raises(SzfastError) as caught:
        call(**given | {"path": tmp_path / "pipe.npz"})
    assert caught.value.file == tmp_path / "pipe.npz"


def test_a_file_takes_no_pipes_place(calls, tmp_path):
    call, given = calls["write_maps"]
    pipe = tmp_path / "pipe.fits"
    os.mkfifo(pipe)
    with pytest.raises(SzfastError, match="a device or a pipe"):
        call(**given | {"path": pipe})
    assert stat.S_ISFIFO(pipe.stat().st_mode)
