// Particles about a centre: which lie within a radius, and where, with periodic wrapping.
#pragma once

#include "szfast/stop.hpp"

#include <cstddef>
#include <cstdint>

namespace szfast {

// In the unit of the coordinates.
struct Sphere {
    double center[3];
    double radius; // infinite: everything
    double box;    // period, zero for none
};

// Bounding box of coordinates; NaN where any of them is not finite.
struct Extent {
    double low[3], high[3];
};

// Of coordinates (count, 3), at least one particle; of the first of them where it is stopped.
Extent extent_of(const float *coordinates, std::size_t count, Stop &stop);
Extent extent_of(const double *coordinates, std::size_t count, Stop &stop);

// coordinates (count, 3). rows (count): numbers of the particles inside, in ascending order; offsets (count, 3): their
// positions relative to the centre at the nearest image, times scale. Returns how many there
// are, or too few where it is stopped.
std::size_t within_sphere(const float *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets, Stop &stop);
std::size_t within_sphere(const double *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets, Stop &stop);

} // namespace szfast
