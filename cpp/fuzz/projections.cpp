// Particles to maps, to grids, to a mesh: finite, the same for any number of threads, nothing lost.
#include "operations.hpp"
#include "szfast/mesh.hpp"
#include "szfast/observe.hpp"
#include "szfast/spread.hpp"

#include <algorithm>

namespace szfast::fuzz {
namespace {

// Half of the map's side that a particle needs to lie wholly within it in every view, its kernel too.
bool inside(const Columns &all, std::size_t i, double half_kpc) {
    const double r = std::sqrt(double(all.x[i]) * all.x[i] + double(all.y[i]) * all.y[i] + double(all.z[i]) * all.z[i]);
    return r + all.h[i] < half_kpc * (1 - 1e-6);
}

struct Deposited {
    std::vector<double> maps, loaded;
};

Deposited deposited(const Columns &all, const Grid &grid, const std::vector<double> &views, Kernel kernel, double rtol,
                    int threads) {
    const int count = int(views.size() / view_size);
    Deposited found{std::vector<double>(std::size_t(count) * grid.n * grid.n, -1.0), std::vector<double>(count, -1.0)};
    Stop stop;
    require(deposit_exact(all.particles(), grid, views.data(), count, kernel, rtol, threads, stop, found.maps.data(),
                          found.loaded.data()),
            "a deposit that nobody stopped ends");
    return found;
}

} // namespace

void deposit_call(Given &given) {
    const double pixel = given.size(1e-3, 1e4);
    const Grid grid{given.whole(1, 28), pixel, given.yes() ? INFINITY : given.size(1e-2, 1e6)};
    const auto kernel = Kernel(given.whole(0, 3));
    const double rtol = given.size(1e-9, 0.5);
    const int view_count = given.whole(0, 5);
    const std::vector<double> views = given.views(view_count);
    const Columns all = columns_of(given, pixel);
    const Deposited one = deposited(all, grid, views, kernel, rtol, 1);
    const Deposited two = deposited(all, grid, views, kernel, rtol, 2 + given.whole(0, 2));
    require(one.maps == two.maps && one.loaded == two.loaded, "maps are the same for any number of threads");
    require(all_finite(one.maps) && all_finite(one.loaded), "maps are finite");

    // shares of a kernel of many pixels are each good to rtol of its peak, at most 3 / h^2; floats round their sums
    const double lossy = 1e-5 + 60 * std::max(rtol, 1e-7);
    double total = 0.0, within = 0.0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        total += all.Y[i];
        within += inside(all, i, std::min(0.5 * grid.n * pixel, grid.half_depth_kpc)) ? all.Y[i] : 0.0;
    }
    const Deposited even = deposited(all.part(0, 2), grid, views, kernel, rtol, 1);
    const Deposited odd = deposited(all.part(1, 2), grid, views, kernel, rtol, 1);
    const std::size_t pixels = std::size_t(grid.n) * grid.n;
    for (int view = 0; view < view_count; ++view) {
        double sum = 0.0;
        for (std::size_t i = view * pixels; i < (view + 1) * pixels; ++i) {
            sum += one.maps[i];
            require(one.maps[i] >= -lossy * total, "no pixel is negative");
            require(std::abs(even.maps[i] + odd.maps[i] - one.maps[i]) <= lossy * total,
                    "maps of two halves add up to the map of all");
        }
        require(sum >= within - lossy * total, "what lies within the map is on it");
        require(sum <= one.loaded[view] + lossy * total, "a map holds no more than the particles");
        require(one.loaded[view] <= total * (1 + 1e-6), "no more is within the depth than there is");
    }
}

void spread_call(Given &given) {
    const double cell = given.size(1e-3, 1e4);
    const int cells = given.whole(2 * window_row, 32), taps = 4 + 2 * given.whole(0, 2);
    // weights of all taps add up to one wherever the particle is
    std::vector<double> window((window_degree + 1) * window_row);
    for (int tap = 0; tap < taps; ++tap)
        window[tap] = 1.0 / taps;
    for (int power = 1; power <= taps / 2 + 5; ++power)
        for (int tap = 0; tap + 1 < taps; tap += 2) {
            const double weight = given.whole(-8, 8) / 8.0;
            window[power * window_row + tap] = weight, window[power * window_row + tap + 1] = -weight;
        }
    const double h_to = given.size(1e-3, 1.0) * cells * cell,
                 h_above = given.yes() ? -1.0 : 0.9 * given.size(1e-3, 1.0) * h_to;
    const double reach = (cells * cell - h_to) * (1 - 1e-9) * (given.yes() ? 1.0 : given.size(1e-3, 1.0));
    const SpreadDesign design{cells,   cell, reach, given.yes() ? INFINITY : given.size(1e-2, 1e6),
                              h_above, h_to, taps,  window.data()};
    const int view_count = given.whole(0, 3);
    const std::vector<double> views = given.views(view_count);
    const Columns all = columns_of(given, cell);
    const std::size_t area = std::size_t(cells) * cells;
    std::vector<double> fields[2], loaded[2];
    for (int which = 0; which < 2; ++which) {
        fields[which].assign(view_count * window_fields * area, -1.0);
        loaded[which].assign(view_count, -1.0);
        Stop stop;
        require(spread(all.particles(), design, views.data(), view_count, which ? 3 : 1, stop, fields[which].data(),
                       loaded[which].data()),
                "a spreading that nobody stopped ends");
    }
    require(fields[0] == fields[1] && loaded[0] == loaded[1], "fields are the same for any number of threads");
    require(all_finite(fields[0]) && all_finite(loaded[0]), "fields are finite");
    double total = 0.0, within = 0.0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const double Y = all.h[i] > h_above && all.h[i] <= h_to ? all.Y[i] : 0.0;
        total += Y;
        within += inside(all, i, std::min(reach, design.half_depth_kpc)) ? Y : 0.0;
    }
    for (int view = 0; view < view_count; ++view) {
        const double *field = &fields[0][view * window_fields * area];
        double sum = 0.0;
        for (std::size_t i = 0; i < area; ++i)
            sum += field[i];
        require(loaded[0][view] <= total * (1 + 1e-6), "no more is within the depth than there is");
        // the polynomials reach as far as 36, their floats round
        require(sum >= within - 1e-3 * total && sum <= total * (1 + 1e-3), "the grid holds what was seen");
    }
}

