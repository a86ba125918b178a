// A complex Fourier transform of one line in place, all lanes at once. Forward it goes by decimation in frequency and
// leaves frequency k at plan.place[k]; inverse it takes that order, by decimation in time, and ends in natural order:
// nothing is ever reordered.
#pragma once

#include "lanes.hpp"
#include "observe_plan.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace { // nothing here may become a weak symbol

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

template <int radix> struct Butterfly;

template <> struct Butterfly<2> {
    template <bool inverse> static void apply(const Complex *x, Complex *y) {
        y[0] = x[0] + x[1];
        y[1] = x[0] - x[1];
    }
};

template <> struct Butterfly<3> {
    template <bool inverse> static void apply(const Complex *x, Complex *y) {
        constexpr float half_sqrt3 = 0.86602540378443865f;
        const Complex sum = x[1] + x[2], turned = half_sqrt3 * quarter_turn<inverse>(x[1] - x[2]);
        const Complex middle = x[0] - 0.5f * sum;
        y[0] = x[0] + sum;
        y[1] = middle + turned;
        y[2] = middle - turned;
    }
};

template <> struct Butterfly<4> {
    template <bool inverse> static void apply(const Complex *x, Complex *y) {
        const Complex a = x[0] + x[2], b = x[0] - x[2], c = x[1] + x[3], d = quarter_turn<inverse>(x[1] - x[3]);
        y[0] = a + c;
        y[1] = b + d;
        y[2] = a - c;
        y[3] = b - d;
    }
};

template <> struct Butterfly<5> {
    template <bool inverse> static void apply(const Complex *x, Complex *y) {
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
};

template <> struct Butterfly<8> {
    template <bool inverse> static void apply(const Complex *x, Complex *y) {
        constexpr float sqrt_half = 0.70710678118654752f;
        const Complex even[4] = {x[0], x[2], x[4], x[6]}, odd[4] = {x[1], x[3], x[5], x[7]};
        Complex a[4], b[4];
        Butterfly<4>::apply<inverse>(even, a);
        Butterfly<4>::apply<inverse>(odd, b);
        // b times an eighth and three eighths of a turn, sqrt(1/2) of which is left to the sums
        const Complex eighth = b[1] + quarter_turn<inverse>(b[1]), third = quarter_turn<inverse>(b[3]) - b[3];
        b[2] = quarter_turn<inverse>(b[2]);
        y[0] = a[0] + b[0];
        y[4] = a[0] - b[0];
        y[1] = a[1] + sqrt_half * eighth;
        y[5] = a[1] - sqrt_half * eighth;
        y[2] = a[2] + b[2];
        y[6] = a[2] - b[2];
        y[3] = a[3] + sqrt_half * third;
        y[7] = a[3] - sqrt_half * third;
    }
};

// One butterfly on x[0], x[stride], ...; its twiddle factors come after it forward and before it inverse.
template <bool inverse, int radix, bool turned>
__attribute__((always_inline)) inline void butterfly_in_place(Complex *x, std::size_t stride, const float *turns) {
    Complex in[radix], out[radix];
    for (int k = 0; k < radix; ++k) {
        in[k] = x[k * stride];
        if (inverse && turned && k > 0)
            in[k] = times(in[k], turns[2 * k - 2], -turns[2 * k - 1]);
    }
    Butterfly<radix>::template apply<inverse>(in, out);
    for (int k = 0; k < radix; ++k) {
        if (!inverse && turned && k > 0)
            out[k] = times(out[k], turns[2 * k - 2], turns[2 * k - 1]);
        x[k * stride] = out[k];
    }
}

// Memory that will be wanted soon, asked for a little with each butterfly: waiting for it costs as much as the
// arithmetic.
class Ahead {
  public:
    Ahead(const void *begin, std::size_t bytes) : next_(static_cast<const char *>(begin)), end_(next_ + bytes) {
    }
    void step() {
        if (next_ < end_) {
            __builtin_prefetch(next_, 0, 2);
            __builtin_prefetch(next_ + 64, 0, 2);
            next_ += 128;
        }
    }

  private:
    const char *next_, *end_;
};

// One pass over a line of n values: butterflies within sub-sequences of `length`.
template <bool inverse, int radix>
inline void pass(Complex *line, int n, int length, const float *turns, Ahead &ahead) {
    const int stride = length / radix;
    for (int start = 0; start < n; start += length, ahead.step())
        butterfly_in_place<inverse, radix, false>(line + start, stride, nullptr);
    for (int j = 1; j < stride; ++j, turns += 2 * (radix - 1))
        for (int start = j; start < n; start += length, ahead.step())
            butterfly_in_place<inverse, radix, true>(line + start, stride, turns);
}

template <bool inverse>
inline void pass_of(int radix, Complex *line, int n, int length, const float *turns, Ahead &ahead) {
    switch (radix) {
    case 2:
        return pass<inverse, 2>(line, n, length, turns, ahead);
    case 3:
        return pass<inverse, 3>(line, n, length, turns, ahead);
    case 4:
        return pass<inverse, 4>(line, n, length, turns, ahead);
    case 5:
        return pass<inverse, 5>(line, n, length, turns, ahead);
    default:
        return pass<inverse, 8>(line, n, length, turns, ahead);
    }
}

inline void transform_forward(const ObservePlan &plan, Complex *line, Ahead &ahead) {
    int length = plan.padded;
    for (int i = 0; i < plan.passes; length /= plan.radix[i++])
        pass_of<false>(plan.radix[i], line, plan.padded, length, plan.turns + plan.turns_begin[i], ahead);
}

inline void transform_forward(const ObservePlan &plan, Complex *line) {
    Ahead nothing(nullptr, 0);
    transform_forward(plan, line, nothing);
}

inline void transform_back(const ObservePlan &plan, Complex *line, Ahead &ahead) {
    int length = 1;
    for (int i = plan.passes; i-- > 0;) {
        length *= plan.radix[i];
        pass_of<true>(plan.radix[i], line, plan.padded, length, plan.turns + plan.turns_begin[i], ahead);
    }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
