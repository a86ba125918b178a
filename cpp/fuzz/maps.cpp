// Beam, noise and turning of maps: finite, each map a function of its own input, refusals of what cannot be.
#include "operations.hpp"
#include "szfast/observe.hpp"
#include "szfast/turn.hpp"

#include <algorithm>
#include <stdexcept>

namespace szfast::fuzz {

void observe_call(Given &given) {
    const int padded = given.rarely() ? given.whole(-2, 50) : fast_length(given.whole(2, 40));
    const int size = given.rarely() ? given.whole(-2, 50) : std::max(1, padded - 2 * given.whole(0, 20));
    const bool fits = padded >= 2 && padded % 2 == 0 && fast_length(padded) == padded && size >= 1 && size <= padded &&
                      (padded - size) % 2 == 0;
    const int count = given.whole(0, 5);
    Spread values = given.spread();
    const bool plain = given.yes(), with_noise = given.yes(), with_spectra = !plain && given.yes();
    const bool with_maps = !with_spectra || given.yes();
    const std::size_t n = std::size_t(std::max(padded, 0)), modes = n * (n / 2 + 1);
    std::vector<double> transfer(modes, 1.0), amplitude(modes), maps(with_maps ? count * n * n : 0);
    const double scale = given.size(1e-12, 1e12);
    for (double &each : maps)
        each = scale * values(-1, 1);
    if (!plain)
        for (double &each : transfer)
            each = given.rarely() ? 0.0 : values(-1, 1);
    for (double &each : amplitude)
        each = std::max(0.0, scale * values(-1, 1));
    const int rows = with_spectra ? 16 * given.whole(0, 2) : 0;
    std::vector<float> spectra(count * 2 * n * rows);
    for (float &each : spectra)
        each = float(scale * values(-1, 1));
    std::vector<NoiseStream> streams;
    for (int i = 0; i < count; ++i)
        streams.push_back(noise_stream({std::uint64_t(given.whole(0, 9)), 7, std::uint32_t(i), 0, 0}));
    const bool bad = !maps.empty() && given.rarely();
    if (bad)
        maps[std::size_t(given.whole(0, 1 << 20)) % maps.size()] = given.yes() ? NAN : INFINITY;
    const Observation observation{padded, size, transfer.data(), with_noise && !plain ? amplitude.data() : nullptr};
    const std::size_t area = fits ? std::size_t(size) * size : 0;
    std::vector<float> out[3];
    const auto see = [&](int threads, int first, int some, std::vector<float> &to) {
        to.assign(some * area, -1.0f);
        Stop stop;
        return observe(observation, maps.empty() ? nullptr : maps.data() + first * n * n,
                       {rows ? spectra.data() + first * 2 * n * rows : nullptr, rows}, streams.data() + first, some,
                       threads, stop, to.data());
    };
    try {
        require(see(1, 0, count, out[0]) && see(3, 0, count, out[1]), "an observation that nobody stopped ends");
    } catch (const std::invalid_argument &) {
        require(!fits || bad, "what can be observed is not refused");
        return;
    }
    require(fits, "a size that cannot be is refused");
    require(!bad, "a map that is not finite is refused");
    require(all_finite(out[0]), "observed maps are finite");
    require(out[0] == out[1], "observed maps are the same for any number of threads");
    if (count > 0) {
        const int which = given.whole(0, count - 1);
        see(1, which, 1, out[2]);
        require(std::equal(out[2].begin(), out[2].end(), out[0].begin() + which * area),
                "a map depends on its own input alone");
    }
    // nothing between the map and what is seen of it
    for (int i = 0; plain && !maps.empty() && i < count; ++i)
        for (int row = 0; row < size; ++row)
            for (int column = 0; column < size; ++column) {
                const std::size_t margin = (n - size) / 2;
                const double from = maps[(i * n + row + margin) * n + column + margin];
                require(std::abs(out[0][(std::size_t(i) * size + row) * size + column] - from) <= 1e-5 * scale,
                        "without a beam a map stays as it is");
            }
}

void turn_call(Given &given) {
    const int size = given.whole(1, 12), maps = given.whole(1, 5), count = given.whole(0, 40);
    const std::size_t area = std::size_t(size) * size;
    Spread values = given.spread();
    std::vector<float> from(maps * area), noise(given.yes() ? count * area : 0);
    for (float &each : from)
        each = float(int(values(-999, 999)));
    for (float &each : noise)
        each = float(int(values(-999, 999)));
    std::vector<std::int64_t> rows, symmetry;
    for (int i = 0; i < count; ++i)
        rows.push_back(given.whole(0, maps - 1)), symmetry.push_back(given.whole(0, symmetries - 1));
    std::vector<float> out[2];
    for (int which = 0; which < 2; ++which) {
        out[which].assign(count * area, -1.0f);
        Stop stop;
        require(pick_and_turn(from.data(), rows.data(), noise.empty() ? nullptr : noise.data(), symmetry.data(), count,
                              size, which ? 3 : 1, stop, out[which].data()),
                "a turning that nobody stopped ends");
    }
    require(out[0] == out[1], "turned maps are the same for any number of threads");
    for (int i = 0; i < count; ++i) {
        // the same pixels in another order, which is theirs where nothing was asked for
        std::vector<float> expected(from.begin() + rows[i] * area, from.begin() + (rows[i] + 1) * area);
        for (std::size_t k = 0; k < (noise.empty() ? 0 : area); ++k)
            expected[k] += noise[i * area + k];
        std::vector<float> found(out[0].begin() + i * area, out[0].begin() + (i + 1) * area);
        if (symmetry[i]) {
            std::sort(expected.begin(), expected.end());
            std::sort(found.begin(), found.end());
        }
        require(found == expected, "a turned map holds the pixels of the map");
    }
}

} // namespace szfast::fuzz
