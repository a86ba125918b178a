// Projection behind a beam: particles onto the mesh, the mesh into its transform's box, each view's modes out of it.
#pragma once

#include "launch.hpp"
#include "sums.hpp"
#include "szfast/mesh_taps.hpp"

namespace szfast::cuda {

// Which particles are on the mesh, with single numbers as the kernels use them.
struct MeshReach {
    float inverse_radius2, inverse_limit2;

    explicit MeshReach(const MeshDesign &design)
        : inverse_radius2(float(1.0 / (design.radius_kpc * design.radius_kpc))),
          inverse_limit2(float(1.0 / (design.h_limit_kpc * design.h_limit_kpc))) {
    }
    // h^2 and r^2 in units of their limits; false where the particle is left to the exact projection
    SZFAST_HOST_DEVICE bool holds(const Particles &p, std::size_t i, float &t, float &r2) const {
        t = p.h[i] * p.h[i] * inverse_limit2;
        r2 = (p.x[i] * p.x[i] + p.y[i] * p.y[i] + p.z[i] * p.z[i]) * inverse_radius2;
        return r2 <= 1.0f && t <= 1.0f;
    }
};

struct SumOnMesh {
    static constexpr int sums = 5; // of MeshSums, then those that are no particles
    Particles particles;
    MeshReach reach;
    SZFAST_HOST_DEVICE void add(unsigned, std::size_t i, double *sum) const {
        float t, r2;
        if (is_bad(particles, i)) {
            sum[4] += 1.0;
        } else if (reach.holds(particles, i, t, r2)) {
            const double Y = particles.Y[i];
            sum[0] += Y;
            sum[1] += Y * t;
            sum[2] += Y * t * t;
            sum[3] += Y * r2 * r2;
        }
    }
};

struct Spread : OnePhase {
    Particles particles;
    MeshReach reach;
    int points;
    float cells_per_kpc;
    const float *coefficients;
    double scale;       // of Y to whole numbers
    std::int64_t *mesh; // (points, points, points)
    std::uint8_t *left;
    std::uint32_t *left_count; // counted where they are marked: rounding may differ elsewhere

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        for (std::size_t i = lane.first(); i < particles.count; i += lane.stride()) {
            float t, r2;
            const bool on_mesh = reach.holds(particles, i, t, r2);
            left[i] = !on_mesh;
            if (on_mesh)
                add(i, t);
            else
                next_place(left_count);
        }
    }

  private:
    SZFAST_HOST_DEVICE void add(std::size_t i, float t) const {
        const float at[3] = {particles.x[i], particles.y[i], particles.z[i]};
        float weight[3][spread_taps];
        const SpreadPolynomials<float> polynomials = spread_polynomials(coefficients, t);
        std::size_t corner = 0;
        for (int axis = 0; axis < 3; ++axis) {
            const float place = at[axis] * cells_per_kpc + float(points / 2);
            const int cell = int(place);
            spread_weights(polynomials, place - float(cell) - 0.5f, weight[axis]);
            corner = corner * points + std::size_t(cell - 1);
        }
        const float Y = float(particles.Y[i] * scale);
        for (int a = 0; a < spread_taps; ++a)
            for (int b = 0; b < spread_taps; ++b) {
                std::int64_t *row = mesh + corner + (std::size_t(a) * points + b) * points;
                const float plane = weight[0][a] * Y * weight[1][b];
                for (int c = 0; c < spread_taps; ++c)
                    add_to(row + c, rounded(plane * weight[2][c]));
            }
    }
};

SZFAST_HOST_DEVICE inline int wrapped(int i, int n) {
    return i < 0 ? i + n : i >= n ? i - n : i;
}

// The mesh's middle to the box's corner, with the slices' window divided out; the rest of the box is empty.
struct IntoBox : OnePhase {
    const std::int64_t *mesh;
    int points, padded;
    double scale;         // of whole numbers to Y
    const double *before; // (points)
    float *box;           // (padded, padded, padded)

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t count = std::size_t(points) * points * points;
        for (std::size_t i = lane.first(); i < count; i += lane.stride()) {
            const int z = int(i % points), y = int(i / points % points), x = int(i / points / points);
            const int middle = points / 2;
            const std::size_t to =
                (std::size_t(wrapped(x - middle, padded)) * padded + wrapped(y - middle, padded)) * padded +
                wrapped(z - middle, padded);
            box[to] = float(double(mesh[i]) * scale * (before[x] * before[y] * before[z]));
        }
    }
};

struct ComplexFloat {
    float re, im;
};

struct Slice : OnePhase {
    const ComplexFloat *waves; // (padded, padded, padded / 2 + 1)
    int padded;
    const float *coefficients, *window;
    SliceGrid grid;
    double waves_per_mode; // wave numbers of the mesh's transform to one of the patch
    const double *views;
    int view_count;
    float *spectra; // (views, 2, n, rows), zero where no mode counts

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t modes = std::size_t(grid.n) * grid.rows;
        for (std::size_t item = lane.first(); item < modes * view_count; item += lane.stride()) {
            const std::size_t mode = item % modes;
            const int column = int(mode / grid.rows), ky = int(mode % grid.rows);
            if (ky > grid.last[column])
                continue;
            const int kx = 2 * column <= grid.n ? column : column - grid.n;
            const ComplexFloat value = at(views + view_size * (item / modes), float(kx), float(ky));
            const float factor_re = grid.factor[mode], factor_im = grid.factor[mode + modes];
            float *to = spectra + item / modes * 2 * modes + mode;
            to[0] = value.re * factor_re - value.im * factor_im;
            to[modes] = value.re * factor_im + value.im * factor_re;
        }
    }

  private:
    SZFAST_HOST_DEVICE ComplexFloat at(const double *view, float kx, float ky) const {
        float weight[3][slice_taps], all = 1.0f;
        int first[3];
        for (int axis = 0; axis < 3; ++axis) {
            const float k =
                kx * float(view[3 * axis] * waves_per_mode) + ky * float(view[3 * axis + 1] * waves_per_mode);
            const float below = floorf(k);
            first[axis] = int(below) - (slice_taps / 2 - 1);
            slice_weights(coefficients, k - below - 0.5f, weight[axis]);
            const float in_turns = k / float(padded);
            all *= spread_window(window, in_turns * in_turns);
        }
        ComplexFloat sum{0.0f, 0.0f};
        for (int a = 0; a < slice_taps; ++a)
            for (int b = 0; b < slice_taps; ++b) {
                const int x = wrapped(first[0] + a, padded), y = wrapped(first[1] + b, padded);
                const float plane = weight[0][a] * weight[1][b];
                for (int c = 0; c < slice_taps; ++c) {
                    const ComplexFloat wave = wave_at(x, y, wrapped(first[2] + c, padded));
                    sum.re += plane * weight[2][c] * wave.re;
                    sum.im += plane * weight[2][c] * wave.im;
                }
            }
        return {all * sum.re, all * sum.im};
    }
    // The transform of real numbers at minus k is the conjugate.
    SZFAST_HOST_DEVICE ComplexFloat wave_at(int x, int y, int z) const {
        const std::size_t row = padded / 2 + 1;
        if (2 * z <= padded)
            return waves[(std::size_t(x) * padded + y) * row + z];
        const ComplexFloat image =
            waves[(std::size_t(x ? padded - x : 0) * padded + (y ? padded - y : 0)) * row + (padded - z)];
        return {image.re, -image.im};
    }
};

} // namespace szfast::cuda
