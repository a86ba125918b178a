// Vectors of doubles, and rows of pixels that are sums of products.
#pragma once

#include "axis_shares.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int double_lanes = lanes / 2;
typedef double Doubles __attribute__((vector_size(lanes * sizeof(float))));
typedef std::int64_t DoubleMask __attribute__((vector_size(lanes * sizeof(float))));
typedef float HalfFloats __attribute__((vector_size(lanes * sizeof(float) / 2)));
typedef std::int32_t HalfInts __attribute__((vector_size(lanes * sizeof(float) / 2)));

inline Doubles in_double(const float *values) {
#if defined(__AVX512F__)
    return _mm512_maskz_cvtps_pd(__mmask8(-1), _mm256_loadu_ps(values));
#elif defined(__AVX2__)
    return _mm256_cvtps_pd(_mm_loadu_ps(values));
#else
    return __builtin_convertvector(load<HalfFloats>(values), Doubles);
#endif
}

// Values are broadcast from memory, which is free; the compiler would rather shuffle them out of registers.
template <class T> inline void keep_in_memory(T &array) {
    asm volatile("" : "+m"(array));
}

// The whole number below; one less for a whole number, which as well bounds a particle from below.
inline Doubles whole_below(Doubles value) {
    constexpr double rounding = 6755399441055744.0; // 1.5 * 2^52
    return (value - 0.5 + rounding) - rounding;
}

// `pixels` of a row in vectors of the level's width, or in halves of them.
template <int pixels> struct Row {
    static constexpr int width = pixels < lanes ? pixels : lanes;
    static constexpr int count = pixels / width;
    typedef float Part __attribute__((vector_size(width * sizeof(float))));
    Part part[count];
};

template <int pixels> inline Row<pixels> row_of(const float *values) {
    Row<pixels> row;
    for (int p = 0; p < row.count; ++p)
        row.part[p] = load<typename Row<pixels>::Part>(values + p * row.width);
    return row;
}

// map[j, 0..pixels-1] += sum_k x[k, 0..pixels-1] y[k, j]; rows of y are sixteen apart
template <int terms, int pixels>
inline void add_rows(const Row<pixels> *x, const float *y, int rows, float *map, int stride) {
    for (int j = 0; j < rows; ++j, map += stride) {
        Row<pixels> sum = row_of<pixels>(map);
        for (int p = 0; p < sum.count; ++p)
            for (int k = 0; k < terms; ++k)
                sum.part[p] += x[k].part[p] * y[k * batch + j];
        store(sum, map);
    }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
