// Tiles of particles stay in the first cache between the steps.
#include "level.hpp"

#include <algorithm>

namespace szfast::SZFAST_LEVEL {
namespace {

constexpr std::size_t tile = 512;

// Particles side by side, so that the same axis is in the same lanes of vectors again.
constexpr int lanes = 48;

struct Tile {
    alignas(64) float mass[tile], heat[tile], electrons[tile], hydrogen[tile];
    alignas(64) float scratch[5][tile];
    float *x, *y, *z, *support, *area; // scratch, or where the columns go on

    void into(const StoredColumns &to, std::size_t from) {
        x = to.x + from, y = to.y + from, z = to.z + from, support = to.h + from, area = to.Y + from;
    }
    void into_scratch() {
        into({scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]}, 0);
    }
};

// A tile's rows; neighbours in the file are looked at without their numbers.
struct Rows {
    const std::int64_t *numbers;
    std::size_t begin, count;
    bool neighbours;

    Rows(const std::int64_t *all, std::size_t first, std::size_t size)
        : numbers(all + first), begin(first), count(size),
          neighbours(std::size_t(numbers[size - 1] - numbers[0]) == size - 1) {
    }
};

template <class T, class Factor>
void scaled(const T *stored, Factor factor, const Rows &rows, bool selected, float *to) {
    if (selected || rows.neighbours) {
        const T *from = stored + (selected ? rows.begin : std::size_t(rows.numbers[0]));
        for (std::size_t i = 0; i < rows.count; ++i)
            to[i] = float(from[i] * factor);
    } else
        for (std::size_t i = 0; i < rows.count; ++i)
            to[i] = float(stored[rows.numbers[i]] * factor);
}

void take(const StoredValues &values, const Rows &rows, float *to) {
    if (values.narrow)
        scaled(values.narrow, float(values.factor), rows, values.selected, to);
    else if (values.wide)
        scaled(values.wide, values.factor, rows, values.selected, to);
    else
        std::fill(to, to + rows.count, float(values.factor));
}

// Relative to the centre and times scale, all axes in turn; whether any is nearer by another image.
template <class T> bool relative(const T *stored, std::size_t count, const Sphere &about, double scale, float *to) {
    double center[lanes], widest[lanes] = {};
    for (int i = 0; i < lanes; ++i)
        center[i] = about.center[i % 3];
    const auto place = [&](std::size_t at, int lane) {
        const double offset = double(stored[at]) - center[lane], distance = std::fabs(offset);
        widest[lane] = distance > widest[lane] ? distance : widest[lane];
        to[at] = float(offset * scale);
    };
    std::size_t first = 0;
    for (; first + lanes <= 3 * count; first += lanes)
        for (int i = 0; i < lanes; ++i)
            place(first + i, i);
    for (std::size_t i = first; i < 3 * count; ++i)
        place(i, int(i - first));
    // no algorithm of the standard library, which clang makes a weak symbol
    bool beyond = false;
    for (const double distance : widest)
        beyond |= distance > half_of(about);
    return beyond;
}

template <class T> void positions(const T *stored, const Rows &rows, const Sphere &about, double scale, Tile &to) {
    T together[3 * tile];
    float offsets[3 * tile];
    const T *from = stored + 3 * rows.numbers[0];
    if (!rows.neighbours) {
        for (std::size_t i = 0; i < rows.count; ++i)
            std::copy_n(stored + 3 * rows.numbers[i], 3, together + 3 * i);
        from = together;
    }
    if (relative(from, rows.count, about, scale, offsets))
        for (std::size_t i = 0; i < 3 * rows.count; ++i)
            offsets[i] = float(nearest(double(from[i]) - about.center[i % 3], about.box, half_of(about)) * scale);
    for (std::size_t i = 0; i < rows.count; ++i)
        to.x[i] = offsets[3 * i], to.y[i] = offsets[3 * i + 1], to.z[i] = offsets[3 * i + 2];
}

// Numbers in the tile of the particles that are kept; all of them where none is left out.
std::size_t chosen(const StoredGas &gas, const Rows &rows, Taken &taken, std::size_t *kept) {
    bool out[tile] = {};
    float values[tile];
    std::size_t left = 0;
    for (int reason = 0; reason < gas.exclusion_count; ++reason) {
        const Exclusion &exclusion = gas.exclusions[reason];
        take(exclusion.values, rows, values);
        std::size_t hits = 0;
        for (std::size_t i = 0; i < rows.count; ++i) {
            const bool beyond =
                exclusion.at_threshold ? values[i] >= exclusion.threshold : values[i] > exclusion.threshold;
            hits += beyond && !out[i];
            out[i] = out[i] || beyond;
        }
        taken.left_out[reason] += hits;
        left += hits;
    }
    if (!left)
        return rows.count;
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows.count; ++i) {
        kept[count] = i;
        count += !out[i];
    }
    return count;
}

