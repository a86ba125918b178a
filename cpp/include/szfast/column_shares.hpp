// A pixel's share of a particle, from the tables of its kernel's column density: differences at the pixel's corners, or
// Gauss points where a kernel is wide. For each CPU level, and for GPUs.
#pragma once

#include "szfast/column_table.hpp"
#include "szfast/host_device.hpp"

#include <cstddef>

namespace szfast {

SZFAST_HOST_DEVICE static inline double hermite(double value0, double slope0, double value1, double slope1, double t) {
    const double d = value1 - value0;
    return value0 + t * (slope0 + t * (3.0 * d - 2.0 * slope0 - slope1 + t * (slope0 + slope1 - 2.0 * d)));
}

SZFAST_HOST_DEVICE static inline double edge_integral(const ColumnTable &table, double u) {
    const double s = u * ColumnTable::edge_cells;
    const int cell = s < ColumnTable::edge_cells - 1 ? int(s) : ColumnTable::edge_cells - 1;
    const double *p = table.edge + 2 * cell;
    return hermite(p[0], p[1], p[2], p[3], s - cell);
}

// Q inside the kernel's edge, u and v not negative.
SZFAST_HOST_DEVICE static inline double quadrant_inside(const ColumnTable &table, double u, double v) {
    if (table.kernel == Kernel::uniform)
        return uniform_quadrant_inside(u, v);
    constexpr int n = ColumnTable::quadrant_cells;
    const double su = u * n, sv = v * n;
    const int i = su < n - 1 ? int(su) : n - 1, j = sv < n - 1 ? int(sv) : n - 1;
    const double s = su - i, t = sv - j;
    const double *a = table.quadrant + 4 * (std::size_t(i) * (n + 1) + j), *b = a + 4 * (n + 1);
    const double left = hermite(a[0], a[2], a[4], a[6], t), right = hermite(b[0], b[2], b[4], b[6], t);
    const double left_slope = hermite(a[1], a[3], a[5], a[7], t), right_slope = hermite(b[1], b[3], b[5], b[7], t);
    return hermite(left, left_slope, right, right_slope, s);
}

// Column density against R^2 by cubic Lagrange interpolation.
SZFAST_HOST_DEVICE static inline double column_at(const ColumnTable &table, double R2) {
    if (R2 >= 1.0)
        return 0.0;
    const double s = R2 * ColumnTable::column_cells;
    const int cell = int(s);
    const double *p = table.column + cell;
    const double t = s - cell;
    const double third = p[3] / 6.0 - p[0] / 6.0 + 0.5 * (p[1] - p[2]);
    const double second = 0.5 * (p[0] + p[2]) - p[1];
    const double first = p[2] - p[0] / 3.0 - 0.5 * p[1] - p[3] / 6.0;
    return p[1] + t * (first + t * (second + t * third));
}

struct Span {
    int first, last; // pixels touched, inclusive
};

SZFAST_HOST_DEVICE static inline int count_of(const Span &pixels) {
    return pixels.last - pixels.first + 1;
}

// Pixels that [center - h, center + h] touches, clipped to the grid; empty if first > last.
SZFAST_HOST_DEVICE static inline Span touched(double center, double h, int n) {
    const double low = center - h, high = center + h;
    if (!(high >= 0.0) || !(low < n))
        return {0, -1};
    return {low > 0.0 ? int(low) : 0, high < n ? int(high) : n - 1};
}

// Whether nothing of [center - h, center + h], which touches these pixels, is beyond the one pixel.
SZFAST_HOST_DEVICE static inline bool in_one_pixel(const Span &pixels, double center, double h, int n) {
    return pixels.first == pixels.last && center - h >= 0.0 && center + h <= n;
}

struct Boundary {
    double distance; // |boundary - centre| / h, at most 1
    double edge;     // G(distance), with the side's sign
    double sign;
};

SZFAST_HOST_DEVICE static inline Boundary boundary_at(const ColumnTable &table, int index, double center,
                                                      double inverse_h) {
    const double signed_distance = (index - center) * inverse_h;
    const double sign = signed_distance < 0.0 ? -1.0 : 1.0;
    const double distance = signed_distance * sign;
    if (distance >= 1.0)
        return {1.0, sign * 0.25, sign};
    return {distance, sign * edge_integral(table, distance), sign};
}

// Q at a corner, times the sign of the row's side, so that columns and rows only have to be subtracted.
SZFAST_HOST_DEVICE static inline double corner(const ColumnTable &table, double u, double edge_u, double sign_u,
                                               const Boundary &row) {
    if (u * u + row.distance * row.distance < 1.0)
        return sign_u * row.sign * quadrant_inside(table, u, row.distance);
    // sign_u sign_v (|G_u| + |G_v| - 1/4)
    return edge_u * row.sign + sign_u * row.edge - 0.25 * sign_u * row.sign;
}

// Kernels over this many pixels are smooth against a pixel: four Gauss points are exact to 1e-7 of the kernel's peak,
// where differences of the table would lose digits.
constexpr double wide_kernel_pixels = 32.0;
constexpr double gauss_low = 0.21132486540518712, gauss_high = 0.78867513459481288;

// Four times the mean of the column density over a pixel, from the squares of its points' distances along each axis.
SZFAST_HOST_DEVICE static inline double four_points(const ColumnTable &table, double u0_2, double u1_2, double v0_2,
                                                    double v1_2) {
    return column_at(table, u0_2 + v0_2) + column_at(table, u0_2 + v1_2) + column_at(table, u1_2 + v0_2) +
           column_at(table, u1_2 + v1_2);
}

} // namespace szfast
