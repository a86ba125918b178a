// The operations that are compiled once per CPU level, each level in a namespace of its own. These files use no
// standard containers: a weak symbol of the standard library compiled for AVX-512 would be linked for everybody.
#pragma once

#include "szfast/column_table.hpp"
#include "szfast/deposit.hpp"
#include "szfast/observe.hpp"
#include "szfast/separable_kernel.hpp"
#include "szfast/stored_columns.hpp"

#include <atomic>
#include <cstddef>

namespace szfast {

constexpr int view_group = 8;

// Neighbours that are added up in floats before they go to the map in doubles.
constexpr int chunk_size = 64;

// Pixels a side that a kernel of support radius h touches at most, 2 to 15, or zero where h is too small or too large
// for shares in floats on a tile.
constexpr int window_classes = 16;
static inline int window_width(float h_pixels) {
    return h_pixels >= 0.02f && h_pixels < 7.0f ? int(2.0f * h_pixels) + 2 : 0;
}

struct OrderedParticle {
    float x, y, z, h, Y;
};

// Chunks of particles on a group of views, each with a map of the task's own.
struct SeparableTask {
    const OrderedParticle *particles;
    const std::size_t *chunks; // where they begin, and where the last ends
    std::size_t chunk_count;
    const Grid &grid;
    const double *views;
    int view_count; // at most view_group
    double *const *maps;
    std::size_t stride; // from row to row of a map
    double *loaded;
};

// Scratch of one deposit worker, in doubles: four rows of pixel boundaries, or the shares of all terms on both axes,
// with room for vectors that reach beyond either end.
static inline std::size_t deposit_scratch_stride(int n) {
    return std::size_t(n) + 40;
}
static inline std::size_t deposit_scratch_size(int n) {
    return 2 * SeparableTable::most_terms * deposit_scratch_stride(n);
}

struct ObservePlan;

#define SZFAST_LEVEL_OPERATIONS                                                                                      \
    void deposit_corners(const OrderedParticle *particles, std::size_t begin, std::size_t end, const double *view,   \
                         const Grid &grid, const ColumnTable &table, const std::atomic<bool> &stop, double *scratch, \
                         double *map, double *loaded);                                                               \
    void deposit_separable(const SeparableTask &task, const SeparableTable &table, const std::atomic<bool> &stop,    \
                           double *scratch);                                                                         \
    int observe_lanes();                                                                                             \
    bool observe_map(const ObservePlan &plan, const double *map, MapSpectrum spectrum, const NoiseStream *stream,    \
                     const double *next_map, const std::atomic<bool> &stop, float *scratch, float *out);             \
    Taken take_stored(const StoredGas &gas, const StoredColumns &to);

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
