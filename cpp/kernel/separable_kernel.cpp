#include "szfast/separable_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>

namespace szfast {
namespace {

constexpr int nodes = 64;

// Gauss-Legendre nodes and weights on [0, 1] (Newton's method on the Legendre polynomial).
void gauss_legendre(int n, double *node, double *weight) {
    for (int i = 0; i < n; ++i) {
        double x = std::cos(pi * (i + 0.75) / (n + 0.5)), slope = 1.0;
        for (int step = 0; step < 50; ++step) {
            double p = 1.0, before = 0.0;
            for (int k = 1; k <= n; ++k) {
                const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
                before = p;
                p = next;
            }
            slope = n * (x * p - before) / (x * x - 1.0);
            const double change = p / slope;
            x -= change;
            if (std::fabs(change) < 1e-15)
                break;
        }
        node[i] = 0.5 * (1.0 - x);
        weight[i] = 1.0 / ((1.0 - x * x) * slope * slope);
    }
}

// The column density by cubic interpolation in R^2: a thousand times cheaper than its closed form.
class Profile {
  public:
    explicit Profile(Kernel kernel) : value_(cells + 3) {
        const KernelPolynomial polynomial = kernel_polynomial(kernel);
        for (int i = 0; i <= cells; ++i)
            value_[i + 1] = column(polynomial, std::sqrt(double(i) / cells));
        value_[0] = 3.0 * (value_[1] - value_[2]) + value_[3];
    }
    double operator()(double R2) const {
        if (R2 >= 1.0)
            return 0.0;
        const double s = R2 * cells;
        const int cell = int(s);
        const double t = s - cell, *p = &value_[cell];
        return p[1] + t * (p[2] - p[0] / 3 - 0.5 * p[1] - p[3] / 6 +
                           t * (0.5 * (p[0] + p[2]) - p[1] + t * (0.5 * (p[1] - p[2]) + (p[3] - p[0]) / 6)));
    }

  private:
    static constexpr int cells = 4096;
    std::vector<double> value_;
};

// Eigenvalues into the diagonal of a, eigenvectors into the columns of v: cyclic Jacobi rotations.
void diagonalise(std::vector<double> &a, std::vector<double> &v) {
    constexpr int n = nodes;
    v.assign(n * n, 0.0);
    for (int i = 0; i < n; ++i)
        v[i * n + i] = 1.0;
    for (int sweep = 0; sweep < 30; ++sweep) {
        double off = 0.0;
        for (int p = 0; p < n; ++p)
            for (int q = p + 1; q < n; ++q)
                off = std::max(off, std::fabs(a[p * n + q]));
        if (off < 1e-14)
            return;
        for (int p = 0; p < n; ++p)
            for (int q = p + 1; q < n; ++q) {
                if (std::fabs(a[p * n + q]) < 1e-16)
                    continue;
                const double theta = 0.5 * (a[q * n + q] - a[p * n + p]) / a[p * n + q];
                const double t = std::copysign(1.0, theta) / (std::fabs(theta) + std::sqrt(theta * theta + 1.0));
                const double c = 1.0 / std::sqrt(t * t + 1.0), s = t * c;
                const auto turn = [&](double &x, double &y) {
                    const double old = x;
                    x = c * old - s * y;
                    y = s * old + c * y;
                };
                for (int k = 0; k < n; ++k)
                    turn(a[k * n + p], a[k * n + q]);
                for (int k = 0; k < n; ++k)
                    turn(a[p * n + k], a[q * n + k]);
                for (int k = 0; k < n; ++k)
                    turn(v[p * n + k], v[q * n + k]); // rows of v are eigenvectors
            }
    }
}

// Coefficients of the polynomial through values at n points of [0, 1]: Newton's divided differences, expanded.
void interpolate(const double *at, const double *value, int n, double *coefficient) {
    double difference[8];
    std::copy(value, value + n, difference);
    for (int order = 1; order < n; ++order)
        for (int i = n - 1; i >= order; --i)
            difference[i] = (difference[i] - difference[i - 1]) / (at[i] - at[i - order]);
    std::fill(coefficient, coefficient + n, 0.0);
    for (int i = n - 1; i >= 0; --i) {
        for (int power = n - 1; power > 0; --power)
            coefficient[power] = coefficient[power - 1] - at[i] * coefficient[power];
        coefficient[0] = difference[i] - at[i] * coefficient[0];
    }
}

} // namespace

// The leading eigenfunctions of the integral operator with the column density as its kernel (Nystroem's method). The
// weight is raised at zero, where the cubic spline's column density has its least smooth point, so that the largest
// error shrinks at the cost of the mean one.
struct SeparableKernel::Terms {
    explicit Terms(Kernel kernel) : profile(kernel) {
        double node_weight[nodes];
        gauss_legendre(nodes, node, node_weight);
        double measure[nodes];
        for (int i = 0; i < nodes; ++i)
            measure[i] = node_weight[i] * (1.0 + 2.0 * std::exp(-node[i] / 0.05));
        std::vector<double> matrix(nodes * nodes), vectors;
        for (int i = 0; i < nodes; ++i)
            for (int j = 0; j < nodes; ++j)
                matrix[i * nodes + j] =
                    std::sqrt(measure[i] * measure[j]) * profile(node[i] * node[i] + node[j] * node[j]);
        diagonalise(matrix, vectors);
        int order[nodes];
        std::iota(order, order + nodes, 0);
        std::sort(order, order + nodes,
                  [&](int i, int j) { return std::fabs(matrix[i * nodes + i]) > std::fabs(matrix[j * nodes + j]); });
        for (int k = 0; k < SeparableTable::most_terms; ++k) {
            eigenvalue[k] = matrix[order[k] * nodes + order[k]];
            for (int i = 0; i < nodes; ++i)
                continuation[i][k] = std::sqrt(measure[i]) * vectors[order[k] * nodes + i] / eigenvalue[k];
        }
    }
    // f_k(u) of all terms
    void at(double u, double *f) const {
        std::fill(f, f + SeparableTable::most_terms, 0.0);
        for (int i = 0; i < nodes; ++i) {
            const double value = profile(u * u + node[i] * node[i]);
            for (int k = 0; k < SeparableTable::most_terms; ++k)
                f[k] += value * continuation[i][k];
        }
    }

