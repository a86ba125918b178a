// A small part of a map that follows a chunk of particles on one view. Rows may start anywhere on it; what lies beyond
// the map's border is dropped when it is added to the map.
#pragma once

#include "rows.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int tile_side = 32;

constexpr int views_at_once = 4;
constexpr int tile_stride = views_at_once * tile_side;

struct Tile {
    float *pixel;
    double column, row; // of its corner on the map
    int columns, rows;  // that were touched
};

// Adds unit * tile to the map, and clears the tile.
inline void flush(Tile &tile, double unit, int n, std::size_t stride, double *map) {
    const int column = int(tile.column), row = int(tile.row);
    const int columns = (tile.columns + double_lanes - 1) / double_lanes * double_lanes;
    const bool inside = column >= 0 && column + columns <= n;
    const Doubles zero{};
    for (int j = 0; j < tile.rows; ++j) {
        float *from = tile.pixel + j * tile_stride;
        if (row + j >= 0 && row + j < n) {
            double *to = map + std::ptrdiff_t(row + j) * std::ptrdiff_t(stride) + column;
            if (inside)
                for (int i = 0; i < columns; i += double_lanes)
                    store(load<Doubles>(to + i) + in_double(from + i) * unit, to + i);
            else
                for (int i = column < 0 ? -column : 0; i < tile.columns && column + i < n; ++i)
                    to[i] += unit * double(from[i]);
        }
        for (int i = 0; i < columns; i += lanes)
            store(zero, from + i);
    }
}

// One particle on a view: its centre from the corner of the lowest pixel it touches, and where that pixel is.
struct Place {
    float x, y;
    float *corner;
};

struct Size {
    float cells_a_pixel; // of the table
    int width;           // pixels touched a side, at most
};

inline Batch boundary_numbers(bool both_axes) {
    Batch number;
    for (int p = 0; p < parts; ++p)
        for (int lane = 0; lane < lanes; ++lane) {
            const int i = p * lanes + lane;
            number.part[p][lane] = float(both_axes ? i % 8 : i);
        }
    return number;
}

struct Numbers {
    Batch one_axis = boundary_numbers(false), both_axes = boundary_numbers(true);
};

inline Batch distances(const Batch &numbers, float center, float cells_a_pixel) {
    Batch distance;
    for (int p = 0; p < parts; ++p)
        distance.part[p] = (numbers.part[p] - center) * cells_a_pixel;
    return distance;
}

// Lanes below eight take x, the others y.
inline Floats sides(const Numbers &numbers, int part, float x, float y) {
    if constexpr (parts == 1)
        return numbers.one_axis.part[0] < 7.5f ? Floats{} + x : Floats{} + y;
    else
        return Floats{} + (part < parts / 2 ? x : y);
}

// At most seven pixels a side: boundaries of both axes side by side.
template <int terms, int coefficients>
inline void add_small(const SeparableTable &table, const Numbers &numbers, const Size &size, const Place &place,
                      const Batch *weight) {
    Batch distance, shares[terms];
    for (int p = 0; p < parts; ++p)
        distance.part[p] = (numbers.both_axes.part[p] - sides(numbers, p, place.x, place.y)) *
                           size.cells_a_pixel;
    Cells cells;
    find_cells(distance, cells);
    axis_shares<terms, coefficients, true>(table, cells, shares);
    for (int k = 0; k < terms; ++k)
        for (int p = 0; p < parts; ++p)
            shares[k].part[p] *= weight[k].part[p];
    alignas(64) float both[terms][batch];
    std::memcpy(both, shares, sizeof both);
    keep_in_memory(both);
    Row<8> x[terms];
    for (int k = 0; k < terms; ++k)
        x[k] = row_of<8>(both[k]);
#ifdef NOROWS
    asm volatile(""::"v"(x[0].part[0]),"v"(x[1].part[0]));
#elif defined(FIXROWS)
    add_rows<terms, 8>(x, both[0] + 8, FIXROWS, place.corner, tile_stride);
#else
    add_rows<terms, 8>(x, both[0] + 8, size.width, place.corner, tile_stride);
#endif

}

// At most fifteen.
template <int terms, int coefficients>
inline void add_middle(const SeparableTable &table, const Numbers &numbers, const Size &size, const Place &place,
                       const float *weight) {
    const float scale = size.cells_a_pixel;
    Cells cells;
    Batch shares[terms];
    alignas(64) float y[terms][batch], along_x[terms][batch];
    find_cells(distances(numbers.one_axis, place.y, scale), cells);
    axis_shares<terms, coefficients, false>(table, cells, shares);
    for (int k = 0; k < terms; ++k)
        for (int p = 0; p < parts; ++p)
            shares[k].part[p] *= weight[k];
    std::memcpy(y, shares, sizeof y);
    keep_in_memory(y);
    find_cells(distances(numbers.one_axis, place.x, scale), cells);
    axis_shares<terms, coefficients, false>(table, cells, shares);
    std::memcpy(along_x, shares, sizeof along_x);
    Row<16> x[terms];
    for (int k = 0; k < terms; ++k)
        x[k] = row_of<16>(along_x[k]);
    add_rows<terms, 16>(x, y[0], size.width, place.corner, tile_stride);
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
