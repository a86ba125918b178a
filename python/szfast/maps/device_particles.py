"""Particles whose columns are on a GPU too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from szfast.maps.beam_projection import Particles


@dataclass(frozen=True, eq=False)
class ParticlesOnDevice(Particles):
    """Particles on the host, for what is decided there, and on a GPU, for what is computed.

    Parameters
    ----------
    held_by : szfast._cuda.Device
        The GPU.
    there : tuple of arrays
        Its copies of x, y, z, h and area.
    """

    held_by: Any
    there: tuple[Any, ...]

    @classmethod
    def of(cls, particles: Particles, device: Any) -> ParticlesOnDevice:
        """Copy particles to a GPU."""
        here = particles.columns
        return cls(*_five(here), device, tuple(device.put(column) for column in here))

    @classmethod
    def lent(cls, there: tuple[Any, ...], device: Any) -> ParticlesOnDevice:
        """Use a GPU's arrays where they are; what is decided on the host looks at a copy."""
        return cls(*_five(tuple(device.every(column, 1) for column in there)), device, there)

    @property
    def device(self) -> Any:
        """The GPU that holds them too."""
        return self.held_by

    @property
    def columns(self) -> tuple[Any, ...]:
        """The arrays, where operations take them from."""
        return self.there

    def some(self, which: slice | NDArray[np.intp]) -> Particles:
        """A part of them: by their places, on both sides; by a slice, on the host, for a sample."""
        part = super().some(which)
        if isinstance(which, slice):
            return part
        places = np.ascontiguousarray(which, dtype=np.int64)
        there = tuple(self.held_by.take(column, places) for column in self.there)
        return ParticlesOnDevice(part.x, part.y, part.z, part.h, part.area, self.held_by, there)


def _five(columns: tuple[Any, ...]) -> tuple[Any, Any, Any, Any, Any]:
    x, y, z, h, area = columns
    return x, y, z, h, area
