"""Real snapshots: temperature and Compton parameter of their clusters against independent sums."""

from __future__ import annotations

import csv

import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest

from szfast.gas import (
    cylindrical_compton_y,
    gas_around,
    mass_weighted_temperature,
    read_snapshot,
    spherical_compton_y,
)
from szfast.snapshots.halos import read_halos

KPC_H = u.kpc / cu.littleh

BOXES = {
    ("box", "2"): ("gadget4/box/snapshot_002.hdf5", "gadget4/box/fof_subhalo_tab_002.hdf5"),
    ("box", "3"): ("gadget4/box/snapshot_003.hdf5", "gadget4/box/fof_subhalo_tab_003.hdf5"),
    ("box_coolsf", "2"): ("gadget4/box_coolsf/snapdir_002", "gadget4/box_coolsf/groups_002"),
}


def _truth(path, box):
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if (row["box"], row["snap"]) == box]
    return {int(row["group"]): {k: float(v) for k, v in row.items() if k != "box"} for row in rows}


@pytest.mark.parametrize("box", BOXES, ids="-".join)
def test_gadget4_haloes_have_their_compton_y(real_data, box):
    truth = _truth(real_data("gadget4/truth.csv"), box)
    snapshot, catalogue = (real_data(name) for name in BOXES[box])
    halos = read_halos(catalogue, snapshot=snapshot, min_mass=5e13 / 0.6777 * u.Msun)
    assert len(halos) == len(truth)
    radii = np.hypot(halos["R500c"], 2 * halos["R200c"])
    for halo, gas in zip(halos, gas_around(snapshot, halos, radii), strict=True):
        row = truth[halo["id"]]
        # The table has six digits: 5e-6; 3e-6 measured.
        sphere = spherical_compton_y(gas, radius=halo["R500c"])
        assert sphere.to_value("Mpc2") == pytest.approx(row["Y500sph"], rel=1e-5)
        temperature = mass_weighted_temperature(gas, radius=halo["R500c"])
        assert temperature.to_value("keV") == pytest.approx(row["Tmw500_keV"], rel=1e-5)
        for name, axis in zip("xyz", np.eye(3), strict=True):
            cylinder = cylindrical_compton_y(gas, axis=axis, radius=halo["R500c"], half_depth=2 * halo["R200c"])
            assert cylinder.to_value("Mpc2") == pytest.approx(row[f"Ycyl_{name}"], rel=1e-5)


def test_one_pass_reads_what_single_reads_read(real_data):
    snapshot, catalogue = (real_data(name) for name in BOXES["box", "3"])
    halos = read_halos(catalogue, min_mass=5e13 / 0.6777 * u.Msun)
    together = gas_around(snapshot, halos, 2 * u.Mpc)
    for halo, gas in zip(halos, together, strict=True):
        alone = read_snapshot(snapshot, halo=halo, radius=2 * u.Mpc)
        assert len(gas) == len(alone) > 100
        np.testing.assert_array_equal(np.sort(gas.compton_y_kpc2()), np.sort(alone.compton_y_kpc2()))
        np.testing.assert_array_equal(gas.origin_kpc, alone.origin_kpc)


def test_the_box_has_haloes_that_wrapping_matters_for(real_data):
    snapshot, catalogue = (real_data(name) for name in BOXES["box", "2"])
    halos = read_halos(catalogue, snapshot=snapshot, min_mass=5e13 / 0.6777 * u.Msun)
    whole = read_snapshot(snapshot)
    # Reading everything and shifting later wraps by another route than reading about the centre.
    for halo in halos:
        alone = read_snapshot(snapshot, halo=halo, radius=5 * u.Mpc)
        here = spherical_compton_y(alone, radius=5 * u.Mpc)
        there = spherical_compton_y(whole, center=halo["center"], radius=5 * u.Mpc)
        assert here.value == pytest.approx(there.value, rel=1e-9)
    edge_kpc = np.minimum(halos["center"], whole.box_size_kpc * u.kpc - halos["center"]).min()
    assert edge_kpc < 5 * 1.3 * u.Mpc


def test_the_three_hundred_cluster(real_data):
    path = real_data("the300/snap_Gadget_sample")
    center, radius = [2501.6, 2497.2, 2503.0] * KPC_H, 1444 * KPC_H
    gas = read_snapshot(path, center=center, radius=radius, exclude_neutral=False)
    # The figures are given to four digits, for all gas.
    assert mass_weighted_temperature(gas, radius=radius).to_value("keV") == pytest.approx(12.51, abs=0.005)
    assert spherical_compton_y(gas, radius=radius).to_value("Mpc2") == pytest.approx(6.216e-4, abs=5e-8)
    hot = read_snapshot(path, center=center, radius=radius, smoothing_scale=50 ** (1 / 3))
    assert hot.excluded == {"star-forming": 0, "neutral": 4}
    # Four cold particles: they weigh in the temperature, by 5e-4, and not in Y.
    assert spherical_compton_y(hot, radius=radius).to_value("Mpc2") == pytest.approx(6.216e-4, abs=5e-8)
    assert gas.electron_model == "from_file"
    assert gas.redshift == pytest.approx(0, abs=1e-6)


def test_electron_model_changes_y_as_it_must(real_data):
    path = real_data("the300/snap_Gadget_sample")
    center, radius = [2501.6, 2497.2, 2503.0] * KPC_H, 1444 * KPC_H
    full, fixed = (
        read_snapshot(path, center=center, radius=radius, electrons=model) for model in ("fully_ionised", 1.0)
    )
    # At one energy, Y goes as x_e mu(x_e) particle by particle.
    expected = 1.0 / (0.88 / 0.76) * (1 + 3 * 0.76 + 4 * 0.88) / (1 + 3 * 0.76 + 4 * 0.76)
    assert fixed.compton_y_kpc2() / full.compton_y_kpc2() == pytest.approx(expected, rel=1e-6)
