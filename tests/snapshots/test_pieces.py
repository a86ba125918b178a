"""Gas straight from what is stored, against gas by way of physical arrays: the same bits, and the same refusals."""

from __future__ import annotations

import numpy as np
import pytest

from szfast import _core
from szfast.errors import SnapshotError
from szfast.gas import read_snapshot
from szfast.gas.stream import GasStream
from szfast.gas.treatment import Treatment
from szfast.snapshots import open_snapshot
from szfast.snapshots.pieces import Piece

WRITERS = ["binary", "gadget", "gadget4", "arepo", "gizmo", "swift"]
CENTER = np.array([100.0, 25000.0, 49900.0])
KEEP_ALL = {"exclude_star_forming": False, "exclude_winds": False, "exclude_neutral": False}


def streamed(path, center_kpc, radius_kpc, *, chunk_rows=10**6, watch=None, **options):
    """All gas about a centre as columns, and what was read."""
    snapshot = open_snapshot(path, chunk_rows=chunk_rows)
    stream = GasStream(snapshot, center_kpc[None], np.array([radius_kpc]), Treatment(**options), watch=watch)
    ((_, columns),) = stream.batches()
    return columns, stream.read[0]


def gas_of(path, center_kpc, radius_kpc, **options):
    import astropy.units as u

    return read_snapshot(path, center=center_kpc * u.kpc, radius=radius_kpc * u.kpc, **options)


def assert_same(found, read, gas):
    for column, expected in zip(found.arrays, gas.columns().arrays, strict=True):
        np.testing.assert_array_equal(column, expected)
    assert (len(read), read.excluded, read.electron_model) == (len(gas), gas.excluded, gas.electron_model)
    assert read.assumptions == gas.assumptions


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("chunk_rows", "radius", "options"),
    [
        (10**6, 1200.0, KEEP_ALL | {"electrons": "fully_ionised"}),
        (77, 1200.0, KEEP_ALL | {"smoothing_scale": 1.7}),
        (77, 1e5, {}),
        (10**6, 1e5, {"electrons": 1.1, "exclude_neutral": False}),
        (10**6, 600.0, {"exclude_star_forming": False, "exclude_winds": False}),
    ],
)
def test_columns_straight_from_the_file(tmp_path, written, code_gas, monkeypatch, writer, chunk_rows, radius, options):
    """The sphere lies across the corner of the box; of a wide one all particles are taken."""
    if not options:
        # else nearly everything is neutral
        code_gas = code_gas.with_column("neutral", 0.15 * code_gas.neutral)
    path = getattr(written, writer)(tmp_path, code_gas, parts=2)
    center_kpc = CENTER * written.length_kpc
    gas = gas_of(path, center_kpc, radius, **options)
    assert 0 < len(gas) < 300 or options == KEEP_ALL

    def not_needed(piece):
        raise AssertionError("gas was looked at by way of physical arrays")

    monkeypatch.setattr(Piece, "particles", not_needed)
    assert_same(*streamed(path, center_kpc, radius, chunk_rows=chunk_rows, **options), gas)


def test_many_runs_of_neighbours(tmp_path, written, code_gas):
    """Thousands of particles, in order and not, so that whole runs lie inside and some are left out."""
    rng = np.random.default_rng(2)
    rows = np.concatenate([np.arange(300).repeat(20), rng.integers(0, 300, 4000)])
    columns = {name: values[rows] for name, values in code_gas.columns.items()}
    columns["position"] = np.mod(columns["position"] + rng.normal(0, 1, (len(rows), 3)), code_gas.box)
    columns["neutral"] = np.where(np.arange(len(rows)) > 3000, 0.11 * rng.random(len(rows)), 0.0)
    columns["sfr"] = np.zeros(len(rows))
    path = tmp_path / "many.hdf5"
    write_many(path, written.gadget(tmp_path, code_gas), columns)
    center_kpc = CENTER * written.length_kpc
    for radius in (900.0, 1e5):
        gas = gas_of(path, center_kpc, radius)
        assert 0 < gas.excluded["neutral"] < len(gas)
        assert_same(*streamed(path, center_kpc, radius), gas)


def write_many(path, like, columns):
    import h5py

    names = {
        "Coordinates": "position",
        "Masses": "mass",
        "InternalEnergy": "energy",
        "SmoothingLength": "h",
        "ElectronAbundance": "electrons",
        "NeutralHydrogenAbundance": "neutral",
        "StarFormationRate": "sfr",
    }
    with h5py.File(like) as small, h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(dict(small["Header"].attrs))
        count = len(columns["mass"])
        for name in ("NumPart_ThisFile", "NumPart_Total"):
            file["Header"].attrs[name] = [count, 0, 0, 0, 0, 0]
        for name, column in names.items():
            file[f"PartType0/{name}"] = columns[column].astype("f4")


@pytest.mark.parametrize("real", ["f4", "f8"])
def test_a_watched_stream_gives_the_same_columns(tmp_path, written, code_gas, real):
    path = written.binary(tmp_path, code_gas, real=real)
    center_kpc, blocks = CENTER * written.length_kpc, []
    found, _ = streamed(path, center_kpc, 1500.0, **KEEP_ALL)
    watched, _ = streamed(path, center_kpc, 1500.0, watch=lambda k, gas: blocks.append(len(gas)), **KEEP_ALL)
    for column, expected in zip(found.arrays, watched.arrays, strict=True):
        np.testing.assert_array_equal(column, expected)
    assert sum(blocks) == len(found)


