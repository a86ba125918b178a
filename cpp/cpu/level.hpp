// The operations that are compiled once per CPU level, each level in a namespace of its own. These files use no
// standard containers: a weak symbol of the standard library compiled for AVX-512 would be linked for everybody.
#pragma once

#include "szfast/column_table.hpp"
#include "szfast/deposit.hpp"
#include "szfast/observe.hpp"

#include <atomic>
#include <cstddef>

namespace szfast {

// Scratch of one deposit worker, in doubles: three rows of pixel boundaries.
inline std::size_t deposit_scratch_size(int n) {
    return 4 * (std::size_t(n) + 1);
}

struct ObservePlan;

#define SZFAST_LEVEL_OPERATIONS                                                                                    \
    void deposit_block(const Particles &particles, std::size_t begin, std::size_t end, const double *view,         \
                       const Grid &grid, const ColumnTable &table, const std::atomic<bool> &stop, double *scratch, \
                       double *map, double *loaded);                                                               \
    int observe_lanes();                                                                                           \
    bool observe_map(const ObservePlan &plan, const double *map, MapSpectrum spectrum, const NoiseStream *stream,  \
                     const double *next_map, float *scratch, float *out);

namespace baseline {
SZFAST_LEVEL_OPERATIONS
}
namespace v3 {
SZFAST_LEVEL_OPERATIONS
}
namespace v4 {
SZFAST_LEVEL_OPERATIONS
}

} // namespace szfast
