#include "szfast/stored_columns.hpp"
#include "sphere_arguments.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace szfast::bindings {
namespace {

// (array or None, factor, selected): one number a row of the file, or a selected row; none: the factor itself.
StoredValues checked_values(const py::tuple &values, const std::string &name, py::ssize_t rows, py::ssize_t selected) {
    if (values.size() != 3)
        throw py::value_error(name + ": expected (array or None, factor, selected)");
    const py::object array = values[0];
    StoredValues found{nullptr, nullptr, values[1].cast<double>(), values[2].cast<bool>()};
    const std::vector<py::ssize_t> shape{found.selected ? selected : rows};
    if (!std::isfinite(found.factor))
        throw py::value_error(name + ": expected a finite factor");
    if (py::isinstance<py::array_t<float>>(array))
        found.narrow = checked<float>(array, name.c_str(), shape).data();
    else if (!array.is_none())
        found.wide = checked<double>(array, name.c_str(), shape).data();
    return found;
}

float *checked_column(const py::handle &column, py::ssize_t room) {
    auto array = checked<float>(py::reinterpret_borrow<py::object>(column), "columns", {-1});
    if (array.size() < room)
        throw py::value_error("columns: expected room for " + std::to_string(room) + " particles, found " +
                              std::to_string(array.size()));
    return array.mutable_data();
}

py::tuple take(const py::object &coordinates, const py::object &rows, const py::object &center, double box,
               double scale, const py::tuple &mass, const py::tuple &heat, const py::tuple &support,
               const py::tuple &electrons, const py::tuple &hydrogen, const py::tuple &exclusions, double kelvin,
               double support_scale, double area, double most_electrons, std::pair<double, double> hydrogen_limits,
               double hot_kelvin, const py::tuple &columns) {
    StoredGas gas{};
    py::ssize_t of_file;
    if (py::isinstance<py::array_t<float>>(coordinates)) {
        const auto points = checked<float>(coordinates, "coordinates", {-1, 3});
        gas.narrow_position = points.data(), of_file = points.shape(0);
    } else {
        const auto points = checked<double>(coordinates, "coordinates", {-1, 3});
        gas.wide_position = points.data(), of_file = points.shape(0);
    }
    const auto numbers = checked_rows(rows, of_file);
    const py::ssize_t count = numbers.size();
    // the first and the last tell whether they are neighbours
    const std::int64_t *end = numbers.data() + count;
    if (std::adjacent_find(numbers.data(), end, std::greater_equal<std::int64_t>()) != end)
        throw py::value_error("rows: expected numbers that increase");
    gas.rows = numbers.data(), gas.count = std::size_t(count);
    gas.about = checked_sphere(center, std::numeric_limits<double>::infinity(), box);
    require_scale(scale);
    gas.scale = scale;
    gas.mass = checked_values(mass, "mass", of_file, count);
    gas.heat = checked_values(heat, "heat", of_file, count);
    gas.support = checked_values(support, "support", of_file, count);
    gas.electrons = checked_values(electrons, "electrons", of_file, count);
    gas.hydrogen = checked_values(hydrogen, "hydrogen", of_file, count);
    if (exclusions.size() > most_exclusions)
        throw py::value_error("exclusions: expected at most " + std::to_string(most_exclusions));
    for (const py::handle &each : exclusions) {
        const auto [values, threshold, at_threshold] = each.cast<std::tuple<py::tuple, double, bool>>();
        gas.exclusions[gas.exclusion_count++] = {checked_values(values, "exclusions", of_file, count), float(threshold),
                                                 at_threshold};
    }
    for (const double value : {kelvin, support_scale, area, most_electrons})
        if (!(value >= 0) || !std::isfinite(value))
            throw py::value_error("kelvin, support_scale, area, most_electrons: expected numbers of zero or more");
    gas.kelvin = kelvin, gas.support_scale = support_scale, gas.area = area, gas.most_electrons = most_electrons;
    if (!(hot_kelvin > 0))
        throw py::value_error("hot_kelvin: expected a positive number");
    gas.hot_kelvin = hot_kelvin;
    gas.hydrogen_limits[0] = hydrogen_limits.first, gas.hydrogen_limits[1] = hydrogen_limits.second;
    if (columns.size() != 5)
        throw py::value_error("columns: expected x, y, z, h and Y");
    const StoredColumns to{checked_column(columns[0], count), checked_column(columns[1], count),
                           checked_column(columns[2], count), checked_column(columns[3], count),
                           checked_column(columns[4], count)};
    Taken taken;
    {
        const py::gil_scoped_release unlocked;
        taken = stored_columns(gas, to);
    }
    py::list left_out;
    for (int i = 0; i < gas.exclusion_count; ++i)
        left_out.append(taken.left_out[i]);
    return py::make_tuple(taken.kept, left_out, taken.sound);
}

} // namespace

void register_stored_columns(py::module_ &module) {
    module.def(
        "stored_columns", &take, py::arg("coordinates"), py::arg("rows"), py::kw_only(), py::arg("center"),
        py::arg("box"), py::arg("scale"), py::arg("mass"), py::arg("heat"), py::arg("support"), py::arg("electrons"),
        py::arg("hydrogen"), py::arg("exclusions"), py::arg("kelvin"), py::arg("support_scale"), py::arg("area"),
        py::arg("most_electrons"), py::arg("hydrogen_limits"), py::arg("hot_kelvin"), py::arg("columns"),
        "What a file stores of gas to the float32 columns x, y, z, h, Y, which are given and have room for it.\n"
        "float32 or float64 (N, 3) coordinates, int64 (M,) rows; mass, heat (specific energy; temperature where\n"
        "kelvin is 0), support radius, electrons per atom and hydrogen's share of the mass as (float32 or\n"
        "float64 (N,) array, factor, False), (float32 (M,) array, factor, True) or (None, value, False).\n"
        "exclusions: (values, threshold, whether at it too). -> number kept, numbers left out by reason, whether\n"
        "all values are finite, the composition within its limits, and none above hot_kelvin has no electrons.");
}

} // namespace szfast::bindings
