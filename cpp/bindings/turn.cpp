#include "szfast/turn.hpp"
#include "arrays.hpp"

#include <optional>
#include <vector>

namespace szfast::bindings {
namespace {

// A copy: another thread may write to the array while the engine follows what was checked.
std::vector<std::int64_t> checked_below(const py::array_t<std::int64_t> &array, const char *name, py::ssize_t end) {
    std::vector<std::int64_t> values(array.data(), array.data() + array.size());
    for (const std::int64_t value : values)
        if (value < 0 || value >= end)
            throw py::value_error(std::string(name) + ": expected 0 to " + std::to_string(end - 1) + ", found " +
                                  std::to_string(value));
    return values;
}

py::array_t<float> pick_and_turn_maps(const py::object &maps, const py::object &rows, const py::object &noise,
                                      const py::object &symmetry, int threads) {
    const auto from = checked<float>(maps, "maps", {-1, -1, -1});
    const py::ssize_t size = from.shape(1);
    if (from.shape(2) != size || size > 16384)
        throw py::value_error("maps: expected shape (N, n, n), found " + shape_text(from));
    const auto picked = checked<std::int64_t>(rows, "rows", {-1});
    const py::ssize_t count = picked.size();
    const auto turns = checked<std::int64_t>(symmetry, "symmetry", {count});
    const std::vector<std::int64_t> numbers = checked_below(picked, "rows", from.shape(0));
    const std::vector<std::int64_t> turned = checked_below(turns, "symmetry", symmetries);
    std::optional<py::array_t<float>> added;
    if (!noise.is_none())
        added = checked<float>(noise, "noise", {count, size, size});
    py::array_t<float> out({count, size, size});
    const float *extra = added ? added->data() : nullptr;
    float *to = out.mutable_data();
    interruptible([&](Stop &stop) {
        return pick_and_turn(from.data(), numbers.data(), extra, turned.data(), numbers.size(), int(size), threads,
                             stop, to);
    });
    return out;
}

} // namespace

void register_turn(py::module_ &module) {
    module.def("pick_and_turn", &pick_and_turn_maps, py::kw_only(), py::arg("maps"), py::arg("rows"), py::arg("noise"),
               py::arg("symmetry"), py::arg("threads"),
               "Maps for a network: float32 (N, n, n) maps, int64 (B,) rows, float32 (B, n, n) noise or None, int64\n"
               "(B,) symmetry 0 to 7 -> float32 (B, n, n), turned(maps[rows] + noise).");
}

} // namespace szfast::bindings
