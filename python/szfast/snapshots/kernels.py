"""SPH kernels that files name, and the supported kernel of the same width."""

from __future__ import annotations

# Support radius over twice the kernel's standard deviation (Dehnen & Aly 2012, MNRAS 425, 1068, table 1).
SUPPORT_OVER_H = {
    "cubic": 1.825742,
    "quartic": 2.018932,
    "quintic": 2.195775,
    "wendland_c2": 1.936492,
    "wendland_c4": 2.207940,
    "wendland_c6": 2.449490,
}

SUPPORTED = ("cubic", "wendland_c2", "wendland_c4")
"""The kernels that szfast projects."""


def supported_kernel(kernel: str) -> tuple[str, float]:
    """Return the kernel to project with, and its support radius over that of the named kernel.

    A kernel that is not supported is replaced by the cubic spline of the same standard deviation, which
    leaves the second moment of every particle as it was.

    Parameters
    ----------
    kernel : str
        A key of `SUPPORT_OVER_H`.
    """
    if kernel in SUPPORTED:
        return kernel, 1.0
    return "cubic", SUPPORT_OVER_H["cubic"] / SUPPORT_OVER_H[kernel]
