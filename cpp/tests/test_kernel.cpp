// Kernels, their column densities and the tables of their integrals over rectangles, against quadrature of the printed
// forms.
#include "check.hpp"
#include "quadrature.hpp"
#include "szfast/column_table.hpp"

namespace szfast::tests {
namespace {

double polynomial_kernel(const KernelPolynomial &w, double q) {
    const double *c = q < w.break_q ? w.inner : w.outer;
    double sum = 0.0;
    for (int n = 8; n >= 0; --n)
        sum = sum * q + c[n];
    return sum;
}

void polynomials_are_the_printed_kernels(Kernel kernel) {
    const KernelPolynomial w = kernel_polynomial(kernel);
    for (int i = 0; i < 100; ++i)
        CHECK_NEAR(polynomial_kernel(w, i / 100.0), printed_kernel(kernel, i / 100.0), 1e-12);
    const auto shell = [&](double q) { return 4.0 * pi * q * q * printed_kernel(kernel, q); };
    CHECK_NEAR(integral(shell, 0.0, 0.5, 50) + integral(shell, 0.5, 1.0, 50), 1.0, 1e-13);
}

// The quadrature of an integrand sqrt(R^2 + z^2)^3 near R = 0 is good to 1e-9; the closed form is far better.
void column_is_the_line_of_sight_integral(Kernel kernel) {
    const KernelPolynomial w = kernel_polynomial(kernel);
    for (const double R : {0.0, 1e-9, 1e-3, 0.1, 0.25, 0.49999, 0.5, 0.50001, 0.75, 0.9, 0.99, 0.99999})
        CHECK_NEAR(column(w, R), printed_column(kernel, R), 1e-8);
    CHECK(column(w, 1.0) == 0.0);
    CHECK(column(w, 2.0) == 0.0);
    const auto ring = [&](double t) { return 2.0 * pi * std::sin(t) * std::cos(t) * column(w, std::sin(t)); };
    CHECK_NEAR(integral(ring, 0.0, pi / 2, 400), 1.0, 1e-9);
}

// Nodes inside the edge come from six Gauss points a cell; cells that the edge of the kernel crosses carry its kink.
void tables_are_integrals_over_rectangles(Kernel kernel, double tolerance) {
    const KernelPolynomial w = kernel_polynomial(kernel);
    const ColumnTable table = column_tables(kernel).view();
    constexpr int n = ColumnTable::quadrant_cells, edge_n = ColumnTable::edge_cells;
    const int at[] = {0, 1, 17, 64, 90, 100, 127, 128};
    for (const int i : at) {
        for (const int j : at) {
            const double u = double(i) / n, v = double(j) / n;
            const double *node = table.quadrant + 4 * (std::size_t(i) * (n + 1) + j);
            CHECK_NEAR(node[0], rectangle(w, 0.0, u, 0.0, v, 60), tolerance);
            if (i * i + j * j < n * n)
                CHECK_NEAR(node[3] * n * n, column(w, std::sqrt(u * u + v * v)), 1e-12);
        }
        const double u = double(i) / n;
        CHECK_NEAR(table.edge[2 * std::size_t(i) * (edge_n / n)], rectangle(w, 0.0, u, 0.0, 1.0, 60), 1e-8);
    }
    CHECK_NEAR(table.edge[2 * edge_n], 0.25, 1e-13);
    for (int i = 0; i <= ColumnTable::column_cells; i += 64)
        CHECK_NEAR(table.column[i + 1], column(w, std::sqrt(double(i) / ColumnTable::column_cells)), 1e-13);
}

void uniform_sphere_has_its_closed_form() {
    const KernelPolynomial w = kernel_polynomial(Kernel::uniform);
    for (const double R : {0.0, 0.3, 0.99})
        CHECK_NEAR(column(w, R), 3.0 / (2.0 * pi) * std::sqrt(1.0 - R * R), 1e-14);
    for (const double u : {0.0, 0.01, 0.3, 0.6, 0.7071})
        for (const double v : {0.0, 0.02, 0.5, 0.7071})
            CHECK_NEAR(uniform_quadrant_inside(u, v), rectangle(w, 0.0, u, 0.0, v, 60), 1e-10);
    // on the edge, inclusion and exclusion of two caps: G(u) + G(v) - 1/4 with G(u) = (3u - u^3) / 8
    const auto slab = [](double u) { return (3.0 * u - u * u * u) / 8.0; };
    CHECK_NEAR(uniform_quadrant_inside(0.6, 0.8), slab(0.6) + slab(0.8) - 0.25, 1e-14);
    CHECK_NEAR(uniform_quadrant_inside(0.0, 1.0), 0.0, 1e-14);
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast;
    for (const Kernel kernel : tests::all_kernels) {
        tests::polynomials_are_the_printed_kernels(kernel);
        tests::column_is_the_line_of_sight_integral(kernel);
        // the uniform sphere is not tabulated inside its edge where it is used: its root at the edge is not smooth
        tests::tables_are_integrals_over_rectangles(kernel, kernel == Kernel::uniform ? 1e-4 : 1e-8);
    }
    tests::uniform_sphere_has_its_closed_form();
    return tests::result();
}
