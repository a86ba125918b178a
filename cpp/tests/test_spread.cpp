// Spreading against the plain sum over particles of Y t^m times the window, cell by cell.
#include "check.hpp"
#include "szfast/spread.hpp"

#include <random>
#include <vector>

using namespace szfast;

namespace {

constexpr int cells = 40;

// A polynomial for each tap that is no window, so that every coefficient counts.
std::vector<double> window_of(int taps) {
    std::vector<double> window((window_degree + 1) * window_row);
    for (int power = 0; power <= taps / 2 + 5; ++power)
        for (int tap = 0; tap < taps; ++tap)
            window[power * window_row + tap] = (1.0 + tap * 0.3 - power * 0.1) / (1 + power);
    return window;
}

double weight(const std::vector<double> &window, int tap, double d) {
    double sum = 0.0;
    for (int power = window_degree; power >= 0; --power)
        sum = sum * d + window[power * window_row + tap];
    return sum;
}

void test_plain_sum(int taps, int count, double half_depth) {
    std::mt19937 random(taps + count);
    std::uniform_real_distribution<float> place(-30.0f, 30.0f), size(0.0f, 4.0f);
    std::vector<float> x(count), y(count), z(count), h(count), Y(count);
    for (int i = 0; i < count; ++i) {
        x[i] = place(random), y[i] = place(random), z[i] = place(random);
        h[i] = i % 3 ? size(random) : 0.0f;
        Y[i] = size(random);
    }
    const double view[view_size] = {0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, 1};
    const std::vector<double> window = window_of(taps);
    const SpreadDesign design{cells, 1.5, 20.0, half_depth, -1.0, 3.0, taps, window.data()};
    std::vector<double> expected(window_fields * cells * cells), found(expected.size());
    double loaded_expected = 0.0, loaded = -1.0;
    for (int i = 0; i < count; ++i) {
        if (h[i] > 3.0f || std::abs(z[i]) > half_depth)
            continue;
        loaded_expected += Y[i];
        const double at[2] = {0.6 * x[i] + 0.8 * y[i], -0.8 * x[i] + 0.6 * y[i]};
        if (std::abs(at[0]) > 20.0 + h[i] || std::abs(at[1]) > 20.0 + h[i])
            continue;
        const double t = double(h[i]) * h[i] / 9.0;
        int first[2];
        double d[2];
        for (int axis = 0; axis < 2; ++axis) {
            const double cell = at[axis] / 1.5 + 0.5 * cells - 0.5;
            first[axis] = int(std::floor(cell)) - (taps / 2 - 1);
            d[axis] = cell - std::floor(cell) - 0.5;
        }
        for (int b = 0; b < taps; ++b)
            for (int a = 0; a < taps; ++a)
                for (int m = 0; m < window_fields; ++m) {
                    const int row = (first[1] + b + cells) % cells, column = (first[0] + a + cells) % cells;
                    expected[(m * cells + row) * cells + column] +=
                        Y[i] * std::pow(t, m) * weight(window, a, d[0]) * weight(window, b, d[1]);
                }
    }
    Stop stop;
    const Particles particles{x.data(), y.data(), z.data(), h.data(), Y.data(), std::size_t(count)};
    CHECK(spread(particles, design, view, 1, 1, stop, found.data(), &loaded));
    double largest = 1.0, difference = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::fmax(largest, std::abs(expected[i]));
        difference = std::fmax(difference, std::abs(found[i] - expected[i]));
    }
    CHECK_NEAR(difference, 0.0, 1e-12 * largest);
    CHECK_NEAR(loaded, loaded_expected, 1e-9 * loaded_expected);
    std::vector<double> again(found.size());
    CHECK(spread(particles, design, view, 1, 3, stop, again.data(), &loaded));
    CHECK(again == found);
}

} // namespace

int main() {
    if (!tests::level_is_here())
        return tests::skipped;
    for (const int taps : {4, 6, 8}) {
        test_plain_sum(taps, 1, INFINITY);
        test_plain_sum(taps, 1001, INFINITY);
        test_plain_sum(taps, 1001, 10.0);
    }
    test_plain_sum(6, 100000, INFINITY); // several blocks
    return tests::result();
}
