// Coordinates and columns of a reader against the plain loops that they stand for.
#include "operations.hpp"
#include "szfast/columns.hpp"
#include "szfast/stored_columns.hpp"

#include <algorithm>

namespace szfast::fuzz {
namespace {

Sphere sphere_of(Given &given, double scale) {
    Sphere sphere{};
    for (double &each : sphere.center)
        each = given.place(scale);
    sphere.radius = given.yes() ? INFINITY : given.size(1e-3, 1e3) * scale;
    sphere.box = given.yes() ? 0.0 : given.size(1e-2, 1e3) * scale;
    return sphere;
}

template <class T> std::vector<T> coordinates_of(Given &given, double scale, bool finite) {
    std::vector<T> all;
    for (int i = 3 * given.whole(1, 30); i > 0; --i)
        all.push_back(T(given.place(scale)));
    // more than are looked at together
    if (given.rarely()) {
        Spread more = given.spread();
        for (int i = 0; i < 3 * 1500; ++i)
            all.push_back(T(more(-9, 9) * scale));
    }
    if (!finite && given.rarely())
        all[std::size_t(given.whole(0, 89)) % all.size()] = given.yes() ? T(NAN) : T(INFINITY);
    return all;
}

template <class T> void sphere_call_of(Given &given) {
    const double scale = given.size(1e-3, 1e4);
    const std::vector<T> points = coordinates_of<T>(given, scale, false);
    const std::size_t count = points.size() / 3;
    const Sphere sphere = sphere_of(given, scale);
    std::vector<std::int64_t> rows(count), expected;
    Extent seen;
    Stop stop;
    rows.resize(within_sphere(points.data(), count, sphere, rows.data(), seen, stop));
    const Extent extent = extent_of(points.data(), count, stop);
    for (std::size_t i = 0; i < count; ++i) {
        double distance2 = 0.0;
        for (int axis = 0; axis < 3; ++axis) {
            double offset = double(points[3 * i + axis]) - sphere.center[axis];
            if (sphere.box > 0 && std::fabs(offset) > 0.5 * sphere.box)
                offset -= sphere.box * std::nearbyint(offset / sphere.box);
            distance2 += offset * offset;
        }
        if (distance2 <= sphere.radius * sphere.radius)
            expected.push_back(std::int64_t(i));
    }
    require(rows == expected, "the particles within the radius are found, and no others");
    for (int axis = 0; axis < 3; ++axis) {
        double low = INFINITY, high = -INFINITY;
        bool finite = true;
        for (std::size_t i = 0; i < count; ++i) {
            const double at = double(points[3 * i + axis]);
            finite = finite && std::isfinite(at);
            low = std::min(low, at), high = std::max(high, at);
        }
        for (const Extent &each : {seen, extent})
            require(finite ? each.low[axis] == low && each.high[axis] == high : std::isnan(each.low[axis]),
                    "the extent is that of the coordinates, NaN where one is not finite");
    }
    if (rows.empty())
        return;
    std::vector<double> offsets(3 * rows.size());
    offsets_of(points.data(), rows.data(), rows.size(), sphere, 2.0, offsets.data());
    for (std::size_t i = 0; i < offsets.size(); ++i)
        require(!(sphere.box > 0) || !(std::fabs(offsets[i]) > sphere.box * (1 + 1e-6)) ||
                    std::fabs(double(points[3 * std::size_t(rows[i / 3]) + i % 3])) > 1e6 * sphere.box ||
                    std::fabs(sphere.center[i % 3]) > 1e6 * sphere.box,
                "an offset is to the nearest image");
}

struct Stored {
    std::vector<float> narrow;
    std::vector<double> wide;
    double factor;

