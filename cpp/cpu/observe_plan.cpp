#include "observe_plan.hpp"

#include "szfast/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace szfast {
namespace {

// A mode below this share of the largest is left out: half a unit in the last place of a float, as the rounding of the
// pixels that go in.
constexpr double negligible = 1.0 / (1 << 24);

std::vector<int> factors(int n) {
    std::vector<int> radix;
    int twos = 0;
    for (int rest = n; rest % 2 == 0; rest /= 2)
        ++twos;
    // one pass of radix 8 where the twos do not pair up
    if (twos % 2 && twos > 1) {
        radix.push_back(8);
        n /= 8;
    }
    for (const int r : {4, 2, 3, 5})
        for (; n % r == 0; n /= r)
            radix.push_back(r);
    if (n != 1 || radix.size() > 32)
        throw std::invalid_argument("the padded size must have no prime factors but 2, 3 and 5");
    return radix;
}

// The half plane along x as the caller has it, (n, n/2 + 1), seen as the half plane along y.
struct HalfPlane {
    const double *value;
    int n;

    double operator()(int kx, int ky) const {
        const int columns = n / 2 + 1;
        const int mirror = ky ? n - ky : 0;
        // in its own mirror's column only the part that is even in ky has an effect on a real map
        if (kx == 0 || 2 * kx == n)
            return 0.5 * (value[std::size_t(ky) * columns + kx] + value[std::size_t(mirror) * columns + kx]);
        return 2 * kx < n ? value[std::size_t(ky) * columns + kx] : value[std::size_t(mirror) * columns + n - kx];
    }
};

} // namespace

ObserveTables::ObserveTables(const Observation &observation, int lanes, Stop &stop)
    : lanes_(lanes), plan_{}, stop_(stop) {
    while (1 << lane_bits_ < lanes)
        ++lane_bits_;
    plan_.padded = observation.padded;
    plan_.size = observation.size;
    plan_.margin = (observation.padded - observation.size) / 2;
    plan_transform();
    const double least_transfer = least_that_counts(observation.transfer);
    const double least_amplitude = observation.amplitude ? least_that_counts(observation.amplitude) : 0.0;
    int rows = kept_rows(observation.transfer, least_transfer, 1);
    if (observation.amplitude)
        rows = kept_rows(observation.amplitude, least_amplitude, rows);
    plan_.blocks = (rows + lanes - 1) / lanes;
    fill_transfer(observation.transfer, least_transfer);
    if (observation.amplitude)
        fill_amplitude(observation.amplitude, least_amplitude);
}

void ObserveTables::plan_transform() {
    const int n = plan_.padded;
    int length = n;
    place_.assign(n, 0);
    std::vector<int> rest(n);
    for (int k = 0; k < n; ++k)
        rest[k] = k;
    for (const int radix : factors(n)) {
        const int stride = length / radix;
        plan_.radix[plan_.passes] = radix;
        plan_.turns_begin[plan_.passes++] = int(turns_.size());
        for (int j = 1; j < stride; ++j)
            for (int k = 1; k < radix; ++k) {
                turns_.push_back(float(std::cos(2.0 * pi * j * k / length)));
                turns_.push_back(float(-std::sin(2.0 * pi * j * k / length)));
            }
        for (int k = 0; k < n; ++k) {
            place_[k] += rest[k] % radix * stride;
            rest[k] /= radix;
        }
        length = stride;
    }
    plan_.turns = turns_.data();
    plan_.place = place_.data();
}

double ObserveTables::least_that_counts(const double *values) {
    const std::size_t columns = plan_.padded / 2 + 1;
    double most = 0.0;
    for (int row = 0; row < plan_.padded; ++row) {
        for (std::size_t i = row * columns; i < (row + 1) * columns; ++i)
            most = std::abs(values[i]) > most ? std::abs(values[i]) : most;
        if (stop_.wanted_after(columns))
            break;
    }
    return negligible * most;
}

// The rows up to the last with a mode that counts, at least `rows`.
int ObserveTables::kept_rows(const double *values, double least, int rows) {
    const int n = plan_.padded;
    const HalfPlane plane{values, n};
    for (int ky = n / 2; ky >= rows; --ky) {
        for (int kx = 0; kx < n; ++kx)
            if (std::abs(plane(kx, ky)) > least)
                return ky + 1;
        if (stop_.wanted_after(n))
            break;
    }
    return rows;
}

// Calls take(kx, ky) for every mode that is kept, a block after the other.
template <class Take> void ObserveTables::each_mode(Take take) {
    const int n = plan_.padded;
    for (int block = 0; block < plan_.blocks; ++block) {
        const int first = block * lanes_, last = std::min(n / 2 + 1, first + lanes_);
        for (int kx = 0; kx < n; ++kx)
            for (int ky = first; ky < last; ++ky)
                take(kx, ky);
        if (stop_.wanted_after(std::size_t(n) * lanes_))
            return;
    }
}

std::size_t ObserveTables::at(int kx, int ky) const {
    const int block = ky >> lane_bits_;
    return (std::size_t(block) * plan_.padded + place_[kx]) * lanes_ + (ky - block * lanes_);
}

void ObserveTables::fill_transfer(const double *transfer, double least) {
    const int n = plan_.padded;
    transfer_ = AlignedFloats(std::size_t(plan_.blocks) * n * lanes_);
    float *const table = transfer_.start();
    plan_.transfer = table;
    // 1/n^2 of the two inverse transforms, 1/2 of taking two columns apart
    const double scale = 0.5 / (double(n) * n);
    const HalfPlane plane{transfer, n};
    each_mode([&](int kx, int ky) {
        const double value = plane(kx, ky);
        table[at(kx, ky)] = std::abs(value) > least ? float(scale * value) : 0.0f;
    });
}

void ObserveTables::fill_amplitude(const double *amplitude, double least) {
    const int n = plan_.padded;
    amplitude_ = AlignedFloats(std::size_t(plan_.blocks) * n * lanes_);
    float *const table = amplitude_.start();
    plan_.amplitude = table;
    noisy_.assign(n / 2 + 1, 0);
    const HalfPlane plane{amplitude, n};
    each_mode([&](int kx, int ky) {
        const bool own_mirror = kx == 0 || 2 * kx == n;
        // columns that are their own mirror image take their lower half
        const double value = own_mirror ? amplitude[std::size_t(ky) * (n / 2 + 1) + kx] : plane(kx, ky);
        if (value <= least)
            return;
        if (own_mirror && (ky == 0 || 2 * ky == n)) {
            plan_.real_modes[plan_.real_mode_count++] = {kx, ky, float(value)};
            return;
        }
        table[at(kx, ky)] = float(value * std::sqrt(0.5)); // half of the variance in each part
        int &noisy = noisy_[std::min(kx, n - kx)];
        noisy = std::max(noisy, (ky >> lane_bits_) + 1);
    });
    plan_.noisy = noisy_.data();
}

} // namespace szfast
