"""What the engine does with arrays and numbers that it cannot take: an error that names the argument, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from engine_calls import OPERATIONS, THREADED, arguments, arrays_of, call, changed, rotations

from szfast import _core

CASES = [(name, array) for name in OPERATIONS for array in arrays_of(arguments(name, count=100))]
UNCHECKED = {
    "particle_columns": {"offset", "mass", "hydrogen", "electrons", "temperature"},
    "pick_and_turn": {"maps", "noise"},
    "extent": {"coordinates"},
    "offsets": {"coordinates"},
}
"""Values that an operation hands on; what takes them next checks them."""

INTEGER = {"rows", "symmetry", "keys", "last"}


def checks_values(name, argument):
    return argument not in INTEGER and argument not in UNCHECKED.get(name, ())


def refused(name, given, argument):
    with pytest.raises((TypeError, ValueError)) as caught:
        call(name, given)
    # "x: expected ...": the argument stands first, or a group of them does
    said = str(caught.value).split(": expected")[0].split(": value")[0]
    assert argument.removeprefix("design.") in said.replace(",", "").split() or "design" in said, caught.value


@pytest.mark.parametrize(("name", "argument"), CASES)
@pytest.mark.parametrize("kind", [">f4", "f2", "c8", "i4", "O", "V4"])
def test_another_dtype_is_refused(name, argument, kind):
    given = arguments(name, count=100)
    array = arrays_of(given)[argument]
    if array.dtype == np.dtype(kind):
        kind = "i8"
    refused(name, changed(given, argument, np.zeros(array.shape, dtype=kind)), argument)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_what_is_no_array_is_refused(name, argument):
    given = arguments(name, count=100)
    for value in (arrays_of(given)[argument].tolist(), 3.0, "array", b"", {}, object()):
        refused(name, changed(given, argument, value), argument)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_another_number_of_axes_is_refused(name, argument):
    given = arguments(name, count=100)
    array = arrays_of(given)[argument]
    refused(name, changed(given, argument, array[np.newaxis]), argument)
    refused(name, changed(given, argument, array.reshape(-1)[0].reshape(())), argument)
    if array.ndim > 1:
        refused(name, changed(given, argument, array.reshape(-1)), argument)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_another_length_is_refused(name, argument):
    given = arguments(name, count=100)
    for axis in range(arrays_of(given)[argument].ndim):
        array = np.delete(arrays_of(given)[argument], -1, axis=axis)
        others = set(arrays_of(given)) - {argument}
        found, problem = (), ""
        try:
            found = call(name, changed(given, argument, np.ascontiguousarray(array)))
        except (TypeError, ValueError) as error:
            problem = str(error)
        # an array that sets the length is taken: then another does not fit
        named = any(other.removeprefix("design.") in problem for other in (argument, *others))
        assert named if problem else all(np.isfinite(each).all() for each in found)


def at_odd_offset(array):
    room = np.zeros(array.nbytes + 1, dtype=np.uint8)
    other = np.ndarray(array.shape, array.dtype, buffer=room[1:].data)
    other[...] = array
    return other


LAYOUTS = {
    "every second": lambda array: np.repeat(array, 2, axis=0)[::2],
    "backwards": lambda array: array[::-1],
    "Fortran": np.asfortranarray,
    "broadcast": lambda array: np.broadcast_to(array[:1], array.shape),
    "odd offset": at_odd_offset,
}


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_other_layouts_are_refused(name, argument):
    given = arguments(name, count=100)
    array = arrays_of(given)[argument]
    tried = 0
    for lay in LAYOUTS.values():
        other = lay(array)
        # an array of one axis or one row is the same in some of them
        if not (other.flags.c_contiguous and other.flags.aligned):
            refused(name, changed(given, argument, other), argument)
            tried += 1
    assert tried >= 2


@pytest.mark.parametrize("name", OPERATIONS)
def test_read_only_arrays_are_taken_and_left_alone(name):
    given = arguments(name)
    expected = call(name, given)
    before = {key: array.copy() for key, array in arrays_of(given).items()}
    for array in arrays_of(given).values():
        array.setflags(write=False)
    for found, known in zip(call(name, given), expected, strict=True):
        np.testing.assert_array_equal(found, known)
        assert found.flags.writeable
    for key, array in arrays_of(given).items():
        np.testing.assert_array_equal(array, before[key])


@pytest.mark.parametrize(("name", "argument"), [case for case in CASES if checks_values(*case)])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -1.0])
def test_values_that_cannot_be(name, argument, value):
    given = arguments(name, count=100)
    array = arrays_of(given)[argument].copy()
    array.reshape(-1)[array.size // 2] = value
    given = changed(given, argument, array)
    if np.isfinite(value) and argument not in {"h", "Y", "amplitude", "distance", "views"}:
        assert len(call(name, given))
    elif argument == "views" and np.isfinite(value) and name != "mesh_spectra":
        # the Python side asks for rotations; any matrix projects somewhere
        assert all(np.isfinite(each).all() for each in call(name, given))
    elif name == "within_sphere" and argument == "coordinates":
        rows, low, high = call(name, given)
        assert array.size // 2 // 3 not in rows
        # what is not finite shows in the corners
        assert np.isnan([low, high]).any() or np.isfinite(value)
    else:
        with pytest.raises(ValueError, match=r"finite|negative|rotation"):
            call(name, given)


@pytest.mark.parametrize("name", OPERATIONS)
def test_nothing_gives_nothing(name):
    given = arguments(name, count=0)
    if name == "extent":
        with pytest.raises(ValueError, match="at least one"):
            call(name, given)
        return
    for found in call(name, given):
        # no corners without a particle
        assert found.size == 0 or not found.any() or (name == "within_sphere" and np.isnan(found).all())


@pytest.mark.parametrize("name", ["deposit", "mesh_spectra", "spread"])
def test_no_views_give_no_maps(name):
    given = arguments(name) | {"views": np.zeros((0, 3, 3))}
    assert len(call(name, given)[0]) == 0


def test_no_particle_is_spread_beyond_the_grid():
    """One that is farther away than a period was written beyond the grid's memory."""
    given = arguments("spread", count=3000)
    far = given | {"x": given["x"] * np.float32(1e3), "half_depth_kpc": 1e9}
    period = far["cells"] * far["cell_kpc"]
    fields, _ = call("spread", far | {"reach_kpc": period - far["h_to_kpc"]})
    assert np.isfinite(fields).all()
    for change in ({"reach_kpc": period}, {"reach_kpc": np.inf}, {"h_to_kpc": period}, {"cell_kpc": 1e-3}):
        with pytest.raises(ValueError, match="reach_kpc"):
            call("spread", far | change)


