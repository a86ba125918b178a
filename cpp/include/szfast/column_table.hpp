// Tables of a kernel's column density, integrated over rectangles: what a pixel receives from a particle.
#pragma once

#include "szfast/kernel.hpp"

#include <vector>

namespace szfast {

// Q(u, v) is the integral of the column density over [0, u] x [0, v] (units of the support radius). A pixel's share is
// a difference of four Q: Q(u1, v1) - Q(u0, v1) - Q(u1, v0) + Q(u0, v0), with Q odd in both arguments. Beyond the
// kernel's edge, u^2 + v^2 >= 1, Q = G(u) + G(v) - 1/4 with G(u) = Q(u, 1).
struct ColumnTable {
    static constexpr int quadrant_cells = 128;
    static constexpr int edge_cells = 1024;
    static constexpr int column_cells = 2048;

    Kernel kernel;
    const double *quadrant; // (cells+1, cells+1, 4): Q, dQ/du, dQ/dv, d2Q/dudv times the cell widths
    const double *edge;     // (cells+1, 2): G, dG/du times the cell width
    const double *column;   // (cells+3): column density against R^2, one node before 0 and one after 1
};

// Owns the tables of one kernel; built once, in a few tens of milliseconds.
class ColumnTables {
  public:
    explicit ColumnTables(Kernel kernel);
    ColumnTable view() const {
        return {kernel_, quadrant_.data(), edge_.data(), column_.data()};
    }

  private:
    void fill_edge();
    void fill_quadrant();
    void fill_column();

    Kernel kernel_;
    KernelPolynomial polynomial_;
    std::vector<double> quadrant_, edge_, column_;
};

// The tables of a kernel, shared by the whole process; safe to call from any thread.
const ColumnTables &column_tables(Kernel kernel);

} // namespace szfast