void mesh_call(Given &given) {
    const double cell = given.size(1e-2, 1e4);
    const int points = given.whole(2 * spread_taps, 14);
    const int padded = fast_length(points + given.whole(0, 10));
    const int reach = given.whole(slice_taps + 1, padded - 1);
    Spread values = given.spread();
    const auto some = [&](std::size_t count, double first) {
        std::vector<float> weights(count);
        for (float &weight : weights)
            weight = float(values(-0.1, 0.1));
        weights[0] += float(first);
        return weights;
    };
    const std::vector<float> weights = some(spread_coefficients, 0.5), slice = some(slice_coefficients, 0.5);
    const std::vector<float> window = some(window_coefficients, 1.0);
    const std::vector<double> before(points, 1.0);
    const double radius = (points / 2 - spread_taps / 2 - 0.01) * cell * given.whole(1, 100) / 100.0;
    const MeshDesign design{points,       cell,         radius,         given.size(1e-2, 10) * cell,
                            padded,       reach,        weights.data(), before.data(),
                            slice.data(), window.data()};

    const int n = given.whole(2, 20), rows = 16 * given.whole(1, 2);
    const double pixel = given.size(0.1, 10) * cell, scale = cell * padded / (n * pixel);
    std::vector<int> last(n, -1);
    std::vector<float> factor(std::size_t(2) * n * rows);
    for (float &each : factor)
        each = float(values(-1, 1));
    for (int column = 0; column < n; ++column) {
        const int kx = 2 * column <= n ? column : n - column;
        int ky = given.whole(-1, rows - 1);
        while (ky >= 0 && !(std::hypot(kx, ky) * scale + slice_taps / 2 + 0.01 <= reach))
            --ky;
        last[column] = ky;
    }
    const SliceGrid grid{n, rows, pixel, last.data(), factor.data()};
    const int view_count = given.whole(0, 4);
    const std::vector<double> views = given.views(view_count);
    Columns all = columns_of(given, cell);
    // so that the sum of a particle's numbers is finite
    for (std::vector<float> *column : {&all.x, &all.y, &all.z, &all.h})
        for (float &each : *column)
            each = std::clamp(each, -1e37f, 1e37f);
    const bool bad = all.size() && given.rarely();
    if (bad)
        (given.yes() ? all.Y : all.h)[given.whole(0, int(std::min<std::size_t>(all.size(), 40)) - 1)] =
            given.yes() ? NAN : -1.0f;
    std::vector<float> spectra[2];
    std::vector<std::uint8_t> left[2];
    MeshSums sums[2];
    for (int which = 0; which < 2; ++which) {
        spectra[which].assign(std::size_t(view_count) * 2 * n * rows, -1.0f);
        left[which].assign(all.size(), 0);
        Stop stop;
        require(mesh_spectra(all.particles(), design, grid, views.data(), view_count, which ? 3 : 1, stop,
                             spectra[which].data(), left[which].data(), &sums[which]),
                "a mesh that nobody stopped ends");
    }
    require(sums[0].valid == !bad, "values that cannot be are told of, and others are not");
    if (bad)
        return;
    require(spectra[0] == spectra[1] && left[0] == left[1], "spectra are the same for any number of threads");
    require(all_finite(spectra[0]), "spectra are finite");
    double kept = 0.0, total = 0.0;
    std::size_t out = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        total += all.Y[i];
        kept += left[0][i] ? 0.0 : all.Y[i];
        out += left[0][i];
    }
    require(out == sums[0].left, "as many particles are left as are marked");
    require(std::abs(kept - sums[0].Y) <= 1e-5 * total, "the mesh holds what is not left to another method");
}

} // namespace szfast::fuzz
