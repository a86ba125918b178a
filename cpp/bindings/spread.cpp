#include "szfast/spread.hpp"
#include "arrays.hpp"
#include "engine_arguments.hpp"

namespace szfast::bindings {
namespace {

py::tuple spread_particles(const py::object &x, const py::object &y, const py::object &z, const py::object &h,
                           const py::object &Y, const py::object &views, int cells, double cell_kpc, double reach_kpc,
                           double half_depth_kpc, double h_above_kpc, double h_to_kpc, int taps,
                           const py::object &window, int threads) {
    const auto xs = checked<float>(x, "x", {-1});
    const py::ssize_t count = xs.size();
    const auto ys = checked<float>(y, "y", {count}), zs = checked<float>(z, "z", {count});
    const auto hs = checked<float>(h, "h", {count}), Ys = checked<float>(Y, "Y", {count});
    const auto rotations = checked<double>(views, "views", {-1, 3, 3});
    const auto weights = checked<double>(window, "window", {window_degree + 1, window_row});
    require_finite(xs, "x");
    require_finite(ys, "y");
    require_finite(zs, "z");
    require_not_negative(hs, "h");
    require_not_negative(Ys, "Y");
    require_finite(rotations, "views");
    require_finite(weights, "window");
    const SpreadDesign design =
        checked_spread({cells, cell_kpc, reach_kpc, half_depth_kpc, h_above_kpc, h_to_kpc, taps, weights.data()});
    const py::ssize_t view_count = rotations.shape(0);
    if (view_count > 1000000)
        throw py::value_error("views: expected at most 1000000");
    py::array_t<double> fields({view_count, py::ssize_t(window_fields), py::ssize_t(cells), py::ssize_t(cells)});
    py::array_t<double> loaded(view_count);
    const Particles particles{xs.data(), ys.data(), zs.data(), hs.data(), Ys.data(), std::size_t(count)};
    const double *rotation = rotations.data();
    double *field = fields.mutable_data(), *sum = loaded.mutable_data();
    interruptible(
        [&](Stop &stop) { return spread(particles, design, rotation, int(view_count), threads, stop, field, sum); });
    return py::make_tuple(fields, loaded);
}

} // namespace

void register_spread(py::module_ &module) {
    module.def(
        "spread", &spread_particles, py::arg("x"), py::arg("y"), py::arg("z"), py::arg("h"), py::arg("Y"),
        py::kw_only(), py::arg("views"), py::arg("cells"), py::arg("cell_kpc"), py::arg("reach_kpc"),
        py::arg("half_depth_kpc"), py::arg("h_above_kpc"), py::arg("h_to_kpc"), py::arg("taps"), py::arg("window"),
        py::arg("threads"),
        "Spread particles with h in (h_above, h_to] with a smooth window: float32 (N,) x, y, z, h [kpc], Y\n"
        "[kpc2], float64 (L, 3, 3) views -> float64 (L, 4, cells, cells) fields of Y t^m [kpc2], with t running\n"
        "from 0 to 1 in h^2, and float64 (L,) Y of these particles within the depth.");
}

} // namespace szfast::bindings
