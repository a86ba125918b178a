// What all batches of one call share: sizes, twiddle factors, transfer and amplitude by column.
#pragma once

#include <cstddef>

namespace szfast {

struct ObservePlan {
    int padded, size, margin;
    int passes;
    int radix[32];
    const float *turns;     // (padded, 2): exp(-2 pi i k / padded)
    const float *transfer;  // (padded/2 + 1, padded): column kx holds all ky; with the transform's 1 / padded^2
    const float *amplitude; // the same shape, or null
};

// Room of one batch of `lanes` maps, in vectors of lanes: the half spectrum and three lines.
inline std::size_t observe_scratch_vectors(int padded) {
    return 2 * std::size_t(padded) * (padded / 2 + 1) + 6 * std::size_t(padded);
}

} // namespace szfast
