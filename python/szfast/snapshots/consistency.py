"""Whether a snapshot's numbers can be what its units say: a wrong unit is refused with one that fits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from szfast.constants import G_KPC_KM2_S2_MSUN
from szfast.errors import SnapshotError
from szfast.snapshots.header import SnapshotHeader

# Kernels hold 30 to 300 neighbours; a subsample's smoothing length may hold fewer, a cell's more.
_NEIGHBOURS = (0.3, 3000.0)
_USUAL_NEIGHBOURS = (20.0, 400.0)
# Median gas density over the cosmic mean: from a void to the inside of a galaxy, and a factor to spare.
_OVERDENSITY = (1e-3, 2e7)
_USUAL_OVERDENSITY = (3e-2, 1e5)
_BARYON_FRACTION = 0.16
_ENERGY_KM2_S2 = (1e-3, 1e9)
_USUAL_ENERGY_KM2_S2 = (1.0, 1e8)
# Volume of the gas over that of the box about it: from a zoom at the corner of a huge box to flat and single clumps.
_FILLING = (3e-9, 1e4)
_FEWEST = 32
_FARTHEST_KPC = 1e8
_HOTTEST_LATE_KM2_S2, _HOTTEST_LATE_K, _LATE = 10.0, 1e3, 3.0
# Dark matter's share of the matter of a whole box, for any baryon fraction in use.
_DARK_SHARE = (0.75, 1.02)
_USUAL_DARK_SHARE = (0.78, 0.92)
_REMEDY = (
    "give the file its units (UnitLength_in_cm, UnitMass_in_g and UnitVelocity_in_cm_per_s in /Header), "
    "or convert it to comoving kpc/h, 1e10 Msun/h and km/s."
)


@dataclass(frozen=True)
class GasSample:
    """A few particles from all over a file, in physical units.

    Parameters
    ----------
    mass_msun, smoothing_length_kpc : array
        Masses and support radii.
    density_msun_kpc3, internal_energy_km2_s2, temperature_k : array or None
        Where the file has them.
    """

    mass_msun: NDArray[np.float32]
    smoothing_length_kpc: NDArray[np.float32]
    density_msun_kpc3: NDArray[np.float32] | None
    internal_energy_km2_s2: NDArray[np.float32] | None
    temperature_k: NDArray[np.float32] | None

    @property
    def volumes_kpc3(self) -> tuple[float, float]:
        """Median and mean volume of a particle, its mass over its density."""
        if self.density_msun_kpc3 is None:
            volumes = _kernel_volume_kpc3(self) / 64.0
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                volumes = self.mass_msun.astype(np.float64) / self.density_msun_kpc3
        volumes = volumes[np.isfinite(volumes)]
        return float(np.median(volumes)), float(np.mean(volumes))


def critical_density_msun_kpc3(hubble: float) -> float:
    """Critical density today, 3 H0^2 / (8 pi G)."""
    return float(3.0 * (0.1 * hubble) ** 2 / (8.0 * np.pi * G_KPC_KM2_S2_MSUN))


def check_gas(sample: GasSample, header: SnapshotHeader, path: Path) -> None:
    """Check density times volume against mass, the density, and the energy.

    Raises
    ------
    SnapshotError
        If a unit cannot be right, with the one that would fit.
    """
    volume_kpc3 = _kernel_volume_kpc3(sample)
    mass_msun = sample.mass_msun.astype(np.float64)
    if sample.density_msun_kpc3 is None:
        density = 64.0 * mass_msun / volume_kpc3
    else:
        density = sample.density_msun_kpc3.astype(np.float64)
    mean = _BARYON_FRACTION * header.omega_m * critical_density_msun_kpc3(header.hubble)
    overdensity = float(np.median(density)) / mean * header.scale_factor**3
    if not _within(overdensity, _OVERDENSITY):
        raise SnapshotError(
            f"the gas's median density is {overdensity:.2g} times the mean of the universe; {_guess(overdensity)}.",
            file=path,
            field="UnitLength",
            remedy=_REMEDY,
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        neighbours = float(np.median(density * volume_kpc3 / mass_msun))
    if not _within(neighbours, _NEIGHBOURS):
        raise SnapshotError(
            f"density times the kernel's volume is {neighbours:.2g} particle masses; "
            f"{_neighbour_guess(neighbours, header)}.",
            file=path,
            field="SmoothingLength",
            remedy="bring density, mass and smoothing length to one set of units in their attributes.",
        )
    _check_energy(sample, path)
    _check_heat(sample, header, path)


def _check_energy(sample: GasSample, path: Path) -> None:
    if sample.internal_energy_km2_s2 is None:
        return
    energy = float(np.median(sample.internal_energy_km2_s2))
    if _within(energy, _ENERGY_KM2_S2):
        return
    # Factor on the energy if the true unit is the one named.
    guesses = {
        "velocities in cm/s where km/s was taken": 1e-10,
        "velocities in m/s where km/s was taken": 1e-6,
        "velocities in km/s where m/s was taken": 1e6,
        "velocities in km/s where cm/s was taken": 1e10,
    }
    raise SnapshotError(
        f"the median internal energy is {energy:.2g} (km/s)^2; {_fitting(guesses, energy, _USUAL_ENERGY_KM2_S2)}.",
        file=path,
        field="UnitVelocity",
        remedy=_REMEDY,
    )


def _check_heat(sample: GasSample, header: SnapshotHeader, path: Path) -> None:
    """Refuse a late universe without any heated gas: temperatures in keV, logarithms, or another unit of velocity."""
    heats = (
        ("InternalEnergy", sample.internal_energy_km2_s2, _HOTTEST_LATE_KM2_S2, "(km/s)^2"),
        ("Temperature", sample.temperature_k, _HOTTEST_LATE_K, "K"),
    )
    for field, values, least, unit in heats:
        if values is not None and header.redshift < _LATE and len(values) >= _FEWEST and values.max() < least:
            raise SnapshotError(
                f"the hottest of {len(values)} particles has {values.max():.3g} {unit}: no gas was ever heated.",
                file=path,
                field=field,
                remedy=f"correct the unit: the values are read as {unit}.",
            )


def _kernel_volume_kpc3(sample: GasSample) -> NDArray[np.float64]:
    volume: NDArray[np.float64] = 4.0 / 3.0 * np.pi * sample.smoothing_length_kpc.astype(np.float64) ** 3
    return volume


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _fitting(guesses: dict[str, float], value: float, usual: tuple[float, float]) -> str:
    fitting = [text for text, factor in guesses.items() if _within(value * factor, usual)]
    return f"{' or '.join(fitting)} would fit" if fitting else "no usual unit would fit"


def _guess(overdensity: float) -> str:
    # Factor on the density if the true unit is the one named.
    guesses = {
        "lengths in Mpc where kpc was taken": 1e-9,
        "lengths in kpc where Mpc was taken": 1e9,
        "masses in Msun where 1e10 Msun was taken": 1e-10,
        "masses in 1e10 Msun where Msun was taken": 1e10,
    }
    return _fitting(guesses, overdensity, _USUAL_OVERDENSITY)


def _neighbour_guess(neighbours: float, header: SnapshotHeader) -> str:
    guesses = {
        "smoothing lengths in Mpc": 1e9,
        "smoothing lengths in kpc": 1e-9,
        "physical densities where comoving ones were taken": header.scale_factor**3,
        "a factor of h taken twice or left out": header.hubble**3,
    }
    return _fitting(guesses, neighbours, _USUAL_NEIGHBOURS)


def check_box(dark_matter_msun: float | None, header: SnapshotHeader, path: Path) -> None:
    """Check the dark matter of a whole box against its matter density.

    Raises
    ------
    SnapshotError
        If only another unit, with or without h, gives the density that the header states.
    """
    box = header.box_size_kpc
    if dark_matter_msun is None or box is None:
        return
    matter = header.omega_m * critical_density_msun_kpc3(header.hubble) * box**3
    share = dark_matter_msun / matter
    if _within(share, _DARK_SHARE):
        return
    h = header.hubble
    # Factor on M/L^3 if the true units are the ones named.
    guesses = {
        "kpc and 1e10 Msun, without h": h**-2,
        "kpc without h, and 1e10 Msun/h": h**-3,
        "kpc/h, and 1e10 Msun without h": h,
        "Mpc/h and 1e10 Msun/h": 1e-9,
        "Mpc and 1e10 Msun, without h": 1e-9 * h**-2,
    }
    if any(_within(share * factor, _USUAL_DARK_SHARE) for factor in guesses.values()):
        raise SnapshotError(
            f"with kpc/h and 1e10 Msun/h the dark matter is {share:.3g} of all matter by Omega0; "
            f"{_fitting(guesses, share, _USUAL_DARK_SHARE)}.",
            file=path,
            field="UnitLength",
            remedy=_REMEDY,
        )


def check_extent(low: NDArray[np.float64], high: NDArray[np.float64], header: SnapshotHeader, path: Path) -> None:
    """Check that gas does not fill a thousandth of the box's side, from end to end.

    A cut-out of one cluster may well be that small, but lies anywhere: gas from 0 to a thousandth of the side is a
    whole box, or crosses the edge of one, whose side is in another unit.

    Parameters
    ----------
    low, high : (3,) float64 array
        Lowest and highest positions, in the file's own coordinates.
    header : SnapshotHeader
        With the box.
    path : Path
        The file.

    Raises
    ------
    SnapshotError
        If it does, along any axis.
    """
    if header.box_size_kpc is None:
        return
    box = header.box_size_kpc / header.code_length_kpc
    side = box / 1000.0
    filled = (low >= 0.0) & (low < 0.02 * side) & (high > 0.98 * side) & (high <= 1.001 * side)
    if filled.any():
        axis = int(filled.argmax())
        raise SnapshotError(
            f"the box is {box:g} wide, gas fills {low[axis]:g} to {high[axis]:g} along {'xyz'[axis]}; "
            "a box 1000 times smaller would fit.",
            file=path,
            field="BoxSize",
            remedy="correct BoxSize, which must be in the unit of the positions, or set it to 0.",
        )


def check_filling(
    count: int,
    volumes_kpc3: tuple[float, float],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    header: SnapshotHeader,
    path: Path,
) -> None:
    """Check the volume of all gas against that of the box about it: positions may be in another unit than all else.

    Parameters
    ----------
    count : int
        Number of particles.
    volumes_kpc3 : tuple of float
        Median and mean volume of one, mass over density [physical kpc^3].
    low, high : (3,) float64 array
        Lowest and highest positions, in the file's own coordinates.
    header : SnapshotHeader
        For the unit of the coordinates.
    path : Path
        The file.

    Raises
    ------
    SnapshotError
        If the positions are far too close together or far apart.
    """
    extent_kpc = (high - low) * header.code_length_kpc
    if count < _FEWEST:
        return
    # Gas at both ends of an axis may be a few kpc on either side of the edge.
    box_kpc = np.inf if header.box_size_kpc is None else header.box_size_kpc
    own_kpc = extent_kpc[extent_kpc < 0.9 * box_kpc].max(initial=0.0)
    least_kpc = np.where(extent_kpc < 0.9 * box_kpc, extent_kpc, own_kpc)
    median_kpc3, mean_kpc3 = volumes_kpc3
    # A mesh fills the box: about a zoom a few cells are as large as the rest of it, and the mean is theirs.
    with np.errstate(divide="ignore", over="ignore"):
        most = float(count * mean_kpc3 / np.prod(least_kpc * header.scale_factor))
        filling = float(count * median_kpc3 / np.prod(extent_kpc * header.scale_factor))
    if most < _FILLING[0] or filling > _FILLING[1] or extent_kpc.max() > _FARTHEST_KPC:
        raise SnapshotError(
            f"the particles are spread over {' x '.join(f'{side:.3g}' for side in extent_kpc)} comoving kpc, by their "
            f"masses and densities they fill {count * mean_kpc3:.2g} physical kpc^3.",
            file=path,
            field="Coordinates",
            remedy="correct the positions, or their unit: kpc or Mpc, with or without h.",
        )
