// Particles in the order of small cells of space: neighbours fall near each other on every view, so that the pixels
// they share stay in the first cache.
#pragma once

#include "szfast/deposit.hpp"

#include <memory>

namespace szfast {

class OrderedParticles {
  public:
    OrderedParticles(const Particles &particles, const Grid &grid);
    Particles view() const;

  private:
    std::size_t count_;
    std::unique_ptr<float[]> values_; // x, y, z, h, Y of all particles, one after the other
};

} // namespace szfast