    StoredValues values() const {
        return {narrow.empty() ? nullptr : narrow.data(), wide.empty() ? nullptr : wide.data(), factor, false};
    }
    // The same numbers, one for each selected row.
    Stored picked(const std::vector<std::int64_t> &rows) const {
        Stored some{{}, {}, factor};
        for (const std::int64_t row : rows) {
            if (!narrow.empty())
                some.narrow.push_back(narrow[row]);
            if (!wide.empty())
                some.wide.push_back(wide[row]);
        }
        return some;
    }
};

Stored stored_of(Given &given, std::size_t count, double scale, Spread &values) {
    Stored stored{{}, {}, given.yes() ? 1.0 : given.size(1e-3, 1e3)};
    const int kind = given.whole(0, 2);
    for (std::size_t i = 0; i < count && kind < 2; ++i) {
        const float value = i < 20 ? given.amount(scale, 1e30) : float(values(0, scale));
        kind ? stored.wide.push_back(value) : stored.narrow.push_back(value);
    }
    return stored;
}

template <class T> void stored_call_of(Given &given) {
    const double scale = given.size(1e-3, 1e4);
    const std::vector<T> points = coordinates_of<T>(given, scale, true);
    const std::size_t count = points.size() / 3;
    Spread values = given.spread();
    std::vector<std::int64_t> rows;
    const bool every = given.yes();
    for (std::size_t i = 0; i < count; ++i)
        if (every || values(0, 1) < 0.5)
            rows.push_back(std::int64_t(i));
    const Stored stored[] = {stored_of(given, count, 1e3, values), stored_of(given, count, 1e4, values),
                             stored_of(given, count, scale, values), stored_of(given, count, 1.2, values),
                             stored_of(given, count, 1.0, values)};
    const Stored reason = stored_of(given, count, 1.0, values);
    StoredGas gas{};
    gas.about = sphere_of(given, scale);
    gas.scale = given.size(1e-3, 1e3);
    gas.kelvin = given.yes() ? 0.0 : given.size(1e-3, 1e3);
    gas.support_scale = given.size(1e-3, 1e3);
    gas.area = given.size(1e-12, 1.0);
    gas.most_electrons = 1.3;
    gas.hydrogen_limits[0] = 0.0, gas.hydrogen_limits[1] = 1.0;
    gas.hot_kelvin = given.yes() ? INFINITY : 1e6;
    gas.exclusion_count = given.whole(0, most_exclusions);
    std::vector<T> picked;
    for (const std::int64_t row : rows)
        picked.insert(picked.end(), &points[3 * row], &points[3 * row] + 3);
    std::vector<std::int64_t> in_order(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        in_order[i] = std::int64_t(i);

    Taken taken[2];
    std::vector<float> columns[2];
    for (int which = 0; which < 2; ++which) {
        // rows of the file, or all rows of a file that holds these alone
        const std::vector<T> &from = which ? picked : points;
        Stored kept[6];
        for (int i = 0; i < 6; ++i)
            kept[i] = which ? (i < 5 ? stored[i] : reason).picked(rows) : (i < 5 ? stored[i] : reason);
        if constexpr (sizeof(T) == 4)
            gas.narrow_position = from.data();
        else
            gas.wide_position = from.data();
        gas.rows = which ? in_order.data() : rows.data(), gas.count = rows.size();
        gas.mass = kept[0].values(), gas.heat = kept[1].values(), gas.support = kept[2].values();
        gas.electrons = kept[3].values(), gas.hydrogen = kept[4].values();
        for (int i = 0; i < gas.exclusion_count; ++i)
            gas.exclusions[i] = {kept[5].values(), 0.25f * float(i + 1), i == 1};
        columns[which].assign(5 * rows.size(), 0.0f);
        float *const to = columns[which].data();
        const std::size_t room = rows.size();
        taken[which] = stored_columns(gas, {to, to + room, to + 2 * room, to + 3 * room, to + 4 * room});
    }
    std::size_t left_out = 0;
    for (const std::size_t each : taken[0].left_out)
        left_out += each;
    require(taken[0].kept + left_out == rows.size(), "every particle is kept or left out");
    require(taken[0].kept == taken[1].kept && taken[0].sound == taken[1].sound,
            "rows of a file are taken as a file of these rows is");
    if (!taken[0].sound)
        return;
    require(all_finite(columns[0]), "columns of sound values are finite");
    // beyond what is kept stands what was tried last
    for (std::size_t column = 0; column < 5; ++column)
        require(std::equal(columns[0].begin() + column * rows.size(),
                           columns[0].begin() + column * rows.size() + taken[0].kept,
                           columns[1].begin() + column * rows.size()),
                "columns of rows are those of a file of these rows");
}

} // namespace

void sphere_call(Given &given) {
    given.yes() ? sphere_call_of<float>(given) : sphere_call_of<double>(given);
}

void stored_call(Given &given) {
    given.yes() ? stored_call_of<float>(given) : stored_call_of<double>(given);
}

void columns_call(Given &given) {
    const int count = given.rarely() ? 70000 : given.whole(0, 40);
    Spread values = given.spread();
    std::vector<double> offset(3 * std::size_t(count));
    for (double &each : offset)
        each = values(-1e4, 1e4);
    std::vector<float> column[4];
    for (std::vector<float> &each : column)
        for (int i = 0; i < count; ++i)
            each.push_back(i < 20 ? given.amount(1.0, 1e8) : float(values(0, 2)));
    const double center[3] = {given.place(10), given.place(10), given.place(10)}, factor = given.size(1e-12, 1e3);
    const GasColumns gas{offset.data(),    column[0].data(), column[1].data(),
                         column[2].data(), column[3].data(), std::size_t(count)};
    std::vector<float> out[2];
    for (int which = 0; which < 2; ++which) {
        out[which].assign(4 * std::size_t(count), -1.0f);
        float *const to = out[which].data();
        Stop stop;
        require(
            particle_columns(gas, center, factor, which ? 3 : 1, stop, to, to + count, to + 2 * count, to + 3 * count),
            "columns that nobody stopped end");
    }
    require(out[0] == out[1], "columns are the same for any number of threads");
    for (int i = 0; i < count; ++i)
        require(out[0][std::size_t(count) + i] == float(offset[3 * std::size_t(i) + 1] - center[1]),
                "a column is the offset less the centre");
}

} // namespace szfast::fuzz