NUMBERS = {
    "deposit": ("pixels", "pixel_kpc", "half_depth_kpc", "rtol"),
    "spread": ("cells", "cell_kpc", "reach_kpc", "half_depth_kpc", "h_to_kpc", "taps"),
    "observe": ("size",),
    "within_sphere": ("radius", "box"),
    "offsets": ("box", "scale"),
    "mesh_spectra": ("pixel_kpc", *(f"design.{n}" for n in ("points", "cell_kpc", "radius_kpc", "padded", "reach"))),
}


@pytest.mark.parametrize(("name", "argument"), [(name, each) for name, those in NUMBERS.items() for each in those])
@pytest.mark.parametrize("value", [np.nan, -1, 2**31 - 1, -(2**31), 2**31, 2**63, 1e300])
def test_numbers_out_of_range(name, argument, value):
    given = changed(arguments(name), argument, value)
    harmless = {
        ("deposit", "pixel_kpc"),
        ("deposit", "half_depth_kpc"),
        ("mesh_spectra", "pixel_kpc"),
        ("spread", "half_depth_kpc"),
        ("spread", "cell_kpc"),
        ("within_sphere", "radius"),
        ("within_sphere", "box"),
        ("offsets", "box"),
        ("offsets", "scale"),
    }
    if (name, argument) in harmless and (value > 0 or argument == "scale") and np.isfinite(value):
        assert all(np.isfinite(each).all() for each in call(name, given))
        return
    # pybind11 says what it cannot convert: TypeError, or RuntimeError within a design
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        call(name, given)


