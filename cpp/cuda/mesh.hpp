// Projection behind a beam on a device: the operation of szfast/mesh.hpp.
#pragma once

#include "deposit.hpp"
#include "memory.hpp"
#include "mesh_kernels.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

namespace szfast::cuda {

template <class Device> struct MeshResult {
    Buffer<float> spectra;     // (views, 2, n, rows)
    Buffer<std::uint8_t> left; // (particles)
    MeshSums sums;
};

// particles are on the device; design, grid and views on the host. Throws std::invalid_argument for particles that are
// none.
template <class Device>
MeshResult<Device> mesh_spectra(Device &device, const Particles &particles, const MeshDesign &design,
                                const SliceGrid &grid, const double *views, int view_count) {
    if (particles.count > most_particles)
        throw std::invalid_argument(too_many_particles);
    const MeshReach reach(design);
    const std::vector<double> sum = sum_over_particles(device, SumOnMesh{particles, reach}, particles.count);
    if (sum[4] > 0.0)
        throw std::invalid_argument(bad_particles);
    MeshResult<Device> result{{}, {}, {sum[0], sum[1], sum[2], sum[3], 0, true}};

    const int points = design.points, padded = design.padded;
    const std::size_t size = std::size_t(points) * points * points, square = std::size_t(padded) * padded;
    // weights divide a window out: one point may hold more than there is
    const double scale = whole_number_scale(sum[0] * std::pow(largest_spread_weight(design.spread), 3));
    const Buffer<std::int64_t> mesh = zeros<std::int64_t>(device, size);
    const Buffer<float> spread = upload(device, design.spread, spread_coefficients);
    result.left = allocate<std::uint8_t>(device, particles.count);
    const Buffer<std::uint32_t> left_count = zeros<std::uint32_t>(device, 1);
    device.launch(blocks_for(particles.count, Spread::threads), Spread{{},
                                                                       particles,
                                                                       reach,
                                                                       points,
                                                                       float(1.0 / design.cell_kpc),
                                                                       spread.data(),
                                                                       scale,
                                                                       mesh.data(),
                                                                       result.left.data(),
                                                                       left_count.data()});
    result.sums.left = download(device, left_count)[0];

    const Buffer<double> before = upload(device, design.before, points);
    const Buffer<float> box = zeros<float>(device, square * padded);
    device.launch(blocks_for(size, IntoBox::threads),
                  IntoBox{{}, mesh.data(), points, padded, 1.0 / scale, before.data(), box.data()});
    const Buffer<ComplexFloat> waves = allocate<ComplexFloat>(device, square * (padded / 2 + 1));
    device.transform_forward(padded, 3, 1, box.data(), reinterpret_cast<float *>(waves.data()));

    const std::size_t modes = std::size_t(grid.n) * grid.rows;
    const Buffer<float> slice = upload(device, design.slice, slice_coefficients);
    const Buffer<float> window = upload(device, design.window, window_coefficients);
    const Buffer<int> last = upload(device, grid.last, grid.n);
    const Buffer<float> factor = upload(device, grid.factor, 2 * modes);
    const Buffer<double> turns = upload(device, views, std::size_t(view_size) * view_count);
    result.spectra = zeros<float>(device, 2 * modes * view_count);
    const SliceGrid there{grid.n, grid.rows, grid.pixel_kpc, last.data(), factor.data()};
    const double waves_per_mode = design.cell_kpc * padded / (grid.n * grid.pixel_kpc);
    device.launch(blocks_for(modes * view_count, Slice::threads), Slice{{},
                                                                        waves.data(),
                                                                        padded,
                                                                        slice.data(),
                                                                        window.data(),
                                                                        there,
                                                                        waves_per_mode,
                                                                        turns.data(),
                                                                        view_count,
                                                                        result.spectra.data()});
    return result;
}

} // namespace szfast::cuda
