// A kernel's column density as a short sum of products, f(sqrt(u^2 + v^2)) = sum_k w_k f_k(u) f_k(v): a pixel's share
// is then sum_k w_k [F_k]_x [F_k]_y, with [F_k] the difference of the primitive of f_k between the pixel's two
// boundaries. It integrates each pixel exactly whatever its size, and its sum over pixels telescopes to the particle's
// whole.
#pragma once

#include "szfast/kernel.hpp"

#include <memory>
#include <vector>

namespace szfast {

// The numbers of terms that exist in the engine.
constexpr int separable_terms[] = {2, 3, 5, 6, 8, 10, 12};

// F_k is odd, and constant beyond the support radius, which is the unit of length. At the support radius it is a float,
// so that shares add up to the same whole in every table.
struct SeparableTable {
    static constexpr int most_terms = 12;
    static constexpr int lookup = 16; // entries of one coefficient: a vector register of floats
    static constexpr int cells = 7;   // from the centre to the support radius; the first entry and the last lie outside
    static constexpr int fine_cells = 1024;

    int terms;
    float weight[most_terms];
    double unit;          // the sum of products times this is one over the whole plane
    const float *cubic;   // (terms, 4, lookup): coefficients of 1, t, t^2, t^3 in each cell, t in [0, 1)
    const float *quintic; // (terms, 6, lookup)
    const double *fine;   // (terms, fine_cells + 1, 2): F_k, dF_k/du times the cell width, on [0, 1]
};

// Owns the tables of one kernel for every number of terms; built once, in a few milliseconds.
class SeparableKernel {
  public:
    explicit SeparableKernel(Kernel kernel);

    // The fewest terms in steps that exist in the engine whose column density is good to rtol of its peak; terms = 0
    // where none are: a kernel with a steep edge, or an rtol that floats cannot hold.
    SeparableTable view(double rtol) const;

  private:
    struct Terms;
    void fill_fine(const Terms &terms);
    void fill_cells();
    void measure(const Terms &terms);

    double primitive(int term, double u) const;

    int terms_ = 0;
    double eigenvalue_[SeparableTable::most_terms] = {};
    double whole_[SeparableTable::most_terms + 1] = {}; // integral of the first k terms over the plane
    double error_[SeparableTable::most_terms + 1] = {}; // largest error of the first k terms, as a share of the peak
    std::vector<float> cubic_, quintic_;
    std::vector<double> fine_;
};

// The terms of a kernel, shared by the whole process; safe to call from any thread.
const SeparableKernel &separable_kernel(Kernel kernel);

} // namespace szfast
