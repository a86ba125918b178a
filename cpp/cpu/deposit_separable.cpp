// Who owns what: a task is a group of up to eight views and one fixed block of particles, and has a map of its own for
// each view. A particle's geometry is worked out for all views of the group at once; its pixels are then, view by view,
// sums of products of shares along x and along y (separable_kernel.hpp), added in double a row of eight at a time.
#include "axis_shares.hpp"
#include "level.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int row_pixels = 8;
constexpr int row_parts = 2 * row_pixels / lanes;
typedef double Doubles __attribute__((vector_size(lanes * sizeof(float))));
typedef float HalfFloats __attribute__((vector_size(lanes * sizeof(float) / 2)));

// Eight pixels of a row; each level adds as many at once as its registers hold.
struct Row {
    Doubles part[row_parts];
};

inline Doubles in_double(const float *values) {
#if defined(__AVX512F__)
    return _mm512_maskz_cvtps_pd(__mmask8(-1), _mm256_loadu_ps(values));
#elif defined(__AVX2__)
    return _mm256_cvtps_pd(_mm_loadu_ps(values));
#else
    return __builtin_convertvector(load<HalfFloats>(values), Doubles);
#endif
}

inline Row row_of(const float *shares) {
    Row row;
    for (int p = 0; p < row_parts; ++p)
        row.part[p] = in_double(shares + p * lanes / 2);
    return row;
}

inline Row row_of(const double *shares) {
    Row row;
    for (int p = 0; p < row_parts; ++p)
        row.part[p] = load<Doubles>(shares + p * lanes / 2);
    return row;
}

// map[j, 0..7] += sum_k x_k y_k[j]
template <int terms>
inline void add_rows(const Row *x, const double *y, std::size_t y_stride, int rows, double *map, std::size_t stride) {
    for (int j = 0; j < rows; ++j, map += stride)
        for (int p = 0; p < row_parts; ++p) {
            Doubles sum = load<Doubles>(map + p * lanes / 2);
            for (int k = 0; k < terms; ++k)
                sum += x[k].part[p] * y[k * y_stride + j];
            std::memcpy(map + p * lanes / 2, &sum, sizeof sum);
        }
}

// Rows are broadcast from memory, which is free; the compiler would rather shuffle them out of registers.
template <class T> inline void keep_in_memory(T &array) {
    asm volatile("" : "+m"(array));
}

