// The GPU's kernels, run one thread after the other on the host, against the CPU's engine. What is tested is all that a
// GPU does but the machine itself: arithmetic, indices, sizes, and that no sum depends on the order of threads.
#include "check.hpp"
#include "deposit.hpp"
#include "emulated_device.hpp"
#include "mesh.hpp"
#include "observe.hpp"
#include "szfast/deposit.hpp"
#include "szfast/mesh.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace szfast::tests {
namespace {

using cuda::EmulatedDevice;

struct Cloud {
    std::vector<float> x, y, z, h, Y;
    Particles view() const {
        return {x.data(), y.data(), z.data(), h.data(), Y.data(), x.size()};
    }
};

Cloud cloud(std::size_t count, double size, double least_h, double most_h, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> place(0.0f, float(size));
    std::uniform_real_distribution<double> part(0.0, 1.0);
    Cloud made;
    for (std::size_t i = 0; i < count; ++i) {
        made.x.push_back(place(random));
        made.y.push_back(place(random));
        made.z.push_back(place(random));
        made.h.push_back(float(least_h * std::pow(most_h / least_h, part(random))));
        made.Y.push_back(float(std::exp(-6.0 * part(random))));
    }
    return made;
}

// Rotations that leave no axis where it was: about z, then x, then y.
std::vector<double> some_views(int count) {
    std::vector<double> views;
    for (int i = 0; i < count; ++i) {
        const double a = 0.2 + 0.7 * i, b = 0.3 + 1.1 * i, c = 0.4 + 0.9 * i;
        const double ca = std::cos(a), sa = std::sin(a), cb = std::cos(b), sb = std::sin(b), cc = std::cos(c),
                     sc = std::sin(c);
        for (const double entry : {ca * cc - sa * sb * sc, -sa * cb, ca * sc + sa * sb * cc, sa * cc + ca * sb * sc,
                                   ca * cb, sa * sc - ca * sb * cc, -cb * sc, sb, cb * cc})
            views.push_back(entry);
    }
    return views;
}

double largest_difference(const std::vector<double> &a, const std::vector<double> &b) {
    double worst = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i)
        worst = std::max(worst, std::abs(a[i] - b[i]));
    return worst;
}

struct Projected {
    std::vector<double> maps, loaded;
};

Projected by_cpu(const Cloud &gas, const Grid &grid, const std::vector<double> &views, Kernel kernel, double rtol) {
    const int count = int(views.size() / view_size);
    Projected made{std::vector<double>(std::size_t(count) * grid.n * grid.n), std::vector<double>(count)};
    Stop stop;
    CHECK(deposit_exact(gas.view(), grid, views.data(), count, kernel, rtol, 1, stop, made.maps.data(),
                        made.loaded.data()));
    return made;
}

Projected by_kernels(const Cloud &gas, const Grid &grid, const std::vector<double> &views, Kernel kernel, double rtol,
                     bool backward = false) {
    const int count = int(views.size() / view_size);
    Projected made{std::vector<double>(std::size_t(count) * grid.n * grid.n, -1.0), std::vector<double>(count)};
    EmulatedDevice device(backward);
    cuda::Deposit<EmulatedDevice> deposit(device);
    deposit(gas.view(), grid, views.data(), count, kernel, rtol, made.maps.data(), made.loaded.data());
    return made;
}

void projects_like_the_cpu(Kernel kernel, double rtol) {
    const double infinity = std::numeric_limits<double>::infinity();
    // points, kernels below a pixel, of some pixels, wider than the grid; on it, across its border, beside it
    Cloud gas = cloud(300, 7.0, 1e-3, 60.0, 3);
    for (int i = 0; i < 20; ++i)
        gas.h[i] = 0.0f;
    for (int i = 20; i < 40; ++i)
        gas.x[i] = std::round(gas.x[i]);
    for (const auto &[n, pixel, half_depth] :
         {std::tuple{24, 1.0, infinity}, {31, 0.7, 8.0}, {70, 0.25, infinity}, {1, 20.0, infinity}}) {
        const Grid grid{n, pixel, half_depth};
        std::vector<double> views = some_views(11);
        for (int entry = 0; entry < view_size; ++entry)
            views[entry] = entry % 4 == 0; // where whole numbers are boundaries of pixels
        const Projected expected = by_cpu(gas, grid, views, kernel, 1e-7),
                        made = by_kernels(gas, grid, views, kernel, rtol);
        const double peak = *std::max_element(expected.maps.begin(), expected.maps.end());
        const double worst = largest_difference(made.maps, expected.maps);
        // what sums of products promise of each particle; corners in double differ by rounding and whole numbers alone
        if (!CHECK(worst <= (rtol < 1e-5 || kernel == Kernel::uniform ? 1e-9 : rtol < 1e-4 ? 1e-5 : rtol) * peak))
            std::printf("    kernel %d, rtol %g, n %d: %.3g of the peak\n", int(kernel), rtol, n, worst / peak);
        CHECK(largest_difference(made.loaded, expected.loaded) <= 1e-12 * expected.loaded[0] + 1e-300);
    }
}

