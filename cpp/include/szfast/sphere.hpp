// Particles about a centre: which lie within a radius, and where, with periodic wrapping.
#pragma once

#include "szfast/stop.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace szfast {

// In the unit of the coordinates.
struct Sphere {
    double center[3];
    double radius; // infinite: everything
    double box;    // period, zero for none
};

// Largest distance along an axis that needs no other image.
static inline double half_of(const Sphere &sphere) {
    return sphere.box > 0 ? 0.5 * sphere.box : std::numeric_limits<double>::infinity();
}

// A distance along an axis, to the nearest image.
static inline double nearest(double offset, double box, double half) {
    return std::fabs(offset) > half ? offset - box * std::nearbyint(offset / box) : offset;
}

// Bounding box of coordinates; NaN where any of them is not finite.
struct Extent {
    double low[3], high[3];
};

// Of coordinates (count, 3), at least one particle; of the first of them where it is stopped.
Extent extent_of(const float *coordinates, std::size_t count, Stop &stop);
Extent extent_of(const double *coordinates, std::size_t count, Stop &stop);

// coordinates (count, 3). rows (count): numbers of the particles inside, in ascending order. Returns how many there
// are, and the bounding box of all coordinates, which is looked at on the way; of those before where it is stopped.
std::size_t within_sphere(const float *coordinates, std::size_t count, const Sphere &sphere, std::int64_t *rows,
                          Extent &extent, Stop &stop);
std::size_t within_sphere(const double *coordinates, std::size_t count, const Sphere &sphere, std::int64_t *rows,
                          Extent &extent, Stop &stop);

// Positions of some rows relative to the sphere's centre at the nearest image, times scale: offsets (count, 3).
void offsets_of(const float *coordinates, const std::int64_t *rows, std::size_t count, const Sphere &sphere,
                double scale, double *offsets);
void offsets_of(const double *coordinates, const std::int64_t *rows, std::size_t count, const Sphere &sphere,
                double scale, double *offsets);

} // namespace szfast
