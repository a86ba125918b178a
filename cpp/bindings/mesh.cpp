#include "szfast/mesh.hpp"
#include "arrays.hpp"

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
    require_finite(rotations, "views");

    const auto number = [&](const char *name) { return design[name].cast<double>(); };
    MeshDesign mesh{};
    mesh.points = design["points"].cast<int>();
    mesh.cell_kpc = number("cell_kpc");
    mesh.radius_kpc = number("radius_kpc");
    mesh.h_limit_kpc = number("h_limit_kpc");
    mesh.padded = design["padded"].cast<int>();
    mesh.reach = design["reach"].cast<int>();
    const auto spread = checked<float>(design["spread"], "spread", {spread_coefficients});
    const auto before = checked<double>(design["before"], "before", {mesh.points});
    const auto slice = checked<float>(design["slice"], "slice", {slice_coefficients});
    const auto window = checked<float>(design["window"], "window", {window_coefficients});
    mesh.spread = spread.data();
    mesh.before = before.data();
    mesh.slice = slice.data();
    mesh.window = window.data();
    if (mesh.points < 2 * spread_taps || mesh.points > 1024 || mesh.padded < mesh.points || mesh.reach <= slice_taps ||
        mesh.reach >= mesh.padded)
        throw py::value_error("design: points, padded and reach do not fit together");
    if (!(mesh.cell_kpc > 0 && mesh.h_limit_kpc > 0 && pixel_kpc > 0))
        throw py::value_error("design: expected positive lengths");
    // the taps of a particle at the radius are on the mesh
    if (!(mesh.radius_kpc <= (mesh.points / 2 - spread_taps / 2 - 0.01) * mesh.cell_kpc))
        throw py::value_error("design: the mesh does not reach the radius");

    const auto factors = checked<float>(factor, "factor", {2, -1, -1});
    const py::ssize_t n = factors.shape(1), rows = factors.shape(2);
    const auto lasts = checked<int>(last, "last", {n});
    if (n < 2 || rows % 16 != 0)
        throw py::value_error("factor: expected rows in multiples of 16, found " + shape_text(factors));
    // every mode's taps are on the grid of wave numbers, whatever the view
    const double scale = mesh.cell_kpc * mesh.padded / (n * pixel_kpc);
    for (py::ssize_t column = 0; column < n; ++column) {
        const int kx = int(2 * column <= n ? column : n - column), ky = lasts.data()[column];
        if (ky >= rows || (ky >= 0 && std::hypot(kx, ky) * scale + slice_taps / 2 + 0.01 > mesh.reach))
            throw py::value_error("last: a mode is beyond the mesh's reach");
    }
    for (py::ssize_t view = 0; view < rotations.shape(0); ++view)
        for (int axis = 0; axis < 2; ++axis) {
            double square = 0.0;
            for (int k = 0; k < 3; ++k)
                square += rotations.at(view, k, axis) * rotations.at(view, k, axis);
            if (std::fabs(square - 1.0) > 1e-6)
                throw py::value_error("views: expected rotation matrices");
        }

    py::array_t<float> result({rotations.shape(0), py::ssize_t(2), n, rows});
    py::array_t<std::uint8_t> left(count);
    std::uint8_t *mark = left.mutable_data();
    std::fill_n(mark, count, std::uint8_t(0));
    const Particles particles{xs.data(), ys.data(), zs.data(), hs.data(), Ys.data(), std::size_t(count)};
    const SliceGrid grid{int(n), int(rows), pixel_kpc, lasts.data(), factors.data()};
    const double *rotation = rotations.data();
    float *to = result.mutable_data();
    MeshSums sums;
    interruptible([&](Stop &stop) {
        return mesh_spectra(particles, mesh, grid, rotation, int(rotations.shape(0)), threads, stop, to, mark, &sums);
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
