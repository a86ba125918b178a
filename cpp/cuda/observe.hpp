// Beam and noise on a device: the operation of szfast/observe.hpp.
#pragma once

#include "memory.hpp"
#include "observe_kernels.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace szfast::cuda {

// Transfer and amplitude as ObserveModes takes them.
struct ModeTables {
    explicit ModeTables(const Observation &observation) {
        const int n = observation.padded, columns = n / 2 + 1;
        const double pixels = double(n) * n;
        const auto at = [&](int ky, int kx) { return std::size_t(ky) * columns + kx; };
        transfer.resize(std::size_t(n) * columns);
        amplitude.resize(observation.amplitude ? transfer.size() : 0);
        for (int ky = 0; ky < n; ++ky)
            for (int kx = 0; kx < columns; ++kx) {
                const bool mirrored = kx == 0 || 2 * kx == n;
                const int image = ky ? n - ky : 0;
                // in its own mirror's column only the part that is even in ky has an effect on a real map
                const double *t = observation.transfer;
                const double own = mirrored ? 0.5 * (t[at(ky, kx)] + t[at(image, kx)]) : t[at(ky, kx)];
                transfer[at(ky, kx)] = float(own / pixels);
                if (!observation.amplitude)
                    continue;
                const bool real = mirrored && (ky == 0 || 2 * ky == n);
                const double size = observation.amplitude[at(mirrored ? std::min(ky, image) : ky, kx)];
                amplitude[at(ky, kx)] = float(real ? size : size * std::sqrt(0.5)); // half of the variance in each part
            }
    }
    std::vector<float> transfer, amplitude;
};

// maps (count, n, n), the modes of spectra and out (count, size, size) are on the device; null maps or modes for none.
// What is written to out is what observe() writes, to the rounding of floats. Throws std::invalid_argument for maps
// that are not finite.
template <class Device>
void observe(Device &device, const Observation &observation, const double *maps, MapSpectrum spectra,
             const NoiseStream *streams, int count, float *out) {
    if (count == 0)
        return;
    const int n = observation.padded, size = observation.size;
    const std::size_t pixels = std::size_t(n) * n, half = std::size_t(n) * (n / 2 + 1);
    const ModeTables tables(observation);
    const Buffer<float> transfer = upload(device, tables.transfer.data(), half);
    const bool noisy = observation.amplitude != nullptr;
    const Buffer<float> amplitude = upload(device, tables.amplitude.data(), tables.amplitude.size());
    const Buffer<NoiseStream> keys = upload(device, streams, noisy ? count : 0);
    const Buffer<std::uint32_t> bad = zeros<std::uint32_t>(device, 1);
    // all passes of a transform have one length: the last one begins early instead of ending late
    const int at_once = int(std::max<std::size_t>(1, std::min<std::size_t>(count, (std::size_t(1) << 25) / pixels)));
    const Buffer<float> real = allocate<float>(device, pixels * at_once);
    const Buffer<ComplexFloat> modes = allocate<ComplexFloat>(device, half * at_once);
    float *const waves = reinterpret_cast<float *>(modes.data());
    for (int next = 0; next < count; next += at_once) {
        const std::size_t first = std::min(next, count - at_once);
        if (maps) {
            device.launch(blocks_for(pixels * at_once, ToFloats::threads),
                          ToFloats{{}, maps + first * pixels, pixels * at_once, real.data(), bad.data()});
            device.transform_forward(n, 2, at_once, real.data(), waves);
        }
        const MapSpectrum here{spectra.modes ? spectra.modes + first * 2 * std::size_t(n) * spectra.rows : nullptr,
                               spectra.rows};
        device.launch(blocks_for(half * at_once, ObserveModes::threads),
                      ObserveModes{{},
                                   n,
                                   at_once,
                                   maps != nullptr,
                                   here,
                                   transfer.data(),
                                   noisy ? amplitude.data() : nullptr,
                                   noisy ? keys.data() + first : nullptr,
                                   modes.data()});
        device.transform_back(n, 2, at_once, waves, real.data());
        device.launch(blocks_for(std::size_t(size) * size * at_once, Crop::threads),
                      Crop{{}, real.data(), n, size, std::size_t(at_once), out + first * size * size});
    }
    if (maps && download(device, bad)[0] > 0)
        throw std::invalid_argument("maps: expected finite values");
}

} // namespace szfast::cuda
