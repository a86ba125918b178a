"""Damaged and contradictory snapshots: each error names file, field and remedy."""

from __future__ import annotations

import struct

import h5py
import numpy as np
import pytest

from szfast.errors import SnapshotError
from szfast.snapshots import open_snapshot

HDF5_WRITERS = ["gadget", "gadget4", "arepo", "gizmo", "swift"]
NAMES = {
    "gadget": {"mass": "Masses", "energy": "InternalEnergy", "h": "SmoothingLength", "density": "Density"},
    "swift": {"mass": "Masses", "energy": "InternalEnergies", "h": "SmoothingLengths", "density": "Densities"},
    "binary": {"mass": "MASS", "energy": "U", "h": "HSML", "density": "RHO"},
}


def read(path):
    return open_snapshot(path).gas()


def refuses(path, *, field, match, file=None):
    with pytest.raises(SnapshotError, match=match) as caught:
        read(path)
    assert caught.value.field is not None
    assert field in caught.value.field
    assert caught.value.file == (file or path)
    assert caught.value.remedy


@pytest.mark.parametrize("writer", NAMES)
@pytest.mark.parametrize("column", ["mass", "energy", "h", "density"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_impossible_values(tmp_path, written, code_gas, writer, column, value):
    # A density is read for electrons (SWIFT) or for smoothing lengths alone.
    options = {}
    if column == "density" and writer == "binary":
        options = {"blocks": ("MASS", "U", "RHO")}
    elif column == "density" and writer == "gadget":
        options = {"leave_out": ("SmoothingLength",)}
    values = getattr(code_gas, column).copy()
    values[17] = value
    path = getattr(written, writer)(tmp_path, code_gas.with_column(column, values), **options)
    refuses(path, field=NAMES[writer][column], match="not finite|expected")


@pytest.mark.parametrize("writer", ["binary", *HDF5_WRITERS])
def test_positions_that_are_not_finite(tmp_path, written, code_gas, writer):
    position = code_gas.position.copy()
    position[3, 1] = np.nan
    path = getattr(written, writer)(tmp_path, code_gas.with_column("position", position))
    refuses(path, field="POS" if writer == "binary" else "Coordinates", match="not finite")


def test_zero_smoothing_length(tmp_path, written, code_gas):
    h = code_gas.h.copy()
    h[-1] = 0.0
    refuses(written.gadget(tmp_path, code_gas.with_column("h", h)), field="SmoothingLength", match="positive")


def test_composition_out_of_range(tmp_path, written, code_gas):
    helium = np.where(np.arange(300) == 5, 1.5, code_gas.helium)
    refuses(written.gizmo(tmp_path, code_gas.with_column("helium", helium)), field="Metallicity", match="1.5")


@pytest.mark.parametrize("writer", ["binary", *HDF5_WRITERS])
@pytest.mark.parametrize("hubble", [0.0, -0.7, np.nan, 67.77])
def test_hubble_parameter(tmp_path, written, code_gas, writer, hubble):
    code_gas.hubble = hubble
    path = getattr(written, writer)(tmp_path, code_gas)
    refuses(path, field="Hubble", match="expected")


@pytest.mark.parametrize("writer", ["binary", *HDF5_WRITERS])
def test_scale_factor_against_redshift(tmp_path, written, code_gas, writer):
    code_gas.redshift = 0.3
    path = getattr(written, writer)(tmp_path, code_gas)
    refuses(path, field="Time", match="disagree")


@pytest.mark.parametrize("writer", ["binary", *HDF5_WRITERS])
@pytest.mark.parametrize("box", [-5.0, np.nan, 1e-3, 1e9])
def test_nonsensical_box(tmp_path, written, code_gas, writer, box):
    code_gas.box = box
    path = getattr(written, writer)(tmp_path, code_gas)
    refuses(path, field="BoxSize", match="wide")


def test_box_smaller_than_the_positions(tmp_path, written, code_gas):
    code_gas.box = 20000.0
    refuses(written.gadget(tmp_path, code_gas), field="BoxSize", match="positions span")


def test_box_of_zero_is_not_periodic(tmp_path, written, code_gas):
    code_gas.box = 0.0
    for writer in ("binary", "gadget"):
        snapshot = open_snapshot(getattr(written, writer)(tmp_path, code_gas))
        assert snapshot.header.box_size_kpc is None
        # Without a period nothing is found across the box's edge.
        near = snapshot.gas([100.0 * written.length_kpc] + [25000 * written.length_kpc] * 2, 30000.0)
        assert near.offset_kpc[:, 0].min() > -101 * written.length_kpc


@pytest.mark.parametrize(
    ("writer", "field"),
    [
        ("gadget", "HubbleParam"),
        ("gadget", "Redshift"),
        ("gadget", "Omega0"),
        ("gadget", "NumPart_ThisFile"),
        ("gadget", "NumPart_Total"),
        ("gadget", "NumFilesPerSnapshot"),
        ("gizmo", "Time"),
        ("arepo", "OmegaLambda"),
    ],
)
def test_absent_attribute(tmp_path, written, code_gas, writer, field):
    path = getattr(written, writer)(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        del file["Header"].attrs[field]
    refuses(path, field=field, match="no such attribute|expected particle numbers")


@pytest.mark.parametrize("writer", ["gadget", "gadget4"])
def test_a_unit_that_overflows(tmp_path, written, code_gas, writer):
    path = getattr(written, writer)(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        group = file["Parameters" if "Parameters" in file else "Header"]
        group.attrs["UnitVelocity_in_cm_per_s"] = 1e300
        if writer == "gadget4":
            # the unit of the energies is not told at them
            del file["PartType0/InternalEnergy"].attrs["to_cgs"]
    refuses(path, field="InternalEnergy", match="not finite")


@pytest.mark.parametrize(
    ("array", "attribute", "factor"),
    [
        ("Coordinates", "to_cgs", 2.0),
        ("SmoothingLength", "a_scaling", 2.0),
        ("SmoothingLength", "h_scaling", -1.0),
        ("Masses", "to_cgs", 1.02),
        ("Masses", "h_scaling", 0.5),
        ("InternalEnergy", "to_cgs", 0.5),
    ],
)
def test_scaling_attributes_against_the_units_of_the_file(tmp_path, written, code_gas, array, attribute, factor):
    """A bit of one of them moved, widened or weighed all gas, and nothing else told."""
    path = written.gadget4(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["PartType0"][array].attrs[attribute] *= factor
    refuses(path, field=f"PartType0/{array}", match="its attributes make a unit")


TO_CGS = "Conversion factor to CGS (not including cosmological corrections)"


@pytest.mark.parametrize(
    ("array", "attribute", "value"),
    [
        ("Coordinates", TO_CGS, 1.5e24),
        ("Coordinates", "a-scale exponent", 0.0),
        ("SmoothingLengths", "Value stored as physical", 4),
        ("Masses", "a-scale exponent", 1.0),
        ("Densities", TO_CGS, 1e-30),
        ("InternalEnergies", "a-scale exponent", 2.0),
        ("ElectronNumberDensities", TO_CGS, 1.0),
    ],
)
def test_attributes_of_swift_against_its_units(tmp_path, written, code_gas, array, attribute, value):
    path = written.swift(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["PartType0"][array].attrs[attribute] = [value]
    refuses(path, field=f"PartType0/{array}", match="its attributes say")


@pytest.mark.parametrize(("group", "unit"), [("Parameters", "UnitVelocity_in_cm_per_s"), ("Units", "Unit time")])
@pytest.mark.parametrize("value", [1e-300, 1e300])
def test_units_so_small_that_a_power_is_zero(tmp_path, written, code_gas, group, unit, value):
    path = (written.gadget4 if group == "Parameters" else written.swift)(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        attributes = file[group].attrs
        name = next(each for each in attributes if each.startswith(unit))
        attributes[name] = np.full_like(attributes[name], value)
    refuses(path, field="", match="its attributes|positive velocity")


@pytest.mark.parametrize("writer", ["binary", "gadget", "swift"])
@pytest.mark.parametrize("value", [1e12, 1e30, -3e38])
def test_a_particle_beyond_any_universe(tmp_path, written, code_gas, writer, value):
    """Without a period nothing bounded the positions, until the engine could not hold them in floats."""
    code_gas.box = 0.0
    positions = code_gas.position.copy()
    positions[7, 1] = value
    path = getattr(written, writer)(tmp_path, code_gas.with_column("position", positions))
    refuses(path, field="POS" if writer == "binary" else "Coordinates", match="comoving kpc away|not finite")


@pytest.mark.parametrize("name", ["OmegaLambda", "Omega0"])
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_a_universe_that_is_curved_more_than_any(tmp_path, written, code_gas, name, factor):
    """A bit of the exponent of a density parameter is another distance, and another size of every map."""
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs[name] *= factor
    refuses(path, field="OmegaLambda", match="add up to")


@pytest.mark.parametrize(("omega_lambda", "curved"), [(0.0, True), (0.65, True), (0.692885, False)])
def test_a_curved_universe_that_may_be(tmp_path, written, code_gas, omega_lambda, curved):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["OmegaLambda"] = omega_lambda
    assert (open_snapshot(path).header.cosmology.Ok0 != 0) == curved


@pytest.mark.parametrize("block", ["NE", "NH", "SFR", "HSML"])
@pytest.mark.parametrize("bit", [0, 1, 6, 7])
def test_a_label_with_a_flipped_bit(tmp_path, written, code_gas, block, bit):
    """Without its block of electrons, gas was taken to be fully ionised."""
    path = written.binary(tmp_path, code_gas)
    raw = bytearray(path.read_bytes())
    raw[raw.index(block.ljust(4).encode()) + 1] ^= 1 << bit
    path.write_bytes(raw)
    refuses(path, field=block, match="single bit")


def test_a_gas_mass_of_the_header_that_the_masses_contradict(tmp_path, written, code_gas):
    path = written.binary(tmp_path, code_gas)
    raw = bytearray(path.read_bytes())
    # the header's table of masses begins with that of gas
    raw[20 + 24 : 20 + 32] = np.float64(2.0).tobytes()
    path.write_bytes(raw)
    refuses(path, field="MASS", match="the header says 40 rows of 1")


@pytest.mark.parametrize("value", ["a", [0.6, 0.7], []])
def test_attribute_that_is_no_number(tmp_path, written, code_gas, value):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["HubbleParam"] = value
    refuses(path, field="HubbleParam", match="expected one number")


@pytest.mark.parametrize(
    ("writer", "absent"),
    [
        ("gadget", ["Coordinates"]),
        ("gadget", ["Masses"]),
        ("gadget", ["InternalEnergy"]),
        ("gadget", ["SmoothingLength", "Density"]),
        ("swift", ["Coordinates"]),
        ("swift", ["Masses"]),
        ("swift", ["InternalEnergies"]),
        ("swift", ["SmoothingLengths"]),
    ],
)
def test_absent_array(tmp_path, written, code_gas, writer, absent):
    path = getattr(written, writer)(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        for name in absent:
            del file["PartType0"][name]
    refuses(path, field=f"PartType0/{absent[0]}", match="absent")


@pytest.mark.parametrize("absent", ["MASS", "U", "HSML"])
def test_absent_block(tmp_path, written, code_gas, absent):
    blocks = [name for name in ("MASS", "U", "HSML") if name != absent]
    refuses(written.binary(tmp_path, code_gas, blocks=blocks), field=absent, match="absent")


@pytest.mark.parametrize(
    ("name", "values", "match"),
    [
        ("Coordinates", np.zeros(300), "three coordinates"),
        ("Coordinates", np.zeros((300, 2)), "three coordinates"),
        ("Masses", np.ones((300, 3)), "one value a particle"),
        ("Masses", np.full(300, b"x"), "expected numbers"),
    ],
)
def test_array_of_the_wrong_kind(tmp_path, written, code_gas, name, values, match):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        del file["PartType0"][name]
        file["PartType0"][name] = values
    refuses(path, field=name, match=match)


def test_array_absent_from_one_part(tmp_path, written, code_gas):
    path = written.gadget(tmp_path, code_gas, parts=2)
    second = tmp_path / "snap_007.1.hdf5"
    with h5py.File(second, "a") as file:
        del file["PartType0/ElectronAbundance"]
    refuses(path, field="ElectronAbundance", match="absent", file=second)


def test_swift_needs_its_kernel(tmp_path, written, code_gas):
    refuses(written.swift(tmp_path, code_gas, kernel="Gaussian"), field="Kernel function", match="found 'gaussian'")


def test_swift_subsample_is_refused(tmp_path, written, code_gas):
    path = written.swift(tmp_path, code_gas)
    for output, good in ((np.bytes_("FullVolume"), True), (np.bytes_("SubSampled"), False)):
        with h5py.File(path, "a") as file:
            file["Header"].attrs["OutputType"] = output
        if good:
            read(path)
        else:
            refuses(path, field="OutputType", match="found subsampled")


def test_no_gas(tmp_path, written, code_gas):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        del file["PartType0"]
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = [0, 5, 0, 0, 0, 0]
    refuses(path, field="PartType0", match="no gas")


@pytest.mark.parametrize("count", [299, 301, 2**31 - 1])
@pytest.mark.parametrize("writer", HDF5_WRITERS)
def test_counts_that_disagree_with_the_arrays(tmp_path, written, code_gas, writer, count):
    path = getattr(written, writer)(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = [count, 0, 0, 0, 0, 0]
    refuses(path, field="PartType0", match=f"says {count} gas particles")


@pytest.mark.parametrize("count", [299, 301, 2**31 - 1])
@pytest.mark.parametrize("format", [1, 2])
def test_binary_counts_that_disagree_with_the_blocks(tmp_path, written, code_gas, format, count):
    path = written.binary(tmp_path, code_gas, format=format)
    raw = bytearray(path.read_bytes())
    start = 4 if format == 1 else 20
    raw[start : start + 4] = struct.pack("<i", count)
    path.write_bytes(raw)
    refuses(path, field="NumPart" if count > 301 else "", match="header says")


@pytest.mark.parametrize("writer", ["binary", "gadget", "swift"])
def test_truncated_file(tmp_path, written, code_gas, writer):
    path = getattr(written, writer)(tmp_path, code_gas)
    raw = path.read_bytes()
    # Behind the header everywhere: where the header itself is cut, the format is unknown.
    for kept in np.linspace(300, len(raw) - 1, 23).astype(int):
        path.write_bytes(raw[:kept])
        with pytest.raises(SnapshotError) as caught:
            read(path)
        assert caught.value.file == path
        assert caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"abc", b"\x89HDF\r\n\x1a\n", b"SIMPLE  = T" * 40])
def test_unknown_format(tmp_path, content):
    path = tmp_path / "snapshot"
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=r"neither HDF5|HDF5 cannot read it") as caught:
        open_snapshot(path)
    assert caught.value.file == path
    assert caught.value.remedy


def test_hdf5_that_is_no_snapshot(tmp_path):
    path = tmp_path / "other.hdf5"
    with h5py.File(path, "w") as file:
        file["data"] = [1, 2, 3]
    refuses(path, field="Header", match="no group /Header")


def test_gadget4_binary_header(tmp_path):
    """GADGET-4's own binary header is longer and has no cosmology."""
    path = tmp_path / "snap"
    raw = struct.pack("<I4sI", 8, b"HEAD", 312) + struct.pack("<II", 8, 304) + b"\0" * 304
    path.write_bytes(raw + struct.pack("<I", 304))
    refuses(path, field="HEAD", match="header of 256 bytes")


def test_random_bytes_never_escape_as_other_errors(tmp_path, written, code_gas):
    """Flip bytes anywhere in a binary snapshot: it is read, or refused by name."""
    path = written.binary(tmp_path, code_gas)
    good = path.read_bytes()
    rng = np.random.default_rng(11)
    refused = 0
    for _ in range(150):
        raw = bytearray(good)
        # Every second hit goes to the header and the first labels, where the structure is.
        for position in rng.integers(0, 300 if rng.random() < 0.5 else len(raw), 3):
            raw[position] = rng.integers(256)
        path.write_bytes(raw)
        try:
            read(path)
        except SnapshotError:
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(("column", "field"), [("mass", "Masses"), ("energy", "InternalEnergy")])
def test_a_lost_page_is_refused_and_single_zeros_are_not(tmp_path, written, code_gas, column, field):
    """Gas that a black hole has swallowed keeps its place without mass until it is sorted out."""
    values = getattr(code_gas, column).copy()
    # every second one of 62, and 31 in a row
    values[100:162:2] = values[200:231] = 0.0
    assert len(read(written.gadget(tmp_path, code_gas.with_column(column, values)))) == 300
    values[231] = 0.0
    refuses(written.gadget(tmp_path, code_gas.with_column(column, values)), field=field, match="32 zeros in a row")


def test_metals_of_a_lost_page(tmp_path, written, code_gas):
    helium, metals = code_gas.helium.copy(), code_gas.metals.copy()
    helium[40:90] = metals[40:90] = 0.0
    gas = code_gas.with_column("helium", helium).with_column("metals", metals)
    refuses(written.gizmo(tmp_path, gas), field="Metallicity", match="zeros in a row")


def test_one_particle_may_lie_at_the_origin(tmp_path, written, code_gas):
    position = code_gas.position.copy()
    position[7] = 0.0
    assert len(read(written.gadget(tmp_path, code_gas.with_column("position", position)))) == 300
    position[9] = 0.0
    path = written.gadget(tmp_path, code_gas.with_column("position", position))
    refuses(path, field="Coordinates", match=r"2 particles lie at exactly \(0, 0, 0\)")


def test_text_on_a_damaged_heap_is_not_read(tmp_path, written, code_gas):
    """HDF5 2.0 never ends to read a text whose heap has objects of size zero; GADGET-4 has such texts in /Config."""
    path = written.gadget4(tmp_path, code_gas)
    raw = path.read_bytes()
    heap = raw.index(b"GCOL")
    path.write_bytes(raw[: heap + 16] + bytes(4080) + raw[heap + 4096 :])
    assert len(read(path)) == 300


@pytest.mark.parametrize("value", ["text", [], np.inf, np.nan, -1.0, 2.5, 1e300])
@pytest.mark.parametrize("name", ["NumFilesPerSnapshot", "NumPart_ThisFile", "Time", "BoxSize"])
def test_header_attributes_that_are_no_such_numbers(tmp_path, written, code_gas, name, value):
    path = written.gadget(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs[name] = value
    refuses(path, field="" if name == "NumPart_ThisFile" else name, match="expected|wide|says|files|disagree")


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("HydroScheme", "Kernel function", "Cubic spline (M4)"),
        ("Header", "OutputType", "FullVolume"),
        ("SubgridScheme/NamedColumns", "ElementMassFractions", ["Helium", "Hydrogen", "Carbon"]),
    ],
)
def test_swift_texts_of_any_length_are_refused(tmp_path, written, code_gas, group, name, value):
    """On a damaged heap HDF5 2.0 never ends to read them; SWIFT writes texts of fixed length."""
    path = written.swift(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        if name in file[group]:
            del file[group][name]
            file[group].create_dataset(name, data=value, dtype=h5py.string_dtype())
        else:
            file[group].attrs[name] = value
    refuses(path, field=name, match="of fixed length")


def test_swift_is_known_without_the_name_of_the_code(tmp_path, written, code_gas):
    path = written.swift(tmp_path, code_gas)
    with h5py.File(path, "a") as file:
        file["Header"].attrs["Code"] = "SWIFT"
    raw = path.read_bytes()
    heap = raw.index(b"GCOL")
    path.write_bytes(raw[: heap + 16] + bytes(4080) + raw[heap + 4096 :])
    assert len(read(path)) == 300
    assert open_snapshot(path).dialect == "SWIFT HDF5"
