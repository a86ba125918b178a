// The sums that `observe` stands for, written out in double precision: slow and simple.
#pragma once

#include "szfast/observe.hpp"

#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

namespace szfast::tests {

using Complex = std::complex<double>;

inline Complex turn(double sign, long k, int n) {
    const double angle = sign * 2.0 * std::acos(-1.0) * double(k % n) / n;
    return {std::cos(angle), std::sin(angle)};
}

// Transforms an n x n array along both axes, one after the other; sign -1 forward, +1 back, neither scaled.
inline std::vector<Complex> fourier(std::vector<Complex> values, int n, double sign) {
    for (int axis = 0; axis < 2; ++axis) {
        std::vector<Complex> next(values.size());
        for (int line = 0; line < n; ++line)
            for (int k = 0; k < n; ++k) {
                Complex sum = 0.0;
                for (int i = 0; i < n; ++i)
                    sum += values[std::size_t(line) * n + i] * turn(sign, long(i) * k, n);
                next[std::size_t(k) * n + line] = sum; // transposed, so that the second round takes the other axis
            }
        values = next;
    }
    return values;
}

// Entry (ky, kx) of a half plane (n, n/2 + 1), for any kx; its other half is the mirror image.
inline double half_plane(const double *values, int n, int ky, int kx) {
    return kx <= n / 2 ? values[std::size_t(ky) * (n / 2 + 1) + kx]
                       : values[std::size_t((n - ky) % n) * (n / 2 + 1) + (n - kx)];
}

// Standard normal deviates from two words (Box & Muller 1958), with the engine's u = (a/2 + 1/2) / 2^31 in (0, 1].
inline Complex normal_pair(std::uint32_t a, std::uint32_t b) {
    const double u = std::fmin(1.0, double(float(a >> 1) * 4.6566128730773926e-10f + 2.3283064365386963e-10f));
    const double radius = std::sqrt(-2.0 * std::log(u)), angle = 2.0 * std::acos(-1.0) * b / 4294967296.0;
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

// The noise modes of one map: a block of the generator has modes 2b and 2b + 1 of the half plane, column by column.
inline std::vector<Complex> noise_modes(const double *amplitude, int n, const NoiseStream &stream) {
    std::vector<Complex> modes(std::size_t(n) * n);
    for (int kx = 0; kx <= n / 2; ++kx) {
        const bool mirrored = kx == 0 || 2 * kx == n;
        for (int ky = 0; ky < (mirrored ? n / 2 + 1 : n); ++ky) {
            const std::uint32_t place = std::uint32_t(kx) * n + ky;
            const auto random =
                philox<std::uint32_t>({{place / 2, stream.view, stream.realisation, 0}}, stream.key[0], stream.key[1]);
            const Complex g = normal_pair(random.word[2 * (place % 2)], random.word[2 * (place % 2) + 1]);
            const double size = half_plane(amplitude, n, ky, kx);
            const int mirror_x = (n - kx) % n, mirror_y = (n - ky) % n;
            const bool own_mirror = mirrored && mirror_y == ky;
            const Complex mode = own_mirror ? Complex(size * g.real()) : size * std::sqrt(0.5) * g;
            modes[std::size_t(ky) * n + kx] = mode;
            modes[std::size_t(mirror_y) * n + mirror_x] = std::conj(mode);
        }
    }
    return modes;
}

// What one map becomes; null for no map or no noise.
inline std::vector<double> observe_directly(const Observation &observation, const double *map,
                                            const NoiseStream *stream) {
    const int n = observation.padded, size = observation.size, margin = (n - size) / 2;
    std::vector<Complex> modes(std::size_t(n) * n);
    if (map) {
        modes = fourier({map, map + std::size_t(n) * n}, n, -1.0);
        for (int ky = 0; ky < n; ++ky)
            for (int kx = 0; kx < n; ++kx)
                modes[std::size_t(ky) * n + kx] *= half_plane(observation.transfer, n, ky, kx) / (double(n) * n);
    }
    if (stream) {
        const std::vector<Complex> noise = noise_modes(observation.amplitude, n, *stream);
        for (std::size_t i = 0; i < modes.size(); ++i)
            modes[i] += noise[i];
    }
    const std::vector<Complex> field = fourier(modes, n, +1.0);
    std::vector<double> result;
    for (int row = margin; row < margin + size; ++row)
        for (int column = margin; column < margin + size; ++column)
            result.push_back(field[std::size_t(row) * n + column].real());
    return result;
}

} // namespace szfast::tests