void conserves_what_is_inside(Kernel kernel, double rtol) {
    const Cloud gas = cloud(300, 4.0, 1e-4, 12.0, 5);
    const Grid grid{96, 1.0, 1e9};
    const Projected made = by_kernels(gas, grid, some_views(2), kernel, rtol);
    double sum = 0.0;
    for (std::size_t i = 0; i < made.maps.size() / 2; ++i)
        sum += made.maps[i];
    CHECK_NEAR(sum / made.loaded[0], 1.0, 1e-6);
}

void no_order_of_threads_matters() {
    const Cloud gas = cloud(500, 7.0, 1e-2, 30.0, 8);
    const std::vector<double> views = some_views(3);
    for (const double rtol : {1e-3, 1e-7}) {
        const Projected forward = by_kernels(gas, {40, 1.0, 9.0}, views, Kernel::cubic, rtol);
        const Projected backward = by_kernels(gas, {40, 1.0, 9.0}, views, Kernel::cubic, rtol, true);
        CHECK(forward.maps == backward.maps);
        CHECK(forward.loaded == backward.loaded);
    }
}

void refuses_what_is_no_particle() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
    for (const auto &[column, value] : {std::pair{0, nan}, {1, infinity}, {2, nan}, {3, -1.0f}, {4, -1.0f}, {4, nan}}) {
        Cloud gas = cloud(300, 1.0, 0.1, 1.0, 1);
        std::vector<float> *const columns[] = {&gas.x, &gas.y, &gas.z, &gas.h, &gas.Y};
        (*columns[column])[270] = value;
        bool refused = false;
        try {
            by_kernels(gas, {8, 1.0, 9.0}, some_views(1), Kernel::cubic, 1e-3);
        } catch (const std::invalid_argument &) {
            refused = true;
        }
        CHECK(refused);
    }
}

void no_particles_make_empty_maps() {
    const Projected made = by_kernels({}, {8, 1.0, 9.0}, some_views(2), Kernel::cubic, 1e-3);
    CHECK(made.maps == std::vector<double>(128) && made.loaded == std::vector<double>(2));
    Cloud dark = cloud(10, 1.0, 0.1, 1.0, 1);
    std::fill(dark.Y.begin(), dark.Y.end(), 0.0f);
    CHECK(by_kernels(dark, {8, 1.0, 9.0}, some_views(2), Kernel::cubic, 1e-3).maps == std::vector<double>(128));
}

// (1 - (x/3)^2)^4 at the taps: no jump where a mode passes a wave number, which rounding may do to it.
void fill_slice(float *coefficient) {
    for (int pair = 0; pair < slice_taps / 2; ++pair) {
        const double a = pair - 0.5 * (slice_taps - 1), factor[] = {1.0 - a * a / 9.0, 2.0 * a / 9.0, -1.0 / 9.0};
        double power[10] = {1.0}; // of the place d in the cell
        for (int round = 0; round < 4; ++round)
            for (int i = 8; i >= 0; --i)
                power[i] = power[i] * factor[0] + (i > 0 ? power[i - 1] * factor[1] : 0.0) +
                           (i > 1 ? power[i - 2] * factor[2] : 0.0);
        for (int i = 0; i < 10; ++i)
            coefficient[pair * 10 + i % 2 * 5 + i / 2] = float(power[i]);
    }
}

