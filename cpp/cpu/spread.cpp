// Cuts the spreading into tasks that do not depend on the number of threads, and owns its memory.
#include "szfast/spread.hpp"

#include "order.hpp"
#include "spread_plan.hpp"
#include "szfast/observe.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace szfast {
namespace {

constexpr std::size_t tasks_for_a_large_machine = 64, least_particles_of_block = 1 << 15;
constexpr std::size_t most_doubles_of_blocks = std::size_t(1) << 26;

decltype(&baseline::spread_view) spread_level() {
#ifdef SZFAST_X86_LEVELS
    if (!std::strcmp(cpu_level(), "v4"))
        return v4::spread_view;
    if (!std::strcmp(cpu_level(), "v3"))
        return v3::spread_view;
#endif
    return baseline::spread_view;
}

// Particles side by side, in columns of their own.
class OwnColumns {
  public:
    explicit OwnColumns(std::size_t count) : count_(count), values_(new float[5 * count]) {
    }
    void set(std::size_t p, float x, float y, float z, float h, float Y) {
        float *to = values_.get() + p;
        to[0] = x, to[count_] = y, to[2 * count_] = z, to[3 * count_] = h, to[4 * count_] = Y;
    }
    Particles particles() const {
        const float *x = values_.get();
        return {x, x + count_, x + 2 * count_, x + 3 * count_, x + 4 * count_, count_};
    }

  private:
    std::size_t count_;
    std::unique_ptr<float[]> values_;
};

// Those of the particles whose h is asked for, neighbours together; unfinished where it is stopped.
OwnColumns of_size(const Particles &all, const SpreadDesign &design, Stop &stop) {
    const auto wanted = [&](float h) { return h > design.h_above_kpc && h <= design.h_to_kpc; };
    OwnColumns found(std::size_t(std::count_if(all.h, all.h + all.count, wanted)));
    for (std::size_t p = 0, to = 0; p < all.count; ++p) {
        if (time_to_poll(p) && stop.wanted())
            return found;
        if (wanted(all.h[p]))
            found.set(to++, all.x[p], all.y[p], all.z[p], all.h[p], all.Y[p]);
    }
    const Particles unordered = found.particles();
    const OrderedParticles ordered(unordered, {design.cells, design.cell_kpc, design.half_depth_kpc}, stop);
    for (std::size_t p = 0; !stop.asked && p < unordered.count; ++p) {
        if (time_to_poll(p) && stop.wanted())
            return found;
        const OrderedParticle &each = ordered.particles()[p];
        found.set(p, each.x, each.y, each.z, each.h, each.Y);
    }
    return found;
}

// Adds a block's grid to the fields: those apart, what is beyond an edge on the other side.
void fold(const SpreadGrid &layout, int taps, const double *grid, double *fields) {
    const int cells = layout.cells, before = taps / 2 - 1;
    for (int row = 0; row < cells + taps; ++row) {
        const int y = ((row - before) % cells + cells) % cells;
        for (int column = 0; column < cells + taps; ++column) {
            const double *from = grid + (std::size_t(row) * layout.width + column) * window_fields;
            const int x = ((column - before) % cells + cells) % cells;
            for (int field = 0; field < window_fields; ++field)
                fields[(std::size_t(field) * cells + y) * cells + x] += from[field];
        }
    }
}

} // namespace

bool spread(const Particles &particles, const SpreadDesign &design, const double *views, int view_count, int threads,
            Stop &stop, double *fields, double *loaded) {
    const std::size_t fields_size = std::size_t(window_fields) * design.cells * design.cells;
    std::fill(fields, fields + fields_size * view_count, 0.0);
    std::fill(loaded, loaded + view_count, 0.0);
    const OwnColumns ordered = of_size(particles, design, stop);
    if (stop.asked)
        return false;
    const Particles all = ordered.particles();
    if (all.count == 0 || view_count == 0)
        return true;
    const SpreadGrid layout(design.cells);
    const std::size_t views_here = view_count;
    const std::size_t blocks = std::max<std::size_t>(
        1, std::min({(tasks_for_a_large_machine + views_here - 1) / views_here, all.count / least_particles_of_block,
                     most_doubles_of_blocks / (layout.size() * views_here)}));
    const int workers = thread_count(threads);
    const auto run = spread_level();
    std::vector<std::unique_ptr<double[]>> grids(blocks > 1 ? blocks * views_here : std::size_t(workers));
    std::vector<double> block_loaded(blocks * views_here);
    const auto work = [&](std::size_t task, int worker) {
        const std::size_t view = task / blocks, block = task % blocks;
        std::unique_ptr<double[]> &grid = grids[blocks > 1 ? task : std::size_t(worker)];
        if (!grid)
            grid.reset(new double[layout.size()]);
        std::fill_n(grid.get(), layout.size(), 0.0);
        run(design, all, block * all.count / blocks, (block + 1) * all.count / blocks, views + view_size * view,
            stop.asked, layout, grid.get(), &block_loaded[task]);
        if (blocks == 1)
            fold(layout, design.taps, grid.get(), fields + view * fields_size);
    };
    if (!run_tasks(blocks * views_here, workers, stop, work))
        return false;
    for (std::size_t task = 0; task < block_loaded.size(); ++task)
        loaded[task / blocks] += block_loaded[task];
    if (blocks == 1)
        return true;
    const auto add_blocks = [&](std::size_t view, int) {
        for (std::size_t block = 0; block < blocks; ++block)
            fold(layout, design.taps, grids[view * blocks + block].get(), fields + view * fields_size);
    };
    return run_tasks(view_count, workers, stop, add_blocks);
}

} // namespace szfast