// Comparisons with NaN are false; counted in whole numbers, so that vectors do it.
bool within(const float *values, std::size_t count, float low, float high) {
    std::int32_t bad = 0;
    for (std::size_t i = 0; i < count; ++i)
        bad |= !(values[i] >= low) | !(values[i] <= high);
    return !bad;
}

bool finite(const float *values, std::size_t count) {
    constexpr float most = std::numeric_limits<float>::max();
    return within(values, count, -most, most);
}

// Support radii and areas; whether hot gas has electrons.
bool finish(const StoredGas &gas, std::size_t count, Tile &at) {
    const float kelvin = float(gas.kelvin), scale = float(gas.support_scale), hot = float(gas.hot_kelvin);
    std::int32_t bare = 0;
    float *const area = at.area, *const support = at.support;
    for (std::size_t i = 0; i < count; ++i) {
        const float x = at.hydrogen[i], electrons = at.electrons[i];
        const float mu = 4.0f / ((1.0f + 3.0f * x) + (4.0f * x) * electrons);
        const float temperature = gas.kelvin > 0 ? (kelvin * at.heat[i]) * mu : at.heat[i];
        area[i] = float(gas.area * (double(at.mass[i]) * x * electrons) * temperature);
        support[i] *= scale;
        bare |= (electrons == 0.0f) & (temperature > hot);
    }
    return !bare;
}

bool load(const StoredGas &gas, const Rows &rows, Tile &at) {
    if (gas.narrow_position)
        positions(gas.narrow_position, rows, gas.about, gas.scale, at);
    else
        positions(gas.wide_position, rows, gas.about, gas.scale, at);
    take(gas.mass, rows, at.mass);
    take(gas.heat, rows, at.heat);
    take(gas.support, rows, at.support);
    take(gas.electrons, rows, at.electrons);
    take(gas.hydrogen, rows, at.hydrogen);
    bool sound = true;
    for (const float *values : {at.mass, at.heat, at.support, at.electrons, at.hydrogen})
        sound &= finite(values, rows.count);
    return sound;
}

// What is kept of a tile in scratch, to where the columns go on.
void keep(const std::size_t *kept, std::size_t count, Tile &at, const StoredColumns &to, std::size_t begin) {
    const float *from[] = {at.mass, at.heat, at.electrons, at.hydrogen, at.x, at.y, at.z, at.support};
    at.into(to, begin);
    float *where[] = {at.mass, at.heat, at.electrons, at.hydrogen, at.x, at.y, at.z, at.support};
    for (int column = 0; column < 8; ++column)
        for (std::size_t i = 0; i < count; ++i)
            where[column][i] = from[column][kept[i]];
}

} // namespace

Taken take_stored(const StoredGas &gas, const StoredColumns &to) {
    Taken taken{0, {}, true};
    Tile at;
    std::size_t kept[tile];
    for (std::size_t begin = 0; begin < gas.count; begin += tile) {
        const Rows rows(gas.rows, begin, std::min(tile, gas.count - begin));
        const std::size_t count = chosen(gas, rows, taken, kept);
        const bool all = count == rows.count;
        if (all)
            at.into(to, taken.kept);
        else
            at.into_scratch();
        taken.sound &= load(gas, rows, at);
        if (!all)
            keep(kept, count, at, to, taken.kept);
        taken.sound &= within(at.electrons, count, 0.0f, float(gas.most_electrons)) &&
                       within(at.hydrogen, count, float(gas.hydrogen_limits[0]), float(gas.hydrogen_limits[1]));
        taken.sound &= finish(gas, count, at);
        // factors may take what is stored beyond a float's range
        for (const float *column : {at.x, at.y, at.z, at.support, at.area})
            taken.sound &= finite(column, count);
        taken.kept += count;
    }
    return taken;
}

} // namespace szfast::SZFAST_LEVEL
