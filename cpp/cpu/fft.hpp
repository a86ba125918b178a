// A complex Fourier transform of one short line, all lanes at once: Stockham's self-sorting passes of radix 4, 2, 3, 5.
#pragma once

#include "lanes.hpp"
#include "observe_plan.hpp"

namespace szfast {
namespace SZFAST_LEVEL {

struct Complex {
    Floats re, im;
};

inline Complex operator+(Complex a, Complex b) {
    return {a.re + b.re, a.im + b.im};
}

inline Complex operator-(Complex a, Complex b) {
    return {a.re - b.re, a.im - b.im};
}

inline Complex operator*(float s, Complex a) {
    return {s * a.re, s * a.im};
}

inline Complex times(Complex a, float re, float im) {
    return {a.re * re - a.im * im, a.re * im + a.im * re};
}

// a times -i for the forward transform, +i for the inverse
template <bool inverse> inline Complex quarter_turn(Complex a) {
    return inverse ? Complex{-a.im, a.re} : Complex{a.im, -a.re};
}

template <bool inverse> inline void butterfly2(const Complex *x, Complex *y) {
    y[0] = x[0] + x[1];
    y[1] = x[0] - x[1];
}

template <bool inverse> inline void butterfly3(const Complex *x, Complex *y) {
    constexpr float half_sqrt3 = 0.86602540378443865f;
    const Complex sum = x[1] + x[2], turned = half_sqrt3 * quarter_turn<inverse>(x[1] - x[2]);
    const Complex middle = x[0] - 0.5f * sum;
    y[0] = x[0] + sum;
    y[1] = middle + turned;
    y[2] = middle - turned;
}

template <bool inverse> inline void butterfly4(const Complex *x, Complex *y) {
    const Complex a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], d = quarter_turn<inverse>(x[1] - x[3]);
    y[0] = a + c;
    y[1] = b + d;
    y[2] = a - c;
    y[3] = b - d;
}

template <bool inverse> inline void butterfly5(const Complex *x, Complex *y) {
    constexpr float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f; // cos(2 pi/5), cos(4 pi/5)
    constexpr float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;  // sin(2 pi/5), sin(4 pi/5)
    const Complex p1 = x[1] + x[4], m1 = x[1] - x[4], p2 = x[2] + x[3], m2 = x[2] - x[3];
    const Complex a = x[0] + c1 * p1 + c2 * p2, b = x[0] + c2 * p1 + c1 * p2;
    const Complex c = quarter_turn<inverse>(s1 * m1 + s2 * m2), d = quarter_turn<inverse>(s2 * m1 - s1 * m2);
    y[0] = x[0] + p1 + p2;
    y[1] = a + c;
    y[2] = b + d;
    y[3] = b - d;
    y[4] = a - c;
}

// One pass: x holds `stride` interleaved sub-sequences of length n, y receives radix * stride of length n / radix.
template <bool inverse, int radix, void (*butterfly)(const Complex *, Complex *)>
inline void pass(int n, int stride, const float *turns, const Complex *x, Complex *y) {
    const int m = n / radix;
    for (int p = 0; p < m; ++p) {
        float re[radix], im[radix];
        for (int k = 1; k < radix; ++k) {
            re[k] = turns[2 * p * k * stride];
            im[k] = inverse ? -turns[2 * p * k * stride + 1] : turns[2 * p * k * stride + 1];
        }
        for (int q = 0; q < stride; ++q) {
            Complex in[radix], out[radix];
            for (int k = 0; k < radix; ++k)
                in[k] = x[q + stride * (p + k * m)];
            butterfly(in, out);
            Complex *target = y + q + stride * radix * p;
            target[0] = out[0];
            for (int k = 1; k < radix; ++k)
                target[k * stride] = times(out[k], re[k], im[k]);
        }
    }
}

// Transforms `line` (n values), with `spare` as room; the result is where the return value points, one of the two.
template <bool inverse> inline Complex *transform(const ObservePlan &plan, Complex *line, Complex *spare) {
    int n = plan.padded, stride = 1;
    for (int i = 0; i < plan.passes; ++i) {
        switch (plan.radix[i]) {
        case 2:
            pass<inverse, 2, butterfly2<inverse>>(n, stride, plan.turns, line, spare);
            break;
        case 3:
            pass<inverse, 3, butterfly3<inverse>>(n, stride, plan.turns, line, spare);
            break;
        case 4:
            pass<inverse, 4, butterfly4<inverse>>(n, stride, plan.turns, line, spare);
            break;
        default:
            pass<inverse, 5, butterfly5<inverse>>(n, stride, plan.turns, line, spare);
        }
        n /= plan.radix[i];
        stride *= plan.radix[i];
        Complex *swap = line;
        line = spare;
        spare = swap;
    }
    return line;
}

} // namespace SZFAST_LEVEL
} // namespace szfast
