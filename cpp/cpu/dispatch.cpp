// Picks the CPU level once, owns scratch memory, and cuts the work into tasks that do not depend on the number of
// threads.
#include "level.hpp"
#include "observe_plan.hpp"
#include "order.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace szfast {
namespace {

struct Level {
    const char *name;
    decltype(&baseline::deposit_corners) deposit_corners;
    decltype(&baseline::deposit_separable) deposit_separable;
    decltype(&baseline::observe_lanes) observe_lanes;
    decltype(&baseline::observe_map) observe_map;
    decltype(&baseline::take_stored) take_stored;
};

#define SZFAST_ROW(level)      \
    {#level,                   \
     level::deposit_corners,   \
     level::deposit_separable, \
     level::observe_lanes,     \
     level::observe_map,       \
     level::take_stored}

// The highest level that the user allows.
std::string level_cap() {
    const char *asked = std::getenv("SZFAST_CPU_LEVEL");
    if (!asked || !*asked)
        return "v4";
    for (const char *name : {"baseline", "v3", "v4"})
        if (std::strcmp(asked, name) == 0)
            return name;
    throw std::invalid_argument("SZFAST_CPU_LEVEL: expected baseline, v3 or v4, found '" + std::string(asked) +
                                "'; unset it to use all that the CPU has");
}

Level pick_level() {
    const std::string cap = level_cap();
#ifdef SZFAST_X86_LEVELS
    const auto allowed = [&](const char *name) {
        return name <= cap; // "baseline" < "v3" < "v4"
    };
    __builtin_cpu_init();
    const bool v3_here =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool v4_here = v3_here && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                         __builtin_cpu_supports("avx512cd");
    if (v4_here && allowed("v4"))
        return SZFAST_ROW(v4);
    if (v3_here && allowed("v3"))
        return SZFAST_ROW(v3);
#endif
    return SZFAST_ROW(baseline);
}

const Level &level() {
    static const Level picked = pick_level();
    return picked;
}

} // namespace

const char *cpu_level() {
    return level().name;
}

int fast_length(int wanted) {
    for (int n = std::max(2, wanted + wanted % 2);; n += 2) {
        int rest = n;
        for (const int r : {2, 3, 5})
            while (rest % r == 0)
                rest /= r;
        if (rest == 1)
            return n;
    }
}

