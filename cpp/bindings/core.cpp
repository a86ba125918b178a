#include "arrays.hpp"
#include "engine_arguments.hpp"
#include "szfast/deposit.hpp"
#include "szfast/observe.hpp"

#include <optional>

namespace szfast::bindings {

void register_columns(py::module_ &module);
void register_mesh(py::module_ &module);
void register_particles(py::module_ &module);
void register_spread(py::module_ &module);
void register_stored_columns(py::module_ &module);
void register_turn(py::module_ &module);

namespace {

py::tuple deposit(const py::object &x, const py::object &y, const py::object &z, const py::object &h,
                  const py::object &Y, const py::object &views, int pixels, double pixel_kpc, double half_depth_kpc,
                  const std::string &kernel, double rtol, int threads) {
    const auto xs = checked<float>(x, "x", {-1});
    const py::ssize_t count = xs.size();
    const auto ys = checked<float>(y, "y", {count}), zs = checked<float>(z, "z", {count});
    const auto hs = checked<float>(h, "h", {count}), Ys = checked<float>(Y, "Y", {count});
    const auto rotations = checked<double>(views, "views", {-1, 3, 3});
    require_finite(xs, "x");
    require_finite(ys, "y");
    require_finite(zs, "z");
    require_not_negative(hs, "h");
    require_not_negative(Ys, "Y");
    const Grid grid = checked_grid(pixels, pixel_kpc, half_depth_kpc, rtol, rotations);
    const Kernel shape = kernel_named(kernel);
    const py::ssize_t view_count = rotations.shape(0);
    py::array_t<double> maps({view_count, py::ssize_t(pixels), py::ssize_t(pixels)});
    py::array_t<double> loaded(view_count);
    const Particles particles{xs.data(), ys.data(), zs.data(), hs.data(), Ys.data(), std::size_t(count)};
    const double *rotation = rotations.data();
    double *map = maps.mutable_data(), *sum = loaded.mutable_data();
    interruptible([&](Stop &stop) {
        return deposit_exact(particles, grid, rotation, int(view_count), shape, rtol, threads, stop, map, sum);
    });
    return py::make_tuple(maps, loaded);
}

py::array_t<float> observe_maps(const py::object &maps, const py::object &keys, int size, const py::object &transfer,
                                const py::object &amplitude, int threads, const py::object &spectra) {
    const auto beam = checked_transfer(transfer, size);
    const py::ssize_t padded = beam.shape(0);
    if (fast_length(int(padded)) != padded)
        throw py::value_error("transfer: expected a side without prime factors but 2, 3, 5, found " + shape_text(beam));
    std::optional<py::array_t<double>> projected;
    py::ssize_t count = -1;
    if (!maps.is_none()) {
        projected = checked<double>(maps, "maps", {-1, padded, padded});
        count = projected->shape(0);
    }
    std::optional<py::array_t<float>> modes;
    MapSpectrum spectrum{nullptr, 0};
    if (!spectra.is_none()) {
        modes = checked<float>(spectra, "spectra", {count, 2, padded, -1});
        count = modes->shape(0);
        spectrum = {modes->data(), int(modes->shape(3))};
        if (spectrum.rows % 16 != 0)
            throw py::value_error("spectra: expected a multiple of 16 rows, found " + std::to_string(spectrum.rows));
    }
    const NoiseArguments noise(amplitude, keys, padded, count);
    py::array_t<float> out({noise.count, py::ssize_t(size), py::ssize_t(size)});
    const Observation observation{int(padded), size, beam.data(), noise.amplitude()};
    const double *from = projected ? projected->data() : nullptr;
    float *to = out.mutable_data();
    interruptible([&](Stop &stop) {
        return observe(observation, from, spectrum, noise.streams.data(), int(noise.count), threads, stop, to);
    });
    return out;
}

py::array_t<double> column_density(const std::string &kernel, const py::object &distance) {
    const auto R = checked<double>(distance, "distance", {-1});
    require_not_negative(R, "distance");
    const KernelPolynomial polynomial = kernel_polynomial(kernel_named(kernel));
    py::array_t<double> result(R.size());
    for (py::ssize_t i = 0; i < R.size(); ++i)
        result.mutable_data()[i] = column(polynomial, R.data()[i]);
    return result;
}

int checked_fast_length(int wanted) {
    if (wanted > 1 << 30)
        throw py::value_error("wanted: expected at most 2^30, found " + std::to_string(wanted));
    return fast_length(wanted);
}

} // namespace

PYBIND11_MODULE(_core, module) {
    module.doc() = "The C++ engine: projection, beam and noise on arrays whose unit stands in the name.";
    module.def(
        "deposit", &deposit, py::arg("x"), py::arg("y"), py::arg("z"), py::arg("h"), py::arg("Y"), py::kw_only(),
        py::arg("views"), py::arg("pixels"), py::arg("pixel_kpc"), py::arg("half_depth_kpc"), py::arg("kernel"),
        py::arg("rtol") = 1e-7, py::arg("threads"),
        "Project particles exactly: float32 (N,) x, y, z, h [kpc], Y [kpc2], float64 (L, 3, 3) views ->\n"
        "float64 (L, pixels, pixels) share of Y in each pixel [kpc2], float64 (L,) Y within the depth. A particle's\n"
        "share of a pixel is good to rtol of its kernel's peak times the pixel's area.");
    module.def("observe", &observe_maps, py::kw_only(), py::arg("maps"), py::arg("keys"), py::arg("size"),
               py::arg("transfer"), py::arg("amplitude"), py::arg("threads"), py::arg("spectra") = py::none(),
               "Beam and noise: float64 (L, n, n) maps or None, uint64 (L, 5) keys (seed, cluster, view, realisation,\n"
               "run) or None, float64 (n, n/2+1) transfer, the same for amplitude or None -> float32 (L, size, size).");
    module.def("column_density", &column_density, py::arg("kernel"), py::arg("distance"),
               "Line-of-sight integral of a kernel at float64 (N,) distances in units of the support radius.");
    module.def("fast_length", &checked_fast_length, py::arg("wanted"),
               "Smallest even length from `wanted` on with factors 2, 3, 5.");
    module.def("cpu_level", &cpu_level, "CPU level in use: baseline, v3 or v4.");
    register_columns(module);
    register_mesh(module);
    register_particles(module);
    register_spread(module);
    register_stored_columns(module);
    register_turn(module);
}

} // namespace szfast::bindings
