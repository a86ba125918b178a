// Who owns what: a task is a group of up to eight views and one fixed block of chunks of particles, and has a map of
// its own for each view. A chunk is loaded once, then seen on a few views at a time; on each its particles are added up
// in a tile, in floats, and the tile goes to the map. A particle's pixels are sums of products of shares along x and
// along y (separable_kernel.hpp).
#include "any_size.hpp"
#include "chunk.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

// Tiles at once: a particle meets pixels that the one before wrote only after it has gone through these views.

struct Workspace {
    Numbers numbers;
    Chunk chunk;
    Falls falls[views_at_once];
    Tile tiles[views_at_once];
    alignas(64) float pixels[tile_side * tile_stride];
};

// Few terms are good to 1e-4 of the peak at best, which a cubic holds where sixteen entries are looked up at once.
template <int terms> constexpr int coefficients = lanes == 16 && terms <= 3 ? 4 : 6;

template <int terms, int views>
inline void add_to_tiles(const SeparableTable &table, Workspace &work, int i, int first) {
    const Chunk &chunk = work.chunk;
    Window<views> window;
    window.cells_a_pixel = chunk.cells_a_pixel[i];
    window.width = int(chunk.width[i]);
    for (int v = 0; v < views; ++v) {
        const Falls &falls = work.falls[first + v];
        window.x[v] = falls.table_x[i];
        window.y[v] = falls.table_y[i];
        window.corner[v] = work.tiles[first + v].pixel + falls.corner[i];
    }
    float weight[terms];
    for (int k = 0; k < terms; ++k)
        weight[k] = chunk.share[i] * table.weight[k];
    if (window.width < 8) {
        Batch weights[terms];
        for (int k = 0; k < terms; ++k)
            for (int p = 0; p < parts; ++p)
                weights[k].part[p] = sides(work.numbers, p, 1.0f, weight[k]);
        add_small<terms, coefficients<terms>, views>(table, work.numbers, window, weights);
    } else {
        add_middle<terms, coefficients<terms>, views>(table, work.numbers, window, weight);
    }
}

template <int terms> inline void add_particle(const SeparableTable &table, Workspace &work, int i, int views) {
    int missed = views < views_at_once;
    for (int v = 0; v < views; ++v)
        missed |= work.falls[v].corner[i] < 0;
    if (!missed)
        add_to_tiles<terms, views_at_once>(table, work, i, 0);
    else
        for (int v = 0; v < views; ++v)
            if (work.falls[v].corner[i] >= 0)
                add_to_tiles<terms, 1>(table, work, i, v);
}

// Particles seen on a view but not on its tile.
template <int terms>
void add_others(const SeparableTable &table, const Workspace &work, const Falls &falls, int n, std::size_t stride,
                const std::atomic<bool> &stop, double *scratch, double *map) {
    const Chunk &chunk = work.chunk;
    for (int i = 0; i < chunk.count; ++i)
        // each may be as large as the map
        if (falls.corner[i] == beyond_tile && !stop.load(std::memory_order_relaxed))
            add_any<terms>(table, work.numbers, falls.x[i], falls.y[i], chunk.h[i], chunk.Y[i], n, scratch, map,
                           stride);
}

template <int terms>
void deposit_terms(const SeparableTask &task, const SeparableTable &table, const std::atomic<bool> &stop,
                   double *scratch) {
    Workspace work;
    std::memset(work.pixels, 0, sizeof work.pixels);
    for (int v = 0; v < views_at_once; ++v)
        work.tiles[v].pixel = work.pixels + v * tile_side;
    const Grid &grid = task.grid;
    for (std::size_t c = 0; c < task.chunk_count; ++c) {
        if (stop.load(std::memory_order_relaxed))
            return;
        const Chunk &chunk = work.chunk;
        load_chunk(task.particles + task.chunks[c], int(task.chunks[c + 1] - task.chunks[c]), grid.pixel_kpc,
                   work.chunk);
        for (int first = 0; first < task.view_count; first += views_at_once) {
            const int views = task.view_count - first < views_at_once ? task.view_count - first : views_at_once;
            bool all_tiled[views_at_once];
            for (int v = 0; v < views; ++v) {
                fall(chunk, grid, task.views + view_size * (first + v), work.falls[v], work.tiles[v],
                     task.loaded[first + v]);
                all_tiled[v] = find_corners(chunk, work.falls[v], work.tiles[v]);
            }
            for (int i = 0; i < chunk.count; ++i)
                if (chunk.width[i] > 0.0)
                    add_particle<terms>(table, work, i, views);
            for (int v = 0; v < views; ++v) {
                double *map = task.maps[first + v];
                flush(work.tiles[v], grid.n, task.stride, map);
                if (!all_tiled[v])
                    add_others<terms>(table, work, work.falls[v], grid.n, task.stride, stop, scratch, map);
            }
        }
    }
}

} // namespace

void deposit_separable(const SeparableTask &task, const SeparableTable &table, const std::atomic<bool> &stop,
                       double *scratch) {
    switch (table.terms) {
    case 2:
        return deposit_terms<2>(task, table, stop, scratch);
    case 3:
        return deposit_terms<3>(task, table, stop, scratch);
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