bool deposit_exact(const Particles &particles, const Grid &grid, const double *views, int view_count, Kernel kernel,
                   double rtol, int threads, Stop &stop, double *maps, double *loaded) {
    const SeparableTable separable = separable_kernel(kernel).view(rtol);
    const bool by_corners = separable.terms == 0;
    const ColumnTable corners = by_corners ? column_tables(kernel).view() : ColumnTable{};
    const std::size_t pixels = std::size_t(grid.n) * grid.n;
    std::fill(loaded, loaded + view_count, 0.0);
    if (particles.count == 0 || view_count == 0) {
        std::fill(maps, maps + pixels * view_count, 0.0);
        return true;
    }
    if (particles.count > UINT32_MAX)
        throw std::invalid_argument("particles: expected at most 2^32 - 1 in a call, found " +
                                    std::to_string(particles.count));
    const OrderedParticles ordered(particles, grid, stop);
    if (stop.asked)
        return false;
    const std::vector<std::size_t> &chunks = ordered.chunks();
    const std::size_t chunk_count = chunks.size() - 1;

    // A function of the problem alone, so that the order of every sum is fixed: enough tasks for a large machine,
    // blocks worth a map of their own, and at most 512 MiB of such maps.
    const std::size_t per_group = by_corners ? 1 : view_group;
    const std::size_t groups = (view_count + per_group - 1) / per_group;
    const std::size_t for_machine = (64 + groups - 1) / groups;
    const std::size_t for_work = particles.count / std::max<std::size_t>(16384, pixels) + 1;
    const std::size_t for_memory = std::max<std::size_t>(1, (std::size_t(1) << 26) / (pixels * view_count));
    const std::size_t blocks = std::min({for_machine, for_work, for_memory});

    // an odd number of cache lines a row: rows a page apart would share a place in the cache
    const std::size_t stride = by_corners || blocks == 1 ? grid.n : ((grid.n + 7) / 8 | 1) * 8;
    const std::size_t map_size = stride * grid.n;
    // not filled here: each task clears its own, in its own thread
    const std::unique_ptr<double[]> block_maps(blocks > 1 ? new double[blocks * map_size * view_count] : nullptr);
    std::vector<double> block_loaded(blocks * view_count);
    const int workers = thread_count(threads);
    std::vector<std::unique_ptr<double[]>> scratch(workers);
    const auto work = [&](std::size_t task, int worker) {
        if (!scratch[worker])
            scratch[worker] = std::make_unique<double[]>(deposit_scratch_size(grid.n));
        const std::size_t block = task / groups, group = task % groups;
        const std::size_t begin = block * chunk_count / blocks, end = (block + 1) * chunk_count / blocks;
        const std::size_t first = group * per_group, last = std::min<std::size_t>(first + per_group, view_count);
        double *own[view_group];
        for (std::size_t view = first; view < last; ++view) {
            own[view - first] = (blocks > 1 ? &block_maps[block * view_count * map_size] : maps) + view * map_size;
            std::fill(own[view - first], own[view - first] + map_size, 0.0);
        }
        double *sums = &block_loaded[block * view_count + first];
        if (by_corners)
            level().deposit_corners(ordered.particles(), chunks[begin], chunks[end], views + view_size * first, grid,
                                    corners, stop.asked, scratch[worker].get(), own[0], sums);
        else
            level().deposit_separable({ordered.particles(), &chunks[begin], end - begin, grid,
                                       views + view_size * first, int(last - first), own, stride, sums},
                                      separable, stop.asked, scratch[worker].get());
    };
    if (!run_tasks(blocks * groups, workers, stop, work))
        return false;
    for (std::size_t i = 0; i < block_loaded.size(); ++i)
        loaded[i % view_count] += block_loaded[i];
    if (blocks == 1)
        return true;
    const auto add_blocks = [&](std::size_t view, int) {
        double *to = maps + view * pixels;
        std::fill(to, to + pixels, 0.0);
        for (std::size_t block = 0; block < blocks; ++block) {
            const double *from = &block_maps[(block * view_count + view) * map_size];
            for (int j = 0; j < grid.n; ++j)
                for (int i = 0; i < grid.n; ++i)
                    to[std::size_t(j) * grid.n + i] += from[j * stride + i];
        }
    };
    return run_tasks(view_count, workers, stop, add_blocks);
}

bool observe(const Observation &observation, const double *maps, MapSpectrum spectra, const NoiseStream *streams,
             int count, int threads, Stop &stop, float *out) {
    const int n = observation.padded, size = observation.size;
    if (n < 2 || n % 2 || size < 1 || size > n || (n - size) % 2)
        throw std::invalid_argument(
            "the padded size must be even, and larger than the map by an even number of pixels");
    const int lanes = level().observe_lanes();
    const ObserveTables tables(observation, lanes, stop);
    if (stop.asked)
        return false;
    const ObservePlan &plan = tables.plan();
    const int workers = thread_count(threads);
    std::vector<std::unique_ptr<AlignedFloats>> scratch(workers);
    // neighbours go to one thread, which asks for the next map's memory while it works on one
    const int run = std::clamp(count / (4 * workers), 1, 16);
    const auto work = [&](std::size_t task, int worker) {
        if (!scratch[worker])
            scratch[worker] = std::make_unique<AlignedFloats>(observe_scratch_vectors(plan, lanes) * lanes);
        const std::size_t end = std::min(task * run + run, std::size_t(count));
        const auto map_at = [&](std::size_t i) { return maps && i < end ? maps + i * n * n : nullptr; };
        for (std::size_t i = task * run; i < end && !stop.asked; ++i) {
            const MapSpectrum spectrum{spectra.modes ? spectra.modes + i * 2 * n * spectra.rows : nullptr,
                                       spectra.rows};
            if (!level().observe_map(plan, map_at(i), spectrum, plan.amplitude ? streams + i : nullptr, map_at(i + 1),
                                     stop.asked, scratch[worker]->start(), out + i * size * size))
                throw std::invalid_argument("maps: map " + std::to_string(i) + " holds values that are not finite");
        }
    };
    return run_tasks((std::size_t(count) + run - 1) / run, workers, stop, work);
}

Taken stored_columns(const StoredGas &gas, const StoredColumns &to) {
    return level().take_stored(gas, to);
}

} // namespace szfast
