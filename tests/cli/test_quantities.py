"""What users type, against conversions by hand."""

from __future__ import annotations

import numpy as np
import pytest
import typer

from szfast.cli.quantities import Frame, comoving_position, electron_model, mass, physical_length

FRAME = Frame(hubble=0.7, code_length_kpc=1 / 0.7, scale_factor=0.8)


@pytest.mark.parametrize(
    ("text", "comoving_kpc"),
    [
        ("70,140,7", [100.0, 200.0, 10.0]),
        (" 70 , 1.4e2, 7.", [100.0, 200.0, 10.0]),
        ("-7,+.7,7e0", [-10.0, 1.0, 10.0]),
        ("1,2,3 Mpc", [1000.0, 2000.0, 3000.0]),
        ("1 kpc,2 Mpc,3kpc", [1.0, 2000.0, 3.0]),
        ("7,14,21 kpc/littleh", [10.0, 20.0, 30.0]),
        ("7,14,21 Mpc/h", [1e4, 2e4, 3e4]),
    ],
)
def test_position(text, comoving_kpc):
    position = comoving_position(text, FRAME, "--center")
    # float64 through one product
    np.testing.assert_allclose(position.to_value("kpc"), comoving_kpc, rtol=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2",
        "1,2,3,4",
        "1,2,x",
        "1,2,nan",
        "1,2,1e999",
        "1,2,3 Msun",
        "1,2,3 parsnip",
        "1 Mpc,2,3",
        "1 2 3",
        "1,2,3 s/h",
    ],
)
def test_position_refused(text):
    with pytest.raises(typer.BadParameter) as refused:
        comoving_position(text, FRAME, "--center")
    assert refused.value.param_hint == "--center"


@pytest.mark.parametrize(
    ("text", "physical_kpc"),
    [
        ("70", 80.0),
        ("5 Mpc", 5000.0),
        ("5Mpc", 5000.0),
        ("0.7 Mpc/littleh", 1000.0),
        ("1e24 m", 1e24 / 3.0856775814913674e19),
    ],
)
def test_length(text, physical_kpc):
    assert physical_length(text, FRAME, "--radius").to_value("kpc") == pytest.approx(physical_kpc, rel=1e-12)


@pytest.mark.parametrize("text", ["0", "-1 Mpc", "Mpc", "5 Msun", "5 kpc kpc", "inf"])
def test_length_refused(text):
    with pytest.raises(typer.BadParameter):
        physical_length(text, FRAME, "--radius")


def test_a_bare_length_needs_a_snapshot():
    assert physical_length("5 Mpc", Frame(0.7), "--depth").to_value("Mpc") == pytest.approx(5.0, rel=1e-14)
    with pytest.raises(typer.BadParameter, match="no snapshot"):
        physical_length("5", Frame(0.7), "--depth")


@pytest.mark.parametrize(
    ("text", "msun"),
    [("1e14", 1e14), ("1e14 Msun", 1e14), ("7e13 Msun/littleh", 1e14), ("7e13Msun/h", 1e14), ("2 solMass", 2.0)],
)
def test_mass(text, msun):
    assert mass(text, FRAME, "--min-mass").to_value("Msun") == pytest.approx(msun, rel=1e-14)


@pytest.mark.parametrize("text", ["0", "-1e14", "heavy", "1e14 kpc"])
def test_mass_refused(text):
    with pytest.raises(typer.BadParameter):
        mass(text, FRAME, "--min-mass")


def test_electron_model():
    assert electron_model("fully_ionised") == "fully_ionised"
    assert electron_model("1.1") == 1.1
