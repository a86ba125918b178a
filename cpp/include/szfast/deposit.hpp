// Exact projection: every particle's kernel, integrated along the line of sight and over each pixel.
#pragma once

#include "szfast/column_table.hpp"
#include "szfast/stop.hpp"

#include <cstddef>

namespace szfast {

// Positions relative to the centre, support radius and integrated Compton parameter of each particle.
struct Particles {
    const float *x, *y, *z; // kpc
    const float *h;         // kpc
    const float *Y;         // kpc^2
    std::size_t count;
};

// A square grid of n x n pixels about the centre; pixel (row j, column i) covers [i, i+1] x [j, j+1] pixels.
struct Grid {
    int n;
    double pixel_kpc;
    double half_depth_kpc; // particles whose centre is farther along the line of sight are left out
};

// A view is a rotation matrix, row-major; its columns are the image's x and y axes and the line of sight.
constexpr int view_size = 9;

// maps (views, n, n): the sum over particles of Y times the share of the pixel [kpc^2]. loaded (views): the sum of Y of
// the particles within the depth. Each particle's shares are good to rtol of its kernel's peak times the pixel's area;
// below 1e-5, and for kernels that few terms do not hold, they are differences of a table, good to 1e-7. The result
// does not depend on the number of threads: it is summed over fixed blocks of particles, in their order. Returns false
// when stopped.
bool deposit_exact(const Particles &particles, const Grid &grid, const double *views, int view_count, Kernel kernel,
                   double rtol, int threads, Stop &stop, double *maps, double *loaded);

} // namespace szfast
