"""Electrons, temperature and Compton parameter of gas."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.constants import (
    GAMMA,
    K_B_J_PER_K,
    KPC_M,
    M_E_C2_J,
    M_P_KG,
    M_SUN_KG,
    SIGMA_T_M2,
    X_H_PRIMORDIAL,
)
from szfast.errors import ArgumentError, SnapshotError
from szfast.snapshots.header import Assumption
from szfast.snapshots.particles import GasParticles

FROM_FILE = "from_file"
FULLY_IONISED = "fully_ionised"

ASSUMED_IONISED = f"{FULLY_IONISED} (no electron fraction in file)"
"""What is taken for `FROM_FILE` where the file does not tell."""

MOST_ELECTRONS = 1.3
"""Electrons per hydrogen atom that no cosmic gas exceeds: fully ionised, X_H = 0.65 with metals as helium."""

COMPTON_Y_KPC2_PER_MSUN_K = SIGMA_T_M2 * K_B_J_PER_K / M_E_C2_J * M_SUN_KG / M_P_KG / KPC_M**2
"""Compton area of one solar mass of hydrogen, one electron an atom, at 1 K [kpc^2]."""

HOT_K = 1e6
"""Above it hydrogen is ionised, whatever the density."""

LEAST_IONISED = 0.95
"""Electrons per hydrogen atom that half of all hot gas exceeds: 1 for hydrogen alone, 1.16 to 1.2 with helium."""

# a few may carry the fraction of the step before they were heated
_FEW = 16

_AT_ONCE = 1 << 16

KELVIN_PER_KM2_S2 = (GAMMA - 1.0) * 1e6 * M_P_KG / K_B_J_PER_K
"""Temperature of gas with unit specific energy and a mean molecular weight of 1."""

HYDROGEN_LIMITS = (0.05, 1.0)
"""Hydrogen's share of the mass that gas can have."""

PRIMORDIAL_ELECTRONS = 1.0 + (1.0 - X_H_PRIMORDIAL) / (2.0 * X_H_PRIMORDIAL)
"""Electrons per hydrogen atom of fully ionised primordial gas."""


@dataclass(frozen=True)
class Electrons:
    """Composition of gas: what turns mass into electrons.

    Parameters
    ----------
    per_hydrogen, hydrogen_fraction : (N,) float32 array
        Electrons per hydrogen atom, and hydrogen's share of the mass.
    model : str
        What was taken, in the words that products carry.
    """

    per_hydrogen: NDArray[np.float32]
    hydrogen_fraction: NDArray[np.float32]
    model: str


def check_model(electrons: str | float) -> str | float:
    """Refuse an electron model that is neither a known name nor a possible number.

    Raises
    ------
    ArgumentError
        If it is another name, or a number outside [0, 1.3].
    """
    if isinstance(electrons, str) and electrons in (FROM_FILE, FULLY_IONISED):
        return electrons
    if isinstance(electrons, int | float) and not isinstance(electrons, bool) and 0.0 <= electrons <= MOST_ELECTRONS:
        return float(electrons)
    raise ArgumentError(
        f"expected 'from_file', 'fully_ionised' or electrons per hydrogen atom in [0, {MOST_ELECTRONS}], "
        f"found {electrons!r}.",
        field="electrons",
    )


