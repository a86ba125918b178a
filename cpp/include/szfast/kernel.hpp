// The smoothing kernels W(q), q = r / support radius, normalised to one in three dimensions, and their line-of-sight
// integrals.
#pragma once

#include "szfast/host_device.hpp"

#include <cmath>

namespace szfast {

enum class Kernel { cubic = 0, wendland_c2 = 1, wendland_c4 = 2, uniform = 3 };

constexpr double pi = 3.14159265358979323846;

// A kernel is a polynomial in q on each of at most two pieces, [0, break_q] and [break_q, 1].
struct KernelPolynomial {
    double break_q;
    double inner[9];
    double outer[9];
};

// Cubic spline: Monaghan & Lattanzio (1985) with the support radius as unit, as GADGET (Springel 2005, eq. 4);
// Wendland C2 and C4: Dehnen & Aly (2012), table 1.
static inline KernelPolynomial kernel_polynomial(Kernel kernel) {
    switch (kernel) {
    case Kernel::cubic: {
        const double c = 8.0 / pi;
        return {0.5, {c, 0, -6 * c, 6 * c}, {2 * c, -6 * c, 6 * c, -2 * c}};
    }
    case Kernel::wendland_c2: {
        const double c = 21.0 / (2.0 * pi);
        const KernelPolynomial p{1.0, {c, 0, -10 * c, 20 * c, -15 * c, 4 * c}, {}};
        return p;
    }
    case Kernel::wendland_c4: {
        const double c = 495.0 / (32.0 * pi);
        const double t = c / 3.0;
        return {1.0, {c, 0, -28 * t, 0, 210 * t, -448 * t, 420 * t, -192 * t, 35 * t}, {}};
    }
    case Kernel::uniform:
        break;
    }
    return {1.0, {3.0 / (4.0 * pi)}, {}};
}

// Integral of (R^2 + z^2)^(n/2), n = 0..8, over z from 0 to z_end, weighted with the coefficients.
static inline double column_of_piece(const double *coefficient, double R, double z_end) {
    const double r = std::sqrt(R * R + z_end * z_end);
    const double R2 = R * R;
    double even = z_end;
    // R^2 asinh(z/R) tends to zero with R
    double odd = 0.5 * (z_end * r + (R > 0 ? R2 * std::asinh(z_end / R) : 0.0));
    double sum = coefficient[0] * even + coefficient[1] * odd;
    double power = r * r;
    for (int n = 2; n <= 8; ++n) {
        double &integral = (n % 2 == 0) ? even : odd;
        integral = (z_end * power + n * R2 * integral) / (n + 1);
        sum += coefficient[n] * integral;
        power *= r;
    }
    return sum;
}

// Column density at projected distance R (units of the support radius): 2 * integral of W along the line of sight.
static inline double column(const KernelPolynomial &w, double R) {
    if (R >= 1.0)
        return 0.0;
    const double z_break = R < w.break_q ? std::sqrt(w.break_q * w.break_q - R * R) : 0.0;
    const double z_end = std::sqrt(1.0 - R * R);
    double sum = column_of_piece(w.inner, R, z_break);
    if (w.break_q < 1.0)
        sum += column_of_piece(w.outer, R, z_end) - column_of_piece(w.outer, R, z_break);
    return 2.0 * sum;
}

// Integral of the column density over [0, u] x [0, v] of a uniform sphere, u^2 + v^2 <= 1: the volume under a
// hemisphere over a rectangle that has a corner at its pole.
SZFAST_HOST_DEVICE static inline double uniform_quadrant_inside(double u, double v) {
    const double s = std::sqrt(std::fmax(0.0, 1.0 - u * u - v * v));
    const double volume = u * v * s / 3.0 + u * (3.0 - u * u) / 6.0 * std::atan2(v, s) +
                          v * (3.0 - v * v) / 6.0 * std::atan2(u, s) - std::atan2(u * v, s) / 3.0;
    return volume * 3.0 / (2.0 * pi);
}

} // namespace szfast
