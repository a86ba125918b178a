#include "szfast/columns.hpp"
#include "arrays.hpp"

namespace szfast::bindings {
namespace {

py::tuple columns(const py::object &offset, const py::object &center, const py::object &mass,
                  const py::object &hydrogen, const py::object &electrons, const py::object &temperature, double factor,
                  int threads) {
    const auto offsets = checked<double>(offset, "offset", {-1, 3});
    const py::ssize_t count = offsets.shape(0);
    const auto centre = checked<double>(center, "center", {3});
    require_finite(centre, "center");
    const auto masses = checked<float>(mass, "mass", {count}),
               fractions = checked<float>(hydrogen, "hydrogen", {count});
    const auto per_atom = checked<float>(electrons, "electrons", {count});
    const auto temperatures = checked<float>(temperature, "temperature", {count});
    py::array_t<float> x(count), y(count), z(count), Y(count);
    float *to[] = {x.mutable_data(), y.mutable_data(), z.mutable_data(), Y.mutable_data()};
    const GasColumns gas{offsets.data(),  masses.data(),       fractions.data(),
                         per_atom.data(), temperatures.data(), std::size_t(count)};
    const double *middle = centre.data();
    interruptible(
        [&](Stop &stop) { return particle_columns(gas, middle, factor, threads, stop, to[0], to[1], to[2], to[3]); });
    return py::make_tuple(x, y, z, Y);
}

} // namespace

void register_columns(py::module_ &module) {
    module.def(
        "particle_columns", &columns, py::arg("offset"), py::arg("center"), py::arg("mass"), py::arg("hydrogen"),
        py::arg("electrons"), py::arg("temperature"), py::kw_only(), py::arg("factor"), py::arg("threads"),
        "float64 (N, 3) offset and (3,) center [kpc], float32 (N,) mass, hydrogen fraction, electrons per atom,\n"
        "temperature -> float32 (N,) x, y, z [kpc] and Y, factor times the product of the four. Values are not\n"
        "checked here: the operations that take the columns do.");
}

} // namespace szfast::bindings
