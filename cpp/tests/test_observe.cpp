// Beam and noise, against direct Fourier sums in double precision, and the noise's dependence on its key alone.
#include "check.hpp"
#include "direct_fourier.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>

namespace szfast::tests {
namespace {

std::vector<double> random_values(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::vector<double> values(count);
    for (double &value : values)
        value = uniform(random);
    return values;
}

// Any positive function of the mode that is the same for k and -k, as a real field needs.
std::vector<double> random_half_plane(int n, unsigned seed) {
    std::vector<double> values = random_values(std::size_t(n) * (n / 2 + 1), seed);
    for (int ky = 1; ky < n; ++ky)
        for (const int kx : {0, n / 2})
            values[std::size_t(ky) * (n / 2 + 1) + kx] = values[std::size_t(std::min(ky, n - ky)) * (n / 2 + 1) + kx];
    return values;
}

std::vector<NoiseStream> some_streams(int count, std::uint64_t seed = 7) {
    std::vector<NoiseStream> streams;
    for (int i = 0; i < count; ++i)
        streams.push_back(noise_stream({seed, 11, std::uint32_t(i), 3, 0}));
    return streams;
}

std::vector<float> observed(const Observation &observation, const double *maps, const NoiseStream *streams, int count,
                            int threads = 1) {
    std::vector<float> out(std::size_t(count) * observation.size * observation.size, -1.0f);
    Stop stop;
    CHECK(observe(observation, maps, {nullptr, 0}, streams, count, threads, stop, out.data()));
    return out;
}

double rms(const std::vector<double> &values) {
    double sum = 0.0;
    for (const double value : values)
        sum += value * value;
    return std::sqrt(sum / values.size());
}

void no_beam_gives_the_crop_back(int n, int size) {
    const int count = 19; // more than one batch of any level, and not a multiple
    const std::vector<double> maps = random_values(std::size_t(n) * n * count, unsigned(n));
    const std::vector<double> transfer(std::size_t(n) * (n / 2 + 1), 1.0);
    const std::vector<float> out = observed({n, size, transfer.data(), nullptr}, maps.data(), nullptr, count);
    const int margin = (n - size) / 2;
    double worst = 0.0;
    for (int map = 0; map < count; ++map)
        for (int row = 0; row < size; ++row)
            for (int column = 0; column < size; ++column) {
                const double expected = maps[(std::size_t(map) * n + row + margin) * n + column + margin];
                worst = std::max(worst, std::abs(out[(std::size_t(map) * size + row) * size + column] - expected));
            }
    // values up to 1 through two float transforms: a few roundings a pass
    CHECK(worst < 2e-6);
}

void agrees_with_the_direct_sums(int n, int size) {
    const int count = 3;
    const std::vector<double> maps = random_values(std::size_t(n) * n * count, 5);
    const std::vector<double> transfer = random_half_plane(n, 6), amplitude = random_half_plane(n, 7);
    const std::vector<NoiseStream> streams = some_streams(count);
    const Observation observation{n, size, transfer.data(), amplitude.data()};
    for (const int parts : {1, 2, 3}) { // maps, noise, both
        const double *from = parts & 1 ? maps.data() : nullptr;
        const NoiseStream *noise = parts & 2 ? streams.data() : nullptr;
        Observation asked = observation;
        asked.amplitude = noise ? observation.amplitude : nullptr;
        const std::vector<float> out = observed(asked, from, noise, count);
        for (int map = 0; map < count; ++map) {
            const std::vector<double> expected = observe_directly(
                asked, from ? from + std::size_t(map) * n * n : nullptr, noise ? noise + map : nullptr);
            double worst = 0.0;
            for (std::size_t i = 0; i < expected.size(); ++i)
                worst = std::max(worst, std::abs(out[map * expected.size() + i] - expected[i]));
            // floats: 24 bits, and deviates good to a few of their roundings
            if (!CHECK(worst < 4e-6 * rms(expected)))
                std::printf("    n %d, size %d, parts %d: %.3g of the rms\n", n, size, parts, worst / rms(expected));
        }
    }
}

void a_map_depends_on_its_key_alone() {
    const int n = 40, size = 30, count = 37;
    const std::size_t pixels = std::size_t(size) * size;
    const std::vector<double> maps = random_values(std::size_t(n) * n * count, 8);
    const std::vector<double> transfer = random_half_plane(n, 9), amplitude = random_half_plane(n, 10);
    const Observation observation{n, size, transfer.data(), amplitude.data()};
    std::vector<NoiseStream> streams = some_streams(count);
    const std::vector<float> together = observed(observation, maps.data(), streams.data(), count);
    for (const int threads : {2, 5, 0})
        CHECK(observed(observation, maps.data(), streams.data(), count, threads) == together);
    for (const int map : {0, 1, 15, 16, 36}) {
        const std::vector<float> alone =
            observed(observation, maps.data() + std::size_t(map) * n * n, &streams[map], 1);
        CHECK(std::equal(alone.begin(), alone.end(), together.begin() + map * pixels));
    }
    const std::vector<float> noise = observed(observation, nullptr, streams.data(), count);
    std::reverse(streams.begin(), streams.end());
    const std::vector<float> reversed = observed(observation, nullptr, streams.data(), count);
    for (int map = 0; map < count; ++map)
        CHECK(std::equal(noise.begin() + map * pixels, noise.begin() + (map + 1) * pixels,
                         reversed.begin() + (count - 1 - map) * pixels));
    CHECK(!std::equal(noise.begin(), noise.begin() + pixels, noise.begin() + pixels));
}

// White noise: every mode of amplitude 1/n, so that a pixel's variance is one. Limits are five standard errors.
void deviates_are_normal() {
    const int n = 64, count = 64;
    const std::vector<double> transfer(std::size_t(n) * (n / 2 + 1), 1.0);
    const std::vector<double> amplitude(transfer.size(), 1.0 / n);
    const std::vector<NoiseStream> streams = some_streams(count, 1);
    const std::vector<float> out = observed({n, n, transfer.data(), amplitude.data()}, nullptr, streams.data(), count);
    double moment[5] = {}, neighbours = 0.0, between = 0.0;
    const std::size_t pixels = std::size_t(n) * n, last = out.size() - pixels;
    for (std::size_t i = 0; i < out.size(); ++i)
        for (int power = 1; power <= 4; ++power)
            moment[power] += std::pow(double(out[i]), power) / out.size();
    for (std::size_t i = 0; i < last; ++i) {
        neighbours += double(out[i]) * out[i + 1] / last;
        between += double(out[i]) * out[i + pixels] / last;
    }
    const double error = 1.0 / std::sqrt(double(last));
    CHECK_NEAR(moment[1], 0.0, 5 * error);
    CHECK_NEAR(moment[2], 1.0, 5 * error * std::sqrt(2.0));
    CHECK_NEAR(moment[3], 0.0, 5 * error * std::sqrt(15.0));
    CHECK_NEAR(moment[4], 3.0, 5 * error * std::sqrt(96.0));
    CHECK_NEAR(neighbours, 0.0, 5 * error);
    CHECK_NEAR(between, 0.0, 5 * error);
}

void fast_lengths_are_the_next_ones() {
    for (int wanted = -3; wanted <= 600; ++wanted) {
        int expected = std::max(2, wanted);
        const auto usable = [](int n) {
            if (n % 2)
                return false;
            for (const int factor : {2, 3, 5})
                while (n % factor == 0)
                    n /= factor;
            return n == 1;
        };
        while (!usable(expected))
            ++expected;
        CHECK(fast_length(wanted) == expected);
    }
}

void refuses(int n, int size) {
    const std::vector<double> transfer(64 * 64, 1.0), map(64 * 64, 1.0);
    std::vector<float> out(64 * 64);
    Stop stop;
    bool refused = false;
    try {
        observe({n, size, transfer.data(), nullptr}, map.data(), {nullptr, 0}, nullptr, 1, 1, stop, out.data());
    } catch (const std::invalid_argument &) {
        refused = true;
    }
    CHECK(refused);
}

void stops_when_asked() {
    const std::vector<double> transfer(16 * 9, 1.0), map(16 * 16, 1.0);
    std::vector<float> out(16 * 16);
    Stop stop;
    stop.asked = true;
    CHECK(!observe({16, 16, transfer.data(), nullptr}, map.data(), {nullptr, 0}, nullptr, 1, 1, stop, out.data()));
}

// No map is asked for: nothing but the tables can take notice.
void stops_while_tables_are_made() {
    const int n = 2048;
    const std::vector<double> transfer(std::size_t(n) * (n / 2 + 1), 1.0);
    Stop stop;
    stop.poll = [] { return true; };
    CHECK(!observe({n, n, transfer.data(), nullptr}, nullptr, {nullptr, 0}, nullptr, 0, 1, stop, nullptr));
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast::tests;
    if (!level_is_here())
        return skipped;
    const int crops[][2] = {{96, 96}, {120, 96}, {128, 96}, {90, 60}, {150, 96}, {2, 2}, {6, 4}, {50, 2}, {64, 62}};
    for (const auto &[n, size] : crops)
        no_beam_gives_the_crop_back(n, size);
    const int direct[][2] = {{2, 2},  {4, 2},   {6, 6},   {10, 8},  {16, 16},
                             {18, 4}, {20, 20}, {30, 22}, {32, 32}, {50, 30}};
    for (const auto &[n, size] : direct)
        agrees_with_the_direct_sums(n, size);
    a_map_depends_on_its_key_alone();
    deviates_are_normal();
    fast_lengths_are_the_next_ones();
    for (const auto &[n, size] : {std::pair{14, 14}, {15, 15}, {16, 17}, {16, 15}, {16, 0}, {0, 0}})
        refuses(n, size);
    stops_when_asked();
    stops_while_tables_are_made();
    return result();
}
