// Particles of one block onto one view's grid.
#include "spread_plan.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

typedef double Fields __attribute__((vector_size(window_fields * sizeof(double))));

constexpr int group = 16; // particles whose places are computed side by side

// What is seen of a group: the cell, the place within it from -1/2 to 1/2, and Y t^m.
struct Places {
    int row[group], column[group], seen[group];
    double x[group], y[group], Y[group], t[group];
};

// Cell centres are whole numbers; one step brings every particle that is seen back onto the grid.
inline double wrapped(double x, double cells) {
    return x < 0.0 ? x + cells : x < cells ? x : x - cells;
}

inline void place(const SpreadDesign &design, const Particles &p, std::size_t begin, int count, const double *view,
                  Places &at) {
    const double low2 = design.h_above_kpc > 0 ? design.h_above_kpc * design.h_above_kpc : 0.0;
    const double t_scale = 1.0 / (design.h_to_kpc * design.h_to_kpc - low2 + 1e-300);
    const double scale = 1.0 / design.cell_kpc, middle = 0.5 * design.cells - 0.5, cells = design.cells;
    for (int i = 0; i < count; ++i) {
        const double x = p.x[begin + i], y = p.y[begin + i], z = p.z[begin + i], h = p.h[begin + i];
        const double image_x = x * view[0] + y * view[3] + z * view[6];
        const double image_y = x * view[1] + y * view[4] + z * view[7];
        const double depth = x * view[2] + y * view[5] + z * view[8], reach = design.reach_kpc + h;
        const int loaded = std::fabs(depth) <= design.half_depth_kpc;
        const int seen = (std::fabs(image_x) <= reach) & (std::fabs(image_y) <= reach) & loaded;
        const double in_x = wrapped(image_x * scale + middle, cells), in_y = wrapped(image_y * scale + middle, cells);
        const double cell_x = seen ? in_x : 0.0, cell_y = seen ? in_y : 0.0;
        // rounding may leave a particle on the far boundary itself: one cell more is there for the taps
        at.column[i] = int(cell_x);
        at.row[i] = int(cell_y);
        at.x[i] = cell_x - at.column[i] - 0.5;
        at.y[i] = cell_y - at.row[i] - 0.5;
        at.Y[i] = loaded ? double(p.Y[begin + i]) : 0.0;
        at.t[i] = (h * h - low2) * t_scale;
        at.seen[i] = seen;
    }
}

// The weights of all taps of an axis, two vectors of four: polynomials of as many degrees as the window takes.
struct Taps {
    Fields half[2];
};

template <int taps> inline Taps taps_at(const double *window, double d) {
    constexpr int degree = taps / 2 + 5, halves = (taps + 3) / 4;
    static_assert(degree <= window_degree, "coefficients of all degrees");
    Taps axis;
    for (int half = 0; half < halves; ++half) {
        std::memcpy(&axis.half[half], window + degree * window_row + 4 * half, sizeof(Fields));
        for (int power = degree - 1; power >= 0; --power) {
            Fields coefficient;
            std::memcpy(&coefficient, window + power * window_row + 4 * half, sizeof coefficient);
            axis.half[half] = axis.half[half] * d + coefficient;
        }
    }
    return axis;
}

template <int taps>
void spread_block(const SpreadDesign &design, const Particles &particles, std::size_t begin, std::size_t end,
                  const double *view, const std::atomic<bool> &stop, const SpreadGrid &layout, double *grid,
                  double *loaded) {
    double sum = 0.0;
    Places at;
    for (std::size_t p = begin; p < end; p += group) {
        if ((p - begin) % 4096 == 0 && stop.load(std::memory_order_relaxed))
            return;
        const int count = int(end - p < group ? end - p : group);
        place(design, particles, p, count, view, at);
        for (int i = 0; i < count; ++i)
            sum += at.Y[i];
        // all of a group first: each polynomial is a chain, and sixteen of them fill the time
        Taps x_taps[group], y_taps[group];
        for (int i = 0; i < count; ++i) {
            x_taps[i] = taps_at<taps>(design.window, at.x[i]);
            y_taps[i] = taps_at<taps>(design.window, at.y[i]);
        }
        for (int i = 0; i < count; ++i) {
            if (!at.seen[i])
                continue;
            const Taps &along_x = x_taps[i], &along_y = y_taps[i];
            const double Y = at.Y[i], t = at.t[i], t2 = t * t;
            const Fields fields = {Y, Y * t, Y * t2, Y * t * t2};
            Fields of_row[taps];
            for (int tap = 0; tap < taps; ++tap)
                of_row[tap] = along_x.half[tap / 4][tap % 4] * fields;
            double *to = grid + (std::size_t(at.row[i]) * layout.width + at.column[i]) * window_fields;
            for (int b = 0; b < taps; ++b, to += std::size_t(layout.width) * window_fields) {
                const double weight = along_y.half[b / 4][b % 4];
                for (int a = 0; a < taps; ++a) {
                    Fields value;
                    std::memcpy(&value, to + a * window_fields, sizeof value);
                    value += weight * of_row[a];
                    std::memcpy(to + a * window_fields, &value, sizeof value);
                }
            }
        }
    }
    *loaded += sum;
}

} // namespace

// The first tap of a particle in cell i stands at index i of the grid: taps / 2 - 1 cells before the cell.
void spread_view(const SpreadDesign &design, const Particles &particles, std::size_t begin, std::size_t end,
                 const double *view, const std::atomic<bool> &stop, const SpreadGrid &layout, double *grid,
                 double *loaded) {
    if (design.taps == 4)
        spread_block<4>(design, particles, begin, end, view, stop, layout, grid, loaded);
    else if (design.taps == 6)
        spread_block<6>(design, particles, begin, end, view, stop, layout, grid, loaded);
    else
        spread_block<8>(design, particles, begin, end, view, stop, layout, grid, loaded);
}

} // namespace SZFAST_LEVEL
} // namespace szfast
