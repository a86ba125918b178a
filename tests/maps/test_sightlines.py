"""Lines of sight: rotations, coverage, files."""

from __future__ import annotations

import numpy as np
import pytest

from szfast import SzfastError
from szfast.errors import ArgumentError
from szfast.maps.sightlines import SIGHTLINE_SETS, hemisphere, rotation_from_euler, sightlines


@pytest.mark.parametrize("name", SIGHTLINE_SETS)
def test_named_sets_are_27_rotations(name):
    views = sightlines(name)
    assert views.shape == (27, 3, 3)
    np.testing.assert_allclose(views @ np.swapaxes(views, 1, 2), np.broadcast_to(np.eye(3), views.shape), atol=1e-14)
    np.testing.assert_allclose(np.linalg.det(views), 1, atol=1e-14)


def test_hemisphere_covers_one_hemisphere_evenly():
    directions = sightlines("hemisphere27")[:, :, 2]
    assert (directions[:, 2] > 0).all()
    cosine = np.abs(directions @ directions.T)
    np.fill_diagonal(cosine, 0)
    nearest = np.rad2deg(np.arccos(cosine.max(axis=1)))
    # 27 equal caps fill a hemisphere at a radius of 15.7 degrees; neighbours cannot all be twice that apart
    assert nearest.min() > 25
    assert nearest.max() < 31.4
    # the mean of n n^T over a hemisphere is the identity over three
    np.testing.assert_allclose(np.einsum("li,lj->ij", directions, directions) / 27, np.eye(3) / 3, atol=0.003)


def test_hemisphere_rolls_differ():
    views = sightlines("hemisphere27")
    east = np.cross([0, 0, 1], views[:, :, 2])
    roll = np.arctan2(
        np.einsum("li,li->l", views[:, :, 0], np.cross(views[:, :, 2], east)), (views[:, :, 0] * east).sum(1)
    )
    counts, _ = np.histogram(roll, bins=6, range=(-np.pi, np.pi))
    assert counts.min() >= 2


def test_euler_angles_turn_about_x_then_y_then_z():
    x, y, z = np.eye(3)
    quarter = rotation_from_euler(np.array([[90.0, 0, 0], [0, 90.0, 0], [0, 0, 90.0]]))
    np.testing.assert_allclose(quarter[0] @ y, z, atol=1e-15)
    np.testing.assert_allclose(quarter[1] @ z, x, atol=1e-15)
    np.testing.assert_allclose(quarter[2] @ x, y, atol=1e-15)
    both = rotation_from_euler(np.array([[90.0, 90.0, 0.0]]))[0]
    np.testing.assert_allclose(both, quarter[1] @ quarter[0], atol=1e-15)


def test_euler27_is_the_cube_of_three_angles():
    views = sightlines("euler27")
    np.testing.assert_allclose(views[0], np.eye(3), atol=1e-15)
    np.testing.assert_allclose(views[1 * 9 + 2 * 3 + 1], rotation_from_euler(np.array([[60.0, 120.0, 60.0]]))[0])


def test_a_file_of_angles(tmp_path):
    path = tmp_path / "angles.txt"
    path.write_text("# a b c\n0 0 0\n10, 20, 30  # second\n\n")
    np.testing.assert_allclose(sightlines(path), rotation_from_euler(np.array([[0.0, 0, 0], [10, 20, 30]])))
    np.testing.assert_allclose(sightlines(str(path)), sightlines(path))


@pytest.mark.parametrize(
    ("text", "says"),
    [("1 2\n", "line 1: expected three"), ("1 2 nan\n", "line 1"), ("a b c\n", "line 1"), ("#\n", "no angles")],
)
def test_a_bad_file_of_angles_is_refused(tmp_path, text, says):
    path = tmp_path / "angles.txt"
    path.write_text(text)
    with pytest.raises(SzfastError, match=says) as error:
        sightlines(path)
    assert error.value.file == path
    assert error.value.remedy


@pytest.mark.parametrize(
    ("which", "says"),
    [
        ("hemisphere28", "neither a set"),
        (np.eye(3), r"found shape \(3, 3\)"),
        (np.zeros((0, 3, 3)), r"found shape \(0, 3, 3\)"),
        (2 * np.eye(3)[None], "matrix 0 is not a rotation"),
        (np.diag([1.0, 1.0, -1.0])[None], "matrix 0 is not a rotation"),
        (np.full((1, 3, 3), np.nan), "finite rotation matrices"),
        ("", "neither a set"),
    ],
)
def test_no_rotations_are_refused(which, says):
    with pytest.raises(SzfastError, match=says):
        sightlines(which)


def test_rotation_matrices_pass_through():
    views = sightlines("euler27")[[3, 7]]
    np.testing.assert_array_equal(sightlines(views), views)


@pytest.mark.parametrize("count", [1, 2, 200, 400, 1000])
def test_any_number_of_directions_lies_apart(count):
    views = hemisphere(count)
    np.testing.assert_allclose(views @ np.swapaxes(views, 1, 2), np.broadcast_to(np.eye(3), views.shape), atol=1e-12)
    directions = views[:, :, 2]
    cosine = np.abs(directions @ directions.T) - np.eye(count)
    # the closest that equal caps of a hexagonal packing come, 27 directions keep to 0.87 of it
    packed = np.sqrt(2 * np.pi / count * 2 / np.sqrt(3))
    assert np.arccos(min(cosine.max(), 1.0)) > 0.5 * packed


@pytest.mark.parametrize("count", [0, -1, 2001, 27.0, True])
def test_other_numbers_of_directions_are_refused(count):
    with pytest.raises(ArgumentError, match="expected 1 to 2000"):
        hemisphere(count)
