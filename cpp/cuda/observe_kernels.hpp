// Beam and noise: one thread a mode of the half plane kx in [0, n/2], ky in [0, n), in the order of a real transform.
#pragma once

#include "launch.hpp"
#include "mesh_kernels.hpp"
#include "szfast/observe.hpp"

namespace szfast::cuda {

// Two standard normal deviates from two words (Box & Muller 1958): the engine's, to float rounding.
SZFAST_HOST_DEVICE inline ComplexFloat normal_pair(std::uint32_t a, std::uint32_t b) {
    const float u = float(std::int32_t(a >> 1)) * 4.6566128730773926e-10f + 2.3283064365386963e-10f;
    const float radius = sqrtf(fmaxf(-2.0f * logf(u), 0.0f));
    // to the nearest quarter turn in whole numbers, so that the rest is small
    const std::uint32_t quarter = (b + 0x20000000u) >> 30;
    const float angle = float(std::int32_t(b - (quarter << 30))) * 1.4629180792671596e-9f; // 2 pi / 2^32
    const float sine = sinf(angle), cosine = cosf(angle);
    switch (quarter & 3u) {
    case 0:
        return {radius * cosine, radius * sine};
    case 1:
        return {-radius * sine, radius * cosine};
    case 2:
        return {-radius * cosine, -radius * sine};
    default:
        return {radius * sine, -radius * cosine};
    }
}

// The deviates of a mode: a block of the generator holds those at an even ky and the next, its counter is their place
// in the half plane. Columns kx = 0 and n/2 are their own mirror images and take their lower half.
SZFAST_HOST_DEVICE inline ComplexFloat noise_deviates(int kx, int ky, int n, const NoiseStream &stream) {
    const bool mirrored = kx == 0 || 2 * kx == n, upper = mirrored && 2 * ky > n;
    const std::uint32_t place = std::uint32_t(kx) * n + (upper ? n - ky : ky), word = 2 * (place % 2);
    const PhiloxBlock<std::uint32_t> random =
        philox<std::uint32_t>({{place / 2, stream.view, stream.realisation, 0}}, stream.key[0], stream.key[1]);
    ComplexFloat mode = normal_pair(random.word[word], random.word[word + 1]);
    if (mirrored && (ky == 0 || 2 * ky == n))
        mode.im = 0.0f;
    else if (upper)
        mode.im = -mode.im;
    return mode;
}

struct ToFloats : OnePhase {
    const double *from;
    std::size_t count;
    float *to;
    std::uint32_t *bad; // values that are not finite
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        for (std::size_t i = lane.first(); i < count; i += lane.stride()) {
            to[i] = float(from[i]);
            if (!(from[i] * 0.0 == 0.0))
                next_place(bad);
        }
    }
};

struct ObserveModes : OnePhase {
    int n, maps;
    bool have_maps;
    MapSpectrum spectra;        // of the first map; null modes: none
    const float *transfer;      // (n, n/2 + 1), over the number of pixels
    const float *amplitude;     // (n, n/2 + 1), of each part of a mode; null: no noise
    const NoiseStream *streams; // (maps)
    ComplexFloat *modes;        // (maps, n, n/2 + 1): the maps' in, all out

    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const int columns = n / 2 + 1;
        const std::size_t half = std::size_t(n) * columns;
        for (std::size_t item = lane.first(); item < half * maps; item += lane.stride()) {
            const std::size_t map = item / half, mode = item % half;
            const int ky = int(mode / columns), kx = int(mode % columns);
            ComplexFloat value = have_maps ? modes[item] : ComplexFloat{0.0f, 0.0f};
            if (spectra.modes)
                add_spectrum(map, kx, ky, value);
            value = {transfer[mode] * value.re, transfer[mode] * value.im};
            if (amplitude && amplitude[mode] > 0.0f) {
                const ComplexFloat noise = noise_deviates(kx, ky, n, streams[map]);
                value.re += amplitude[mode] * noise.re;
                value.im += amplitude[mode] * noise.im;
            }
            modes[item] = value;
        }
    }

  private:
    // The spectrum holds the half plane along y, this is the half plane along x.
    SZFAST_HOST_DEVICE void add_spectrum(std::size_t map, int kx, int ky, ComplexFloat &value) const {
        const int rows = spectra.rows;
        const bool mirror = 2 * ky > n;
        const int column = mirror && kx ? n - kx : kx, row = mirror ? n - ky : ky;
        if (row >= rows)
            return;
        const std::size_t imaginary = std::size_t(n) * rows;
        const float *from = spectra.modes + map * 2 * imaginary + std::size_t(column) * rows + row;
        value.re += from[0];
        value.im += mirror ? -from[imaginary] : from[imaginary];
    }
};

struct Crop : OnePhase {
    const float *from; // (maps, n, n)
    int n, size;
    std::size_t maps;
    float *to; // (maps, size, size)
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        const std::size_t pixels = std::size_t(size) * size;
        const int margin = (n - size) / 2;
        for (std::size_t i = lane.first(); i < pixels * maps; i += lane.stride()) {
            const std::size_t map = i / pixels;
            const int row = int(i % pixels / size) + margin, column = int(i % size) + margin;
            to[i] = from[(map * n + row) * n + column];
        }
    }
};

} // namespace szfast::cuda
