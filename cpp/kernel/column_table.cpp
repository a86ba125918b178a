#include "szfast/column_table.hpp"

#include <algorithm>
#include <memory>
#include <mutex>

namespace szfast {
namespace {

// Gauss-Legendre nodes and weights on [0, 1], six points: exact for polynomials of degree 11.
constexpr int gauss_points = 6;
constexpr double gauss_node[gauss_points] = {0.033765242898423986, 0.16939530676686775, 0.38069040695840156,
                                             0.61930959304159844,  0.83060469323313225, 0.96623475710157601};
constexpr double gauss_weight[gauss_points] = {0.085662246189585173, 0.18038078652406930, 0.23395696728634552,
                                               0.23395696728634552,  0.18038078652406930, 0.085662246189585173};

// Integral of W(r) r over r from a to 1: with pi, half of the kernel's mass in the plane at distance a.
double plane_moment(const KernelPolynomial &w, double a) {
    const auto piece = [](const double *c, double from, double to) {
        double sum = 0.0;
        for (int n = 0; n <= 8; ++n)
            sum += c[n] * (std::pow(to, n + 2) - std::pow(from, n + 2)) / (n + 2);
        return sum;
    };
    double sum = a < w.break_q ? piece(w.inner, a, w.break_q) : 0.0;
    if (w.break_q < 1.0)
        sum += piece(w.outer, std::max(a, w.break_q), 1.0);
    return sum;
}

} // namespace

ColumnTables::ColumnTables(Kernel kernel) : kernel_(kernel), polynomial_(kernel_polynomial(kernel)) {
    fill_edge();
    fill_quadrant();
    fill_column();
}

void ColumnTables::fill_edge() {
    constexpr int n = ColumnTable::edge_cells;
    edge_.assign(2 * (n + 1), 0.0);
    double integral = 0.0;
    for (int i = 0; i <= n; ++i) {
        edge_[2 * i] = integral;
        edge_[2 * i + 1] = pi * plane_moment(polynomial_, double(i) / n) / n;
        for (int g = 0; i < n && g < gauss_points; ++g)
            integral += gauss_weight[g] * pi * plane_moment(polynomial_, (i + gauss_node[g]) / n) / n;
    }
}

void ColumnTables::fill_quadrant() {
    constexpr int n = ColumnTable::quadrant_cells;
    constexpr int stride = ColumnTable::edge_cells / n;
    constexpr double width = 1.0 / n;
    quadrant_.assign(4 * (n + 1) * (n + 1), 0.0);
    const auto node = [&](int i, int j) { return &quadrant_[4 * (size_t(i) * (n + 1) + j)]; };
    const auto sigma = [&](double u, double v) { return column(polynomial_, std::sqrt(u * u + v * v)); };

    for (int i = 0; i <= n; ++i) {
        double along_v = 0.0; // dQ/du at (i, j)
        for (int j = 0; j <= n; ++j) {
            double *here = node(i, j);
            here[1] = along_v * width;
            node(j, i)[2] = along_v * width;
            here[3] = sigma(i * width, j * width) * width * width;
            for (int g = 0; j < n && g < gauss_points; ++g)
                along_v += gauss_weight[g] * sigma(i * width, (j + gauss_node[g]) * width) * width;
        }
    }
    for (int i = 0; i < n; ++i) {
        double row = 0.0; // integral over u in cell i and v from 0
        for (int j = 0; j < n; ++j) {
            for (int g = 0; g < gauss_points; ++g)
                for (int k = 0; k < gauss_points; ++k)
                    row += gauss_weight[g] * gauss_weight[k] * width * width *
                           sigma((i + gauss_node[g]) * width, (j + gauss_node[k]) * width);
            node(i + 1, j + 1)[0] = node(i, j + 1)[0] + row;
        }
    }
    // Beyond the edge the exact form replaces the quadrature, so that both sides of it meet.
    for (int i = 0; i <= n; ++i)
        for (int j = 0; j <= n; ++j)
            if (i * i + j * j >= n * n) {
                const double *gu = &edge_[2 * size_t(i) * stride], *gv = &edge_[2 * size_t(j) * stride];
                double *here = node(i, j);
                here[0] = gu[0] + gv[0] - 0.25;
                here[1] = gu[1] * stride;
                here[2] = gv[1] * stride;
                here[3] = 0.0;
            }
}

void ColumnTables::fill_column() {
    constexpr int n = ColumnTable::column_cells;
    column_.assign(n + 3, 0.0);
    for (int i = 0; i <= n; ++i)
        column_[i + 1] = column(polynomial_, std::sqrt(double(i) / n));
    // the node before zero continues the curve, so that the first cell is interpolated like the others
    column_[0] = 3.0 * column_[1] - 3.0 * column_[2] + column_[3];
}

const ColumnTables &column_tables(Kernel kernel) {
    static std::once_flag built[4];
    static std::unique_ptr<ColumnTables> tables[4];
    const int i = static_cast<int>(kernel);
    std::call_once(built[i], [&] { tables[i] = std::make_unique<ColumnTables>(kernel); });
    return *tables[i];
}

} // namespace szfast
