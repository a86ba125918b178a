// Projection behind a wide beam: one pass spreads the particles onto a coarse 3-D mesh; the Fourier transform of every
// view's map is a central slice of the mesh's transform.
#pragma once

#include "szfast/deposit.hpp"
#include "szfast/stop.hpp"

#include <cstddef>
#include <cstdint>

namespace szfast {

constexpr int spread_taps = 4;
constexpr int slice_taps = 6;
constexpr int spread_coefficients = 2 * 2 * 3 * 4; // half of the taps, even and odd in d, powers of d^2, powers of t
constexpr int slice_coefficients = 3 * 2 * 5;      // half of the taps, even and odd in d, powers of d^2
constexpr int window_coefficients = 8;

// How a set of particles is reduced. Lengths in kpc; polynomials are fitted by the caller, which knows their errors.
struct MeshDesign {
    int points;           // along a side of the mesh; a particle at the origin falls on point points / 2
    double cell_kpc;      // between two points
    double radius_kpc;    // particles farther from the origin are left to the exact projection
    double h_limit_kpc;   // and so are larger ones
    int padded;           // length of the Fourier transform, no prime factors but 2, 3, 5
    int reach;            // largest wave number of the transform that a slice touches
    const float *spread;  // weight of each tap against place in the cell and h^2 / h_limit^2
    const double *before; // (points): the slice interpolation's window, divided out before the transform
    const float *slice;   // weight of each tap against the wave number's fraction
    const float *window;  // the spreading window, divided out after it: a polynomial in (wave number / padded)^2
};

// Sums over the particles that are on the mesh.
struct MeshSums {
    double Y = 0.0, Y_h2 = 0.0, Y_h4 = 0.0, Y_r4 = 0.0; // with h and r in units of their limits
    std::size_t left = 0;                               // particles left to the exact projection
    bool valid = true; // of each particle the sum of its numbers is finite, h and Y are not negative
};

// The modes of a patch of n x n pixels that count. Of the half plane ky = 0 ... rows - 1 a spectrum holds (2, n, rows)
// floats: the real parts, then the imaginary ones, kx in the FFT's order.
struct SliceGrid {
    int n;
    int rows; // a multiple of 16
    double pixel_kpc;
    const int *last;     // (n): the largest ky at each kx that counts, -1 for none
    const float *factor; // (2, n, rows): complex factor of each mode
};

// spectra (views, 2, n, rows). left (count): one for each particle left to the exact projection. The result does not
// depend on the number of threads. Returns false when stopped.
bool mesh_spectra(const Particles &particles, const MeshDesign &design, const SliceGrid &grid, const double *views,
                  int view_count, int threads, Stop &stop, float *spectra, std::uint8_t *left, MeshSums *sums);

} // namespace szfast
