// Who owns what: a task is one view and one fixed block of particles, and has a map of its own; nothing is shared.
// A particle's kernel is cut by the pixel boundaries; the share of a pixel is a difference of Q at its four corners
// (column_table.hpp), swept row by row so that each corner is evaluated once. What a sweep adds up telescopes to the
// integral over the swept rectangle, so that the sum over pixels is exact whatever the error of the table.
#include "level.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

inline double hermite(double value0, double slope0, double value1, double slope1, double t) {
    const double d = value1 - value0;
    return value0 + t * (slope0 + t * (3.0 * d - 2.0 * slope0 - slope1 + t * (slope0 + slope1 - 2.0 * d)));
}

inline double edge_integral(const ColumnTable &table, double u) {
    const double s = u * ColumnTable::edge_cells;
    const int cell = s < ColumnTable::edge_cells - 1 ? int(s) : ColumnTable::edge_cells - 1;
    const double *p = table.edge + 2 * cell;
    return hermite(p[0], p[1], p[2], p[3], s - cell);
}

// Q inside the kernel's edge, u and v not negative.
inline double quadrant_inside(const ColumnTable &table, double u, double v) {
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
inline double column_at(const ColumnTable &table, double R2) {
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

// Pixels that [center - h, center + h] touches, clipped to the grid; empty if first > last.
inline Span touched(double center, double h, int n) {
    const double low = center - h, high = center + h;
    if (!(high >= 0.0) || !(low < n))
        return {0, -1};
    return {low > 0.0 ? int(low) : 0, high < n ? int(high) : n - 1};
}

struct Boundary {
    double distance; // |boundary - centre| / h, at most 1
    double edge;     // G(distance), with the side's sign
    double sign;
};

inline Boundary boundary_at(const ColumnTable &table, int index, double center, double inverse_h) {
    const double signed_distance = (index - center) * inverse_h;
    const double sign = signed_distance < 0.0 ? -1.0 : 1.0;
    const double distance = signed_distance * sign;
    if (distance >= 1.0)
        return {1.0, sign * 0.25, sign};
    return {distance, sign * edge_integral(table, distance), sign};
}

// Q at a corner, times the sign of the row's side, so that columns and rows only have to be subtracted.
inline double corner(const ColumnTable &table, double u, double edge_u, double sign_u, const Boundary &row) {
    if (u * u + row.distance * row.distance < 1.0)
        return sign_u * row.sign * quadrant_inside(table, u, row.distance);
    // sign_u sign_v (|G_u| + |G_v| - 1/4)
    return edge_u * row.sign + sign_u * row.edge - 0.25 * sign_u * row.sign;
}

void deposit_by_corners(const ColumnTable &table, double cx, double cy, double h, double Y, Span columns, Span rows,
                        int n, double *scratch, double *map) {
    const double inverse_h = 1.0 / h;
    const int width = columns.last - columns.first + 1;
    double *distance = scratch, *edge = distance + n + 1, *sign = edge + n + 1, *below = sign + n + 1;
    for (int i = 0; i <= width; ++i) {
        const Boundary b = boundary_at(table, columns.first + i, cx, inverse_h);
        distance[i] = b.distance;
        edge[i] = b.edge;
        sign[i] = b.sign;
    }
    const Boundary first = boundary_at(table, rows.first, cy, inverse_h);
    for (int i = 0; i <= width; ++i)
        below[i] = corner(table, distance[i], edge[i], sign[i], first);
    for (int j = rows.first; j <= rows.last; ++j) {
        const Boundary row = boundary_at(table, j + 1, cy, inverse_h);
        double *pixel = map + std::size_t(j) * n + columns.first;
        double left = corner(table, distance[0], edge[0], sign[0], row), left_below = below[0];
        below[0] = left;
        for (int i = 1; i <= width; ++i) {
            const double right = corner(table, distance[i], edge[i], sign[i], row), right_below = below[i];
            pixel[i - 1] += Y * ((right - left) - (right_below - left_below));
            below[i] = left = right;
            left_below = right_below;
        }
    }
}

// Kernels over this many pixels are smooth against a pixel: four Gauss points are exact to 1e-7 of the kernel's peak,
// where differences of the table would lose digits.
constexpr double wide_kernel_pixels = 32.0;

void deposit_by_points(const ColumnTable &table, double cx, double cy, double h, double Y, Span columns, Span rows,
                       int n, double *map) {
    const double inverse_h = 1.0 / h;
    const double weight = 0.25 * Y * inverse_h * inverse_h;
    constexpr double gauss_low = 0.21132486540518712, gauss_high = 0.78867513459481288;
    for (int j = rows.first; j <= rows.last; ++j) {
        const double v0 = (j + gauss_low - cy) * inverse_h, v1 = (j + gauss_high - cy) * inverse_h;
        const double v0_2 = v0 * v0, v1_2 = v1 * v1;
        double *pixel = map + std::size_t(j) * n;
        for (int i = columns.first; i <= columns.last; ++i) {
            const double u0 = (i + gauss_low - cx) * inverse_h, u1 = (i + gauss_high - cx) * inverse_h;
            const double u0_2 = u0 * u0, u1_2 = u1 * u1;
            pixel[i] += weight * (column_at(table, u0_2 + v0_2) + column_at(table, u0_2 + v1_2) +
                                  column_at(table, u1_2 + v0_2) + column_at(table, u1_2 + v1_2));
        }
    }
}

} // namespace

void deposit_corners(const OrderedParticle *particles, std::size_t begin, std::size_t end, const double *view,
                     const Grid &grid, const ColumnTable &table, const std::atomic<bool> &stop, double *scratch,
                     double *map, double *loaded) {
    const double scale = 1.0 / grid.pixel_kpc, middle = 0.5 * grid.n;
    const int n = grid.n;
    double sum = 0.0;
    for (std::size_t p = begin; p < end; ++p) {
        if ((p & 1023) == 0 && stop.load(std::memory_order_relaxed))
            return;
        const OrderedParticle &particle = particles[p];
        const double x = particle.x, y = particle.y, z = particle.z, Y = particle.Y;
        const double along = x * view[2] + y * view[5] + z * view[8];
        if (!(along <= grid.half_depth_kpc && along >= -grid.half_depth_kpc))
            continue;
        sum += Y;
        const double cx = (x * view[0] + y * view[3] + z * view[6]) * scale + middle;
        const double cy = (x * view[1] + y * view[4] + z * view[7]) * scale + middle;
        const double h = particle.h * scale;
        const Span columns = touched(cx, h, n), rows = touched(cy, h, n);
        if (columns.last < columns.first || rows.last < rows.first)
            continue;
        const bool inside = cx - h >= 0.0 && cx + h <= n && cy - h >= 0.0 && cy + h <= n;
        if (inside && columns.first == columns.last && rows.first == rows.last)
            map[std::size_t(rows.first) * n + columns.first] += Y;
        else if (h > wide_kernel_pixels && table.kernel != Kernel::uniform)
            deposit_by_points(table, cx, cy, h, Y, columns, rows, n, map);
        else
            deposit_by_corners(table, cx, cy, h, Y, columns, rows, n, scratch, map);
    }
    *loaded += sum;
}

} // namespace SZFAST_LEVEL
} // namespace szfast