// A design that means nothing: both engines must make the same of it.
struct Mesh {
    Mesh(int points, int padded, int n, double pixel_kpc) : design{}, grid{} {
        std::mt19937 random(points);
        std::uniform_real_distribution<float> uniform(-0.3f, 0.3f);
        for (float &c : spread)
            c = uniform(random);
        fill_slice(slice);
        for (int i = 0; i < window_coefficients; ++i)
            window[i] = i == 0 ? 1.0f : uniform(random);
        for (int i = 0; i < points; ++i)
            before.push_back(1.0 + 0.01 * i);
        const double cell = 1.0;
        const int reach = padded / 2 + 2; // across the transform's own edge
        design = {points, cell, (points / 2 - 2.02) * cell, 1.5, padded, reach, spread, before.data(), slice, window};
        const double waves = cell * padded / (n * pixel_kpc);
        const double limit = (reach - slice_taps / 2 - 0.02) / waves;
        int most = 0;
        for (int column = 0; column < n; ++column) {
            const int kx = 2 * column <= n ? column : n - column;
            last.push_back(kx > limit || 2 * kx == n ? -1
                                                     : std::min(int(std::sqrt(limit * limit - kx * kx)), n / 2 - 1));
            most = std::max(most, last.back());
        }
        const int rows = (most / 16 + 1) * 16;
        for (int i = 0; i < 2 * n * rows; ++i)
            factor.push_back(uniform(random));
        grid = {n, rows, pixel_kpc, last.data(), factor.data()};
    }
    Mesh(const Mesh &) = delete;

    MeshDesign design;
    SliceGrid grid;
    float spread[spread_coefficients], slice[slice_coefficients], window[window_coefficients];
    std::vector<double> before;
    std::vector<int> last;
    std::vector<float> factor;
};

void slices_like_the_cpu(int points, int padded, int n, double pixel_kpc) {
    const Mesh mesh(points, padded, n, pixel_kpc);
    const Cloud gas = cloud(900, 0.25 * points, 0.01, 2.0, unsigned(points)); // some beyond radius and limit
    const int views = 4;
    const std::vector<double> turns = some_views(views);
    const std::size_t size = 2 * std::size_t(n) * mesh.grid.rows * views;
    std::vector<float> expected(size);
    std::vector<std::uint8_t> left(gas.x.size());
    MeshSums sums;
    Stop stop;
    CHECK(mesh_spectra(gas.view(), mesh.design, mesh.grid, turns.data(), views, 1, stop, expected.data(), left.data(),
                       &sums));
    CHECK(sums.left > 0 && sums.left < gas.x.size());
    std::vector<float> first;
    for (const bool backward : {false, true}) {
        EmulatedDevice device(backward);
        const auto made = cuda::mesh_spectra(device, gas.view(), mesh.design, mesh.grid, turns.data(), views);
        const std::vector<float> spectra = download(device, made.spectra);
        CHECK(download(device, made.left) == left);
        CHECK(made.sums.left == sums.left);
        for (const auto sum : {&MeshSums::Y, &MeshSums::Y_h2, &MeshSums::Y_h4, &MeshSums::Y_r4})
            CHECK_NEAR(made.sums.*sum / (sums.*sum), 1.0, 1e-6);
        double worst = 0.0, most = 0.0;
        for (std::size_t i = 0; i < size; ++i) {
            worst = std::max(worst, double(std::abs(spectra[i] - expected[i])));
            most = std::max(most, double(std::abs(expected[i])));
        }
        // floats in the CPU's mesh and transform, and in the waves' places: a few of their roundings
        if (!CHECK(worst < 5e-6 * most))
            std::printf("    mesh %d, %d, patch %d: %.3g of the largest mode\n", points, padded, n, worst / most);
        CHECK(first.empty() || first == spectra);
        first = spectra;
    }
}

std::vector<double> random_values(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(0.0, 1.0);
    std::vector<double> values(count);
    for (double &value : values)
        value = uniform(random);
    return values;
}

