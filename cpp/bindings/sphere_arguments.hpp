// Checks of spheres and of particles' row numbers, for the modules that take them.
#pragma once

#include "arrays.hpp"
#include "szfast/sphere.hpp"

namespace szfast::bindings {

inline Sphere checked_sphere(const py::object &center, double radius, double box) {
    const auto at = checked<double>(center, "center", {3});
    require_finite(at, "center");
    if (!(radius > 0))
        throw py::value_error("radius: expected a positive number");
    if (!(box >= 0) || !std::isfinite(box))
        throw py::value_error("box: expected a period, or zero for none");
    return {{at.data()[0], at.data()[1], at.data()[2]}, radius, box};
}

inline void require_scale(double scale) {
    if (!std::isfinite(scale))
        throw py::value_error("scale: expected a finite number");
}

// Row numbers of an array with so many rows.
inline py::array_t<std::int64_t> checked_rows(const py::object &rows, py::ssize_t count) {
    const auto numbers = checked<std::int64_t>(rows, "rows", {-1});
    const std::int64_t *row = numbers.data();
    bool inside = true;
    for (py::ssize_t i = 0; i < numbers.size(); ++i)
        inside &= row[i] >= 0 && row[i] < count;
    if (!inside)
        throw py::value_error("rows: expected numbers from 0 to " + std::to_string(count - 1));
    return numbers;
}

} // namespace szfast::bindings
