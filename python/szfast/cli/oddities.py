"""What is odd about a snapshot, though it can be read: in words that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from szfast.cli.survey import Survey, smoothing_computed
from szfast.gas.neighbours import odd_neighbours

if TYPE_CHECKING:
    from szfast.snapshots import Snapshot

BARYON_SHARES = (0.08, 0.2)
"""Gas over all matter of a whole box: the cosmic 0.15 to 0.18, less some stars."""

MOST_COLD = 0.5

ZOOM_SHARE = 0.02
"""Less gas than this: only a part of the box holds gas, as in a zoom."""

REPRESENTATIVE_BOX_KPC = 2e4


def oddities(snapshot: Snapshot, survey: Survey) -> list[str]:
    """List what is odd.

    Parameters
    ----------
    snapshot : Snapshot
        The snapshot.
    survey : Survey
        What a pass over its gas found.
    """
    odd = _electrons(survey) + _left_out(survey) + _smoothing(snapshot, survey) + _temperature(survey)
    return odd + _gas_share(snapshot, survey)


def _electrons(survey: Survey) -> list[str]:
    if survey.electrons is None:
        return ["no electron fraction in the file: the gas is taken as fully ionised (--electrons)."]
    if survey.electrons[1] < 0.5:
        return [
            f"at most {survey.electrons[1]:.3g} electrons per hydrogen atom: no gas is ionised. "
            "Check the field, or use --electrons fully_ionised."
        ]
    return []


def _left_out(survey: Survey) -> list[str]:
    share = survey.left_out_msun / survey.mass_msun
    counts = ", ".join(f"{count} {reason}" for reason, count in survey.left_out.items() if count)
    return [f"{share:.2%} of the gas mass is left out of maps: {counts} particles."] if counts else []


def _smoothing(snapshot: Snapshot, survey: Survey) -> list[str]:
    if smoothing_computed(snapshot):
        return ["no smoothing length in the file: it is computed from mass and density, for 64 neighbours."]
    odd = odd_neighbours(survey.neighbours)
    return [] if odd is None else [odd]


def _temperature(survey: Survey) -> list[str]:
    odd = []
    cold = survey.cold / survey.particles
    # Without radiative heating the gas of voids is colder, at most a third of a box by number.
    if cold > MOST_COLD:
        odd.append(f"{cold:.1%} of the gas particles are colder than 10 K; check the unit of the internal energy.")
    if survey.very_hot:
        odd.append(f"{survey.very_hot} gas particles are hotter than 1e9 K; check the unit of the internal energy.")
    if survey.hot_msun == 0:
        odd.append("no gas is hotter than 1e6 K: there is no hot cluster gas here, or the unit of energy is wrong.")
    return odd


def _gas_share(snapshot: Snapshot, survey: Survey) -> list[str]:
    from szfast.snapshots.consistency import critical_density_msun_kpc3

    header = snapshot.header
    if header.box_size_kpc is None or header.box_size_kpc < REPRESENTATIVE_BOX_KPC:
        return []
    matter_msun = header.omega_m * critical_density_msun_kpc3(header.hubble) * header.box_size_kpc**3
    share = survey.mass_msun / matter_msun
    if share < ZOOM_SHARE or BARYON_SHARES[0] <= share <= BARYON_SHARES[1]:
        return []
    return [f"the gas is {share:.2g} of all matter in the box, where 0.1 to 0.17 is usual; check units and particles."]
