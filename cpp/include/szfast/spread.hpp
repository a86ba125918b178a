// Projection behind a beam, view by view: every particle is spread onto a grid with a smooth window, which the caller
// divides out in Fourier space; what is left of the grid's own modes the beam suppresses.
#pragma once

#include "szfast/deposit.hpp"
#include "szfast/stop.hpp"

#include <cstddef>

namespace szfast {

constexpr int window_fields = 4; // Y t^m for m = 0 ... 3
constexpr int window_row = 8;    // room for the taps of a row of coefficients
constexpr int window_degree = 9; // of the window's polynomials in the place within the cell: taps / 2 + 5

// Lengths in kpc. The grid is periodic; a particle at the origin falls on the boundary between cells / 2 - 1 and
// cells / 2.
struct SpreadDesign {
    int cells;
    double cell_kpc;
    double reach_kpc;      // a particle farther than this plus h from the middle, in image x or y, is not seen; with
                           // h_to at most cells times cell_kpc
    double half_depth_kpc; // nor one that is farther along the line of sight
    double h_above_kpc;    // only particles with h in (h_above, h_to], for h_above < 0 from zero on
    double h_to_kpc;
    int taps;             // 4, 6 or 8
    const double *window; // (window_degree + 1, window_row): each tap's weight, taps / 2 + 5 powers of the place in
                          // the cell, from -1/2 to 1/2
};

// fields (views, window_fields, cells, cells): the sum over particles of Y t^m times the window of both axes, with
// t = (h^2 - h_above^2) / (h_to^2 - h_above^2). loaded (views): Y of these particles within the depth. The result does
// not depend on the number of threads. Returns false when stopped.
bool spread(const Particles &particles, const SpreadDesign &design, const double *views, int view_count, int threads,
            Stop &stop, double *fields, double *loaded);

} // namespace szfast
