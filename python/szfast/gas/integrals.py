"""Integrals over gas particles: Compton parameter in spheres and cylinders, mean temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from szfast.arguments import array_in, scalar_in
from szfast.constants import K_B_J_PER_K, KEV_J
from szfast.errors import ArgumentError
from szfast.gas.particles import Gas

if TYPE_CHECKING:
    from astropy.units import Quantity


def spherical_compton_y(gas: Gas, *, radius: Any, center: Any = None) -> Quantity:
    """Compton parameter of a sphere, the sum of Y_i over particle centres.

    Parameters
    ----------
    gas : Gas
        The particles.
    radius : Quantity
        Physical radius.
    center : (3,) Quantity, optional
        Comoving centre; the gas's own origin by default.

    Returns
    -------
    Quantity
        [Mpc^2].

    Raises
    ------
    ArgumentError
        If the sphere reaches beyond what was read.
    """
    import astropy.units as u

    radius_kpc = _length_kpc(gas, radius, "radius")
    offset_kpc = _relative_kpc(gas, center, radius_kpc)
    inside = np.einsum("ij,ij->i", offset_kpc, offset_kpc) <= radius_kpc**2
    return u.Quantity(gas.compton_y_kpc2()[inside].sum() * 1e-6, "Mpc2")


def cylindrical_compton_y(gas: Gas, *, axis: Any, radius: Any, half_depth: Any = None, center: Any = None) -> Quantity:
    """Compton parameter of a cylinder about a line of sight, the sum of Y_i over particle centres.

    Parameters
    ----------
    gas : Gas
        The particles.
    axis : (3,) array
        Direction of the line of sight, of any length; the third column of a view's rotation matrix.
    radius : Quantity
        Physical projected radius.
    half_depth : Quantity, optional
        Physical depth on either side of the centre; everything that was read by default.
    center : (3,) Quantity, optional
        Comoving centre; the gas's own origin by default.

    Returns
    -------
    Quantity
        [Mpc^2].

    Raises
    ------
    ArgumentError
        If the cylinder reaches beyond what was read.
    """
    import astropy.units as u

    direction = _unit_vector(axis)
    radius_kpc = _length_kpc(gas, radius, "radius")
    depth_kpc = np.inf if half_depth is None else _length_kpc(gas, half_depth, "half_depth")
    reach_kpc = radius_kpc if half_depth is None else float(np.hypot(radius_kpc, depth_kpc))
    offset_kpc = _relative_kpc(gas, center, reach_kpc)
    along = offset_kpc @ direction
    across = np.einsum("ij,ij->i", offset_kpc, offset_kpc) - along**2
    inside = (across <= radius_kpc**2) & (np.abs(along) <= depth_kpc)
    return u.Quantity(gas.compton_y_kpc2()[inside].sum() * 1e-6, "Mpc2")


def mass_weighted_temperature(gas: Gas, *, radius: Any, center: Any = None) -> Quantity:
    """Mass-weighted k_B T of a sphere [keV]; arguments as in `spherical_compton_y`.

    Raises
    ------
    ArgumentError
        If the sphere reaches beyond what was read, or holds no particle.
    """
    import astropy.units as u

    radius_kpc = _length_kpc(gas, radius, "radius")
    offset_kpc = _relative_kpc(gas, center, radius_kpc)
    inside = np.einsum("ij,ij->i", offset_kpc, offset_kpc) <= radius_kpc**2
    if not inside.any():
        raise ArgumentError("the sphere holds no particle.", field="radius", remedy="choose a larger radius.")
    mean_k = np.average(gas.temperature_k[inside].astype(np.float64), weights=gas.mass_msun[inside])
    return u.Quantity(mean_k * K_B_J_PER_K / KEV_J, "keV")


def _length_kpc(gas: Gas, value: Any, name: str) -> float:
    return scalar_in(value, "kpc", name, positive=True, equivalencies=_little_h(gas))


def _little_h(gas: Gas) -> Any:
    import astropy.cosmology.units as cu

    return cu.with_H0(gas.cosmology.H0)


def _unit_vector(axis: Any) -> NDArray[np.float64]:
    vector = np.asarray(axis, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if vector.shape != (3,) or not np.isfinite(length) or length == 0:
        raise ArgumentError(f"expected a direction of shape (3,), found {axis!r}.", field="axis")
    return vector / length


def _relative_kpc(gas: Gas, center: Any, reach_kpc: float) -> NDArray[np.float64]:
    """Positions relative to the centre, wrapped into the box; refuses a reach beyond what was read."""
    scale_factor = 1.0 / (1.0 + gas.redshift)
    offset_kpc = gas.offset_kpc
    shift_kpc = np.zeros(3)
    side_kpc = None if gas.box_size_kpc is None else gas.box_size_kpc * scale_factor
    if center is not None:
        center_kpc = array_in(center, "kpc", "center", shape=(3,), equivalencies=_little_h(gas))
        shift_kpc = (center_kpc - gas.origin_kpc) * scale_factor
        if side_kpc is not None:
            shift_kpc -= side_kpc * np.round(shift_kpc / side_kpc)
        offset_kpc = offset_kpc - shift_kpc
    if side_kpc is not None:
        offset_kpc = offset_kpc - side_kpc * np.round(offset_kpc / side_kpc)
        if reach_kpc > 0.5 * side_kpc:
            raise ArgumentError(
                f"reaches {reach_kpc:.6g} kpc from the centre, beyond half the periodic box "
                f"({0.5 * side_kpc:.6g} kpc).",
                field="radius",
                remedy="choose a smaller region.",
            )
    # Half a part in a million: a radius that went through h and back is the same radius.
    if gas.radius_kpc is not None and np.linalg.norm(shift_kpc) + reach_kpc > gas.radius_kpc * (1 + 5e-7):
        raise ArgumentError(
            f"reaches {np.linalg.norm(shift_kpc) + reach_kpc:.6g} kpc from the origin, "
            f"gas was read out to {gas.radius_kpc:.6g} kpc.",
            field="radius",
            remedy="read the snapshot with a larger radius.",
        )
    return offset_kpc
