// Particles as the projections take them: float32 columns about a centre, with the Compton area of each.
#pragma once

#include "szfast/stop.hpp"

#include <cstddef>

namespace szfast {

struct GasColumns {
    const double *offset; // (count, 3) kpc
    const float *mass, *hydrogen, *electrons, *temperature;
    std::size_t count;
};

// x, y, z (count): offset less centre. Y (count): factor times mass, hydrogen fraction, electrons per hydrogen atom and
// temperature. Everything is computed in double and rounded once. Returns false when stopped.
bool particle_columns(const GasColumns &gas, const double *center, double factor, int threads, Stop &stop, float *x,
                      float *y, float *z, float *Y);

} // namespace szfast
