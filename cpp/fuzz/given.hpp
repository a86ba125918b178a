// Arguments of the engine's operations out of libFuzzer's bytes: any that the headers allow, unusual ones often.
#pragma once

#include "szfast/deposit.hpp"

#include <fuzzer/FuzzedDataProvider.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace szfast::fuzz {

// What does not hold ends the program, as a sanitizer's finding does.
inline void require(bool holds, const char *what) {
    if (!holds) {
        std::fprintf(stderr, "szfast: does not hold: %s\n", what);
        std::abort();
    }
}

template <class Values> bool all_finite(const Values &values) {
    for (const auto value : values)
        if (!std::isfinite(value))
            return false;
    return true;
}

// Deterministic numbers for what is too long to come from the bytes.
class Spread {
  public:
    explicit Spread(std::uint32_t seed) : state_(seed * 2u + 1u) {
    }
    double operator()(double low, double high) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return low + (high - low) * double(state_ >> 11) * 0x1p-53;
    }

  private:
    std::uint64_t state_;
};

class Given {
  public:
    Given(const std::uint8_t *data, std::size_t size) : bytes_(data, size) {
    }
    int whole(int low, int high) {
        return bytes_.ConsumeIntegralInRange<int>(low, high);
    }
    bool yes() {
        return bytes_.ConsumeBool();
    }
    bool rarely() {
        return whole(0, 31) == 31;
    }
    // Evenly in the logarithm.
    double size(double low, double high) {
        return low * std::pow(high / low, whole(0, 65535) / 65535.0);
    }
    Spread spread() {
        return Spread(bytes_.ConsumeIntegral<std::uint16_t>());
    }
    // A coordinate: about `scale`, at whole and half multiples of it, or anything finite.
    float place(double scale) {
        switch (whole(0, 7)) {
        case 0:
            return float(scale * whole(-40, 40) / 2);
        case 1:
            return float((yes() ? 1 : -1) * size(1e-38, 3e38));
        case 2:
            return yes() ? 0.0f : -0.0f;
        default:
            return float(scale * whole(-32768, 32767) / 2048.0);
        }
    }
    // A number of zero or more, as far as `most`.
    float amount(double scale, double most) {
        switch (whole(0, 7)) {
        case 0:
            return 0.0f;
        case 1:
            return float(size(1e-45, most));
        case 2:
            return float(scale * whole(0, 16) / 4);
        default:
            return float(scale * whole(0, 65535) / 16384.0);
        }
    }
    // A rotation by any angles, or one that turns axes into axes.
    void view(double *to) {
        const bool square = yes();
        const auto angle = [&] { return square ? pi / 2 * whole(0, 3) : 2 * pi * whole(0, 65535) / 65536.0; };
        const double a = angle(), b = angle(), c = angle();
        const double ca = std::cos(a), sa = std::sin(a), cb = std::cos(b), sb = std::sin(b), cc = std::cos(c),
                     sc = std::sin(c);
        const double turned[view_size] = {ca * cb,
                                          ca * sb * sc - sa * cc,
                                          ca * sb * cc + sa * sc,
                                          sa * cb,
                                          sa * sb * sc + ca * cc,
                                          sa * sb * cc - ca * sc,
                                          -sb,
                                          cb * sc,
                                          cb * cc};
        std::copy(turned, turned + view_size, to);
    }
    std::vector<double> views(int count) {
        std::vector<double> all(std::size_t(count) * view_size);
        for (int i = 0; i < count; ++i)
            view(&all[std::size_t(i) * view_size]);
        return all;
    }

  private:
    FuzzedDataProvider bytes_;
};

// Particles with room of their own, so that a look beyond them is seen.
struct Columns {
    std::vector<float> x, y, z, h, Y;

    void add(float px, float py, float pz, float ph, float pY) {
        x.push_back(px), y.push_back(py), z.push_back(pz), h.push_back(ph), Y.push_back(pY);
    }
    std::size_t size() const {
        return x.size();
    }
    Particles particles() const {
        return {x.data(), y.data(), z.data(), h.data(), Y.data(), x.size()};
    }
    Columns part(std::size_t first, std::size_t step) const {
        Columns some;
        for (std::size_t i = first; i < size(); i += step)
            some.add(x[i], y[i], z[i], h[i], Y[i]);
        return some;
    }
};

constexpr double most_area = 1e25; // sums of so many stay within a float's range

inline Columns columns_of(Given &given, double scale_kpc) {
    Columns all;
    const int count = given.whole(0, 40);
    for (int i = 0; i < count; ++i)
        all.add(given.place(scale_kpc), given.place(scale_kpc), given.place(scale_kpc), given.amount(scale_kpc, 1e30),
                given.amount(1.0, most_area));
    // enough for several tasks
    if (given.rarely() && given.rarely()) {
        Spread more = given.spread();
        for (int i = 0; i < 20000; ++i)
            all.add(float(more(-9, 9) * scale_kpc), float(more(-9, 9) * scale_kpc), float(more(-9, 9) * scale_kpc),
                    float(more(0, 2) * scale_kpc), float(more(0, 1)));
    }
    return all;
}

} // namespace szfast::fuzz
