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
    return __builtin_shuffle(load<Floats>(entry), cell);
#else
    Floats value;
    for (int lane = 0; lane < lanes; ++lane)
        value[lane] = entry[cell[lane]];
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

// Sixteen cells hold a cubic where a register has sixteen floats; elsewhere, and for wide kernels, where a pixel is the
// small difference of two values, it is eight cells with a quintic.
template <bool precise> constexpr bool is_cubic = lanes == 16 && !precise;

template <bool precise> inline void find_cells(const Batch &distance, Cells &cells) {
    constexpr int count = is_cubic<precise> ? SeparableTable::cubic_cells : SeparableTable::quintic_cells;
    constexpr float below_one = 0.99999994f;
    for (int p = 0; p < parts; ++p) {
        const Words bits = same_bits<Words>(distance.part[p]);
        cells.sign[p] = bits & 0x80000000u;
        const Floats size = same_bits<Floats>(bits & 0x7FFFFFFFu);
        const Floats scaled = (size < below_one ? size : Floats{} + below_one) * float(count);
        cells.cell[p] = __builtin_convertvector(scaled, Ints);
        cells.place.part[p] = scaled - __builtin_convertvector(cells.cell[p], Floats);
    }
}

template <int terms, bool both_axes, bool precise>
inline void axis_shares(const SeparableTable &table, const Cells &cells, float (*shares)[batch]) {
    constexpr int coefficients = is_cubic<precise> ? 4 : 6;
    const float *entry = is_cubic<precise> ? table.cubic : table.quintic;
    for (int k = 0; k < terms; ++k, entry += coefficients * SeparableTable::lookup) {
        Batch value;
        for (int p = 0; p < parts; ++p) {
            Floats sum = look_up(entry + (coefficients - 1) * SeparableTable::lookup, cells.cell[p]);
            for (int i = coefficients - 2; i >= 0; --i)
                sum = look_up(entry + i * SeparableTable::lookup, cells.cell[p]) + cells.place.part[p] * sum;
            value.part[p] = same_bits<Floats>(same_bits<Words>(sum) ^ cells.sign[p]);
        }
        const Batch next = next_boundary<both_axes>(value);
        for (int p = 0; p < parts; ++p) {
            const Floats share = next.part[p] - value.part[p];
            std::memcpy(shares[k] + p * lanes, &share, sizeof share);
        }
    }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
