"""The same 300 particles, written by each code, come out the same."""

from __future__ import annotations

import numpy as np
import pytest

from szfast.snapshots import open_snapshot

# Stored as float32, once rounded on writing and once on scaling.
RTOL = 5e-7
EVERYWHERE = {"mass_msun", "smoothing_length_kpc", "internal_energy_km2_s2"}
GADGET = EVERYWHERE | {"electron_per_hydrogen", "neutral_fraction", "star_formation_rate"}

BINARY = {
    "format1": dict(format=1),
    "format2": dict(format=2),
    "format1_big_endian": dict(format=1, order=">"),
    "format2_big_endian": dict(format=2, order=">"),
    "double": dict(real="f8"),
    "format1_double_big_endian": dict(format=1, real="f8", order=">"),
    "long_ids": dict(format=1, id_type="u8"),
    "three_parts": dict(parts=3),
    "format1_three_parts_long_ids": dict(format=1, parts=3, id_type="u8"),
}
HDF5 = {
    "gadget": ("gadget", {}, "GADGET HDF5", GADGET),
    "gadget_units": ("gadget", {"units": True}, "GADGET HDF5", GADGET),
    "gadget_parts": ("gadget", {"parts": 3}, "GADGET HDF5", GADGET),
    "gadget4": ("gadget4", {}, "GADGET-4 HDF5", GADGET),
    "gadget4_parts": ("gadget4", {"parts": 2}, "GADGET-4 HDF5", GADGET),
    "arepo": ("arepo", {}, "AREPO HDF5", GADGET | {"hydrogen_fraction"}),
    "gizmo": ("gizmo", {"parts": 2}, "GIZMO HDF5", GADGET | {"hydrogen_fraction", "wind_delay_time"}),
    "swift": ("swift", {}, "SWIFT HDF5", EVERYWHERE | {"electron_per_hydrogen", "hydrogen_fraction"}),
    "swift_parts": ("swift", {"parts": 2}, "SWIFT HDF5", EVERYWHERE),
    "swift_c2": ("swift", {"kernel": "Wendland C2"}, "SWIFT HDF5", EVERYWHERE),
    "swift_c4": ("swift", {"kernel": "Wendland C4"}, "SWIFT HDF5", EVERYWHERE),
    "swift_physical": ("swift", {"physical_density": True}, "SWIFT HDF5", {"electron_per_hydrogen"}),
}
QUANTITIES = GADGET | {"hydrogen_fraction", "wind_delay_time"}


def agrees(gas, truth, quantities, *, position_error_kpc=1e-9):
    np.testing.assert_allclose(gas.offset_kpc, truth.position_kpc, rtol=0, atol=position_error_kpc)
    for name in quantities:
        np.testing.assert_allclose(getattr(gas, name), getattr(truth, name), rtol=RTOL, err_msg=name)


@pytest.mark.parametrize("options", BINARY.values(), ids=BINARY.keys())
def test_gadget_binary(tmp_path, written, code_gas, options):
    snapshot = open_snapshot(written.binary(tmp_path, code_gas, **options))
    # Positions up to 5e4 kpc/h in float32 carry an error of 2e-3 kpc/h.
    error = 1e-9 if options.get("real") == "f8" else 4e-3
    assert snapshot.dialect == f"GADGET binary, format {options.get('format', 2)}"
    assert len(snapshot.parts) == options.get("parts", 1)
    assert snapshot.gas_count == len(code_gas.mass)
    gas = snapshot.gas()
    agrees(gas, written.physical(code_gas), GADGET, position_error_kpc=error)
    assert gas.hydrogen_fraction is None
    assert gas.wind_delay_time is None


@pytest.mark.parametrize(("writer", "options", "dialect", "quantities"), HDF5.values(), ids=HDF5.keys())
def test_hdf5(tmp_path, written, code_gas, writer, options, dialect, quantities):
    snapshot = open_snapshot(getattr(written, writer)(tmp_path, code_gas, **options))
    assert snapshot.dialect == dialect
    assert len(snapshot.parts) == options.get("parts", 1)
    gas = snapshot.gas()
    agrees(gas, written.physical(code_gas), quantities, position_error_kpc=1e-8)
    if writer != "swift":
        assert {name for name in QUANTITIES if getattr(gas, name) is not None} == quantities


