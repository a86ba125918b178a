// Exact projection, against quadrature over each pixel and against what must hold whatever the particles.
#include "check.hpp"
#include "quadrature.hpp"
#include "szfast/deposit.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace szfast::tests {
namespace {

constexpr double identity[view_size] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
constexpr double everything = 1e30;
const std::vector<double> face_on = {identity, identity + view_size};

struct Cloud {
    std::vector<float> x, y, z, h, Y;

    void add(double at_x, double at_y, double at_z, double size, double area) {
        x.push_back(float(at_x));
        y.push_back(float(at_y));
        z.push_back(float(at_z));
        h.push_back(float(size));
        Y.push_back(float(area));
    }
    Particles view() const {
        return {x.data(), y.data(), z.data(), h.data(), Y.data(), x.size()};
    }
    double total() const {
        double sum = 0.0;
        for (const float area : Y)
            sum += area;
        return sum;
    }
};

struct Projected {
    bool finished;
    std::vector<double> maps, loaded;

    double sum() const {
        double total = 0.0;
        for (const double pixel : maps)
            total += pixel;
        return total;
    }
};

Projected project(const Cloud &cloud, const Grid &grid, Kernel kernel, int threads = 1,
                  const std::vector<double> &views = face_on, double rtol = 1e-7) {
    const int count = int(views.size()) / view_size;
    Projected result{false, std::vector<double>(std::size_t(grid.n) * grid.n * count, -1.0),
                     std::vector<double>(count, -1.0)};
    Stop stop;
    result.finished = deposit_exact(cloud.view(), grid, views.data(), count, kernel, rtol, threads, stop,
                                    result.maps.data(), result.loaded.data());
    return result;
}

// A cloud inside a sphere; sizes spread evenly in the logarithm between two lengths.
Cloud random_cloud(int count, double radius, double smallest, double largest, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform(-1.0, 1.0);
    Cloud cloud;
    while (int(cloud.x.size()) < count) {
        const double x = uniform(random), y = uniform(random), z = uniform(random);
        const double share = 0.5 + 0.5 * uniform(random), area = 1.0 + 0.9 * uniform(random);
        if (x * x + y * y + z * z <= 1.0)
            cloud.add(radius * x, radius * y, radius * z, smallest * std::pow(largest / smallest, share), area);
    }
    return cloud;
}

// Pixels of a grid with one particle, by quadrature; its centre and size in pixels.
void check_one_particle(Kernel kernel, int n, double cx, double cy, double size) {
    Cloud cloud;
    cloud.add(cx - 0.5 * n, cy - 0.5 * n, 3.0, size, 1.0);
    const Projected found = project(cloud, {n, 1.0, everything}, kernel);
    const double x = cloud.x[0] + 0.5 * n, y = cloud.y[0] + 0.5 * n, h = cloud.h[0];
    const KernelPolynomial w = kernel_polynomial(kernel);
    double worst = 0.0, peak = 0.0;
    for (int j = 0; j < n; ++j)
        for (int i = 0; i < n; ++i) {
            const double u = (i - x) / h, v = (j - y) / h, side = 1 / h;
            // fewer cells where a kernel changes little over a pixel, more at its edge
            const bool edge = std::abs(std::hypot(u + 0.5 * side, v + 0.5 * side) - 1.0) < side;
            const int cells = h < 4 ? 16 : (edge ? 4 : 2);
            const double share = rectangle(w, u, u + side, v, v + side, cells);
            peak = std::max(peak, share);
            worst = std::max(worst, std::abs(found.maps[std::size_t(j) * n + i] - share));
        }
    // the accuracy that is asked of a map
    if (!CHECK(worst <= 1e-5 * peak))
        std::printf("    kernel %d, n %d, centre (%g, %g), h %g: error %.3g of the peak\n", int(kernel), n, cx, cy,
                    size, worst / peak);
}

void one_particle_is_its_integral(Kernel kernel) {
    for (const double size : {0.05, 0.3, 0.5, 1.0, 1.9, 3.7, 12.0, 31.9, 32.1, 40.0}) {
        const int n = size > 10 ? 100 : 24;
        const double middle = 0.5 * n;
        for (const double place : {0.0, 0.037, 0.25, 0.5, 0.99})
            check_one_particle(kernel, n, middle + place, middle + 0.71 - place, size);
    }
    // partly outside: an edge, a corner, a centre beyond the edge, a kernel wider than the grid
    check_one_particle(kernel, 24, 0.4, 11.3, 3.0);
    check_one_particle(kernel, 24, 23.7, 23.9, 3.0);
    check_one_particle(kernel, 24, -2.0, 12.0, 5.5);
    check_one_particle(kernel, 24, 25.0, 26.0, 7.0);
    check_one_particle(kernel, 24, 12.2, 11.9, 30.0);
    check_one_particle(kernel, 24, 12.2, 11.9, 50.0);
}

// What is inside the grid is all there: to the rounding of doubles where pixels telescope, to 1e-6 for wide kernels.
void conserves(Kernel kernel) {
    const Grid grid{64, 2.5, everything};
    const Cloud narrow = random_cloud(2000, 60.0, 0.05, 18.0, 1);
    CHECK_NEAR(project(narrow, grid, kernel).sum(), narrow.total(), 1e-10 * narrow.total());
    const Cloud wide = random_cloud(50, 8.0, 81.0, 100.0, 2);
    const Grid large{128, 2.5, everything};
    CHECK_NEAR(project(wide, large, kernel).sum(), wide.total(), 1e-6 * wide.total());
    CHECK_NEAR(project(wide, large, kernel).loaded[0], wide.total(), 1e-12 * wide.total());
}

void a_point_falls_into_one_pixel() {
    struct Place {
        double x, y;
        int column, row; // -1: outside
    };
    // a pixel owns its lower edges: [i, i + 1)
    const Place places[] = {
        {-3.6, 1.2, 0, 5},    {0.0, 0.0, 4, 4},     {1.0, 0.5, 5, 4},    {-4.0, -4.0, 0, 0},
        {-4.0, 0.5, 0, 4},    {3.999, 3.999, 7, 7}, {4.0, 0.5, -1, -1},  {0.5, 4.0, -1, -1},
        {-4.01, 0.5, -1, -1}, {100.0, 0.0, -1, -1}, {0.0, -1e6, -1, -1},
    };
    for (const Place &place : places) {
        Cloud cloud;
        cloud.add(place.x, place.y, 0.0, 0.0, 2.0);
        for (const double rtol : {1e-2, 1e-3, 1e-5, 1e-7}) {
            const Projected found = project(cloud, {8, 1.0, everything}, Kernel::cubic, 1, face_on, rtol);
            CHECK(found.sum() == (place.column < 0 ? 0.0 : 2.0));
            CHECK(found.loaded[0] == 2.0);
            if (place.column >= 0)
                CHECK(found.maps[8 * place.row + place.column] == 2.0);
        }
    }
}

void edges_share_evenly(Kernel kernel) {
    Cloud on_edge, on_corner;
    on_edge.add(1.0, 0.5, 0.0, 0.3, 1.0);
    on_corner.add(1.0, -2.0, 0.0, 0.3, 1.0);
    const Projected halves = project(on_edge, {8, 1.0, everything}, kernel);
    for (const int column : {4, 5})
        CHECK_NEAR(halves.maps[8 * 4 + column], 0.5, 1e-12);
    const Projected quarters = project(on_corner, {8, 1.0, everything}, kernel);
    for (const int row : {1, 2})
        for (const int column : {4, 5})
            CHECK_NEAR(quarters.maps[8 * row + column], 0.25, 1e-12);
    // smaller than the spacing of floating-point numbers, on a corner and on the grid's corner
    Cloud tiny;
    tiny.add(1.0, -2.0, 0.0, 1e-30, 1.0);
    CHECK_NEAR(project(tiny, {8, 1.0, everything}, kernel).sum(), 1.0, 1e-12);
    Cloud at_grid_corner;
    at_grid_corner.add(-4.0, -4.0, 0.0, 0.3, 1.0);
    CHECK_NEAR(project(at_grid_corner, {8, 1.0, everything}, kernel).sum(), 0.25, 1e-12);
}

// The signed permutation x -> y, y -> z, z -> x gives the same numbers as permuted coordinates.
void views_rotate() {
    const Cloud cloud = random_cloud(300, 30.0, 0.3, 20.0, 3);
    const std::vector<double> view = {0, 0, 1, 1, 0, 0, 0, 1, 0};
    Cloud permuted = cloud;
    permuted.x = cloud.y;
    permuted.y = cloud.z;
    permuted.z = cloud.x;
    const Grid grid{32, 2.0, 12.0};
    const Projected seen = project(cloud, grid, Kernel::wendland_c2, 1, view);
    const Projected expected = project(permuted, grid, Kernel::wendland_c2);
    // the particles are added in another order
    const double peak = *std::max_element(expected.maps.begin(), expected.maps.end());
    for (std::size_t i = 0; i < seen.maps.size(); ++i)
        CHECK_NEAR(seen.maps[i], expected.maps[i], 1e-14 * peak);
    CHECK_NEAR(seen.loaded[0], expected.loaded[0], 1e-14 * expected.loaded[0]);
    double within = 0.0;
    for (std::size_t i = 0; i < cloud.x.size(); ++i)
        within += std::abs(cloud.x[i]) <= 12.0 ? cloud.Y[i] : 0.0;
    CHECK_NEAR(seen.loaded[0], within, 1e-12 * within);
    CHECK(within < 0.9 * cloud.total());
}

std::vector<double> turned_views(int count) {
    std::vector<double> views;
    for (int i = 0; i < count; ++i) {
        const double c = std::cos(0.3 * i), s = std::sin(0.3 * i);
        const double view[view_size] = {c, -s, 0, s, c, 0, 0, 0, 1};
        views.insert(views.end(), view, view + view_size);
    }
    return views;
}

void threads_do_not_change_a_bit() {
    // more than one block of particles a view
    const Cloud cloud = random_cloud(40000, 26.0, 0.3, 5.0, 4);
    const Grid grid{32, 2.0, everything};
    for (const double rtol : {1e-3, 1e-7}) {
        const Projected one = project(cloud, grid, Kernel::cubic, 1, turned_views(11), rtol);
        for (const int threads : {2, 3, 7, 0}) {
            const Projected many = project(cloud, grid, Kernel::cubic, threads, turned_views(11), rtol);
            CHECK(many.finished);
            CHECK(many.maps == one.maps);
            CHECK(many.loaded == one.loaded);
        }
        CHECK_NEAR(one.sum(), 11 * cloud.total(), 11 * (rtol > 1e-6 ? 1e-9 : 1e-10) * cloud.total());
    }
}

// Shares in floats: what rounding leaves of one particle, and of many.
void sums_of_products_conserve(Kernel kernel) {
    for (const double rtol : {1e-2, 1e-3, 1e-4, 1e-5}) {
        for (const double size : {1e-30, 1e-3, 0.019, 0.3, 1.0, 2.99, 3.01, 6.99, 7.01, 20.0}) {
            Cloud one;
            one.add(0.3, -1.7, 0.0, size, 1.0);
            // a tile is scaled to its particles, what is too wide for one is not
            const double rounding = size > 12.0 ? 5e-7 : 5e-8;
            CHECK_NEAR(project(one, {64, 1.0, everything}, kernel, 1, face_on, rtol).sum(), 1.0, rounding);
        }
        const Cloud many = random_cloud(20000, 20.0, 0.01, 10.0, 6);
        CHECK_NEAR(project(many, {64, 1.0, everything}, kernel, 1, face_on, rtol).sum(), many.total(),
                   1e-9 * many.total());
    }
}

// Added in floats, half of these would vanish beside their neighbour.
void dwarfs_beside_a_giant_are_kept() {
    Cloud cloud;
    cloud.add(0.5, 0.5, 0.0, 0.4, 1.0);
    for (int i = 0; i < 10000; ++i)
        cloud.add(0.5, 0.5, 0.0, 0.4, 2e-8);
    const double found = project(cloud, {8, 1.0, everything}, Kernel::cubic, 1, face_on, 1e-3).sum();
    CHECK_NEAR(found, cloud.total(), 1e-9 * cloud.total());
}

void nothing_gives_nothing() {
    const Projected none = project({}, {8, 1.0, everything}, Kernel::cubic);
    CHECK(none.finished);
    CHECK(none.sum() == 0.0);
    CHECK(none.loaded[0] == 0.0);
    CHECK(project({}, {8, 1.0, everything}, Kernel::cubic, 1, {}).finished);
}

void stops() {
    const Cloud cloud = random_cloud(20000, 30.0, 20.0, 60.0, 5);
    const Grid grid{128, 1.0, everything};
    const std::vector<double> views = turned_views(100);
    std::vector<double> maps(std::size_t(128) * 128 * 100), loaded(100);
    const auto run = [&](Stop &stop) {
        return deposit_exact(cloud.view(), grid, views.data(), 100, Kernel::cubic, 1e-7, 2, stop, maps.data(),
                             loaded.data());
    };
    Stop before;
    before.asked = true;
    CHECK(!run(before));
    // minutes of work, stopped at the first poll; the test's time limit is what fails otherwise
    Stop during;
    int polls = 0;
    during.poll = [&] { return ++polls == 1; };
    CHECK(!run(during));
    CHECK(polls == 1);
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast::tests;
    if (!level_is_here())
        return skipped;
    for (const szfast::Kernel kernel : all_kernels) {
        one_particle_is_its_integral(kernel);
        conserves(kernel);
        edges_share_evenly(kernel);
        sums_of_products_conserve(kernel);
    }
    dwarfs_beside_a_giant_are_kept();
    a_point_falls_into_one_pixel();
    views_rotate();
    threads_do_not_change_a_bit();
    nothing_gives_nothing();
    stops();
    return result();
}
