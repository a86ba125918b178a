#include "order.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace szfast {
namespace {

// Cells of this many pixels a side are seen within a tile whatever the view, and hold enough particles to be worth one.
constexpr double cell_pixels = 8.0;
constexpr int least_in_cell = 32, most_cells = 32;

int cells_a_side(std::size_t count, const Grid &grid) {
    const int by_pixels = int(2.0 * grid.n / cell_pixels);
    const int by_count = int(2.0 * std::cbrt(double(count) / least_in_cell));
    return std::clamp(std::min(by_pixels, by_count), 1, most_cells);
}

} // namespace

OrderedParticles::OrderedParticles(const Particles &particles, const Grid &grid, Stop &stop)
    : particles_(new OrderedParticle[particles.count]) {
    const std::size_t count = particles.count;
    // cells cover twice the field in each direction; those at the border hold what lies beyond
    const int side = cells_a_side(count, grid);
    const double scale = 0.5 * side / (grid.n * grid.pixel_kpc), middle = 0.5 * side;
    const float per_pixel = float(1.0 / grid.pixel_kpc);
    const auto along = [&](float position) { return int(std::clamp(position * scale + middle, 0.0, side - 1.0)); };
    std::vector<std::uint32_t> place(count);
    std::vector<std::uint32_t> next(std::size_t(side) * side * side * window_classes + 1);
    for (std::size_t p = 0; p < count; ++p) {
        if (time_to_poll(p) && stop.wanted())
            return;
        const int cell = (along(particles.x[p]) * side + along(particles.y[p])) * side + along(particles.z[p]);
        place[p] = std::uint32_t(cell * window_classes + window_width(particles.h[p] * per_pixel));
        ++next[place[p] + 1];
    }
    for (std::size_t c = 1; c < next.size(); ++c)
        next[c] += next[c - 1];
    for (std::size_t c = 0; c + 1 < next.size(); c += window_classes)
        for (std::size_t begin = next[c]; begin < next[c + window_classes]; begin += chunk_size)
            chunks_.push_back(begin);
    chunks_.push_back(count);
    for (std::size_t p = 0; p < count; ++p) {
        if (time_to_poll(p) && stop.wanted())
            return;
        particles_[next[place[p]]++] = {particles.x[p], particles.y[p], particles.z[p], particles.h[p], particles.Y[p]};
    }
}

} // namespace szfast
