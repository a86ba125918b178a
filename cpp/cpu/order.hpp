// Particles in the order of small cells of space, and within a cell by size: neighbours fall near each other on every
// view, so that the pixels they share stay in the first cache, and take the same number of steps.
#pragma once

#include "level.hpp"
#include "szfast/stop.hpp"

#include <memory>
#include <vector>

namespace szfast {

class OrderedParticles {
  public:
    // Without particles where it is stopped.
    OrderedParticles(const Particles &particles, const Grid &grid, Stop &stop);
    const OrderedParticle *particles() const {
        return particles_.get();
    }
    // Where chunks of neighbours begin; the number of particles follows the last.
    const std::vector<std::size_t> &chunks() const {
        return chunks_;
    }

  private:
    std::unique_ptr<OrderedParticle[]> particles_;
    std::vector<std::size_t> chunks_;
};

} // namespace szfast
