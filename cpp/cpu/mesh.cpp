// Cuts the mesh projection into tasks that do not depend on the number of threads, and owns its memory.
#include "szfast/mesh.hpp"

#include "mesh_plan.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace szfast {
namespace {

constexpr std::size_t particles_of_part = 1 << 19;
constexpr std::size_t most_parts = 8, most_floats_of_parts = std::size_t(1) << 27;

struct MeshLevel {
    decltype(&baseline::mesh_spread) mesh_spread;
    decltype(&baseline::mesh_transform_x) mesh_transform_x;
    decltype(&baseline::mesh_transform_plane) mesh_transform_plane;
    decltype(&baseline::mesh_slice) mesh_slice;
};

#define SZFAST_MESH_ROW(level) \
    {level::mesh_spread, level::mesh_transform_x, level::mesh_transform_plane, level::mesh_slice}

// The tables of the transform of one line; beam and noise take no part.
class LineTables {
  public:
    LineTables(int length, Stop &stop)
        : nothing_(std::size_t(length) * (length / 2 + 1)),
          tables_({length, length, nothing_.data(), nullptr}, 1, stop) {
    }
    const ObservePlan &plan() const {
        return tables_.plan();
    }

  private:
    std::vector<double> nothing_;
    ObserveTables tables_;
};

MeshLevel mesh_level() {
#ifdef SZFAST_X86_LEVELS
    if (!std::strcmp(cpu_level(), "v4"))
        return SZFAST_MESH_ROW(v4);
    if (!std::strcmp(cpu_level(), "v3"))
        return SZFAST_MESH_ROW(v3);
#endif
    return SZFAST_MESH_ROW(baseline);
}

} // namespace

bool mesh_spectra(const Particles &particles, const MeshDesign &design, const SliceGrid &grid, const double *views,
                  int view_count, int threads, Stop &stop, float *spectra, std::uint8_t *left, MeshSums *sums) {
    MeshPlan plan{};
    plan.design = &design;
    const LineTables lines(design.padded, stop);
    if (stop.asked)
        return false;
    plan.lines = &lines.plan();
    plan.stride = (design.points + mesh_lanes - 1) / mesh_lanes * mesh_lanes;
    plan.side = 2 * design.reach + 1;
    plan.row = plan.side + mesh_lanes / 2;
    const MeshLevel run = mesh_level();
    const int workers = thread_count(threads);

    const std::size_t for_work = (particles.count + particles_of_part - 1) / particles_of_part;
    const std::size_t for_memory = most_floats_of_parts / plan.mesh_size();
    const std::size_t parts = std::max<std::size_t>(1, std::min({for_work, most_parts, for_memory}));
    AlignedFloats meshes(parts * plan.mesh_size());
    std::vector<std::unique_ptr<AlignedFloats>> blocks(workers);
    std::vector<MeshSums> part_sums(parts);
    const auto spread = [&](std::size_t part, int worker) {
        if (!blocks[worker])
            blocks[worker] = std::make_unique<AlignedFloats>(plan.block_size());
        else
            std::fill_n(blocks[worker]->start(), plan.block_size(), 0.0f);
        // whole groups of lanes, so that only the last part has a rest
        const auto cut = [&](std::size_t i) {
            return i == parts ? particles.count : i * particles.count / parts / mesh_lanes * mesh_lanes;
        };
        run.mesh_spread(plan, particles, cut(part), cut(part + 1), stop.asked, blocks[worker]->start(),
                        meshes.start() + part * plan.mesh_size(), left, &part_sums[part]);
    };
    if (!run_tasks(parts, workers, stop, spread))
        return false;
    blocks.clear();
    for (const MeshSums &part : part_sums) {
        sums->Y += part.Y;
        sums->Y_h2 += part.Y_h2;
        sums->Y_h4 += part.Y_h4;
        sums->Y_r4 += part.Y_r4;
        sums->left += part.left;
        sums->valid = sums->valid && part.valid;
    }
    if (!sums->valid)
        return true;

    std::vector<const float *> mesh_starts;
    for (std::size_t part = 0; part < parts; ++part)
        mesh_starts.push_back(meshes.start() + part * plan.mesh_size());
    AlignedFloats planes(plan.planes_size()), waves(plan.grid_size());
    std::vector<std::unique_ptr<AlignedFloats>> scratch(workers);
    const auto room = [&](int worker) {
        if (!scratch[worker])
            scratch[worker] = std::make_unique<AlignedFloats>(plan.scratch_size());
        return scratch[worker]->start();
    };
    const auto along_x = [&](std::size_t pair, int worker) {
        run.mesh_transform_x(plan, mesh_starts.data(), int(parts), int(2 * pair), room(worker), planes.start());
    };
    if (!run_tasks((std::size_t(design.points) + 1) / 2, workers, stop, along_x))
        return false;
    const auto along_plane = [&](std::size_t kx, int worker) {
        run.mesh_transform_plane(plan, planes.start(), int(kx), room(worker), waves.start());
    };
    if (!run_tasks(std::size_t(design.reach) + 1, workers, stop, along_plane))
        return false;
    const std::size_t spectrum_size = 2 * std::size_t(grid.n) * grid.rows;
    const auto slice = [&](std::size_t view, int) {
        float *spectrum = spectra + view * spectrum_size;
        std::fill_n(spectrum, spectrum_size, 0.0f);
        run.mesh_slice(plan, grid, views + view_size * view, waves.start(), spectrum);
    };
    return run_tasks(view_count, workers, stop, slice);
}

} // namespace szfast
