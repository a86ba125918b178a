"""The clusters of PSZ2 with known redshift and mass, and the catalogue's cosmology."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from szfast.arguments import path_in
from szfast.sample.psz2 import known_clusters, read_psz2

if TYPE_CHECKING:
    from astropy.cosmology import FLRW
    from astropy.table import QTable


def psz2_clusters(path: str | Path) -> QTable:
    """Read PSZ2's clusters with known redshift and mass; 1,094 in the published catalogue. See `read_psz2`."""
    return known_clusters(read_psz2(path), path_in(path))


def psz2_cosmology() -> FLRW:
    """The cosmology of PSZ2's masses: flat, h = 0.7, Omega_m = 0.3 (Planck 2015 XXVII, section 1)."""
    from astropy.cosmology import FlatLambdaCDM

    return FlatLambdaCDM(70.0, 0.3)