// A particle's centre on a view, from the lower corner of the lowest pixel it touches.
struct Place {
    float x, y;
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

// Shares of one view, both axes: eight and eight where the particle touches at most seven pixels a side, else sixteen
// and sixteen, for at most fifteen.
template <int terms> struct Shares {
    float first[terms][batch], second[terms][batch];
};

inline void small_cells(const Numbers &numbers, const Place &place, float inverse_h, Cells &cells) {
    Batch distance;
    for (int p = 0; p < parts; ++p) {
        Floats at;
        if constexpr (parts == 1)
            at = numbers.one_axis.part[0] < 7.5f ? Floats{} + place.x : Floats{} + place.y;
        else
            at = Floats{} + (p < parts / 2 ? place.x : place.y);
        distance.part[p] = (numbers.both_axes.part[p] - at) * inverse_h;
    }
    find_cells<false>(distance, cells);
}

template <bool precise> inline void axis_cells(const Numbers &numbers, float center, float inverse_h, Cells &cells) {
    Batch distance;
    for (int p = 0; p < parts; ++p)
        distance.part[p] = (numbers.one_axis.part[p] - center) * inverse_h;
    find_cells<precise>(distance, cells);
}

template <bool precise>
inline void middle_cells(const Numbers &numbers, const Place &place, float inverse_h, Cells *cells) {
    axis_cells<precise>(numbers, place.x, inverse_h, cells[0]);
    axis_cells<precise>(numbers, place.y, inverse_h, cells[1]);
}

template <int terms>
inline void add_small(const Shares<terms> &shares, const double *weight, int width, double *map, std::size_t stride) {
    alignas(64) double y[terms][row_pixels];
    Row x[terms];
    for (int k = 0; k < terms; ++k) {
        x[k] = row_of(shares.first[k]);
        const Row along_y = row_of(shares.first[k] + 8);
        for (int p = 0; p < row_parts; ++p) {
            const Doubles weighted = along_y.part[p] * weight[k];
            std::memcpy(y[k] + p * lanes / 2, &weighted, sizeof weighted);
        }
    }
    keep_in_memory(y);
    add_rows<terms>(x, y[0], row_pixels, width, map, stride);
}

template <int terms>
inline void add_middle(const Shares<terms> &shares, const double *weight, int width, double *map, std::size_t stride) {
    alignas(64) double y[terms][batch];
    for (int k = 0; k < terms; ++k)
        for (int half = 0; half < 2; ++half) {
            const Row along_y = row_of(shares.second[k] + 8 * half);
            for (int p = 0; p < row_parts; ++p) {
                const Doubles weighted = along_y.part[p] * weight[k];
                std::memcpy(y[k] + 8 * half + p * lanes / 2, &weighted, sizeof weighted);
            }
        }
    keep_in_memory(y);
    for (int half = 0; half < (width > row_pixels ? 2 : 1); ++half) {
        Row x[terms];
        for (int k = 0; k < terms; ++k)
            x[k] = row_of(shares.first[k] + 8 * half);
        add_rows<terms>(x, y[0], batch, width, map + 8 * half, stride);
    }
}

// Pixels of [center - h, center + h] on the grid.
struct Span {
    int first, count;
};

inline Span touched(double center, double h, int n) {
    const double low = center - h, high = center + h;
    if (!(high > 0.0) || !(low < n))
        return {0, 0};
    const int first = low > 0.0 ? int(low) : 0, last = high < n ? int(high) : n - 1;
    return {first, last - first + 1};
}

inline double primitive(const double *fine, double u) {
    const double size = u < 0.0 ? -u : u, s = (size < 1.0 ? size : 1.0) * SeparableTable::fine_cells;
    const int cell = s < SeparableTable::fine_cells - 1 ? int(s) : SeparableTable::fine_cells - 1;
    const double t = s - cell, *p = fine + 2 * cell, d = p[2] - p[0];
    const double value = p[0] + t * (p[1] + t * (3.0 * d - 2.0 * p[1] - p[3] + t * (p[1] + p[3] - 2.0 * d)));
    return u < 0.0 ? -value : value;
}

// Shares of the pixels of a span of any length, (terms, stride), in double where floats would lose digits.
template <int terms>
void span_shares(const SeparableTable &table, const Numbers &numbers, Span span, double center, double h, bool precise,
                 double *shares, std::size_t stride) {
    const double inverse_h = 1.0 / h;
    if (precise) {
        for (int k = 0; k < terms; ++k) {
            const double *fine = table.fine + 2 * std::size_t(k) * (SeparableTable::fine_cells + 1);
            double before = primitive(fine, (span.first - center) * inverse_h);
            for (int i = 0; i < span.count; ++i) {
                const double next = primitive(fine, (span.first + i + 1 - center) * inverse_h);
                shares[k * stride + i] = next - before;
                before = next;
            }
        }
        return;
    }
    alignas(64) float some[terms][batch];
    for (int done = 0; done < span.count; done += batch - 1) {
        const float at = float(center - span.first - done);
        Cells cells;
        axis_cells<true>(numbers, at, float(inverse_h), cells);
        axis_shares<terms, false, true>(table, cells, some);
        // the last of the sixteen is overwritten by the next ones, or lies behind the span
        for (int k = 0; k < terms; ++k)
            for (int half = 0; half < 2; ++half) {
                const Row row = row_of(some[k] + row_pixels * half);
                std::memcpy(shares + k * stride + done + row_pixels * half, &row, sizeof row);
            }
    }
}

// Any size, cut by the border of the grid or not.
template <int terms>
void add_any(const SeparableTable &table, const Numbers &numbers, double cx, double cy, double h, double Y, int n,
             double *scratch, double *map, std::size_t map_stride) {
    const Span columns = touched(cx, h, n), rows = touched(cy, h, n);
    if (columns.count == 0 || rows.count == 0)
        return;
    const bool inside = cx - h >= 0.0 && cx + h <= n && cy - h >= 0.0 && cy + h <= n;
    if (inside && columns.count == 1 && rows.count == 1) {
        map[rows.first * map_stride + columns.first] += Y;
        return;
    }
    const bool precise = !(h >= 0.02 && h < 32.0);
    const std::size_t stride = deposit_scratch_stride(n);
    double *x = scratch, *y = scratch + terms * stride;
    span_shares<terms>(table, numbers, columns, cx, h, precise, x + row_pixels, stride);
    span_shares<terms>(table, numbers, rows, cy, h, precise, y, stride);
    // columns before and after the span are zero, so that eight pixels may start before it or end after it
    const Row zero{};
    for (int k = 0; k < terms; ++k) {
        std::memcpy(x + k * stride, &zero, sizeof zero);
        std::memcpy(x + k * stride + row_pixels + columns.count, &zero, sizeof zero);
        for (int i = 0; i < rows.count; ++i)
            y[k * stride + i] *= Y * table.weight[k];
    }

    double *corner = map + rows.first * map_stride;
    const int eights = (columns.count + row_pixels - 1) / row_pixels * row_pixels;
    int start = columns.first;
    if (start + eights > n)
        start = columns.first + columns.count - eights; // end with the span instead
    int i = start, end = columns.first + columns.count;
    if (start < 0) {
        i = columns.first;
        end = i + columns.count / row_pixels * row_pixels;
    }
    for (; i < end; i += row_pixels) {
        Row eight[terms];
        for (int k = 0; k < terms; ++k)
            eight[k] = row_of(x + k * stride + row_pixels + i - columns.first);
        add_rows<terms>(eight, y, stride, rows.count, corner + i, map_stride);
    }
    for (; i < columns.first + columns.count; ++i)
        for (int j = 0; j < rows.count; ++j) {
            double sum = 0.0;
            for (int k = 0; k < terms; ++k)
                sum += x[k * stride + row_pixels + i - columns.first] * y[k * stride + j];
            corner[j * map_stride + i] += sum;
        }
}

// The whole number below; one less for a whole number, which as well bounds a particle from below.
inline Doubles whole_below(Doubles value) {
    constexpr double rounding = 6755399441055744.0; // 1.5 * 2^52
    return (value - 0.5 + rounding) - rounding;
}

// A task's views, entry by entry; where there are fewer than the group holds, the last is repeated.
struct ViewGroup {
    double entry[view_size][view_group];
    int count;
};

inline ViewGroup gather_views(const double *views, int count) {
    ViewGroup group;
    group.count = count;
    for (int e = 0; e < view_size; ++e)
        for (int v = 0; v < view_group; ++v)
            group.entry[e][v] = views[view_size * (v < count ? v : count - 1) + e];
    return group;
}

// Where one particle falls on each view of a group.
struct Falls {
    alignas(64) double x[view_group], y[view_group];              // centre, in pixels from the grid's corner
    alignas(64) double corner[view_group];                        // number of the lowest pixel touched
    alignas(64) float inside_x[view_group], inside_y[view_group]; // centre, from that pixel's corner
    alignas(64) std::int64_t within[view_group];                  // nonzero: within the depth
    alignas(64) std::int64_t whole[view_group];                   // nonzero: every pixel touched is on the grid
};

// Views on which a particle is whole, and where its pixels begin.
struct Pending {
    double *corner[view_group];
    int count = 0;
};

struct Window {
    double h;
    int width; // pixels touched a side, at most
    int reach; // pixels written a row
};

inline void fall(const ViewGroup &views, const Grid &grid, std::size_t stride, double x, double y, double z, double Y,
                 const Window &window, Falls &falls, double *loaded) {
    typedef std::int64_t Mask __attribute__((vector_size(lanes * sizeof(float))));
    const double scale = 1.0 / grid.pixel_kpc, middle = 0.5 * grid.n;
    const double last_x = grid.n - window.reach, last_y = grid.n - window.width;
    for (int v = 0; v < view_group; v += lanes / 2) {
        const auto turned = [&](int axis) {
            return x * load<Doubles>(&views.entry[axis][v]) + y * load<Doubles>(&views.entry[axis + 3][v]) +
                   z * load<Doubles>(&views.entry[axis + 6][v]);
        };
        const auto keep = [v](const auto &value, auto *to) { std::memcpy(to + v, &value, sizeof value); };
        const Doubles along = turned(2), at_x = turned(0) * scale + middle, at_y = turned(1) * scale + middle;
        const Doubles low_x = whole_below(at_x - window.h), low_y = whole_below(at_y - window.h);
        const Mask within = (along <= grid.half_depth_kpc) & (along >= -grid.half_depth_kpc);
        const Mask whole = (low_x >= 0.0) & (low_y >= 0.0) & (low_x <= last_x) & (low_y <= last_y);
        keep(at_x, falls.x);
        keep(at_y, falls.y);
        keep(low_y * double(stride) + low_x, falls.corner);
        keep(__builtin_convertvector(at_x - low_x, HalfFloats), falls.inside_x);
        keep(__builtin_convertvector(at_y - low_y, HalfFloats), falls.inside_y);
        keep(within, falls.within);
        keep(whole, falls.whole);
        keep(load<Doubles>(loaded + v) + (within ? Doubles{} + Y : Doubles{}), loaded);
    }
}

template <int terms>
void deposit_terms(const SeparableTask &task, const SeparableTable &table, const std::atomic<bool> &stop,
                   double *scratch) {
    const Particles &particles = task.particles;
    const Grid &grid = task.grid;
    const ViewGroup views = gather_views(task.views, task.view_count);
    const Numbers numbers;
    const double scale = 1.0 / grid.pixel_kpc;
    const int n = grid.n;
    alignas(64) double loaded[view_group] = {};
    alignas(64) Cells cells[view_group][2];
    alignas(64) Shares<terms> shares[view_group];
    Falls falls;
    for (std::size_t p = task.begin; p < task.end; ++p) {
        if ((p & 1023) == 0 && stop.load(std::memory_order_relaxed))
            return;
        const double Y = particles.Y[p], h = particles.h[p] * scale;
        const float inverse_h = float(1.0 / h);
        // a length of 2h touches at most this many pixels
        const int width = h < 7.0 ? int(2.0 * h) + 2 : batch;
        const bool small = width < row_pixels, simple = width < batch && h >= 0.02;
        fall(views, grid, task.stride, particles.x[p], particles.y[p], particles.z[p], Y,
             {h, width, width <= row_pixels ? row_pixels : 2 * row_pixels}, falls, loaded);
        double weight[terms];
        for (int k = 0; k < terms; ++k)
            weight[k] = Y * table.weight[k];
        // Each step for all views in turn: within a view they wait for one another, and the CPU cannot look far ahead.
        Pending pending;
        for (int v = 0; v < views.count; ++v) {
            if (!falls.within[v])
                continue;
            if (!(simple && falls.whole[v])) {
                add_any<terms>(table, numbers, falls.x[v], falls.y[v], h, Y, n, scratch, task.maps[v], task.stride);
                continue;
            }
            const Place place{falls.inside_x[v], falls.inside_y[v]};
            Cells *own = cells[pending.count];
            if (small)
                small_cells(numbers, place, inverse_h, own[0]);
            else if (table.precise)
                middle_cells<true>(numbers, place, inverse_h, own);
            else
                middle_cells<false>(numbers, place, inverse_h, own);
            pending.corner[pending.count++] = task.maps[v] + std::ptrdiff_t(falls.corner[v]);
        }
        keep_in_memory(cells);
        for (int i = 0; i < pending.count; ++i)
            if (small) {
                axis_shares<terms, true, false>(table, cells[i][0], shares[i].first);
            } else if (table.precise) {
                axis_shares<terms, false, true>(table, cells[i][0], shares[i].first);
                axis_shares<terms, false, true>(table, cells[i][1], shares[i].second);
            } else {
                axis_shares<terms, false, false>(table, cells[i][0], shares[i].first);
                axis_shares<terms, false, false>(table, cells[i][1], shares[i].second);
            }
        keep_in_memory(shares);
        for (int i = 0; i < pending.count; ++i)
            if (small)
                add_small<terms>(shares[i], weight, width, pending.corner[i], task.stride);
            else
                add_middle<terms>(shares[i], weight, width, pending.corner[i], task.stride);
    }
    for (int v = 0; v < views.count; ++v)
        task.loaded[v] += loaded[v];
}

} // namespace

void deposit_separable(const SeparableTask &task, const SeparableTable &table, const std::atomic<bool> &stop,
                       double *scratch) {
    switch (table.terms) {
    case 2:
        return deposit_terms<2>(task, table, stop, scratch);
    case 3:
        return deposit_terms<3>(task, table, stop, scratch);
    case 4:
        return deposit_terms<4>(task, table, stop, scratch);
    case 5:
        return deposit_terms<5>(task, table, stop, scratch);
    case 6:
        return deposit_terms<6>(task, table, stop, scratch);
    case 8:
        return deposit_terms<8>(task, table, stop, scratch);
    case 10:
        return deposit_terms<10>(task, table, stop, scratch);
    default:
        return deposit_terms<12>(task, table, stop, scratch);
    }
}

} // namespace SZFAST_LEVEL
} // namespace szfast
