// Projection behind a beam, view by view: particles onto each view's grid, the grids' modes into images.
#pragma once

#include "mesh_kernels.hpp"
#include "szfast/spread.hpp"

namespace szfast::cuda {

SZFAST_HOST_DEVICE inline bool of_size(const SpreadDesign &design, float h) {
    return h > design.h_above_kpc && h <= design.h_to_kpc;
}

// Sum of Y of a class of particles within the depth of each view.
struct SumOfSize {
    static constexpr int sums = 1;
    Particles particles;
    SpreadDesign design;
    const double *views;
    SZFAST_HOST_DEVICE void add(unsigned view, std::size_t i, double *sum) const {
        const double *turn = views + view_size * view;
        const double depth =
            double(particles.x[i]) * turn[2] + double(particles.y[i]) * turn[5] + double(particles.z[i]) * turn[8];
        if (of_size(design, particles.h[i]) && fabs(depth) <= design.half_depth_kpc)
            sum[0] += double(particles.Y[i]);
    }
};

// Four threads a particle, one for each field: neighbours add to neighbouring numbers.
struct SpreadFields : OnePhase {
    Particles particles;
    SpreadDesign design;
    const double *window; // design's, on the device
    const double *views;
    int view_count;
    double scale;         // of Y to whole numbers
    std::int64_t *fields; // (views, cells, cells, window_fields)

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t items = particles.count * window_fields;
        for (std::size_t item = lane.first(); item < items; item += lane.stride()) {
            const std::size_t i = item / window_fields;
            if (of_size(design, particles.h[i]))
                for (int view = 0; view < view_count; ++view)
                    add(i, int(item % window_fields), view);
        }
    }

  private:
    SZFAST_HOST_DEVICE void add(std::size_t i, int field, int view) const {
        const double *turn = views + view_size * view;
        const double x = particles.x[i], y = particles.y[i], z = particles.z[i], h = particles.h[i];
        const double image_x = x * turn[0] + y * turn[3] + z * turn[6];
        const double image_y = x * turn[1] + y * turn[4] + z * turn[7];
        const double depth = x * turn[2] + y * turn[5] + z * turn[8], reach = design.reach_kpc + h;
        if (!(fabs(depth) <= design.half_depth_kpc && fabs(image_x) <= reach && fabs(image_y) <= reach))
            return;
        const double low2 = design.h_above_kpc > 0 ? design.h_above_kpc * design.h_above_kpc : 0.0;
        const double t = (h * h - low2) / (design.h_to_kpc * design.h_to_kpc - low2 + 1e-300);
        double weight = particles.Y[i] * scale;
        for (int power = 0; power < field; ++power)
            weight *= t;
        const int cells = design.cells;
        double along_x[window_row], along_y[window_row];
        const int first_x = taps_of(image_x, along_x), first_y = taps_of(image_y, along_y);
        std::int64_t *map = fields + std::size_t(view) * cells * cells * window_fields + field;
        for (int b = 0; b < design.taps; ++b) {
            std::int64_t *row = map + std::size_t(wrapped(first_y + b, cells)) * cells * window_fields;
            const double of_row = along_y[b] * weight;
            for (int a = 0; a < design.taps; ++a)
                add_to(row + std::size_t(wrapped(first_x + a, cells)) * window_fields, rounded(of_row * along_x[a]));
        }
    }
    // The weights along one axis, and the first cell of the periodic grid that has one.
    SZFAST_HOST_DEVICE int taps_of(double at_kpc, double *weight) const {
        const double cells = design.cells;
        double at = at_kpc * (1.0 / design.cell_kpc) + 0.5 * cells - 0.5;
        at = at < 0.0 ? at + cells : at < cells ? at : at - cells;
        const int cell = int(at), degree = design.taps / 2 + 5;
        const double d = at - cell - 0.5;
        for (int tap = 0; tap < design.taps; ++tap) {
            double value = window[degree * window_row + tap];
            for (int power = degree - 1; power >= 0; --power)
                value = value * d + window[power * window_row + tap];
            weight[tap] = value;
        }
        return cell - (design.taps / 2 - 1);
    }
};

// Whole numbers side by side to floats, a field after the other.
struct FieldsApart : OnePhase {
    const std::int64_t *from; // (views, cells * cells, window_fields)
    std::size_t cells, views; // cells: of a grid
    double scale;
    float *to; // (views, window_fields, cells * cells)
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t count = cells * views * window_fields;
        for (std::size_t i = lane.first(); i < count; i += lane.stride()) {
            const std::size_t cell = i % cells, field = i / cells % window_fields, view = i / cells / window_fields;
            to[i] = float(double(from[(view * cells + cell) * window_fields + field]) * scale);
        }
    }
};

// The modes of an image: of each field of a finer grid those that the image has, times a factor, summed.
struct ImageModes : OnePhase {
    const ComplexFloat *waves; // (views, fields, cells, cells/2 + 1)
    int fields, cells;
    const ComplexFloat *factors; // (fields, n, kept)
    const int *rows;             // (n): the grid's ky of the image's
    int n, kept;
    std::size_t views;
    ComplexFloat *modes; // (views, n, n/2 + 1), zero where nothing is kept
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t image = std::size_t(n) * kept, wave = std::size_t(cells) * (cells / 2 + 1);
        for (std::size_t item = lane.first(); item < image * views; item += lane.stride()) {
            const std::size_t view = item / image;
            const int ky = int(item % image / kept), kx = int(item % kept);
            ComplexFloat sum{0.0f, 0.0f};
            for (int field = 0; field < fields; ++field) {
                const ComplexFloat a =
                    waves[(view * fields + field) * wave + std::size_t(rows[ky]) * (cells / 2 + 1) + kx];
                const ComplexFloat b = factors[(std::size_t(field) * n + ky) * kept + kx];
                sum.re += a.re * b.re - a.im * b.im;
                sum.im += a.re * b.im + a.im * b.re;
            }
            modes[(view * n + ky) * (n / 2 + 1) + kx] = sum;
        }
    }
};

// An image's middle, added to what is there.
struct AddMiddle : OnePhase {
    const float *from; // (views, n, n)
    int n, size;
    std::size_t views;
    float scale;
    float *to; // (views, size, size)
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t pixels = std::size_t(size) * size;
        const int margin = (n - size) / 2;
        for (std::size_t i = lane.first(); i < pixels * views; i += lane.stride()) {
            const int row = int(i % pixels / size) + margin, column = int(i % size) + margin;
            to[i] += scale * from[(i / pixels * n + row) * n + column];
        }
    }
};

} // namespace szfast::cuda