@pytest.mark.parametrize("value", [1.31, 1e30])
def test_electrons_that_cannot_be_are_refused_where_they_count(tmp_path, written, code_gas, value):
    electrons, sfr = code_gas.electrons.copy(), np.zeros(300)
    electrons[17] = value
    gas = code_gas.with_column("electrons", electrons).with_column("neutral", np.zeros(300))
    path = written.gadget(tmp_path, gas.with_column("sfr", sfr))
    center_kpc = CENTER * written.length_kpc
    with pytest.raises(SnapshotError, match=r"electron fraction.*1 of 300"):
        streamed(path, center_kpc, 1e5)
    # gas that is left out may hold anything
    sfr[17] = 1.0
    path = written.gadget(tmp_path, gas.with_column("sfr", sfr))
    assert_same(*streamed(path, center_kpc, 1e5), gas_of(path, center_kpc, 1e5))


def test_values_beyond_what_a_particle_can_be_are_refused(tmp_path, written, code_gas):
    columns = {name: values.repeat(40, axis=0) for name, values in code_gas.columns.items()}
    # behind the rows that are looked at before any is read
    columns["mass"][300] = 1e36
    path = tmp_path / "many.hdf5"
    write_many(path, written.gadget(tmp_path, code_gas), columns)
    with pytest.raises(SnapshotError, match=r"Masses.*expected values in"):
        streamed(path, CENTER * written.length_kpc, 1e5)


def test_hot_gas_without_electrons_is_refused(tmp_path, written, code_gas):
    gas = code_gas.with_column("electrons", np.zeros(300)).with_column("neutral", np.zeros(300))
    path = written.gadget(tmp_path, gas)
    with pytest.raises(SnapshotError, match="have no electrons"):
        streamed(path, CENTER * written.length_kpc, 1e5)
    assert streamed(path, CENTER * written.length_kpc, 1e5, electrons=0.0)[0].area_kpc2.max() == 0.0


N = 10
GOOD = {
    "coordinates": np.zeros((N, 3), "f4"),
    "rows": np.arange(4),
    "center": np.zeros(3),
    "box": 0.0,
    "scale": 1.0,
    **{name: (np.ones(N, "f4"), 1.0, False) for name in ("mass", "heat", "support", "electrons")},
    "hydrogen": (None, 0.76, False),
    "exclusions": (),
    "kelvin": 1.0,
    "support_scale": 1.0,
    "area": 1.0,
    "most_electrons": 1.3,
    "hydrogen_limits": (0.05, 1.0),
    "hot_kelvin": 1e6,
    "columns": tuple(np.empty(4, "f4") for _ in range(5)),
}


def taken(**changed):
    arguments = GOOD | changed
    return _core.stored_columns(arguments.pop("coordinates"), arguments.pop("rows"), **arguments)


def test_core_takes_good_arguments():
    assert taken() == (4, [], True)
    assert taken(mass=(np.full(4, np.inf), 1.0, True)) == (4, [], False)
    assert taken(exclusions=(((np.arange(N, dtype="f4"), 1.0, False), 2.0, True),)) == (2, [2], True)
    assert taken(electrons=(None, 1.31, False)) == (4, [], False)
    hot = {"heat": (None, 2e6, False), "kelvin": 0.0}
    assert taken(**hot) == (4, [], True)
    assert taken(**hot, electrons=(None, 0.0, False)) == (4, [], False)
    assert taken(**hot, electrons=(None, 0.0, False), hot_kelvin=np.inf) == (4, [], True)
    assert taken(rows=np.zeros(0, np.int64)) == (0, [], True)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_a_column_beyond_a_float_is_told_of(kind):
    """What is stored is finite, a length in kpc is not."""
    assert taken(support=(np.full(N, 3e38, "f4"), 1.0, False), support_scale=2.0) == (4, [], False)
    assert taken(coordinates=np.full((N, 3), 3e38, kind), scale=2.0) == (4, [], False)
    # those that are left out do not count
    far = np.zeros((N, 3), kind)
    far[0] = 3e38
    left_out = (((np.arange(N, dtype="f4")[::-1].copy(), 1.0, False), N - 1.0, True),)
    assert taken(coordinates=far, scale=2.0, exclusions=left_out) == (3, [1], True)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("rows", np.array([0, N]), "rows: expected numbers from 0 to 9"),
        ("rows", np.array([-1]), "rows"),
        ("rows", np.array([0, 5, 2]), "rows: expected numbers that increase"),
        ("rows", np.array([3, 3, 4]), "rows: expected numbers that increase"),
        ("coordinates", np.zeros((N, 2), "f4"), "shape"),
        ("coordinates", np.zeros((N, 3), "i4"), "dtype"),
        ("mass", (np.ones(N - 1, "f4"), 1.0, False), "mass: expected shape"),
        ("mass", (np.ones(N, "f4"), 1.0, True), "mass: expected shape"),
        ("mass", (np.ones(N, "i4"), 1.0, False), "mass: expected dtype"),
        ("mass", (np.ones(2 * N, "f4")[::2], 1.0, False), "C-contiguous"),
        ("mass", (None, np.nan, False), "mass: expected a finite factor"),
        ("mass", (None, 1.0), "mass: expected"),
        ("center", np.full(3, np.nan), "not finite"),
        ("box", -1.0, "box"),
        ("scale", np.inf, "scale"),
        ("area", np.nan, "area"),
        ("hot_kelvin", 0.0, "hot_kelvin"),
        ("exclusions", 4 * (((None, 1.0, False), 2.0, True),), "at most 3"),
        ("columns", GOOD["columns"][:4], "columns"),
        ("columns", (*GOOD["columns"][:4], np.empty(3, "f4")), "room for 4"),
    ],
)
def test_core_refuses_bad_arguments(name, value, match):
    with pytest.raises((TypeError, ValueError), match=match):
        taken(**{name: value})
