// Exact projection behind a beam on a device: images whose modes are sums over a view's grids.
#pragma once

#include "deposit.hpp"
#include "memory.hpp"
#include "observe_kernels.hpp"
#include "spread_kernels.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace szfast::cuda {

// Which modes an image takes from grids of `cells`, on the host: factors (fields, n, kept) complex, rows (n).
struct ImageDesign {
    int n, kept, size;
    const ComplexFloat *factors;
    const int *rows;
};

// y (views, size, size) is on the device and added to; whole (views), on the host, becomes each periodic
// image's sum.
template <class Device>
void add_images(Device &device, const float *grids, int fields, int cells, const ImageDesign &design, int views,
                float *y, double *whole) {
    const std::size_t wave = std::size_t(cells) * (cells / 2 + 1), half = std::size_t(design.n) * (design.n / 2 + 1);
    const std::size_t pixels = std::size_t(design.n) * design.n, kept = std::size_t(design.n) * design.kept;
    const Buffer<ComplexFloat> waves = allocate<ComplexFloat>(device, wave * fields * views);
    device.transform_forward(cells, 2, fields * views, grids, reinterpret_cast<float *>(waves.data()));

    const Buffer<ComplexFloat> factors = upload(device, design.factors, kept * fields);
    const Buffer<int> rows = upload(device, design.rows, std::size_t(design.n));
    const Buffer<ComplexFloat> modes = zeros<ComplexFloat>(device, half * views);
    device.launch(blocks_for(kept * views, ImageModes::threads), ImageModes{{},
                                                                            waves.data(),
                                                                            fields,
                                                                            cells,
                                                                            factors.data(),
                                                                            rows.data(),
                                                                            design.n,
                                                                            design.kept,
                                                                            std::size_t(views),
                                                                            modes.data()});
    std::vector<float> sums(views);
    device.download_some(sums.data(), &modes.data()->re, 2 * half, sums.size());
    std::copy(sums.begin(), sums.end(), whole);
    const Buffer<float> images = allocate<float>(device, pixels * views);
    device.transform_back(design.n, 2, views, reinterpret_cast<float *>(modes.data()), images.data());
    device.launch(
        blocks_for(std::size_t(design.size) * design.size * views, AddMiddle::threads),
        AddMiddle{{}, images.data(), design.n, design.size, std::size_t(views), float(1.0 / double(pixels)), y});
}

// Views whose grids are in memory together: a quarter of a gigabyte of cells.
inline int views_at_once(std::size_t cells_of_view, int views) {
    return int(std::max<std::size_t>(1, std::min<std::size_t>(views, (std::size_t(1) << 26) / cells_of_view)));
}

// A class of particles, spread. loaded (views): Y within the depth.
template <class Device>
void add_spread(Device &device, const Particles &particles, const SpreadDesign &design, const double *views,
                int view_count, const ImageDesign &image, float *y, double *loaded, double *whole) {
    const std::vector<double> counted = sum_over_particles(device, CountParticles{particles}, particles.count);
    if (counted[1] > 0.0)
        throw std::invalid_argument(bad_particles);
    const Buffer<double> turns = upload(device, views, std::size_t(view_size) * view_count);
    const std::vector<double> sums =
        sum_over_particles(device, SumOfSize{particles, design, turns.data()}, particles.count, view_count);
    std::copy(sums.begin(), sums.end(), loaded);
    const double scale = whole_number_scale(view_count > 0 ? *std::max_element(sums.begin(), sums.end()) : 0.0);
    const Buffer<double> window = upload(device, design.window, std::size_t(window_degree + 1) * window_row);
    const std::size_t cells = std::size_t(design.cells) * design.cells, numbers = cells * window_fields;
    const int at_once = views_at_once(numbers, view_count);
    const Buffer<std::int64_t> fields = allocate<std::int64_t>(device, numbers * at_once);
    const Buffer<float> grids = allocate<float>(device, numbers * at_once);
    for (int first = 0; first < view_count; first += at_once) {
        const int count = std::min(at_once, view_count - first);
        device.clear(fields.data(), numbers * count * sizeof(std::int64_t));
        device.launch(
            blocks_for(particles.count * window_fields, SpreadFields::threads),
            SpreadFields{
                {}, particles, design, window.data(), turns.data() + view_size * first, count, scale, fields.data()});
        device.launch(blocks_for(numbers * count, FieldsApart::threads),
                      FieldsApart{{}, fields.data(), cells, std::size_t(count), 1.0 / scale, grids.data()});
        add_images(device, grids.data(), window_fields, design.cells, image, count,
                   y + std::size_t(first) * image.size * image.size, whole + first);
    }
}

// Kernels integrated over the image's own pixels: maps (views, n, n) of a deposit.
template <class Device>
void add_maps(Device &device, const double *maps, const ImageDesign &image, int view_count, float *y, double *whole) {
    const std::size_t pixels = std::size_t(image.n) * image.n;
    const int at_once = views_at_once(pixels, view_count);
    const Buffer<float> grids = allocate<float>(device, pixels * at_once);
    const Buffer<std::uint32_t> bad = zeros<std::uint32_t>(device, 1);
    for (int first = 0; first < view_count; first += at_once) {
        const int count = std::min(at_once, view_count - first);
        device.launch(blocks_for(pixels * count, ToFloats::threads),
                      ToFloats{{}, maps + first * pixels, pixels * count, grids.data(), bad.data()});
        add_images(device, grids.data(), 1, image.n, image, count, y + std::size_t(first) * image.size * image.size,
                   whole + first);
    }
}

} // namespace szfast::cuda
