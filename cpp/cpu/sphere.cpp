// One pass over coordinates does what a reader needs of them: it is bound by memory, so one CPU level is enough.
#include "szfast/sphere.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace szfast {
namespace {

// Looked at together: what lies all inside or all outside of a sphere needs no look at each.
constexpr std::size_t run = 512;

// Particles side by side, so that the same axis is in the same lanes of vectors again.
constexpr int lanes = 48;

template <class T> struct Widest {
    T low[lanes], high[lanes];
    int bad[lanes] = {};

    explicit Widest(const T *first) {
        for (int i = 0; i < lanes; ++i)
            low[i] = high[i] = first[i % 3];
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
        // false for NaN too
        bad[lane] |= !(std::fabs(value) <= std::numeric_limits<T>::max());
    }
    Extent extent() const {
        Extent found;
        for (int axis = 0; axis < 3; ++axis) {
            T least = low[axis], most = high[axis];
            int not_finite = bad[axis];
            for (int i = axis + 3; i < lanes; i += 3)
                least = std::min(least, low[i]), most = std::max(most, high[i]), not_finite |= bad[i];
            found.low[axis] = not_finite ? std::numeric_limits<double>::quiet_NaN() : double(least);
            found.high[axis] = not_finite ? std::numeric_limits<double>::quiet_NaN() : double(most);
        }
        return found;
    }
};

template <class T> Extent extent(const T *coordinates, std::size_t count) {
    Widest<T> widest(coordinates);
    widest.add(coordinates, 3 * count);
    return widest.extent();
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr Extent nowhere{{nan, nan, nan}, {nan, nan, nan}};

// NaN of either stays.
Extent together(const Extent &one, const Extent &other) {
    Extent both = nowhere;
    for (int axis = 0; axis < 3; ++axis)
        if (one.low[axis] <= one.high[axis] && other.low[axis] <= other.high[axis]) {
            both.low[axis] = std::min(one.low[axis], other.low[axis]);
            both.high[axis] = std::max(one.high[axis], other.high[axis]);
        }
    return both;
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
        const double half = half_of(sphere);
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
std::size_t take_some(const T *coordinates, std::size_t begin, std::size_t end, const Sphere sphere,
                      std::int64_t *rows) {
    const double half = half_of(sphere), square = sphere.radius * sphere.radius;
    std::size_t kept = 0;
    for (std::size_t i = begin; i < end; ++i) {
        double distance2 = 0.0;
        for (int axis = 0; axis < 3; ++axis) {
            const double offset = nearest(double(coordinates[3 * i + axis]) - sphere.center[axis], sphere.box, half);
            distance2 += offset * offset;
        }
        // written in any case, and kept by moving on: no branch that is hard to foresee
        rows[kept] = std::int64_t(i);
        kept += distance2 <= square;
    }
    return kept;
}

template <class T>
std::size_t select(const T *coordinates, std::size_t count, const Sphere &sphere, std::int64_t *rows, Extent &all,
                   Stop &stop) {
    static_assert(particles_between_polls % run == 0);
    std::size_t kept = 0;
    all = nowhere;
    for (std::size_t begin = 0; begin < count; begin += run) {
        if (time_to_poll(begin) && stop.wanted())
            break;
        const std::size_t end = std::min(begin + run, count);
        const Extent here = extent(coordinates + 3 * begin, end - begin);
        all = begin ? together(all, here) : here;
        const Place place(here, sphere);
        if (place.none)
            continue;
        if (place.all) {
            std::iota(rows + kept, rows + kept + (end - begin), std::int64_t(begin));
            kept += end - begin;
        } else
            kept += take_some(coordinates, begin, end, sphere, rows + kept);
    }
    return kept;
}

template <class T>
void offsets(const T *coordinates, const std::int64_t *rows, std::size_t count, const Sphere sphere, double scale,
             double *to) {
    const double half = half_of(sphere);
    for (std::size_t i = 0; i < count; ++i)
        for (int axis = 0; axis < 3; ++axis)
            to[3 * i + axis] =
                nearest(double(coordinates[3 * rows[i] + axis]) - sphere.center[axis], sphere.box, half) * scale;
}

} // namespace

Extent extent_of(const float *coordinates, std::size_t count, Stop &stop) {
    return extent_of_many(coordinates, count, stop);
}

Extent extent_of(const double *coordinates, std::size_t count, Stop &stop) {
    return extent_of_many(coordinates, count, stop);
}

std::size_t within_sphere(const float *coordinates, std::size_t count, const Sphere &sphere, std::int64_t *rows,
                          Extent &extent, Stop &stop) {
    return select(coordinates, count, sphere, rows, extent, stop);
}

std::size_t within_sphere(const double *coordinates, std::size_t count, const Sphere &sphere, std::int64_t *rows,
                          Extent &extent, Stop &stop) {
    return select(coordinates, count, sphere, rows, extent, stop);
}

void offsets_of(const float *coordinates, const std::int64_t *rows, std::size_t count, const Sphere &sphere,
                double scale, double *to) {
    offsets(coordinates, rows, count, sphere, scale, to);
}

void offsets_of(const double *coordinates, const std::int64_t *rows, std::size_t count, const Sphere &sphere,
                double scale, double *to) {
    offsets(coordinates, rows, count, sphere, scale, to);
}

} // namespace szfast
