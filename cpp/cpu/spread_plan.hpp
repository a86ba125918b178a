// What the tasks of one spreading share.
#pragma once

#include "szfast/spread.hpp"

#include <atomic>

namespace szfast {

// A grid with its fields side by side, wider than the periodic one by a window, so that no tap has to wrap around.
struct SpreadGrid {
    int cells, width; // width: from row to row, an odd number of cache lines, which rows a page apart would share
    explicit SpreadGrid(int cells) : cells(cells), width((cells + window_row + 1) / 4 * 4 + 2) {
    }
    std::size_t size() const {
        return std::size_t(width) * (cells + window_row) * window_fields;
    }
};

#define SZFAST_SPREAD_OPERATIONS                                                                                 \
    void spread_view(const SpreadDesign &design, const Particles &particles, std::size_t begin, std::size_t end, \
                     const double *view, const std::atomic<bool> &stop, const SpreadGrid &layout, double *grid,  \
                     double *loaded);

namespace baseline {
SZFAST_SPREAD_OPERATIONS
}
namespace v3 {
SZFAST_SPREAD_OPERATIONS
}
namespace v4 {
SZFAST_SPREAD_OPERATIONS
}

} // namespace szfast
