// One pass over coordinates does what a reader needs of them: it is bound by memory, so one CPU level is enough.
#include "szfast/sphere.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace szfast {
namespace {

// Looked at together: what lies all inside or all outside of a sphere needs no look at each.
constexpr std::size_t run = 512;

// Four particles side by side, so that the same axis is in the same lanes of vectors again.
constexpr int lanes = 12;

// NaN and infinity times zero are NaN, which a sum keeps.
template <class T> struct Widest {
    T low[lanes], high[lanes], zero[lanes];

    explicit Widest(const T *first) {
        for (int i = 0; i < lanes; ++i)
            low[i] = high[i] = first[i % 3], zero[i] = 0;
    }
    void add(const T *values, std::size_t count) {
        std::size_t begin = 0;
        for (; begin + lanes <= count; begin += lanes)
            for (int i = 0; i < lanes; ++i)
                add(i, values[begin + i]);
        for (std::size_t i = begin; i < count; ++i)
            add(int(i - begin), values[i]);
    }
    void add(int lane, T value) {
        low[lane] = value < low[lane] ? value : low[lane];
        high[lane] = value > high[lane] ? value : high[lane];
        zero[lane] += value * T(0);
    }
    Extent extent() const {
        Extent found;
        for (int axis = 0; axis < 3; ++axis) {
            T least = low[axis], most = high[axis], sum = zero[axis];
            for (int i = axis + 3; i < lanes; i += 3)
                least = std::min(least, low[i]), most = std::max(most, high[i]), sum += zero[i];
            found.low[axis] = sum == 0 ? double(least) : std::numeric_limits<double>::quiet_NaN();
            found.high[axis] = sum == 0 ? double(most) : std::numeric_limits<double>::quiet_NaN();
        }
        return found;
    }
};

template <class T> Extent extent(const T *coordinates, std::size_t count) {
    Widest<T> widest(coordinates);
    widest.add(coordinates, 3 * count);
    return widest.extent();
}

template <class T> Extent extent_of_many(const T *coordinates, std::size_t count, Stop &stop) {
    Widest<T> widest(coordinates);
    for (std::size_t begin = 0; begin < count; begin += particles_between_polls) {
        if (time_to_poll(begin) && stop.wanted())
            break;
        widest.add(coordinates + 3 * begin, 3 * std::min(particles_between_polls, count - begin));
    }
    return widest.extent();
}

// Where the sphere lies from a run of particles, by its bounding box.
struct Place {
    bool all, none;

    Place(const Extent &extent, const Sphere &sphere) {
        const double half = sphere.box > 0 ? 0.5 * sphere.box : std::numeric_limits<double>::infinity();
        double nearest2 = 0.0, farthest2 = 0.0;
        // comparisons with NaN are false: such a run goes the long way
        bool inside_box = true;
        for (int axis = 0; axis < 3; ++axis) {
            const double low = extent.low[axis] - sphere.center[axis], high = extent.high[axis] - sphere.center[axis];
            inside_box = inside_box && low >= -half && high <= half;
            const double near = std::max({low, -high, 0.0}), far = std::max(std::fabs(low), std::fabs(high));
            nearest2 += near * near;
            farthest2 += far * far;
        }
        // next to the surface rounding decides: there each particle is looked at
        all = inside_box && farthest2 <= sphere.radius * sphere.radius * (1 - 1e-12);
        none = inside_box && nearest2 > sphere.radius * sphere.radius * (1 + 1e-12);
    }
};

template <class T>
void take_all(const T *coordinates, std::size_t begin, std::size_t end, const Sphere &sphere, double scale,
              std::int64_t *rows, double *offsets) {
    double center[lanes];
    for (int i = 0; i < lanes; ++i)
        center[i] = sphere.center[i % 3];
    for (std::size_t i = begin; i < end; ++i)
        rows[i - begin] = std::int64_t(i);
    const T *from = coordinates + 3 * begin;
    const std::size_t count = 3 * (end - begin);
    std::size_t first = 0;
    for (; first + lanes <= count; first += lanes)
        for (int i = 0; i < lanes; ++i)
            offsets[first + i] = (double(from[first + i]) - center[i]) * scale;
    for (std::size_t i = first; i < count; ++i)
        offsets[i] = (double(from[i]) - center[i - first]) * scale;
}

template <class T>
std::size_t take_some(const T *coordinates, std::size_t begin, std::size_t end, const Sphere sphere, double scale,
                      std::int64_t *rows, double *offsets) {
    const double half = sphere.box > 0 ? 0.5 * sphere.box : std::numeric_limits<double>::infinity();
    const double square = sphere.radius * sphere.radius;
    std::size_t kept = 0;
    for (std::size_t i = begin; i < end; ++i) {
        double offset[3], distance2 = 0.0;
        for (int axis = 0; axis < 3; ++axis) {
            offset[axis] = double(coordinates[3 * i + axis]) - sphere.center[axis];
            if (std::fabs(offset[axis]) > half)
                offset[axis] -= sphere.box * std::nearbyint(offset[axis] / sphere.box);
            distance2 += offset[axis] * offset[axis];
        }
        // written in any case, and kept by moving on: no branch that is hard to foresee
        for (int axis = 0; axis < 3; ++axis)
            offsets[3 * kept + axis] = offset[axis] * scale;
        rows[kept] = std::int64_t(i);
        kept += distance2 <= square;
    }
    return kept;
}

template <class T>
std::size_t select(const T *coordinates, std::size_t count, const Sphere &sphere, double scale, std::int64_t *rows,
                   double *offsets, Stop &stop) {
    static_assert(particles_between_polls % run == 0);
    std::size_t kept = 0;
    for (std::size_t begin = 0; begin < count; begin += run) {
        if (time_to_poll(begin) && stop.wanted())
            break;
        const std::size_t end = std::min(begin + run, count);
        const Place place(extent(coordinates + 3 * begin, end - begin), sphere);
        if (place.none)
            continue;
        if (place.all) {
            take_all(coordinates, begin, end, sphere, scale, rows + kept, offsets + 3 * kept);
            kept += end - begin;
        } else
            kept += take_some(coordinates, begin, end, sphere, scale, rows + kept, offsets + 3 * kept);
    }
    return kept;
}

} // namespace

Extent extent_of(const float *coordinates, std::size_t count, Stop &stop) {
    return extent_of_many(coordinates, count, stop);
}

Extent extent_of(const double *coordinates, std::size_t count, Stop &stop) {
    return extent_of_many(coordinates, count, stop);
}

std::size_t within_sphere(const float *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets, Stop &stop) {
    return select(coordinates, count, sphere, scale, rows, offsets, stop);
}

std::size_t within_sphere(const double *coordinates, std::size_t count, const Sphere &sphere, double scale,
                          std::int64_t *rows, double *offsets, Stop &stop) {
    return select(coordinates, count, sphere, scale, rows, offsets, stop);
}

} // namespace szfast
