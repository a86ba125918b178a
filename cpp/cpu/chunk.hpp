// A chunk of neighbouring particles, and where they fall on a view.
#pragma once

#include "level.hpp"
#include "tile.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

// The last particle is repeated up to a whole vector, without Y.
struct Chunk {
    alignas(64) double x[chunk_size], y[chunk_size], z[chunk_size]; // kpc
    alignas(64) double h[chunk_size], Y[chunk_size];                // pixels, kpc^2
    alignas(64) double width[chunk_size];                           // of the window; zero: not for a tile
    alignas(64) float cells_a_pixel[chunk_size];                    // of the separable kernel's tables
    alignas(64) float share[chunk_size];                            // Y as a share of the largest
    int count, padded;
};

// Beside a particle this many times as bright, rounding would take a share of one that counts, always downwards.
constexpr float least_share = 1.0f / 4096;

inline void load_chunk(const OrderedParticle *particles, int count, double pixel_kpc, Chunk &chunk) {
    const double per_pixel = 1.0 / pixel_kpc;
    const float per_pixel_float = float(per_pixel);
    chunk.count = count;
    chunk.padded = (count + double_lanes - 1) / double_lanes * double_lanes;
    float largest = 0.0f;
    for (int i = 0; i < count; ++i)
        largest = particles[i].Y > largest ? particles[i].Y : largest;
    for (int i = 0; i < chunk.padded; ++i) {
        const OrderedParticle &particle = particles[i < count ? i : count - 1];
        const bool resolved = particle.Y >= least_share * largest || particle.Y == 0.0f;
        const int width = resolved ? window_width(particle.h * per_pixel_float) : 0;
        chunk.x[i] = particle.x;
        chunk.y[i] = particle.y;
        chunk.z[i] = particle.z;
        chunk.h[i] = particle.h * per_pixel;
        chunk.Y[i] = i < count ? particle.Y : 0.0f;
        chunk.width[i] = width;
    }
    const double per_largest = largest > 0.0f ? 1.0 / double(largest) : 0.0;
    for (int i = 0; i < chunk.padded; ++i) {
        chunk.cells_a_pixel[i] = float(SeparableTable::cells) / float(chunk.h[i]);
        chunk.share[i] = float(chunk.Y[i] * per_largest);
    }
}

struct Falls {
    alignas(64) double x[chunk_size], y[chunk_size];            // centres, in pixels from the grid's corner
    alignas(64) double low_x[chunk_size], low_y[chunk_size];    // lowest pixels touched
    alignas(64) double seen[chunk_size];                        // one, or zero: beyond the depth or the grid
    alignas(64) float table_x[chunk_size], table_y[chunk_size]; // places of their corners on the kernel's table
    alignas(64) std::int32_t corner[chunk_size];                // on the tile, or one of the following
};
// What stands in for a corner: not on the tile, or not seen at all.
constexpr std::int32_t unseen = -1, beyond_tile = -2;

inline HalfFloats in_float(Doubles values) {
    return __builtin_convertvector(values, HalfFloats);
}

inline double least(Doubles values) {
    double result = values[0];
    for (int lane = 1; lane < double_lanes; ++lane)
        result = values[lane] < result ? values[lane] : result;
    return result;
}

inline Doubles smaller(Doubles a, Doubles b) {
    return a < b ? a : b;
}

// Places the tile at the lowest pixels touched. Adds up the Y within the depth.
inline void fall(const Chunk &chunk, const Grid &grid, const double *view, Falls &falls, Tile &tile, double &loaded) {
    const double scale = 1.0 / grid.pixel_kpc, middle = 0.5 * grid.n, n = grid.n, far = 1e300;
    const Doubles nothing{};
    Doubles lowest_x = nothing + far, lowest_y = nothing + far, sum{};
    for (int i = 0; i < chunk.padded; i += double_lanes) {
        const Doubles x = load<Doubles>(chunk.x + i), y = load<Doubles>(chunk.y + i), z = load<Doubles>(chunk.z + i);
        const Doubles h = load<Doubles>(chunk.h + i);
        const Doubles along = x * view[2] + y * view[5] + z * view[8];
        const Doubles at_x = (x * view[0] + y * view[3] + z * view[6]) * scale + middle;
        const Doubles at_y = (x * view[1] + y * view[4] + z * view[7]) * scale + middle;
        const Doubles low_x = whole_below(at_x - h), low_y = whole_below(at_y - h);
        const DoubleMask within = (along <= grid.half_depth_kpc) & (along >= -grid.half_depth_kpc);
        const DoubleMask seen = within & (at_x + h >= 0.0) & (at_y + h >= 0.0) & (at_x - h < n) & (at_y - h < n);
        sum += within ? load<Doubles>(chunk.Y + i) : nothing;
        const DoubleMask placed = seen & (load<Doubles>(chunk.width + i) > 0.0);
        lowest_x = smaller(placed ? low_x : nothing + far, lowest_x);
        lowest_y = smaller(placed ? low_y : nothing + far, lowest_y);
        store(at_x, falls.x + i);
        store(at_y, falls.y + i);
        store(low_x, falls.low_x + i);
        store(low_y, falls.low_y + i);
        store(seen ? nothing + 1.0 : nothing, falls.seen + i);
        const HalfFloats scale_to_table = load<HalfFloats>(chunk.cells_a_pixel + i);
        store(table_middle - in_float(at_x - low_x) * scale_to_table, falls.table_x + i);
        store(table_middle - in_float(at_y - low_y) * scale_to_table, falls.table_y + i);
    }
    for (int lane = 0; lane < double_lanes; ++lane)
        loaded += sum[lane];
    tile.column = least(lowest_x);
    tile.row = least(lowest_y);
}

// Where each particle begins on the tile, and what the tile holds. True if all that are seen are on it.
inline bool find_corners(const Chunk &chunk, Falls &falls, Tile &tile) {
    const Doubles nothing{};
    Doubles negative_columns{}, negative_rows{}, worst{}, Y{};
    for (int i = 0; i < chunk.padded; i += double_lanes) {
        const Doubles column = load<Doubles>(falls.low_x + i) - tile.column;
        const Doubles row = load<Doubles>(falls.low_y + i) - tile.row, width = load<Doubles>(chunk.width + i);
        const DoubleMask seen = load<Doubles>(falls.seen + i) > 0.0;
        const Doubles reach = width < 8.0 ? nothing + 8.0 : nothing + 16.0;
        const DoubleMask on_tile =
            seen & (width > 0.0) & (column <= double(tile_side) - reach) & (row <= double(tile_side) - width);
        const Doubles elsewhere = seen ? nothing + double(beyond_tile) : nothing + double(unseen);
        const Doubles corner = on_tile ? row * double(tile_stride) + column : elsewhere;
        negative_columns = smaller(on_tile ? -column - width : nothing, negative_columns);
        negative_rows = smaller(on_tile ? -row - width : nothing, negative_rows);
        worst = smaller(corner, worst);
        Y += on_tile ? load<Doubles>(chunk.Y + i) : nothing;
        store(__builtin_convertvector(corner, HalfInts), falls.corner + i);
    }
    tile.Y = 0.0;
    for (int lane = 0; lane < double_lanes; ++lane)
        tile.Y += Y[lane];
    tile.columns = -int(least(negative_columns));
    tile.rows = -int(least(negative_rows));
    return least(worst) > beyond_tile;
}

} // namespace
} // namespace SZFAST_LEVEL
} // namespace szfast