void observes_like_the_cpu(int n, int size, int parts) {
    const int count = 5, rows = 16;
    const std::vector<double> maps = random_values(std::size_t(n) * n * count, 5);
    // not symmetric in ky: columns that are their own mirror images need both halves' mean, as on the CPU
    const std::vector<double> transfer = random_values(std::size_t(n) * (n / 2 + 1), 6);
    const std::vector<double> amplitude = random_values(transfer.size(), 7);
    // a spectrum's modes beyond the Nyquist frequency are empty, and ky = 0 holds the modes of real maps
    std::vector<float> spectra(std::size_t(count) * 2 * n * rows);
    const std::vector<double> values = random_values(spectra.size(), 8);
    for (int map = 0; map < count; ++map)
        for (int part = 0; part < 2; ++part)
            for (int kx = 0; kx < n; ++kx)
                for (int ky = 0; ky < std::min(rows, n / 2); ++ky) {
                    const std::size_t plane = (std::size_t(map) * 2 + part) * n * rows;
                    const int image = ky == 0 && kx ? std::min(kx, n - kx) : kx;
                    const double sign = part && ky == 0 ? (kx == 0 || 2 * kx == n ? 0.0
                                                           : 2 * kx < n           ? 1.0
                                                                                  : -1.0)
                                                        : 1.0;
                    spectra[plane + std::size_t(kx) * rows + ky] =
                        float(sign * 50.0 * values[plane + std::size_t(image) * rows + ky]);
                }
    std::vector<NoiseStream> streams;
    for (int i = 0; i < count; ++i)
        streams.push_back(noise_stream({7, 11, std::uint32_t(i), 3, 0}));
    const Observation observation{n, size, transfer.data(), parts & 4 ? amplitude.data() : nullptr};
    const double *from = parts & 1 ? maps.data() : nullptr;
    const MapSpectrum modes{parts & 2 ? spectra.data() : nullptr, rows};
    std::vector<float> expected(std::size_t(count) * size * size), made(expected.size(), -1.0f);
    Stop stop;
    CHECK(observe(observation, from, modes, streams.data(), count, 1, stop, expected.data()));
    EmulatedDevice device;
    cuda::observe(device, observation, from, modes, streams.data(), count, made.data());
    double worst = 0.0, square = 0.0;
    for (std::size_t i = 0; i < made.size(); ++i) {
        worst = std::max(worst, double(std::abs(made[i] - expected[i])));
        square += double(expected[i]) * expected[i] / made.size();
    }
    // floats in both transforms
    if (!CHECK(worst < 4e-6 * std::sqrt(square)))
        std::printf("    n %d, size %d, parts %d: %.3g of the rms\n", n, size, parts, worst / std::sqrt(square));
}

void deviates_are_the_engine_s() {
    // white noise of one mode at a time would hide a swap: all modes of a small patch, against the CPU's field
    observes_like_the_cpu(16, 16, 4);
    double worst = 0.0;
    std::mt19937 random(2);
    for (int i = 0; i < 200000; ++i) {
        const std::uint32_t a = i < 4 ? (i % 2 ? 0xFFFFFFFFu : 0u) : random(),
                            b = i < 4 ? (i / 2 ? 0xFFFFFFFFu : 0u) : random();
        const double u = std::fmin(1.0, double(float(a >> 1) * 4.6566128730773926e-10f + 2.3283064365386963e-10f));
        const double radius = std::sqrt(-2.0 * std::log(u)), angle = 2.0 * std::acos(-1.0) * b / 4294967296.0;
        const cuda::ComplexFloat pair = cuda::normal_pair(a, b);
        worst = std::max(
            {worst, std::abs(pair.re - radius * std::cos(angle)), std::abs(pair.im - radius * std::sin(angle))});
    }
    // radii up to 6.6, a few roundings of a float each
    CHECK(worst < 3e-6);
}

void refuses_maps_that_are_not_finite() {
    std::vector<double> maps(16 * 16 * 3, 1.0);
    maps[400] = std::numeric_limits<double>::infinity();
    const std::vector<double> transfer(16 * 9, 1.0);
    std::vector<float> out(16 * 16 * 3);
    EmulatedDevice device;
    bool refused = false;
    try {
        cuda::observe(device, {16, 16, transfer.data(), nullptr}, maps.data(), {nullptr, 0}, nullptr, 3, out.data());
    } catch (const std::invalid_argument &) {
        refused = true;
    }
    CHECK(refused);
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast::tests;
    using szfast::Kernel;
    if (!level_is_here())
        return skipped;
    for (const Kernel kernel : {Kernel::cubic, Kernel::wendland_c2, Kernel::wendland_c4, Kernel::uniform})
        for (const double rtol : {1e-2, 1e-3, 1e-5, 1e-7}) {
            projects_like_the_cpu(kernel, rtol);
            conserves_what_is_inside(kernel, rtol);
        }
    no_order_of_threads_matters();
    refuses_what_is_no_particle();
    no_particles_make_empty_maps();
    slices_like_the_cpu(16, 24, 20, 1.5);
    slices_like_the_cpu(21, 32, 36, 1.2);
    for (const int parts : {1, 2, 3, 4, 5, 7})
        for (const auto &[n, size] : {std::pair{2, 2}, {4, 2}, {10, 8}, {20, 20}, {30, 22}, {36, 30}})
            observes_like_the_cpu(n, size, parts);
    deviates_are_the_engine_s();
    refuses_maps_that_are_not_finite();
    return result();
}
