// What an instrument makes of a projected map: beam and noise, in one pass through Fourier space.
#pragma once

#include "szfast/philox.hpp"
#include "szfast/stop.hpp"

namespace szfast {

// Maps of `padded` x `padded` pixels go in, their middle `size` x `size` pixels come out. Transfer and amplitude are
// (padded, padded/2 + 1), rows along y in the FFT's order of frequencies. Every Fourier mode is multiplied by the
// transfer; to it comes noise, sum_k a_k exp(ikx) with <|a_k|^2> = amplitude^2.
struct Observation {
    int padded; // even, no prime factors but 2, 3, 5
    int size;
    const double *transfer;
    const double *amplitude; // null: no noise
};

// What is added to a map in Fourier space before the transfer, (2, padded, rows) floats: real parts, then imaginary
// ones, of the half plane ky = 0 ... rows - 1, kx in the FFT's order; rows is a multiple of 16. Null modes: nothing.
struct MapSpectrum {
    const float *modes;
    int rows;
};

// maps (count, padded, padded), null for spectra or noise alone; spectra (count), one behind the other; streams
// (count), null without noise; out (count, size, size). A map of the result depends on its own input and stream alone,
// bit for bit. Modes with less than 2^-24 of the largest transfer and amplitude are left out. Throws
// std::invalid_argument for a map that is not finite; false when stopped.
bool observe(const Observation &observation, const double *maps, MapSpectrum spectra, const NoiseStream *streams,
             int count, int threads, Stop &stop, float *out);

// The smallest even length from `wanted` on that the transform handles.
int fast_length(int wanted);

// The CPU level in use: baseline, v3 (AVX2) or v4 (AVX-512); see SZFAST_CPU_LEVEL.
const char *cpu_level();

} // namespace szfast
