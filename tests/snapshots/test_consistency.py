"""Units that cannot be right are refused with the unit that fits."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from szfast.errors import SnapshotError
from szfast.snapshots import open_snapshot
from szfast.snapshots.consistency import check_box, critical_density_msun_kpc3

HUBBLE = 0.6777


def set_unit(path, **units):
    with h5py.File(path, "a") as file:
        file["Header"].attrs.update(units)


@pytest.mark.parametrize(
    ("unit", "value", "guess"),
    [
        ("UnitLength_in_cm", 3.085678e24, "lengths in kpc where Mpc was taken"),
        ("UnitLength_in_cm", 3.085678e18, "lengths in Mpc where kpc was taken"),
        ("UnitMass_in_g", 1.989e33, "masses in 1e10 Msun where Msun was taken"),
        ("UnitMass_in_g", 1.989e53, "masses in Msun where 1e10 Msun was taken"),
    ],
)
def test_wrong_unit_of_length_or_mass(tmp_path, written, code_gas, unit, value, guess):
    # Without a box, so that it is the gas that tells.
    code_gas.box = 0.0
    path = written.gadget(tmp_path, code_gas, units=True)
    open_snapshot(path).gas()
    set_unit(path, **{unit: value})
    with pytest.raises(SnapshotError, match=guess) as caught:
        open_snapshot(path).gas()
    assert caught.value.field == "UnitLength"
    assert "UnitLength_in_cm" in caught.value.remedy


def test_binary_in_mpc(tmp_path, written, code_gas):
    for name, power in (("position", 1), ("h", 1), ("density", -3)):
        code_gas = code_gas.with_column(name, getattr(code_gas, name) * 1e-3**power)
    code_gas.box /= 1e3
    with pytest.raises(SnapshotError, match=r"lengths in Mpc where kpc was taken"):
        open_snapshot(written.binary(tmp_path, code_gas)).gas()


@pytest.mark.parametrize(("value", "guess"), [(1.0, "km/s where cm/s"), (1e10, "cm/s where km/s")])
def test_wrong_unit_of_velocity(tmp_path, written, code_gas, value, guess):
    path = written.gadget(tmp_path, code_gas, units=True)
    set_unit(path, UnitVelocity_in_cm_per_s=value)
    with pytest.raises(SnapshotError, match=rf"velocities in {guess} was taken would fit") as caught:
        open_snapshot(path).gas()
    assert caught.value.field == "UnitVelocity"


def test_density_times_volume_against_mass(tmp_path, written, code_gas):
    path = written.gadget4(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["PartType0/SmoothingLength"].attrs["to_cgs"] = 3.085678e21
        # otherwise the file's own units tell
        del file["Parameters"].attrs["UnitLength_in_cm"]
    with pytest.raises(SnapshotError, match="smoothing lengths in Mpc would fit") as caught:
        open_snapshot(path).gas()
    assert caught.value.field == "SmoothingLength"


@pytest.mark.parametrize(
    ("length", "mass", "guess"),
    [
        (1 / HUBBLE, 1 / HUBBLE, "kpc and 1e10 Msun, without h"),
        (1 / HUBBLE, 1, "kpc without h, and 1e10 Msun/h"),
        (1, 1 / HUBBLE, "kpc/h, and 1e10 Msun without h"),
        (1e-3, 1, "Mpc/h and 1e10 Msun/h"),
        (1e-3 / HUBBLE, 1 / HUBBLE, "Mpc and 1e10 Msun, without h"),
    ],
)
def test_dark_matter_of_a_box_tells_units_with_and_without_h(real_data, tmp_path, monkeypatch, length, mass, guess):
    """A real box without its unit attributes, its numbers turned into other units."""
    path = tmp_path / "box.hdf5"
    with h5py.File(real_data("gadget4/box/snapshot_002.hdf5")) as real, h5py.File(path, "w") as file:
        header = file.create_group("Header").attrs
        header.update(dict(real["Header"].attrs))
        for name in ("HubbleParam", "Omega0", "OmegaLambda"):
            header[name] = real["Parameters"].attrs[name]
        header["BoxSize"] = header["BoxSize"] * length
        header["MassTable"] = header["MassTable"] * mass
        powers = {"Coordinates": (1, 0), "SmoothingLength": (1, 0), "Masses": (0, 1), "Density": (-3, 1)}
        for name in ("Coordinates", "SmoothingLength", "Masses", "Density", "InternalEnergy"):
            l_power, m_power = powers.get(name, (0, 0))
            values = real[f"PartType0/{name}"][:] * np.float64(length) ** l_power * np.float64(mass) ** m_power
            file[f"PartType0/{name}"] = values
    with pytest.raises(SnapshotError) as caught:
        open_snapshot(path).gas()
    assert guess in str(caught.value)


def test_right_units_without_attributes_pass(real_data, tmp_path):
    with h5py.File(real_data("gadget4/box/snapshot_002.hdf5")) as real:
        header = dict(real["Header"].attrs)
    mass = header["MassTable"][1] * header["NumPart_Total"][1] * 1.989e43 / 1.98841e33 / HUBBLE
    snapshot = open_snapshot(real_data("gadget4/box/snapshot_002.hdf5"))
    check_box(mass, snapshot.header, snapshot.path)
    with pytest.raises(SnapshotError, match="without h"):
        check_box(mass * HUBBLE**2, snapshot.header, snapshot.path)


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_cells_about_a_zoom_may_fill_the_box(tmp_path, written, code_gas, share):
    """A Voronoi mesh fills its box: of a zoom in 1 Gpc/h, cells at its edge reach over hundreds of Mpc."""
    box = 1e6
    code_gas = code_gas.with_column("position", np.random.default_rng(5).normal(box / 2, 900.0, (300, 3)))
    code_gas.box = box
    edge = np.zeros(300, bool)
    edge[: round(300 * share)] = True
    density = np.where(edge, code_gas.mass * edge.sum() / box**3, code_gas.density)
    path = written.arepo(tmp_path, code_gas.with_column("density", density))
    gas = open_snapshot(path).gas()
    # 64 neighbours reach as far as 64 such cells
    reach = np.cbrt(3 * 64 / (4 * np.pi) * box**3 / edge.sum()) * written.length_kpc * written.scale_factor
    np.testing.assert_allclose(gas.smoothing_length_kpc[edge], reach, rtol=1e-5)


def test_critical_density():
    from astropy.cosmology import FlatLambdaCDM

    expected = FlatLambdaCDM(H0=70, Om0=0.3).critical_density0.to_value("Msun/kpc3")
    assert critical_density_msun_kpc3(0.7) == pytest.approx(expected, rel=1e-5)


def test_a_box_a_thousand_times_too_wide(tmp_path, written, code_gas):
    """The cluster lies at the edges of x and z: without the right period it falls apart."""
    code_gas.box *= 1000.0
    path = written.gadget(tmp_path, code_gas)
    with pytest.raises(SnapshotError, match="a box 1000 times smaller would fit") as caught:
        open_snapshot(path).gas()
    assert caught.value.field == "BoxSize"


@pytest.mark.parametrize("box", [1e6, 4e6])
def test_a_cutout_keeps_the_box_it_was_cut_from(tmp_path, written, code_gas, box):
    """4 Mpc/h of a box of 1 to 4 Gpc/h: no wider than a thousandth of it, and elsewhere than at its edge."""
    code_gas.box = box
    inside = code_gas.position - [100.0, 25000.0, 49900.0]
    inside -= 50000.0 * np.round(inside / 50000.0)
    for center in (0.5 * box, 0.0007 * box, box):
        gas = code_gas.with_column("position", np.mod(np.clip(inside, -2000, 2000) + center, box))
        assert len(open_snapshot(written.gadget(tmp_path, gas)).gas()) == 300