    Profile profile;
    double node[nodes];
    double eigenvalue[SeparableTable::most_terms];
    double continuation[nodes][SeparableTable::most_terms];
};

SeparableKernel::SeparableKernel(Kernel kernel) {
    if (kernel == Kernel::uniform)
        return; // the edge of a sphere is too steep for few terms
    const Terms terms(kernel);
    terms_ = SeparableTable::most_terms;
    std::copy(terms.eigenvalue, terms.eigenvalue + terms_, eigenvalue_);
    fill_fine(terms);
    fill_cells();
    measure(terms);
}

void SeparableKernel::fill_fine(const Terms &terms) {
    constexpr int n = SeparableTable::fine_cells, points = 3;
    double at[points], weight[points], f[SeparableTable::most_terms], sum[SeparableTable::most_terms] = {};
    gauss_legendre(points, at, weight);
    fine_.assign(2 * std::size_t(terms_) * (n + 1), 0.0);
    for (int i = 0; i <= n; ++i) {
        terms.at(double(i) / n, f);
        for (int k = 0; k < terms_; ++k) {
            fine_[2 * (std::size_t(k) * (n + 1) + i)] = sum[k];
            fine_[2 * (std::size_t(k) * (n + 1) + i) + 1] = f[k] / n;
        }
        for (int g = 0; i < n && g < points; ++g) {
            terms.at((i + at[g]) / n, f);
            for (int k = 0; k < terms_; ++k)
                sum[k] += weight[g] * f[k] / n;
        }
    }
    for (int k = 0; k < terms_; ++k) {
        const double factor = float(sum[k]) / sum[k];
        for (int i = 0; i < 2 * (n + 1); ++i)
            fine_[2 * std::size_t(k) * (n + 1) + i] *= factor;
        fine_[2 * (std::size_t(k) * (n + 1) + n)] = float(sum[k]);
        eigenvalue_[k] /= factor * factor;
    }
}

double SeparableKernel::primitive(int term, double u) const {
    constexpr int n = SeparableTable::fine_cells;
    const int cell = std::min(int(u * n), n - 1);
    const double t = u * n - cell, *p = &fine_[2 * (std::size_t(term) * (n + 1) + cell)], d = p[2] - p[0];
    return p[0] + t * (p[1] + t * (3.0 * d - 2.0 * p[1] - p[3] + t * (p[1] + p[3] - 2.0 * d)));
}

void SeparableKernel::fill_cells() {
    const auto fill = [this](int coefficients, std::vector<float> &table) {
        constexpr int lookup = SeparableTable::lookup, cells = SeparableTable::cells;
        double at[6], value[6], found[6];
        // with both ends, so that a kernel that ends on a pixel's boundary keeps its whole
        for (int i = 0; i < coefficients; ++i)
            at[i] = 0.5 - 0.5 * std::cos(pi * i / (coefficients - 1));
        table.assign(std::size_t(terms_) * coefficients * lookup, 0.0f);
        for (int k = 0; k < terms_; ++k) {
            float *entry = &table[std::size_t(k) * coefficients * lookup];
            for (int cell = 1; cell < lookup - 1; ++cell) {
                for (int i = 0; i < coefficients; ++i) {
                    const double u = (cell - lookup / 2 + at[i]) / cells;
                    value[i] = u < 0.0 ? -primitive(k, -u) : primitive(k, u);
                }
                interpolate(at, value, coefficients, found);
                for (int i = 0; i < coefficients; ++i)
                    entry[i * lookup + cell] = float(found[i]);
            }
            entry[0] = -float(primitive(k, 1.0));
            entry[lookup - 1] = float(primitive(k, 1.0));
        }
    };
    fill(4, cubic_);
    fill(6, quintic_);
}

void SeparableKernel::measure(const Terms &terms) {
    constexpr int n = 96;
    constexpr int most = SeparableTable::most_terms;
    std::vector<double> f(std::size_t(n + 1) * most);
    // denser towards zero, where the error oscillates fastest
    const auto place = [](int i) { return std::pow(double(i) / n, 1.5); };
    for (int i = 0; i <= n; ++i)
        terms.at(place(i), &f[std::size_t(i) * most]);
    for (int k = 0; k < most; ++k)
        whole_[k + 1] = whole_[k] + eigenvalue_[k] * 4.0 * primitive(k, 1.0) * primitive(k, 1.0);
    error_[0] = 1.0;
    const double peak = terms.profile(0.0);
    for (int i = 0; i <= n; ++i)
        for (int j = 0; j <= i; ++j) {
            const double truth = terms.profile(place(i) * place(i) + place(j) * place(j));
            double sum = 0.0;
            for (int k = 0; k < most; ++k) {
                sum += eigenvalue_[k] * f[std::size_t(i) * most + k] * f[std::size_t(j) * most + k];
                error_[k + 1] = std::max(error_[k + 1], std::fabs(sum / whole_[k + 1] - truth) / peak);
            }
        }
}

SeparableTable SeparableKernel::view(double rtol) const {
    // the rest is left to the floats of the tables, and to points between those that were measured
    constexpr double share = 0.75;
    // what the cubics hold, which the engine takes for few terms
    constexpr double cubic_rtol = 1e-3;
    SeparableTable table{0, {}, 1.0, cubic_.data(), quintic_.data(), fine_.data()};
    for (const int terms : separable_terms)
        if (rtol >= (terms < 5 ? cubic_rtol : 1e-5) && terms <= terms_ && error_[terms] <= share * rtol) {
            table.terms = terms;
            // all that is dropped is given back by scale: the share of the whole plane is one
            double whole = 0.0;
            for (int k = 0; k < terms; ++k) {
                table.weight[k] = float(eigenvalue_[k]);
                whole += table.weight[k] * 4.0 * primitive(k, 1.0) * primitive(k, 1.0);
            }
            table.unit = 1.0 / whole;
            return table;
        }
    return table;
}

const SeparableKernel &separable_kernel(Kernel kernel) {
    static std::once_flag built[4];
    static std::unique_ptr<SeparableKernel> kernels[4];
    const int i = static_cast<int>(kernel);
    std::call_once(built[i], [&] { kernels[i] = std::make_unique<SeparableKernel>(kernel); });
    return *kernels[i];
}

} // namespace szfast
