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
    double Y;           // of the particles on it
};

inline double sum_of(const Tile &tile) {
    Doubles sum{};
    for (int j = 0; j < tile.rows; ++j)
        for (int i = 0; i < tile.columns; i += double_lanes)
            sum += in_double(tile.pixel + j * tile_stride + i);
    double total = 0.0;
    for (int lane = 0; lane < double_lanes; ++lane)
        total += sum[lane];
    return total;
}

// Adds the tile to the map, and clears it. What it holds is scaled to what was put in: rounding in floats takes from
// equal particles one after the other, always in one direction.
inline void flush(Tile &tile, int n, std::size_t stride, double *map) {
    if (tile.rows == 0)
        return; // nowhere
    const double total = sum_of(tile), unit = total > 0.0 ? tile.Y / total : 0.0;
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

// One particle on a few views. Boundary i of the lowest pixel and those after it is at place `x` + i `cells_a_pixel` of
// the kernel's table.
template <int views> struct Window {
    float cells_a_pixel;
    int width; // pixels a side
    float x[views], y[views];
    float *corner[views];
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

// Lanes below eight take x, the others y.
inline Floats sides(const Numbers &numbers, int part, float x, float y) {
    if constexpr (parts == 1)
        return numbers.one_axis.part[0] < 7.5f ? Floats{} + x : Floats{} + y;
    else
        return Floats{} + (part < parts / 2 ? x : y);
}

template <int views>
inline void axis_cells(const Numbers &numbers, const float *first, float cells_a_pixel, Cells *cells) {
    Batch place[views];
    for (int v = 0; v < views; ++v)
        for (int p = 0; p < parts; ++p)
            place[v].part[p] = numbers.one_axis.part[p] * cells_a_pixel + first[v];
    find_cells<views>(place, cells);
}

// At most seven pixels a side: boundaries of both axes side by side.
template <int terms, int coefficients, int views>
inline void add_small(const SeparableTable &table, const Numbers &numbers, const Window<views> &window,
                      const Batch *weight) {
    Batch place[views];
    for (int v = 0; v < views; ++v)
        for (int p = 0; p < parts; ++p)
            place[v].part[p] =
                numbers.both_axes.part[p] * window.cells_a_pixel + sides(numbers, p, window.x[v], window.y[v]);
    Cells cells[views];
    find_cells<views>(place, cells);
    alignas(64) float both[views][terms * batch];
    axis_shares<terms, coefficients, true, views>(table, cells, weight, both[0]);
    keep_in_memory(both);
    for (int v = 0; v < views; ++v) {
        Row<8> x[terms];
        for (int k = 0; k < terms; ++k)
            x[k] = row_of<8>(both[v] + k * batch);
        add_rows<terms, 8>(x, both[v] + 8, window.width, window.corner[v], tile_stride);
    }
}

// At most fifteen.
template <int terms, int coefficients, int views>
inline void add_middle(const SeparableTable &table, const Numbers &numbers, const Window<views> &window,
                       const float *weight) {
    Cells cells[views];
    alignas(64) float along_x[views][terms * batch], along_y[views][terms * batch];
    axis_cells<views>(numbers, window.y, window.cells_a_pixel, cells);
    axis_shares<terms, coefficients, false, views>(table, cells, weight, along_y[0]);
    axis_cells<views>(numbers, window.x, window.cells_a_pixel, cells);
    axis_shares<terms, coefficients, false, views>(table, cells, no_weight, along_x[0]);
    keep_in_memory(along_y);
    for (int v = 0; v < views; ++v) {
        Row<16> x[terms];
        for (int k = 0; k < terms; ++k)
            x[k] = row_of<16>(along_x[v] + k * batch);
        add_rows<terms, 16>(x, along_y[v], window.width, window.corner[v], tile_stride);
    }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
