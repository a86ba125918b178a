// Who owns what: a task is one view and one fixed block of particles, and has a map of its own; nothing is shared.
// A particle's kernel is cut by the pixel boundaries; the share of a pixel is a difference of Q at its four corners
// (column_table.hpp), swept row by row so that each corner is evaluated once. What a sweep adds up telescopes to the
// integral over the swept rectangle, so that the sum over pixels is exact whatever the error of the table.
#include "level.hpp"
#include "szfast/column_shares.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

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

void deposit_by_points(const ColumnTable &table, double cx, double cy, double h, double Y, Span columns, Span rows,
                       int n, double *map) {
    const double inverse_h = 1.0 / h;
    const double weight = 0.25 * Y * inverse_h * inverse_h;
    for (int j = rows.first; j <= rows.last; ++j) {
        const double v0 = (j + gauss_low - cy) * inverse_h, v1 = (j + gauss_high - cy) * inverse_h;
        const double v0_2 = v0 * v0, v1_2 = v1 * v1;
        double *pixel = map + std::size_t(j) * n;
        for (int i = columns.first; i <= columns.last; ++i) {
            const double u0 = (i + gauss_low - cx) * inverse_h, u1 = (i + gauss_high - cx) * inverse_h;
            const double u0_2 = u0 * u0, u1_2 = u1 * u1;
            pixel[i] += weight * four_points(table, u0_2, u1_2, v0_2, v1_2);
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
    // a particle may be a pixel or the whole map
    constexpr std::size_t work_between_looks = 1 << 18, work_of_a_particle = 256;
    std::size_t work = 0;
    for (std::size_t p = begin; p < end; ++p) {
        work += work_of_a_particle;
        if (work > work_between_looks) {
            if (stop.load(std::memory_order_relaxed))
                return;
            work = 0;
        }
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
        work += std::size_t(columns.last - columns.first + 1) * (rows.last - rows.first + 1);
        if (in_one_pixel(columns, cx, h, n) && in_one_pixel(rows, cy, h, n))
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
