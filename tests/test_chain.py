"""The whole chain on real input: gas -> Planck-like maps -> the published networks' mass."""

from __future__ import annotations

import astropy.cosmology.units as cu
import astropy.units as u
import numpy as np
import pytest

import szfast
from szfast import networks
from szfast.maps.sightlines import sightlines


@pytest.fixture(scope="module")
def published(real_data):
    return networks.published(real_data("deepplanck/weights"))


@pytest.mark.parametrize(("redshift", "M500c"), [(0.07, 4e14), (0.07, 8e14), (0.15, 8e14), (0.3, 8e14), (0.5, 1e15)])
def test_mock_maps_of_a_known_cluster_give_back_its_mass(published, redshift, M500c):
    found = []
    for seed in range(3):
        gas = szfast.synthetic_cluster(
            M500c=M500c * u.Msun, redshift=redshift, seed=seed, particles=5000, scatter_dex=0.0
        )
        maps = szfast.make_maps(gas, noise="milca", seed=seed, sightlines=sightlines("hemisphere27")[::3])
        found.append(networks.predict_log10_mass(maps.y, published.at_redshift(redshift)).mean())
    # on Arnaud's relation, which lies above the simulations that the networks learnt from: 0.03 to 0.07 dex measured
    assert np.mean(found) == pytest.approx(np.log10(M500c), abs=0.08)


def test_the_three_hundreds_cluster_is_as_heavy_as_they_come(published, real_data):
    center = [2501.6, 2497.2, 2503.0] * u.kpc / cu.littleh
    gas = szfast.read_snapshot(real_data("the300/snap_Gadget_sample"), center=center, smoothing_scale=50 ** (1 / 3))
    maps = szfast.make_maps(gas, redshift=0.15)
    np.testing.assert_allclose(maps.conserved.patch_kpc2, gas.compton_y_area.sum().value, rtol=1e-6)
    found = networks.predict_log10_mass(maps.y, published.at_redshift(0.15))
    # M500c = 2.58e15 Msun is above the 2e15 that the networks have seen: they return the top of their range
    assert 15.2 < found.mean() < np.log10(2.58e15)


@pytest.mark.parametrize(
    ("snapshot", "catalogue", "heaviest"),
    [
        ("gadget4/box/snapshot_003.hdf5", "gadget4/box/fof_subhalo_tab_003.hdf5", 1.56194e14),
        ("gadget4/box_coolsf/snapdir_002", "gadget4/box_coolsf/groups_002", 1.47634e14),
    ],
)
def test_gadget4_boxes_from_file_to_maps(real_data, snapshot, catalogue, heaviest):
    path = real_data(snapshot)
    halo = szfast.read_halos(real_data(catalogue), snapshot=path)[0]
    # the table is in Msun/h, the code's solar mass 3e-4 heavier than astropy's
    assert halo["M500c"].to_value("Msun") == pytest.approx(heaviest / 0.6777, rel=4e-4)
    maps = szfast.make_maps(snapshot=path, halo=halo, noise=None)
    assert maps.M500c_msun == pytest.approx(halo["M500c"].value)
    # the halo is the brightest object of its field, in its middle, in most of the views
    middle = maps.y[:, 40:56, 40:56].max(axis=(1, 2))
    assert np.mean(middle == maps.y.max(axis=(1, 2))) > 0.8
