// One particle of any size, cut by the border of the grid or not, in doubles: those too small for shares in floats,
// those too large for a tile, and stragglers.
#pragma once

#include "level.hpp"
#include "szfast/column_shares.hpp"
#include "szfast/separable_shares.hpp"
#include "tile.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int row_pixels = 8;
constexpr int row_parts = row_pixels / double_lanes;

// Eight pixels of a row; each level adds as many at once as its registers hold.
struct WideRow {
    Doubles part[row_parts];
};

inline WideRow wide_row(const float *shares) {
    WideRow row;
    for (int p = 0; p < row_parts; ++p)
        row.part[p] = in_double(shares + p * double_lanes);
    return row;
}

inline WideRow wide_row(const double *shares) {
    WideRow row;
    for (int p = 0; p < row_parts; ++p)
        row.part[p] = load<Doubles>(shares + p * double_lanes);
    return row;
}

// map[j, 0..7] += sum_k x_k y_k[j]
template <int terms>
inline void add_wide_rows(const WideRow *x, const double *y, std::size_t y_stride, int rows, double *map,
                          std::size_t stride) {
    for (int j = 0; j < rows; ++j, map += stride)
        for (int p = 0; p < row_parts; ++p) {
            Doubles sum = load<Doubles>(map + p * double_lanes);
            for (int k = 0; k < terms; ++k)
                sum += x[k].part[p] * y[k * y_stride + j];
            std::memcpy(map + p * double_lanes, &sum, sizeof sum);
        }
}

// Shares of the pixels of a span of any length, (terms, stride), in double where floats would lose digits.
template <int terms>
void span_shares(const SeparableTable &table, const Numbers &numbers, Span span, double center, double h, bool precise,
                 double *shares, std::size_t stride) {
    const double inverse_h = 1.0 / h;
    if (precise) {
        for (int k = 0; k < terms; ++k) {
            const double *fine = table.fine + 2 * std::size_t(k) * (SeparableTable::fine_cells + 1);
            double before = fine_primitive(fine, (span.first - center) * inverse_h);
            for (int i = 0; i < count_of(span); ++i) {
                const double next = fine_primitive(fine, (span.first + i + 1 - center) * inverse_h);
                shares[k * stride + i] = next - before;
                before = next;
            }
        }
        return;
    }
    alignas(64) float some[terms][batch];
    for (int done = 0; done < count_of(span); done += batch - 1) {
        const float at = float(center - span.first - done);
        Cells cells;
        const float cells_a_pixel = float(inverse_h) * SeparableTable::cells;
        const float first = table_middle - at * cells_a_pixel;
        axis_cells<1>(numbers, &first, cells_a_pixel, &cells);
        axis_shares<terms, 6, false, 1>(table, &cells, no_weight, some[0]);
        // the last of the sixteen is overwritten by the next ones, or lies behind the span
        for (int k = 0; k < terms; ++k)
            for (int half = 0; half < 2; ++half) {
                const WideRow row = wide_row(some[k] + row_pixels * half);
                std::memcpy(shares + k * stride + done + row_pixels * half, &row, sizeof row);
            }
    }
}

// Any size, cut by the border of the grid or not.
template <int terms>
void add_any(const SeparableTable &table, const Numbers &numbers, double cx, double cy, double h, double Y, int n,
             double *scratch, double *map, std::size_t map_stride) {
    const Span columns = touched(cx, h, n), rows = touched(cy, h, n);
    if (count_of(columns) == 0 || count_of(rows) == 0)
        return;
    if (in_one_pixel(columns, cx, h, n) && in_one_pixel(rows, cy, h, n)) {
        map[rows.first * map_stride + columns.first] += Y;
        return;
    }
    // where a pixel is a small difference of two floats; many terms are asked for where that shows sooner
    constexpr double floats_hold = terms <= 3 ? 32.0 : 20.0;
    const bool precise = !(h >= 0.02 && h < floats_hold);
    const std::size_t stride = deposit_scratch_stride(n);
    double *x = scratch, *y = scratch + terms * stride;
    span_shares<terms>(table, numbers, columns, cx, h, precise, x + row_pixels, stride);
    span_shares<terms>(table, numbers, rows, cy, h, precise, y, stride);
    // columns before and after the span are zero, so that eight pixels may start before it or end after it
    const WideRow zero{};
    for (int k = 0; k < terms; ++k) {
        std::memcpy(x + k * stride, &zero, sizeof zero);
        std::memcpy(x + k * stride + row_pixels + count_of(columns), &zero, sizeof zero);
        for (int i = 0; i < count_of(rows); ++i)
            y[k * stride + i] *= Y * table.unit * table.weight[k];
    }

    double *corner = map + rows.first * map_stride;
    const int eights = (count_of(columns) + row_pixels - 1) / row_pixels * row_pixels;
    int start = columns.first;
    if (start + eights > n)
        start = columns.first + count_of(columns) - eights; // end with the span instead
    int i = start, end = columns.first + count_of(columns);
    if (start < 0) {
        i = columns.first;
        end = i + count_of(columns) / row_pixels * row_pixels;
    }
    for (; i < end; i += row_pixels) {
        WideRow eight[terms];
        for (int k = 0; k < terms; ++k)
            eight[k] = wide_row(x + k * stride + row_pixels + i - columns.first);
        add_wide_rows<terms>(eight, y, stride, count_of(rows), corner + i, map_stride);
    }
    for (; i < columns.first + count_of(columns); ++i)
        for (int j = 0; j < count_of(rows); ++j) {
            double sum = 0.0;
            for (int k = 0; k < terms; ++k)
                sum += x[k * stride + row_pixels + i - columns.first] * y[k * stride + j];
            corner[j * map_stride + i] += sum;
        }
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
