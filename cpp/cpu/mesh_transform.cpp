// Pass two: the mesh's Fourier transform, along x, y and z in turn, lanes along an axis that is not transformed. What a
// slice cannot touch is neither computed nor kept. The origin of phases is the mesh's middle.
#include "fft.hpp"
#include "mesh_plan.hpp"

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

inline int wrapped(int i, int n) {
    return i < 0 ? i + n : i >= n ? i - n : i;
}

inline void clear(Complex *line, int n) {
    for (int i = 0; i < n; ++i)
        line[i] = {Floats{}, Floats{}};
}

} // namespace

// Two real lines (y, y + 1) share a complex transform along x.
void mesh_transform_x(const MeshPlan &plan, const float *const *meshes, int mesh_count, int y, float *scratch,
                      float *planes) {
    const MeshDesign &design = *plan.design;
    const int n = design.points, padded = design.padded, middle = n / 2, rows = y + 1 < n ? 2 : 1;
    Complex *line = reinterpret_cast<Complex *>(scratch);
    const int *place = plan.lines->place;
    for (int z = 0; z < plan.stride; z += lanes) {
        clear(line, padded);
        for (int x = 0; x < n; ++x) {
            const float before = float(design.before[x]);
            Complex &to = line[wrapped(x - middle, padded)];
            const std::size_t from = (std::size_t(x) * n + y) * plan.stride + z;
            for (int mesh = 0; mesh < mesh_count; ++mesh) {
                Floats even, odd{};
                std::memcpy(&even, meshes[mesh] + from, sizeof even);
                if (rows == 2)
                    std::memcpy(&odd, meshes[mesh] + from + plan.stride, sizeof odd);
                to.re += before * even;
                to.im += before * odd;
            }
        }
        transform_forward(*plan.lines, line);
        for (int k = 0; k <= design.reach; ++k) {
            const Complex a = line[place[k % padded]], b = line[place[(2 * padded - k) % padded]];
            const Complex even{0.5f * (a.re + b.re), 0.5f * (a.im - b.im)};
            const Complex odd{0.5f * (a.im + b.im), 0.5f * (b.re - a.re)};
            float *to = planes + 2 * ((std::size_t(k) * n + y) * plan.stride + z);
            std::memcpy(to, &even, sizeof even);
            if (rows == 2)
                std::memcpy(to + 2 * plan.stride, &odd, sizeof odd);
        }
    }
}

// Plane kx along y, then along z, into the grid of wave numbers; its mirror image too where a slice may touch it.
void mesh_transform_plane(const MeshPlan &plan, const float *planes, int kx, float *scratch, float *grid) {
    const MeshDesign &design = *plan.design;
    const int n = design.points, padded = design.padded, middle = n / 2, reach = design.reach, side = plan.side;
    Complex *line = reinterpret_cast<Complex *>(scratch);
    const int *place = plan.lines->place;
    float *plane = scratch + 2 * mesh_lanes * std::size_t(padded); // (side, stride) re, then im
    const std::size_t imaginary = std::size_t(side) * plan.stride;
    for (int z = 0; z < plan.stride; z += lanes) {
        clear(line, padded);
        for (int y = 0; y < n; ++y) {
            Complex here;
            std::memcpy(&here, planes + 2 * ((std::size_t(kx) * n + y) * plan.stride + z), sizeof here);
            line[wrapped(y - middle, padded)] = float(design.before[y]) * here;
        }
        transform_forward(*plan.lines, line);
        for (int k = -reach; k <= reach; ++k) {
            const Complex here = line[place[wrapped(k, padded)]];
            float *to = plane + std::size_t(k + reach) * plan.stride + z;
            std::memcpy(to, &here.re, sizeof here.re);
            std::memcpy(to + imaginary, &here.im, sizeof here.im);
        }
    }
    constexpr int mirror = slice_taps / 2;
    const std::size_t layer = 2 * std::size_t(side) * plan.row;
    for (int ky = 0; ky < side; ky += lanes) {
        const int count = side - ky < lanes ? side - ky : lanes;
        clear(line, padded);
        for (int z = 0; z < n; ++z) {
            const float before = float(design.before[z]);
            Complex &to = line[wrapped(z - middle, padded)];
            const float *from = plane + std::size_t(ky) * plan.stride + z;
            for (int lane = 0; lane < count; ++lane) {
                to.re[lane] = before * from[std::size_t(lane) * plan.stride];
                to.im[lane] = before * from[std::size_t(lane) * plan.stride + imaginary];
            }
        }
        transform_forward(*plan.lines, line);
        for (int lane = 0; lane < count; ++lane) {
            float *to = grid + (kx + mirror) * layer + 2 * std::size_t(ky + lane) * plan.row;
            for (int k = -reach; k <= reach; ++k) {
                const float *from = reinterpret_cast<const float *>(line + place[wrapped(k, padded)]) + lane;
                to[2 * (k + reach)] = from[0];
                to[2 * (k + reach) + 1] = from[lanes];
            }
            if (kx == 0 || kx > mirror)
                continue;
            float *image = grid + (mirror - kx) * layer + 2 * std::size_t(side - 1 - ky - lane) * plan.row;
            for (int k = 0; k < side; ++k) {
                image[2 * (side - 1 - k)] = to[2 * k];
                image[2 * (side - 1 - k) + 1] = -to[2 * k + 1];
            }
        }
    }
}

} // namespace SZFAST_LEVEL
} // namespace szfast
