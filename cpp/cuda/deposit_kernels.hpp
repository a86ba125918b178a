// Exact projection. A particle that touches few pixels is one thread's work on each view; a wider one is a block's.
#pragma once

#include "deposit_shares.hpp"
#include "szfast/deposit.hpp"

namespace szfast::cuda {

// Particles up to this radius [pixels] are one thread's: at most eight pixels a side.
constexpr double small_radius_pixels = 3.0;

struct DepositScene {
    Particles particles;
    Grid grid;
    const double *views;
    int view_count;
    double scale; // of Y to whole numbers whose sum stays below 2^62
    std::int64_t *maps;

    SZFAST_HOST_DEVICE double radius(std::size_t particle) const {
        return particles.h[particle] * (1.0 / grid.pixel_kpc);
    }
    // False where the particle is not on the map.
    SZFAST_HOST_DEVICE bool disc(std::size_t particle, int view, Disc &disc) const {
        const double x = particles.x[particle], y = particles.y[particle], z = particles.z[particle];
        const double *turn = views + view_size * view;
        const double along = x * turn[2] + y * turn[5] + z * turn[8];
        if (!(along <= grid.half_depth_kpc && along >= -grid.half_depth_kpc))
            return false;
        const double scale_to_pixels = 1.0 / grid.pixel_kpc, middle = 0.5 * grid.n;
        disc.cx = (x * turn[0] + y * turn[3] + z * turn[6]) * scale_to_pixels + middle;
        disc.cy = (x * turn[1] + y * turn[4] + z * turn[7]) * scale_to_pixels + middle;
        disc.h = radius(particle);
        disc.weight = particles.Y[particle] * scale;
        disc.columns = touched(disc.cx, disc.h, grid.n);
        disc.rows = touched(disc.cy, disc.h, grid.n);
        disc.n = grid.n;
        disc.map = maps + std::size_t(view) * grid.n * grid.n;
        return disc.columns.first <= disc.columns.last && disc.rows.first <= disc.rows.last;
    }
};

template <class Shares> struct DepositSmall : OnePhase {
    static constexpr int views_of_thread = 8;

    DepositScene scene;
    Shares shares;
    std::uint32_t *wide, *wide_count; // particles left to the blocks

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t count = scene.particles.count;
        const std::size_t groups = (scene.view_count + views_of_thread - 1) / views_of_thread;
        for (std::size_t item = lane.first(); item < count * groups; item += lane.stride()) {
            const std::size_t particle = item % count;
            const int first = int(item / count) * views_of_thread;
            if (scene.radius(particle) > small_radius_pixels) {
                if (first == 0)
                    wide[next_place(wide_count)] = std::uint32_t(particle);
                continue;
            }
            for (int view = first; view < first + views_of_thread && view < scene.view_count; ++view) {
                Disc disc;
                if (!scene.disc(particle, view, disc))
                    continue;
                if (disc.inside_one_pixel())
                    add_to(disc.pixel(disc.rows.first, disc.columns.first), rounded(disc.weight));
                else
                    shares.add_all(disc);
            }
        }
    }
};

// A block for each wide particle on each view, tile by tile: first the boundaries of the tile's columns and rows, then
// its pixels.
template <class Shares> struct DepositWide {
    static constexpr int threads = 128;
    using Shared = typename Shares::Tile;

    DepositScene scene;
    Shares shares;
    const std::uint32_t *wide;
    std::size_t first; // of the pairs of a particle and a view

    SZFAST_HOST_DEVICE bool disc(unsigned block, Disc &disc) const {
        const std::size_t pair = first + block;
        return scene.disc(wide[pair / scene.view_count], int(pair % scene.view_count), disc);
    }
    SZFAST_HOST_DEVICE static int tiles(const Span &span) {
        return (span.last - span.first) / tile_pixels + 1;
    }
    SZFAST_HOST_DEVICE int phases(unsigned block) const {
        Disc here;
        return disc(block, here) ? 2 * tiles(here.columns) * tiles(here.rows) : 0;
    }
    SZFAST_HOST_DEVICE void operator()(int phase, const Lane &lane, Shared &tile) const {
        Disc here;
        if (!disc(lane.block, here))
            return;
        const int across = tiles(here.columns);
        const int column = here.columns.first + phase / 2 % across * tile_pixels;
        const int row = here.rows.first + phase / 2 / across * tile_pixels;
        if (phase % 2 == 0) {
            for (int i = int(lane.thread); i < 2 * (tile_pixels + 1); i += threads) {
                const bool along_y = i > tile_pixels;
                shares.prepare(tile, along_y, along_y ? i - tile_pixels - 1 : i, along_y ? row : column, here);
            }
            return;
        }
        for (int pixel = int(lane.thread); pixel < tile_pixels * tile_pixels; pixel += threads) {
            const int i = pixel % tile_pixels, j = pixel / tile_pixels;
            if (column + i <= here.columns.last && row + j <= here.rows.last)
                add_to(here.pixel(row + j, column + i),
                       rounded(shares.pixel(tile, i, j, column + i, row + j, here) * here.weight));
        }
    }
};

} // namespace szfast::cuda
