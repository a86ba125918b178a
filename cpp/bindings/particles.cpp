#include "arrays.hpp"
#include "szfast/sphere.hpp"

namespace szfast::bindings {
namespace {

template <class T> py::tuple extent(const py::object &coordinates) {
    const auto points = checked<T>(coordinates, "coordinates", {-1, 3});
    if (points.size() == 0)
        throw py::value_error("coordinates: expected at least one particle");
    py::array_t<double> low(3), high(3);
    const T *from = points.data();
    Extent found;
    interruptible([&](Stop &stop) {
        found = extent_of(from, std::size_t(points.shape(0)), stop);
        return !stop.asked;
    });
    std::copy(found.low, found.low + 3, low.mutable_data());
    std::copy(found.high, found.high + 3, high.mutable_data());
    return py::make_tuple(low, high);
}

template <class T> py::tuple within(const py::object &coordinates, const Sphere &sphere, double scale) {
    const auto points = checked<T>(coordinates, "coordinates", {-1, 3});
    const py::ssize_t count = points.shape(0);
    py::array_t<std::int64_t> rows(count);
    py::array_t<double> offsets({count, py::ssize_t(3)});
    const T *from = points.data();
    std::int64_t *row = rows.mutable_data();
    double *offset = offsets.mutable_data();
    std::size_t kept = 0;
    interruptible([&](Stop &stop) {
        kept = within_sphere(from, std::size_t(count), sphere, scale, row, offset, stop);
        return !stop.asked;
    });
    const py::slice first(0, py::ssize_t(kept), 1);
    return py::make_tuple(rows[first], offsets[first]);
}

bool is_float32(const py::object &coordinates) {
    return py::isinstance<py::array_t<float>>(coordinates);
}

py::tuple extent_of_either(const py::object &coordinates) {
    return is_float32(coordinates) ? extent<float>(coordinates) : extent<double>(coordinates);
}

py::tuple within_either(const py::object &coordinates, const py::object &center, double radius, double box,
                        double scale) {
    const auto at = checked<double>(center, "center", {3});
    require_finite(at, "center");
    if (!(radius > 0))
        throw py::value_error("radius: expected a positive number");
    if (!(box >= 0) || !std::isfinite(box))
        throw py::value_error("box: expected a period, or zero for none");
    if (!std::isfinite(scale))
        throw py::value_error("scale: expected a finite number");
    const Sphere sphere{{at.data()[0], at.data()[1], at.data()[2]}, radius, box};
    return is_float32(coordinates) ? within<float>(coordinates, sphere, scale)
                                   : within<double>(coordinates, sphere, scale);
}

} // namespace

void register_particles(py::module_ &module) {
    module.def("extent", &extent_of_either, py::arg("coordinates"),
               "Lowest and highest coordinates, float64 (3,) each, of float32 or float64 (N, 3); NaN where one is not\n"
               "finite.");
    module.def("within_sphere", &within_either, py::arg("coordinates"), py::kw_only(), py::arg("center"),
               py::arg("radius"), py::arg("box"), py::arg("scale"),
               "Particles within a radius of a centre: float32 or float64 (N, 3) coordinates, float64 (3,) center,\n"
               "radius (may be infinite), box (period, 0 for none) in one unit -> int64 (M,) rows, float64 (M, 3)\n"
               "offsets from the centre at the nearest image times scale.");
}

} // namespace szfast::bindings
