// Particles about a centre: which lie within a radius, and where, with periodic wrapping.
#pragma once

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

// Of coordinates (count, 3), at least one particle.
Extent extent_of(const float *coordinates, std::size_t count);
Extent extent_of(const double *coordinates, std::size_t count);

// coordinates (count, 3). rows (count): numbers of the particles inside, in ascending order; offsets (count, 3): their
// positions relative to the centre at the nearest image, times scale. Returns how many there are.
std::size_t within_sphere(const float *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets);
std::size_t within_sphere(const double *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets);

} // namespace szfast
