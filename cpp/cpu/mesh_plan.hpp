// What all tasks of one mesh projection share.
#pragma once

#include "observe_plan.hpp"
#include "szfast/mesh.hpp"

#include <atomic>

namespace szfast {

// Blocks hold what particles of one cell give to the 4 x 4 points about it in a plane x, so that a particle touches
// four aligned rows instead of sixteen scattered ones; they are folded onto the mesh afterwards.
constexpr int block_floats = spread_taps * spread_taps;
constexpr int mesh_lanes = 16; // z runs in whole rows of as many floats

struct MeshPlan {
    const MeshDesign *design;
    const ObservePlan *lines; // the transform along one axis
    int stride;               // floats along z, points rounded up
    int side;                 // of the wave numbers kept: -reach ... reach
    int row;                  // complex numbers along kz in the grid of wave numbers, with room for a whole load

    std::size_t mesh_size() const {
        return std::size_t(design->points) * design->points * stride;
    }
    std::size_t block_size() const {
        return std::size_t(design->points) * design->points * design->points * block_floats;
    }
    // (reach + 1, points, stride) complex, as pairs of vectors of lanes
    std::size_t planes_size() const {
        return 2 * std::size_t(design->reach + 1) * design->points * stride;
    }
    // (slice_taps / 2 + reach + 1, side, row) complex
    std::size_t grid_size() const {
        return 2 * std::size_t(slice_taps / 2 + design->reach + 1) * side * row;
    }
    // lines of lanes and one plane (side, stride)
    std::size_t scratch_size() const {
        return 2 * mesh_lanes * 2 * std::size_t(design->padded) + 2 * std::size_t(side) * stride;
    }
};

#define SZFAST_MESH_OPERATIONS                                                                                       \
    void mesh_spread(const MeshPlan &plan, const Particles &particles, std::size_t begin, std::size_t end,           \
                     const std::atomic<bool> &stop, float *blocks, float *mesh, std::uint8_t *left, MeshSums *sums); \
    void mesh_transform_x(const MeshPlan &plan, const float *const *meshes, int mesh_count, int y, float *scratch,   \
                          float *planes);                                                                            \
    void mesh_transform_plane(const MeshPlan &plan, const float *planes, int kx, float *scratch, float *grid);       \
    void mesh_slice(const MeshPlan &plan, const SliceGrid &slice, const double *view, const float *grid,             \
                    float *spectrum);

namespace baseline {
SZFAST_MESH_OPERATIONS
}
namespace v3 {
SZFAST_MESH_OPERATIONS
}
namespace v4 {
SZFAST_MESH_OPERATIONS
}

} // namespace szfast
