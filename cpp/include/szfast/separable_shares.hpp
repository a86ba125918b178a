// The primitives F_k of a separable kernel at one place.
#pragma once

#include "szfast/host_device.hpp"
#include "szfast/separable_kernel.hpp"

namespace szfast {

// From the fine table of one term, u in units of the support radius; beyond the edge F_k is constant.
SZFAST_HOST_DEVICE static inline double fine_primitive(const double *fine, double u) {
    const double size = u < 0.0 ? -u : u, s = (size < 1.0 ? size : 1.0) * SeparableTable::fine_cells;
    const int cell = s < SeparableTable::fine_cells - 1 ? int(s) : SeparableTable::fine_cells - 1;
    const double t = s - cell, *p = fine + 2 * cell, d = p[2] - p[0];
    const double value = p[0] + t * (p[1] + t * (3.0 * d - 2.0 * p[1] - p[3] + t * (p[1] + p[3] - 2.0 * d)));
    return u < 0.0 ? -value : value;
}

// From the quintics of one term, to float rounding.
SZFAST_HOST_DEVICE static inline float quintic_primitive(const float *quintic, float u) {
    constexpr int lookup = SeparableTable::lookup, cells = SeparableTable::cells;
    const float size = u < 0.0f ? -u : u;
    // at the edge and beyond it: the last entry, a constant
    const float scaled = size < 1.0f ? size * float(cells) : float(cells);
    const int cell = int(scaled);
    const float t = scaled - float(cell);
    const float *c = quintic + lookup / 2 + cell;
    float value = c[5 * lookup];
    for (int i = 4; i >= 0; --i)
        value = c[i * lookup] + t * value;
    return u < 0.0f ? -value : value;
}

} // namespace szfast
