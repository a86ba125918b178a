// Differences of the primitives F_k between neighbouring pixel boundaries, sixteen boundaries at a time: those of one
// axis, or eight of each axis side by side.
#pragma once

#include "lanes.hpp"
#include "szfast/separable_kernel.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int batch = 16;
constexpr int parts = batch / lanes;
// Eight lanes look up eight entries: the upper half of a table, with the sign put back afterwards.
constexpr bool one_sided = lanes == 8;

struct Batch {
    Floats part[parts];
};

template <class T> inline T load(const void *from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
}

// entry[cell] in every lane
inline Floats look_up(const float *entry, Ints cell) {
#if defined(__AVX2__) && !defined(__clang__)
    return __builtin_shuffle(load<Floats>(entry + (one_sided ? SeparableTable::lookup / 2 : 0)), cell);
#else
    Floats value;
    for (int lane = 0; lane < lanes; ++lane)
        value[lane] = entry[cell[lane] + (one_sided ? SeparableTable::lookup / 2 : 0)];
    return value;
#endif
}

// Every lane takes the next boundary's value; the last of an axis keeps its own, which makes its share zero.
template <bool both_axes> inline Batch next_boundary(const Batch &at) {
    Batch next;
#if defined(__AVX512F__)
    constexpr int middle = both_axes ? 7 : 8;
    next.part[0] =
        __builtin_shufflevector(at.part[0], at.part[0], 1, 2, 3, 4, 5, 6, 7, middle, 9, 10, 11, 12, 13, 14, 15, 15);
#else
    for (int p = 0; p < parts; ++p) {
        const bool last = p == parts - 1 || (both_axes && p == parts / 2 - 1);
        const Floats a = at.part[p], b = at.part[last ? p : p + 1];
        Floats same, follows;
#if defined(__AVX2__)
        same = __builtin_shufflevector(a, a, 1, 2, 3, 4, 5, 6, 7, 7);
        follows = __builtin_shufflevector(a, b, 1, 2, 3, 4, 5, 6, 7, 8);
#else
        same = __builtin_shufflevector(a, a, 1, 2, 3, 3);
        follows = __builtin_shufflevector(a, b, 1, 2, 3, 4);
#endif
        next.part[p] = last ? same : follows;
    }
#endif
    return next;
}

// Cell and place in it of sixteen boundaries.
struct Cells {
    Batch place;
    Ints cell[parts];
    Words sign[parts];
};

// The larger and the smaller of two, which the compiler would make a comparison and a choice.
inline Floats larger_of(Floats a, Floats b) {
#if defined(__AVX512F__)
    return (Floats)_mm512_maskz_max_ps(0xFFFF, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (Floats)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (Floats)_mm_max_ps((__m128)a, (__m128)b);
#else
    return a > b ? a : b;
#endif
}

inline Floats smaller_of(Floats a, Floats b) {
#if defined(__AVX512F__)
    return (Floats)_mm512_maskz_min_ps(0xFFFF, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
    return (Floats)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (Floats)_mm_min_ps((__m128)a, (__m128)b);
#else
    return a < b ? a : b;
#endif
}

// From places on the table, of which the centre is the middle.
constexpr float table_middle = one_sided ? 0.0f : 0.5f * SeparableTable::lookup;

template <int views> inline void find_cells(const Batch *place, Cells *cells) {
    for (int p = 0; p < parts; ++p) {
        Floats at[views];
        for (int v = 0; v < views; ++v) {
            at[v] = place[v].part[p];
            if constexpr (one_sided) {
                const Words bits = same_bits<Words>(at[v]);
                cells[v].sign[p] = bits & 0x80000000u;
                at[v] = smaller_of(same_bits<Floats>(bits & 0x7FFFFFFFu), Floats{} + 7.9999995f);
            } else {
                at[v] = smaller_of(larger_of(at[v], Floats{}), Floats{} + 15.999999f);
            }
        }
        for (int v = 0; v < views; ++v)
            cells[v].cell[p] = __builtin_convertvector(at[v], Ints);
        for (int v = 0; v < views; ++v)
            cells[v].place.part[p] = at[v] - __builtin_convertvector(cells[v].cell[p], Floats);
    }
}

template <class T, class To> inline void store(const T &value, To *to) {
    std::memcpy(to, &value, sizeof value);
}

inline Floats weighted(Floats share, float weight, int) {
    return share * weight;
}

inline Floats weighted(Floats share, const Batch &weight, int part) {
    return share * weight.part[part];
}

struct NoWeight {};
constexpr NoWeight no_weight[SeparableTable::most_terms] = {};
inline Floats weighted(Floats share, NoWeight, int) {
    return share;
}

// Shares of all terms on a few views, (views, terms, 16), each times its weight. Each step is taken for all views
// before the next: within a view a step waits for the one before.
template <int terms, int coefficients, bool both_axes, int views, class Weight>
inline void axis_shares(const SeparableTable &table, const Cells *cells, const Weight *weight, float *shares) {
    const float *entry = coefficients == 4 ? table.cubic : table.quintic;
    for (int k = 0; k < terms; ++k, entry += coefficients * SeparableTable::lookup) {
        Batch value[views];
        for (int p = 0; p < parts; ++p) {
            for (int v = 0; v < views; ++v)
                value[v].part[p] = look_up(entry + (coefficients - 1) * SeparableTable::lookup, cells[v].cell[p]);
            for (int i = coefficients - 2; i >= 0; --i)
                for (int v = 0; v < views; ++v)
                    value[v].part[p] = look_up(entry + i * SeparableTable::lookup, cells[v].cell[p]) +
                                       cells[v].place.part[p] * value[v].part[p];
            for (int v = 0; v < views; ++v)
                if constexpr (one_sided)
                    value[v].part[p] = same_bits<Floats>(same_bits<Words>(value[v].part[p]) ^ cells[v].sign[p]);
        }
        for (int v = 0; v < views; ++v) {
            const Batch next = next_boundary<both_axes>(value[v]);
            for (int p = 0; p < parts; ++p)
                store(weighted(next.part[p] - value[v].part[p], weight[k], p),
                      shares + (v * terms + k) * batch + p * lanes);
        }
    }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
