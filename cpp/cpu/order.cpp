#include "order.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace szfast {

OrderedParticles::OrderedParticles(const Particles &particles, const Grid &grid)
    : count_(particles.count), values_(new float[5 * particles.count]) {
    constexpr int cell_pixels = 8, most_cells = 32;
    const int side = std::clamp(grid.n / cell_pixels, 1, most_cells);
    const float scale = float(side / (grid.n * grid.pixel_kpc)), middle = 0.5f * side;
    const auto along = [&](float position) {
        return int(std::clamp(position * scale + middle, 0.0f, float(side - 1)));
    };
    std::vector<std::uint16_t> cell(count_);
    std::vector<std::size_t> next(std::size_t(side) * side * side + 1);
    for (std::size_t p = 0; p < count_; ++p) {
        cell[p] = std::uint16_t((along(particles.x[p]) * side + along(particles.y[p])) * side + along(particles.z[p]));
        ++next[cell[p] + 1];
    }
    for (std::size_t c = 1; c < next.size(); ++c)
        next[c] += next[c - 1];
    float *x = values_.get(), *y = x + count_, *z = y + count_, *h = z + count_, *Y = h + count_;
    for (std::size_t p = 0; p < count_; ++p) {
        const std::size_t to = next[cell[p]]++;
        x[to] = particles.x[p];
        y[to] = particles.y[p];
        z[to] = particles.z[p];
        h[to] = particles.h[p];
        Y[to] = particles.Y[p];
    }
}

Particles OrderedParticles::view() const {
    const float *x = values_.get();
    return {x, x + count_, x + 2 * count_, x + 3 * count_, x + 4 * count_, count_};
}

} // namespace szfast
