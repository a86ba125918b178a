#include "szfast/mesh.hpp"
#include "arrays.hpp"
#include "engine_arguments.hpp"

namespace szfast::bindings {
namespace {

py::tuple spectra(const py::object &x, const py::object &y, const py::object &z, const py::object &h,
                  const py::object &Y, const py::object &views, const py::dict &design, const py::object &last,
                  const py::object &factor, double pixel_kpc, int threads) {
    const auto xs = checked<float>(x, "x", {-1});
    const py::ssize_t count = xs.size();
    const auto ys = checked<float>(y, "y", {count}), zs = checked<float>(z, "z", {count});
    const auto hs = checked<float>(h, "h", {count}), Ys = checked<float>(Y, "Y", {count});
    const auto rotations = checked<double>(views, "views", {-1, 3, 3});
    const MeshArguments arguments(design, last, factor, pixel_kpc, rotations);
    const py::ssize_t n = arguments.grid.n, rows = arguments.grid.rows;
    py::array_t<float> result({rotations.shape(0), py::ssize_t(2), n, rows});
    py::array_t<std::uint8_t> left(count);
    std::uint8_t *mark = left.mutable_data();
    std::fill_n(mark, count, std::uint8_t(0));
    const Particles particles{xs.data(), ys.data(), zs.data(), hs.data(), Ys.data(), std::size_t(count)};
    const double *rotation = rotations.data();
    float *to = result.mutable_data();
    MeshSums sums;
    interruptible([&](Stop &stop) {
        return mesh_spectra(particles, arguments.design, arguments.grid, rotation, int(rotations.shape(0)), threads,
                            stop, to, mark, &sums);
    });
    if (!sums.valid)
        throw py::value_error("x, y, z, h, Y: expected finite numbers, h and Y not negative");
    return py::make_tuple(result, left, py::make_tuple(sums.Y, sums.Y_h2, sums.Y_h4, sums.Y_r4, sums.left));
}

} // namespace

void register_mesh(py::module_ &module) {
    module.def("mesh_spectra", &spectra, py::arg("x"), py::arg("y"), py::arg("z"), py::arg("h"), py::arg("Y"),
               py::kw_only(), py::arg("views"), py::arg("design"), py::arg("last"), py::arg("factor"),
               py::arg("pixel_kpc"), py::arg("threads"),
               "Project particles behind a beam: float32 (N,) x, y, z, h [kpc], Y [kpc2], float64 (L, 3, 3) views ->\n"
               "float32 (L, 2, n, rows) half spectra [kpc2], uint8 (N,) particles left out, sums\n"
               "of Y, Y h^2, Y h^4, Y r^4 with h and r in units of their limits, and how many were left out.");
}

} // namespace szfast::bindings
