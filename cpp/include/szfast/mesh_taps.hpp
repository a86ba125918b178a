// Weights of a mesh's points: of a particle that is spread onto them, of a mode between wave numbers. Written for a
// type F of floats, a plain one or a vector of lanes; coefficients as MeshDesign holds them.
#pragma once

#include "szfast/host_device.hpp"
#include "szfast/mesh.hpp"

namespace szfast {

// The polynomials in the place d of a particle with t = (h / h_limit)^2, the same along all axes.
template <class F> struct SpreadPolynomials {
    F even[spread_taps / 2][3], odd[spread_taps / 2][3];
};

template <class F> SZFAST_HOST_DEVICE static inline F at_size(const float *c, F t) {
    return c[0] + t * (c[1] + t * (c[2] + t * c[3]));
}

template <class F>
SZFAST_HOST_DEVICE static inline SpreadPolynomials<F> spread_polynomials(const float *coefficient, F t) {
    SpreadPolynomials<F> p;
    for (int pair = 0; pair < spread_taps / 2; ++pair)
        for (int power = 0; power < 3; ++power) {
            p.even[pair][power] = at_size(coefficient + ((pair * 2 + 0) * 3 + power) * 4, t);
            p.odd[pair][power] = at_size(coefficient + ((pair * 2 + 1) * 3 + power) * 4, t);
        }
    return p;
}

// Of a particle at d in [-1/2, 1/2] from the middle of its cell.
template <class F> SZFAST_HOST_DEVICE static inline void spread_weights(const SpreadPolynomials<F> &p, F d, F *weight) {
    const F d2 = d * d;
    for (int pair = 0; pair < spread_taps / 2; ++pair) {
        const F even = p.even[pair][0] + d2 * (p.even[pair][1] + d2 * p.even[pair][2]);
        const F odd = d * (p.odd[pair][0] + d2 * (p.odd[pair][1] + d2 * p.odd[pair][2]));
        weight[pair] = even + odd;
        weight[spread_taps - 1 - pair] = even - odd;
    }
}

// What no tap's weight exceeds, whatever the particle.
inline double largest_spread_weight(const float *coefficient) {
    double largest = 0.0;
    for (int pair = 0; pair < spread_taps / 2; ++pair) {
        double sum = 0.0;
        for (int odd = 0; odd < 2; ++odd)
            for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 4; ++j) {
                    const double c = coefficient[((pair * 2 + odd) * 3 + i) * 4 + j];
                    sum += (c < 0.0 ? -c : c) / (1 << (2 * i + odd));
                }
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

// Of a mode at d in [-1/2, 1/2] from the middle between two wave numbers.
template <class F> SZFAST_HOST_DEVICE static inline void slice_weights(const float *coefficient, F d, F *weight) {
    const F d2 = d * d;
    for (int pair = 0; pair < slice_taps / 2; ++pair) {
        const float *c = coefficient + pair * 10;
        const F even = c[0] + d2 * (c[1] + d2 * (c[2] + d2 * (c[3] + d2 * c[4])));
        const F odd = d * (c[5] + d2 * (c[6] + d2 * (c[7] + d2 * (c[8] + d2 * c[9]))));
        weight[pair] = even + odd;
        weight[slice_taps - 1 - pair] = even - odd;
    }
}

// What divides the spreading window out of a mode, along one axis, from the square of its wave number over the
// transform's length.
template <class F> SZFAST_HOST_DEVICE static inline F spread_window(const float *coefficient, F square) {
    F window = F{} + coefficient[window_coefficients - 1];
    for (int i = window_coefficients - 2; i >= 0; --i)
        window = coefficient[i] + square * window;
    return window;
}

} // namespace szfast
