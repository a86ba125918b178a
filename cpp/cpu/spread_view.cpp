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

struct Places {
    double x[group], y[group], depth[group], Y[group], t[group], h[group];
};

inline void place(const SpreadDesign &design, const Particles &p, std::size_t begin, int count, const double *view,
                  Places &at) {
    const double low2 = design.h_above_kpc > 0 ? design.h_above_kpc * design.h_above_kpc : 0.0;
    const double high2 = design.h_to_kpc * design.h_to_kpc, scale = high2 > low2 ? 1.0 / (high2 - low2) : 0.0;
    for (int i = 0; i < count; ++i) {
        const double x = p.x[begin + i], y = p.y[begin + i], z = p.z[begin + i], h = p.h[begin + i];
        at.x[i] = x * view[0] + y * view[3] + z * view[6];
        at.y[i] = x * view[1] + y * view[4] + z * view[7];
        at.depth[i] = x * view[2] + y * view[5] + z * view[8];
        at.h[i] = h;
        at.Y[i] = p.Y[begin + i];
        at.t[i] = (h * h - low2) * scale;
    }
}

// The weights of all taps of an axis, for a place within the cell.
struct alignas(64) Taps {
    double weight[window_row];
};

template <int taps> inline Taps taps_at(const double *window, double d) {
    Taps axis;
    for (int tap = 0; tap < taps; ++tap)
        axis.weight[tap] = window[window_degree * window_row + tap];
    for (int power = window_degree - 1; power >= 0; --power)
        for (int tap = 0; tap < taps; ++tap)
            axis.weight[tap] = axis.weight[tap] * d + window[power * window_row + tap];
    return axis;
}

template <int taps>
void spread_block(const SpreadDesign &design, const Particles &particles, std::size_t begin, std::size_t end,
                  const double *view, const std::atomic<bool> &stop, const SpreadGrid &layout, double *grid,
                  double *loaded) {
    const double scale = 1.0 / design.cell_kpc, middle = 0.5 * design.cells, cells = design.cells;
    double sum = 0.0;
    Places at;
    for (std::size_t p = begin; p < end; p += group) {
        if ((p - begin) % 4096 == 0 && stop.load(std::memory_order_relaxed))
            return;
        const int count = int(end - p < group ? end - p : group);
        place(design, particles, p, count, view, at);
        for (int i = 0; i < count; ++i) {
            if (std::fabs(at.depth[i]) > design.half_depth_kpc)
                continue;
            sum += at.Y[i];
            const double reach = design.reach_kpc + at.h[i];
            if (std::fabs(at.x[i]) > reach || std::fabs(at.y[i]) > reach)
                continue;
            // cell centres are whole numbers here
            double x = at.x[i] * scale + middle - 0.5, y = at.y[i] * scale + middle - 0.5;
            x -= cells * std::floor(x / cells);
            y -= cells * std::floor(y / cells);
            const int column = x < cells ? int(x) : 0, row = y < cells ? int(y) : 0;
            const Taps along_x = taps_at<taps>(design.window, x < cells ? x - column - 0.5 : -0.5);
            const Taps along_y = taps_at<taps>(design.window, y < cells ? y - row - 0.5 : -0.5);
            const double Y = at.Y[i], t = at.t[i];
            const Fields fields = {Y, Y * t, Y * t * t, Y * t * t * t};
            Fields of_row[taps];
            for (int tap = 0; tap < taps; ++tap)
                of_row[tap] = along_x.weight[tap] * fields;
            double *to = grid + (std::size_t(row) * layout.width + column) * window_fields;
            for (int b = 0; b < taps; ++b, to += std::size_t(layout.width) * window_fields)
                for (int a = 0; a < taps; ++a) {
                    Fields value;
                    std::memcpy(&value, to + a * window_fields, sizeof value);
                    value += along_y.weight[b] * of_row[a];
                    std::memcpy(to + a * window_fields, &value, sizeof value);
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
