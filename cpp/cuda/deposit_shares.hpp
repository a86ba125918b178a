// A particle's share of each pixel, in the engine's two ways: sums of products, or differences at the corners.
#pragma once

#include "launch.hpp"
#include "szfast/column_shares.hpp"
#include "szfast/separable_shares.hpp"

namespace szfast::cuda {

// A particle on a view, in pixels from the grid's corner; weight is its Y in whole numbers.
struct Disc {
    double cx, cy, h;
    double weight;
    Span columns, rows; // pixels touched
    int n;              // pixels along the grid
    std::int64_t *map;

    SZFAST_HOST_DEVICE bool inside_one_pixel() const {
        return in_one_pixel(columns, cx, h, n) && in_one_pixel(rows, cy, h, n);
    }
    SZFAST_HOST_DEVICE std::int64_t *pixel(int row, int column) const {
        return map + std::size_t(row) * n + column;
    }
};

// Pixels of a wide particle that a block of threads adds together.
constexpr int tile_pixels = 64;

template <int terms> struct SeparableShares {
    const float *quintic;
    const double *fine;
    float weight[terms];

    struct Tile {
        float x[terms][tile_pixels], y[terms][tile_pixels];
    };

    // One thread, all pixels: four columns at a time in registers, row by row.
    SZFAST_HOST_DEVICE void add_all(const Disc &disc) const {
        // floats resolve the boundaries of neither
        if (disc.h < 0.02)
            add_columns<double>(disc);
        else
            add_columns<float>(disc);
    }

    // Entry i of one axis.
    SZFAST_HOST_DEVICE void prepare(Tile &tile, bool along_y, int i, int first, const Disc &disc) const {
        if (i == tile_pixels)
            return;
        const double inverse_h = 1.0 / disc.h, center = along_y ? disc.cy : disc.cx;
        const double low = (first + i - center) * inverse_h, high = (first + i + 1 - center) * inverse_h;
        for (int k = 0; k < terms; ++k) {
            const double *own = fine + std::size_t(k) * 2 * (SeparableTable::fine_cells + 1);
            const float share = float(fine_primitive(own, high) - fine_primitive(own, low));
            if (along_y)
                tile.y[k][i] = share * weight[k];
            else
                tile.x[k][i] = share;
        }
    }
    SZFAST_HOST_DEVICE double pixel(const Tile &tile, int i, int j, int, int, const Disc &) const {
        float sum = 0.0f;
        for (int k = 0; k < terms; ++k)
            sum += tile.x[k][i] * tile.y[k][j];
        return sum;
    }

  private:
    template <class Real> SZFAST_HOST_DEVICE void primitives(double u, Real *values) const {
        for (int k = 0; k < terms; ++k)
            if constexpr (sizeof(Real) == sizeof(float))
                values[k] = quintic_primitive(quintic + k * 6 * SeparableTable::lookup, float(u));
            else
                values[k] = fine_primitive(fine + std::size_t(k) * 2 * (SeparableTable::fine_cells + 1), u);
    }
    template <class Real> SZFAST_HOST_DEVICE void add_columns(const Disc &disc) const {
        constexpr int group = 4;
        const double inverse_h = 1.0 / disc.h;
        const float size = float(disc.weight);
        for (int start = disc.columns.first; start <= disc.columns.last; start += group) {
            float x[terms][group];
            Real before[terms], next[terms];
            primitives((start - disc.cx) * inverse_h, before);
            for (int i = 0; i < group; ++i) {
                primitives((start + i + 1 - disc.cx) * inverse_h, next);
                for (int k = 0; k < terms; ++k) {
                    x[k][i] = float(next[k] - before[k]);
                    before[k] = next[k];
                }
            }
            primitives((disc.rows.first - disc.cy) * inverse_h, before);
            for (int row = disc.rows.first; row <= disc.rows.last; ++row) {
                primitives((row + 1 - disc.cy) * inverse_h, next);
                float share[group] = {};
                for (int k = 0; k < terms; ++k) {
                    const float y = weight[k] * float(next[k] - before[k]);
                    before[k] = next[k];
                    for (int i = 0; i < group; ++i)
                        share[i] += x[k][i] * y;
                }
                for (int i = 0; i < group; ++i)
                    if (start + i <= disc.columns.last)
                        add_to(disc.pixel(row, start + i), rounded(share[i] * size));
            }
        }
    }
};

struct CornerShares {
    ColumnTable table;

    struct Tile {
        Boundary x[tile_pixels + 1], y[tile_pixels + 1];
    };

    SZFAST_HOST_DEVICE void add_all(const Disc &disc) const {
        const double inverse_h = 1.0 / disc.h;
        Boundary low = boundary_at(table, disc.rows.first, disc.cy, inverse_h);
        for (int row = disc.rows.first; row <= disc.rows.last; ++row) {
            const Boundary high = boundary_at(table, row + 1, disc.cy, inverse_h);
            Boundary left = boundary_at(table, disc.columns.first, disc.cx, inverse_h);
            double difference = step(left, low, high);
            for (int column = disc.columns.first; column <= disc.columns.last; ++column) {
                left = boundary_at(table, column + 1, disc.cx, inverse_h);
                const double next = step(left, low, high);
                add_to(disc.pixel(row, column), rounded((next - difference) * disc.weight));
                difference = next;
            }
            low = high;
        }
    }

    SZFAST_HOST_DEVICE void prepare(Tile &tile, bool along_y, int i, int first, const Disc &disc) const {
        (along_y ? tile.y : tile.x)[i] = boundary_at(table, first + i, along_y ? disc.cy : disc.cx, 1.0 / disc.h);
    }
    SZFAST_HOST_DEVICE double pixel(const Tile &tile, int i, int j, int column, int row, const Disc &disc) const {
        if (disc.h > wide_kernel_pixels && table.kernel != Kernel::uniform)
            return by_points(column, row, disc);
        return step(tile.x[i + 1], tile.y[j], tile.y[j + 1]) - step(tile.x[i], tile.y[j], tile.y[j + 1]);
    }

  private:
    // Q between two rows at a column's boundary.
    SZFAST_HOST_DEVICE double step(const Boundary &at, const Boundary &low, const Boundary &high) const {
        return corner(table, at.distance, at.edge, at.sign, high) - corner(table, at.distance, at.edge, at.sign, low);
    }
    SZFAST_HOST_DEVICE double by_points(int column, int row, const Disc &disc) const {
        const double inverse_h = 1.0 / disc.h;
        const double u0 = (column + gauss_low - disc.cx) * inverse_h, u1 = (column + gauss_high - disc.cx) * inverse_h;
        const double v0 = (row + gauss_low - disc.cy) * inverse_h, v1 = (row + gauss_high - disc.cy) * inverse_h;
        return 0.25 * inverse_h * inverse_h * four_points(table, u0 * u0, u1 * u1, v0 * v0, v1 * v1);
    }
};

} // namespace szfast::cuda
