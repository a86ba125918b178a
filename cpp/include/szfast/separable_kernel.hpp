// A kernel's column density as a short sum of products, f(sqrt(u^2 + v^2)) = sum_k w_k f_k(u) f_k(v): a pixel's share
// is then sum_k w_k [F_k]_x [F_k]_y, with [F_k] the difference of the primitive of f_k between the pixel's two
// boundaries. It integrates each pixel exactly whatever its size, and its sum over pixels telescopes to the particle's
// whole.
#pragma once

#include "szfast/kernel.hpp"

#include <memory>
#include <vector>

namespace szfast {

// F_k is odd; the tables hold it on [0, 1] in units of the support radius.
struct SeparableTable {
    static constexpr int most_terms = 12;
    static constexpr int lookup = 16; // entries of one coefficient: a vector register of floats
    static constexpr int cubic_cells = 16;
    static constexpr int quintic_cells = 8; // the second half of the entries repeats the first
    static constexpr int fine_cells = 1024;

    int terms;
    bool precise; // the cubic is good to 1e-5 of the peak where a pixel is a seventh of the kernel's radius
    double weight[most_terms];
    const float *cubic;   // (terms, 4, lookup): coefficients of 1, t, t^2, t^3 in each cell, t in [0, 1)
    const float *quintic; // (terms, 6, lookup)
    const double *fine;   // (terms, fine_cells + 1, 2): F_k, dF_k/du times the cell width
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