def fully_ionised(hydrogen_fraction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Electrons per hydrogen atom with helium fully ionised, 1 + (1 - X) / (2 X)."""
    x = hydrogen_fraction
    return (1.0 + (1.0 - x) / (2.0 * x)).astype(np.float32)


def electrons_of(particles: GasParticles, model: str | float, assumptions: list[Assumption]) -> Electrons:
    """Electrons of snapshot particles by the model asked for; see `szfast.gas.read_snapshot`.

    Raises
    ------
    SnapshotError
        If the file's electron or hydrogen fraction is outside its possible range.
    """
    hydrogen = _hydrogen_fraction(particles, assumptions)
    given = particles.electron_per_hydrogen
    if isinstance(model, float):
        assumptions.append(Assumption("electrons", f"{model:g} per hydrogen atom", "the argument electrons"))
        return Electrons(_constant(model, len(particles)), hydrogen, f"{model:g} per hydrogen atom")
    if model == FROM_FILE and given is not None:
        _check_range(given, 0.0, MOST_ELECTRONS, "electron fraction", particles.path)
        return Electrons(given, hydrogen, FROM_FILE)
    if model == FROM_FILE:
        model = ASSUMED_IONISED
        assumptions.append(Assumption("electrons", FULLY_IONISED, "no electron fraction in the file"))
    else:
        assumptions.append(Assumption("electrons", FULLY_IONISED, "the argument electrons"))
    if particles.hydrogen_fraction is None:
        return Electrons(_constant(PRIMORDIAL_ELECTRONS, len(particles)), hydrogen, model)
    return Electrons(fully_ionised(hydrogen), hydrogen, model)


def _hydrogen_fraction(particles: GasParticles, assumptions: list[Assumption]) -> NDArray[np.float32]:
    given = particles.hydrogen_fraction
    if given is None:
        value = f"{X_H_PRIMORDIAL:g}"
        assumptions.append(Assumption("hydrogen fraction", value, "no metal fractions in the file"))
        return _constant(X_H_PRIMORDIAL, len(particles))
    _check_range(given, *HYDROGEN_LIMITS, "hydrogen fraction", particles.path)
    return given


def _constant(value: float, count: int) -> NDArray[np.float32]:
    # One number behind N entries: no memory for what is the same everywhere.
    return np.broadcast_to(np.float32(value), (count,))


def _check_range(values: NDArray[np.float32], low: float, high: float, field: str, path: Path) -> None:
    bad = ~((values >= low) & (values <= high))
    if bad.any():
        raise SnapshotError(
            f"expected values from {low:g} to {high:g}, found {values[bad.argmax()]:g} "
            f"({int(bad.sum())} of {len(values)} particles).",
            file=path,
            field=field,
            remedy="check what this field holds; electrons='fully_ionised' does without electron fractions.",
        )


def check_hot_gas(temperature_k: NDArray[np.float32], electrons: Electrons, path: Path) -> None:
    """Refuse a file whose hot gas has no electrons.

    Raises
    ------
    SnapshotError
        If more than a few particles above 1e6 K have an electron fraction of exactly zero.
    """
    x_e = electrons.per_hydrogen
    if electrons.model != FROM_FILE or not len(x_e) or x_e.min() > 0.0:
        return
    count = int(np.count_nonzero((x_e == 0.0) & (temperature_k > HOT_K)))
    if count > _FEW:
        raise SnapshotError(
            f"{count} particles above {HOT_K:g} K have no electrons.",
            file=path,
            field="electron fraction",
            remedy="a page of the file was lost, or the run followed no ionisation: electrons='fully_ionised' does "
            "without electron fractions.",
        )


def check_ionised(temperature_k: NDArray[np.float32], electrons: Electrons, path: Path) -> None:
    """Refuse a file whose hot gas is not ionised: its field holds something else than electrons per hydrogen atom.

    Parameters
    ----------
    temperature_k : (N,) float32 array
        Temperature of some of the gas.
    electrons : Electrons
        Its electrons.
    path : Path
        The file.

    Raises
    ------
    SnapshotError
        If half of the gas above 1e6 K has fewer electrons than hydrogen atoms.
    """
    hot = electrons.per_hydrogen[temperature_k > HOT_K]
    if electrons.model != FROM_FILE or len(hot) <= _FEW:
        return
    middle = float(np.median(hot))
    if middle < LEAST_IONISED:
        raise SnapshotError(
            f"half of the gas above {HOT_K:g} K has fewer than {middle:.3g} electrons per hydrogen atom, where "
            "1 to 1.2 are possible.",
            file=path,
            field="electron fraction",
            remedy="the field holds something else, electrons per particle or per mass perhaps: "
            "electrons='fully_ionised' does without it.",
        )


def temperature_k(internal_energy_km2_s2: NDArray[np.float32], electrons: Electrons) -> NDArray[np.float32]:
    """Temperature (gamma - 1) u mu m_p / k_B, with mu = 4 / (1 + 3 X + 4 X x_e)."""
    result = np.empty(len(internal_energy_km2_s2), dtype=np.float32)
    # Of many particles at once the intermediate arrays would go through memory.
    for start in range(0, len(result), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        x = electrons.hydrogen_fraction[some]
        mu = 4.0 / (1.0 + 3.0 * x + 4.0 * x * electrons.per_hydrogen[some])
        result[some] = KELVIN_PER_KM2_S2 * internal_energy_km2_s2[some] * mu
    return result