@pytest.mark.parametrize("name", THREADED)
@pytest.mark.parametrize("threads", [-(2**31), -1, 1, 1000, 2**31 - 1])
def test_any_number_of_threads_gives_the_same_bits(name, threads):
    given = arguments(name)
    for found, known in zip(call(name, given | {"threads": threads}), call(name, given), strict=True):
        np.testing.assert_array_equal(found, known)


@pytest.mark.parametrize("name", THREADED)
@pytest.mark.parametrize("threads", [2**31, 1.5, "two", None])
def test_threads_that_are_no_number_are_refused(name, threads):
    with pytest.raises(TypeError):
        call(name, arguments(name) | {"threads": threads})


@pytest.mark.parametrize("views", [np.zeros((1, 3, 3)), 2 * np.eye(3)[None], rotations(1)[:, :, ::-1].copy() + 1e-3])
def test_a_mesh_takes_rotations_alone(views):
    with pytest.raises(ValueError, match="rotation"):
        call("mesh_spectra", arguments("mesh_spectra") | {"views": views})


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        # each would be read or written beyond the mesh's memory
        ("design.radius_kpc", -1e9, "positive"),
        ("design.radius_kpc", 1e9, "reach the radius"),
        ("design.padded", 5000, "4096"),
        ("design.padded", 22 * 7, "prime factors"),
        ("design.cell_kpc", 1e-3, "reach the radius"),
        ("design.cell_kpc", np.inf, "positive"),
        ("pixel_kpc", np.inf, "positive"),
        ("pixel_kpc", 1.0, "reach"),
        ("design.reach", 4, "fit together"),
    ],
)
def test_a_mesh_that_cannot_hold_the_particles(argument, value, message):
    with pytest.raises(ValueError, match=message):
        call("mesh_spectra", changed(arguments("mesh_spectra"), argument, value))


def test_a_design_without_an_entry_is_named():
    given = arguments("mesh_spectra")
    for entry in given["design"]:
        rest = {key: value for key, value in given["design"].items() if key != entry}
        with pytest.raises(KeyError, match=entry):
            call("mesh_spectra", given | {"design": rest})


@pytest.mark.parametrize("argument", ["rows", "symmetry"])
@pytest.mark.parametrize("value", [-1, 2**63 - 1, -(2**63), 30])
def test_rows_that_are_not_there(argument, value):
    given = arguments("pick_and_turn")
    array = given[argument].copy()
    array[-1] = value
    with pytest.raises(ValueError, match=f"{argument}: expected 0 to"):
        call("pick_and_turn", given | {argument: array})


def test_absurd_sizes_end_in_an_error_at_once():
    given = arguments("deposit")
    # 10^6 views of 16384^2 pixels: 2 PB
    with pytest.raises((MemoryError, ValueError)):
        call("deposit", given | {"views": np.broadcast_to(np.eye(3), (10**6, 3, 3)).copy(), "pixels": 16384})
    assert _core.fast_length(2**30) == 2**30
    for wanted in (2**30 + 1, 2**31 - 1):
        with pytest.raises(ValueError, match="2\\^30"):
            _core.fast_length(wanted)
    assert _core.fast_length(-(2**31)) == 2


def test_large_values_project_to_finite_maps():
    given = arguments("deposit")
    for name, value in [("x", 3e38), ("h", 3e38), ("pixel_kpc", 1e-30), ("pixel_kpc", 1e30), ("h", 1e-38)]:
        array = np.full_like(given[name], value) if isinstance(given[name], np.ndarray) else value
        for kernel in ("cubic", "uniform"):
            # one particle: sums of huge areas may overflow, a place may not
            few = {key: each[:5] for key, each in given.items() if key in "xyzhY"}
            changes = {name: array[:5] if isinstance(array, np.ndarray) else array, "kernel": kernel}
            maps, _ = call("deposit", given | few | changes)
            assert np.isfinite(maps).all(), (name, value, kernel)
