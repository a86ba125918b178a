"""How many haloes there are: the mass function in the volume of the light cone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import require
from szfast.errors import ArgumentError
from szfast.sample.dark_matter import baryon_fraction

SIGMA_8, SPECTRAL_INDEX = 0.8228, 0.96
"""MultiDark-Planck's (Klypin et al. 2016, MNRAS 457 4340), of which The Three Hundred's regions are taken."""

MODEL = "tinker08"
"""Tinker et al. 2008, ApJ 688 709: for masses at any spherical overdensity."""


def halo_density(log10_mass: NDArray[np.float64], redshift: NDArray[np.float64], cosmology: Any) -> NDArray[np.float64]:
    """Haloes on the whole sky per redshift and per ln M500c.

    Parameters
    ----------
    log10_mass : (Z, K) array
        log10 M500c [Msun] at each redshift.
    redshift : (Z,) array
        Redshifts.
    cosmology : FLRW
        An astropy cosmology; `SIGMA_8` and `SPECTRAL_INDEX` go with it.

    Returns
    -------
    (Z, K) array
        dN / (dz dlnM).

    Raises
    ------
    ArgumentError
        If the dark energy is not a cosmological constant.
    MissingExtraError
        If colossus is not installed.
    """
    require("colossus", "dataset", "a catalogue of synthetic clusters")
    from astropy.cosmology import LambdaCDM
    from colossus.lss.mass_function import massFunction

    if not isinstance(cosmology, LambdaCDM):
        raise ArgumentError(
            f"expected a cosmology with a cosmological constant, found {type(cosmology).__name__}.",
            field="cosmology",
            remedy="give a FlatLambdaCDM or LambdaCDM: the mass function knows no other.",
        )
    h = float(cosmology.h)
    shell_mpc3 = 4 * np.pi * cosmology.differential_comoving_volume(redshift).to_value("Mpc3 / sr")
    with _Borrowed(cosmology):
        per_mpc3 = np.array(
            [
                massFunction(10**masses * h, float(z), mdef="500c", model=MODEL, q_out="dndlnM") * h**3
                for masses, z in zip(log10_mass, redshift, strict=True)
            ]
        )
    density: NDArray[np.float64] = per_mpc3 * shell_mpc3[:, None]
    return density


class _Borrowed:
    """colossus's one global cosmology while it is needed; the user's own is put back."""

    def __init__(self, cosmology: Any) -> None:
        from colossus.cosmology import cosmology as module

        self.module = module
        # no files in the user's home
        self.own = module.Cosmology(
            name="szfast",
            flat=abs(float(cosmology.Ok0)) < 1e-4,
            H0=float(cosmology.H0.value),
            Om0=float(cosmology.Om0),
            Ode0=float(cosmology.Ode0),
            Ob0=baryon_fraction(cosmology) * float(cosmology.Om0),
            sigma8=SIGMA_8,
            ns=SPECTRAL_INDEX,
            relspecies=False,
            persistence="",
        )

    def __enter__(self) -> None:
        self.before = self.module.current_cosmo
        self.module.setCurrent(self.own)

    def __exit__(self, *error: object) -> None:
        self.module.current_cosmo = self.before