def test_header_is_physical(tmp_path, written, code_gas):
    for writer in ("binary", "gadget", "gadget4", "arepo", "gizmo", "swift"):
        folder = tmp_path / writer
        folder.mkdir()
        header = open_snapshot(getattr(written, writer)(folder, code_gas)).header
        assert header.redshift == pytest.approx(0.25)
        assert header.scale_factor == pytest.approx(0.8)
        assert header.hubble == pytest.approx(0.6777)
        assert header.box_size_kpc == pytest.approx(written.box_kpc, rel=1e-8)
        assert header.code_velocity_km_s == pytest.approx(1.0)
        cosmology = header.cosmology
        assert (cosmology.H0.value, cosmology.Om0) == pytest.approx((67.77, 0.307115))
    assert open_snapshot(tmp_path / "binary").header.code_mass_msun == pytest.approx(written.mass_msun)
    assert open_snapshot(tmp_path / "gadget").header.code_length_kpc == pytest.approx(written.length_kpc)


def test_kernels_of_swift_are_named(tmp_path, written, code_gas):
    names = {"Wendland C2": "wendland_c2", "Wendland C4": "wendland_c4", "Cubic spline (M4)": "cubic"}
    for kernel, name in names.items():
        assert open_snapshot(written.swift(tmp_path, code_gas, kernel=kernel)).gas().kernel == name


def test_an_unsupported_kernel_keeps_its_second_moment(tmp_path, written, code_gas):
    gas = open_snapshot(written.swift(tmp_path, code_gas, kernel="Quartic spline (M5)")).gas()
    assert gas.kernel == "cubic"
    # SWIFT's h is twice the kernel's standard deviation, whatever the kernel: support / gamma is the same.
    expected = written.physical(code_gas).smoothing_length_kpc / 2.018932 * 1.825742
    np.testing.assert_allclose(gas.smoothing_length_kpc, expected, rtol=RTOL)


def test_swift_temperatures_stand_in_for_energies(tmp_path, written, code_gas):
    gas = open_snapshot(written.swift(tmp_path, code_gas, temperatures=True)).gas()
    assert gas.internal_energy_km2_s2 is None
    np.testing.assert_allclose(gas.temperature_k, code_gas.energy, rtol=RTOL)


def test_swift_marks_what_does_not_form_stars_with_negative_rates(tmp_path, written, code_gas):
    gas = open_snapshot(written.swift(tmp_path, code_gas)).gas()
    np.testing.assert_array_equal(gas.star_formation_rate > 0, code_gas.sfr > 0)


def test_mass_from_the_header(tmp_path, written, code_gas):
    gas = open_snapshot(written.binary(tmp_path, code_gas, mass_in_header=True)).gas()
    np.testing.assert_allclose(gas.mass_msun, 0.1 * written.mass_msun, rtol=RTOL)


def test_neutral_mass_of_gadget_x(tmp_path, written, code_gas):
    blocks = ("MASS", "U", "NE", "HSML", "RHO", "SFR", "Z", "TEMP", "MHI")
    gas = open_snapshot(written.binary(tmp_path, code_gas, blocks=blocks)).gas()
    agrees(gas, written.physical(code_gas), GADGET, position_error_kpc=4e-3)
    assert gas.temperature_k is None


def test_temperature_block_without_energy(tmp_path, written, code_gas):
    gas = open_snapshot(written.binary(tmp_path, code_gas, blocks=("MASS", "TEMP", "HSML", "RHO"))).gas()
    assert gas.internal_energy_km2_s2 is None
    np.testing.assert_allclose(gas.temperature_k, code_gas.energy, rtol=RTOL)


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True)])
def test_format_1_follows_the_flags(tmp_path, written, code_gas, flags):
    cooling, star_formation = flags
    path = written.binary(tmp_path, code_gas, format=1, cooling=cooling, star_formation=star_formation)
    gas = open_snapshot(path).gas()
    agrees(gas, written.physical(code_gas), EVERYWHERE, position_error_kpc=4e-3)
    assert (gas.electron_per_hydrogen is not None) == cooling
    assert (gas.star_formation_rate is not None) == star_formation


def test_smoothing_length_from_density_is_stated(tmp_path, written, code_gas):
    # The writer's density holds exactly 64 particle masses in each kernel.
    snapshot = open_snapshot(written.binary(tmp_path, code_gas, blocks=("MASS", "U", "RHO")))
    agrees(snapshot.gas(), written.physical(code_gas), EVERYWHERE, position_error_kpc=4e-3)
    stated = {a.quantity: a for a in snapshot.assumptions}
    assert "64" in stated["smoothing length"].source
    assert "default" in stated["unit of length"].source
