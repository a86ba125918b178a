"""Bad input of public functions: an error that names the argument and what to do."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from szfast.errors import ArgumentError, CatalogueError
from szfast.evaluation import (
    MassPairs,
    expected_compton_y,
    map_sz_mass,
    read_mass_pairs,
    run_pairs,
    sz_mass,
    table1,
    theta_500,
)
from szfast.evaluation.statistics import coverage, spread
from szfast.run_folder import create_run

MAPS = np.zeros((2, 96, 96), dtype="f4")
PAIRS = MassPairs(np.full(3, 0.1), np.full(3, 14.0), np.full(3, 14.0))

CALLS = {
    "redshift that is text": ("redshift", lambda c: map_sz_mass(MAPS, "a", c)),
    "three redshifts of two maps": ("redshift", lambda c: map_sz_mass(MAPS, [0.1, 0.2, 0.3], c)),
    "maps that are text": ("maps", lambda c: map_sz_mass("x", 0.1, c)),
    "no cosmology": ("cosmology", lambda c: map_sz_mass(MAPS, 0.1, None)),
    "a Hubble parameter for a cosmology": ("cosmology", lambda c: sz_mass(1 * u.kpc**2, 0.1, 0.7)),
    "three redshifts of two Y": ("compton_y", lambda c: sz_mass([1, 2] * u.kpc**2, [0.1, 0.2, 0.3], c)),
    "negative mass": ("mass", lambda c: theta_500(-1e14 * u.Msun, 0.1, c)),
    "no mass": ("mass", lambda c: expected_compton_y(0 * u.Msun, 0.1, c)),
    "bias that is text": ("bias", lambda c: theta_500(1e14 * u.Msun, 0.1, c, bias="a")),
    "pairs of text": ("redshift", lambda c: MassPairs(["a"], [14.0], [14.0])),
    "no column": ("columns", lambda c: table1({})),
    "a column of numbers": ("columns", lambda c: table1({"real": 3})),
    "one draw": ("draws", lambda c: table1(PAIRS, draws=1)),
    "values with NaN": ("values", lambda c: spread([1.0, np.nan])),
    "groups of another length": ("groups", lambda c: spread([1.0, 2.0], groups=[1])),
    "no intervals": ("true", lambda c: coverage([], [], [])),
}


@pytest.mark.parametrize("name", CALLS)
def test_argument_is_named(name, cosmology):
    field, call = CALLS[name]
    with pytest.raises(ArgumentError) as caught:
        call(cosmology)
    assert caught.value.field == field
    assert caught.value.remedy


def test_no_maps_have_no_masses(cosmology):
    assert len(map_sz_mass(MAPS[:0], 0.1, cosmology)) == 0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a,0.1,nan,14.2", "no cluster has all"),
        ("a,-0.1,14.1,14.2", "from 0 to 20"),
        ("a,0.1,3e14,14.2", "log10 of Msun"),
    ],
)
def test_catalogues_without_masses(tmp_path, row, expected):
    (tmp_path / "m.csv").write_text(f"cluster,z,CNN_mass,Planck_mass\n{row}\n")
    with pytest.raises(CatalogueError, match=expected) as caught:
        read_mass_pairs(tmp_path / "m.csv")
    assert caught.value.file == tmp_path / "m.csv"


def test_names_of_a_run_s_pairs(tmp_path):
    run = create_run(tmp_path / "run", {})
    with pytest.raises(ArgumentError, match="'maps'"):
        run_pairs(run, "cleen", "M_true")
    with pytest.raises(ArgumentError, match="'reference'"):
        run_pairs(run, "clean", "M_x")
