#include "sphere_arguments.hpp"

namespace szfast::bindings {
namespace {

py::array_t<double> corner(const double *point) {
    return py::array_t<double>(3, point);
}

template <class T> py::tuple extent(const py::object &coordinates) {
    const auto points = checked<T>(coordinates, "coordinates", {-1, 3});
    if (points.size() == 0)
        throw py::value_error("coordinates: expected at least one particle");
    const T *from = points.data();
    Extent found;
    interruptible([&](Stop &stop) {
        found = extent_of(from, std::size_t(points.shape(0)), stop);
        return !stop.asked;
    });
    return py::make_tuple(corner(found.low), corner(found.high));
}

template <class T> py::tuple within(const py::object &coordinates, const Sphere &sphere) {
    const auto points = checked<T>(coordinates, "coordinates", {-1, 3});
    const py::ssize_t count = points.shape(0);
    py::array_t<std::int64_t> rows(count);
    const T *from = points.data();
    std::int64_t *row = rows.mutable_data();
    std::size_t kept = 0;
    Extent found;
    interruptible([&](Stop &stop) {
        kept = within_sphere(from, std::size_t(count), sphere, row, found, stop);
        return !stop.asked;
    });
    const py::object inside = rows[py::slice(0, py::ssize_t(kept), 1)];
    return py::make_tuple(inside, corner(found.low), corner(found.high));
}

template <class T>
py::array_t<double> offsets(const py::object &coordinates, const py::object &rows, const Sphere &sphere, double scale) {
    const auto points = checked<T>(coordinates, "coordinates", {-1, 3});
    const auto numbers = checked_rows(rows, points.shape(0));
    py::array_t<double> offsets({numbers.size(), py::ssize_t(3)});
    const T *from = points.data();
    const std::int64_t *row = numbers.data();
    double *to = offsets.mutable_data();
    {
        const py::gil_scoped_release unlocked;
        offsets_of(from, row, std::size_t(numbers.size()), sphere, scale, to);
    }
    return offsets;
}

bool is_float32(const py::object &coordinates) {
    return py::isinstance<py::array_t<float>>(coordinates);
}

py::tuple extent_of_either(const py::object &coordinates) {
    return is_float32(coordinates) ? extent<float>(coordinates) : extent<double>(coordinates);
}

py::tuple within_either(const py::object &coordinates, const py::object &center, double radius, double box) {
    const Sphere sphere = checked_sphere(center, radius, box);
    return is_float32(coordinates) ? within<float>(coordinates, sphere) : within<double>(coordinates, sphere);
}

py::array_t<double> offsets_of_either(const py::object &coordinates, const py::object &rows, const py::object &center,
                                      double box, double scale) {
    const Sphere sphere = checked_sphere(center, std::numeric_limits<double>::infinity(), box);
    require_scale(scale);
    return is_float32(coordinates) ? offsets<float>(coordinates, rows, sphere, scale)
                                   : offsets<double>(coordinates, rows, sphere, scale);
}

} // namespace

void register_particles(py::module_ &module) {
    module.def("extent", &extent_of_either, py::arg("coordinates"),
               "Lowest and highest coordinates, float64 (3,) each, of float32 or float64 (N, 3); NaN where one is not\n"
               "finite.");
    module.def("within_sphere", &within_either, py::arg("coordinates"), py::kw_only(), py::arg("center"),
               py::arg("radius"), py::arg("box"),
               "Particles within a radius of a centre: float32 or float64 (N, 3) coordinates, float64 (3,) center,\n"
               "radius (may be infinite), box (period, 0 for none) in one unit -> int64 (M,) rows in ascending order,\n"
               "lowest and highest coordinates of all as from extent.");
    module.def(
        "offsets", &offsets_of_either, py::arg("coordinates"), py::arg("rows"), py::kw_only(), py::arg("center"),
        py::arg("box"), py::arg("scale"),
        "Positions of int64 (M,) rows of float32 or float64 (N, 3) coordinates relative to a float64 (3,) center\n"
        "at the nearest image (box: period, 0 for none), times scale -> float64 (M, 3).");
}

} // namespace szfast::bindings
