// Numerical integrals and the kernels as their papers print them: the truth that the engine is compared with.
#pragma once

#include "szfast/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace szfast::tests {

constexpr Kernel all_kernels[] = {Kernel::cubic, Kernel::wendland_c2, Kernel::wendland_c4, Kernel::uniform};

// Composite Gauss-Legendre rule of five points on `cells` equal cells.
template <class F> double integral(F f, double from, double to, int cells) {
    constexpr double node[] = {0.0, 0.53846931010568309, 0.90617984593866399};
    constexpr double weight[] = {0.56888888888888889, 0.47862867049936647, 0.23692688505618909};
    const double half = 0.5 * (to - from) / cells;
    double sum = 0.0;
    for (int i = 0; i < cells; ++i) {
        const double middle = from + (2 * i + 1) * half;
        sum += weight[0] * f(middle);
        for (int k = 1; k < 3; ++k)
            sum += weight[k] * (f(middle - half * node[k]) + f(middle + half * node[k]));
    }
    return sum * half;
}

// W(q): Monaghan & Lattanzio (1985); Dehnen & Aly (2012), table 1; a uniform sphere.
inline double printed_kernel(Kernel kernel, double q) {
    if (q >= 1.0)
        return 0.0;
    const double rest = 1.0 - q;
    switch (kernel) {
    case Kernel::cubic:
        return 8.0 / pi * (q < 0.5 ? 1.0 - 6.0 * q * q + 6.0 * q * q * q : 2.0 * rest * rest * rest);
    case Kernel::wendland_c2:
        return 21.0 / (2.0 * pi) * std::pow(rest, 4) * (1.0 + 4.0 * q);
    case Kernel::wendland_c4:
        return 495.0 / (32.0 * pi) * std::pow(rest, 6) * (1.0 + 6.0 * q + 35.0 / 3.0 * q * q);
    case Kernel::uniform:
        break;
    }
    return 3.0 / (4.0 * pi);
}

// Twice the integral of W along the line of sight; in two pieces, since the cubic spline has a knot at q = 1/2.
inline double printed_column(Kernel kernel, double R, int cells = 200) {
    if (R >= 1.0)
        return 0.0;
    const double end = std::sqrt(1.0 - R * R), knot = R < 0.5 ? std::sqrt(0.25 - R * R) : 0.0;
    const auto along = [&](double z) { return printed_kernel(kernel, std::sqrt(R * R + z * z)); };
    return 2.0 * (integral(along, 0.0, knot, cells) + integral(along, knot, end, cells));
}

// Integral of a kernel's column density over [u0, u1] x [v0, v1], in units of the support radius. Each strip ends at
// the kernel's edge, so that the rule never meets the edge of a uniform sphere.
inline double rectangle(const KernelPolynomial &w, double u0, double u1, double v0, double v1, int cells) {
    const auto reach_at = [](double u) { return std::sqrt(std::fmax(0.0, 1.0 - u * u)); };
    if (!(std::fmax(u0, -1.0) < std::fmin(u1, 1.0)))
        return 0.0;
    const auto strip = [&](double u) {
        const double reach = reach_at(u);
        const double from = std::fmax(v0, -reach), to = std::fmin(v1, reach);
        if (!(from < to))
            return 0.0;
        // v = reach sin(t) makes a square root at the edge smooth
        const double a = std::asin(std::fmax(-1.0, from / reach)), b = std::asin(std::fmin(1.0, to / reach));
        const auto across = [&](double t) {
            const double v = reach * std::sin(t);
            return column(w, std::sqrt(u * u + v * v)) * reach * std::cos(t);
        };
        return integral(across, a, b, cells);
    };
    // in pieces, cut where the edge crosses the rectangle's sides
    double cuts[] = {u0, u1, -reach_at(v0), reach_at(v0), -reach_at(v1), reach_at(v1)};
    for (double &cut : cuts)
        cut = std::fmin(std::fmax(cut, std::fmax(u0, -1.0)), std::fmin(u1, 1.0));
    std::sort(std::begin(cuts), std::end(cuts));
    double sum = 0.0;
    for (int i = 0; i < 5; ++i)
        if (cuts[i] < cuts[i + 1])
            sum += integral(strip, cuts[i], cuts[i + 1], cells);
    return sum;
}

} // namespace szfast::tests
