// Arguments of the engine's operations, the same for the CPU's and the GPU's.
#pragma once

#include "arrays.hpp"
#include "szfast/deposit.hpp"
#include "szfast/mesh.hpp"
#include "szfast/observe.hpp"
#include "szfast/spread.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <vector>

namespace szfast::bindings {

inline Kernel kernel_named(const std::string &name) {
    const char *names[] = {"cubic", "wendland_c2", "wendland_c4", "uniform"};
    for (int i = 0; i < 4; ++i)
        if (name == names[i])
            return static_cast<Kernel>(i);
    throw py::value_error("kernel: expected cubic, wendland_c2, wendland_c4 or uniform, found " + name);
}

inline Grid checked_grid(int pixels, double pixel_kpc, double half_depth_kpc, double rtol,
                         const py::array_t<double> &views) {
    require_finite(views, "views");
    if (pixels < 1 || pixels > 16384)
        throw py::value_error("pixels: expected 1 to 16384, found " + std::to_string(pixels));
    if (!(pixel_kpc > 0) || !std::isfinite(pixel_kpc))
        throw py::value_error("pixel_kpc: expected a positive number");
    if (!(half_depth_kpc > 0))
        throw py::value_error("half_depth_kpc: expected a positive number");
    if (!(rtol > 0 && rtol < 1))
        throw py::value_error("rtol: expected above 0 and below 1");
    if (views.shape(0) > 1000000)
        throw py::value_error("views: expected at most 1000000");
    return {pixels, pixel_kpc, half_depth_kpc};
}

// A stream a key, of so many maps; any number for a negative count.
inline std::vector<NoiseStream> streams_of(const py::object &keys, py::ssize_t count) {
    if (keys.is_none())
        throw py::value_error("keys: noise needs one key a map");
    const auto words = checked<std::uint64_t>(keys, "keys", {count, 5});
    const std::uint64_t *word = words.data();
    std::vector<NoiseStream> streams(words.shape(0));
    for (NoiseStream &stream : streams) {
        for (int k = 2; k < 5; ++k)
            if (word[k] > 0xFFFFFFFFu)
                throw py::value_error("keys: view, realisation and run must be below 2^32");
        stream =
            noise_stream({word[0], word[1], std::uint32_t(word[2]), std::uint32_t(word[3]), std::uint32_t(word[4])});
        word += 5;
    }
    return streams;
}

// The noise of so many maps, or of as many as there are keys for a negative count; none without an amplitude.
struct NoiseArguments {
    NoiseArguments(const py::object &amplitude, const py::object &keys, py::ssize_t padded, py::ssize_t of_maps)
        : count(of_maps) {
        if (!amplitude.is_none()) {
            values = checked<double>(amplitude, "amplitude", {padded, padded / 2 + 1});
            require_not_negative(*values, "amplitude");
            streams = streams_of(keys, count);
            count = py::ssize_t(streams.size());
        }
        if (count < 0)
            throw py::value_error("maps: expected maps, spectra or noise");
    }
    const double *amplitude() const {
        return values ? values->data() : nullptr;
    }

    std::optional<py::array_t<double>> values;
    std::vector<NoiseStream> streams;
    py::ssize_t count; // maps of the result
};

inline py::array_t<double> checked_transfer(const py::object &transfer, int size) {
    const auto beam = checked<double>(transfer, "transfer", {-1, -1});
    require_finite(beam, "transfer");
    const py::ssize_t padded = beam.shape(0);
    if (padded < 2 || padded > 16384 || padded % 2 || beam.shape(1) != padded / 2 + 1)
        throw py::value_error("transfer: expected shape (n, n/2 + 1), n even, found " + shape_text(beam));
    if (size < 1 || size > padded || (padded - size) % 2)
        throw py::value_error("size: expected at most " + std::to_string(padded) + ", less by an even number, found " +
                              std::to_string(size));
    return beam;
}

inline SpreadDesign checked_spread(const SpreadDesign &design) {
    if (design.taps != 4 && design.taps != 6 && design.taps != 8)
        throw py::value_error("taps: expected 4, 6 or 8, found " + std::to_string(design.taps));
    if (design.cells < 2 * window_row || design.cells > 16384)
        throw py::value_error("cells: expected 16 to 16384, found " + std::to_string(design.cells));
    if (!(design.cell_kpc > 0 && std::isfinite(design.cell_kpc) && design.reach_kpc >= 0 && design.half_depth_kpc > 0))
        throw py::value_error("cell_kpc, reach_kpc, half_depth_kpc: expected positive numbers");
    if (!(design.h_to_kpc > design.h_above_kpc && design.h_to_kpc >= 0 && std::isfinite(design.h_to_kpc)))
        throw py::value_error("h_to_kpc: expected more than h_above_kpc");
    // farther away, one step of the period does not bring a particle back onto the grid
    if (!(design.reach_kpc + design.h_to_kpc <= design.cells * design.cell_kpc))
        throw py::value_error("reach_kpc: expected at most cells times cell_kpc, less h_to_kpc");
    return design;
}

// A mesh and the modes taken from it; holds the arrays that they point to.
class MeshArguments {
  public:
    MeshArguments(const py::dict &given, const py::object &last, const py::object &factor, double pixel_kpc,
                  const py::array_t<double> &views);

    MeshDesign design{};
    SliceGrid grid{};

  private:
    py::array_t<float> spread_, slice_, window_, factor_;
    py::array_t<double> before_;
    py::array_t<int> last_;
};

inline MeshArguments::MeshArguments(const py::dict &given, const py::object &last, const py::object &factor,
                                    double pixel_kpc, const py::array_t<double> &views) {
    require_finite(views, "views");
    const auto number = [&](const char *name) { return given[name].cast<double>(); };
    design.points = given["points"].cast<int>();
    design.cell_kpc = number("cell_kpc");
    design.radius_kpc = number("radius_kpc");
    design.h_limit_kpc = number("h_limit_kpc");
    design.padded = given["padded"].cast<int>();
    design.reach = given["reach"].cast<int>();
    spread_ = checked<float>(given["spread"], "spread", {spread_coefficients});
    before_ = checked<double>(given["before"], "before", {design.points});
    slice_ = checked<float>(given["slice"], "slice", {slice_coefficients});
    window_ = checked<float>(given["window"], "window", {window_coefficients});
    require_finite(spread_, "spread");
    require_finite(before_, "before");
    require_finite(slice_, "slice");
    require_finite(window_, "window");
    design.spread = spread_.data();
    design.before = before_.data();
    design.slice = slice_.data();
    design.window = window_.data();
    if (design.points < 2 * spread_taps || design.points > 1024 || design.padded < design.points ||
        design.reach <= slice_taps || design.reach >= design.padded)
        throw py::value_error("design: points, padded and reach do not fit together");
    if (design.padded > 4096 || fast_length(design.padded) != design.padded)
        throw py::value_error("design: expected padded even, at most 4096, without prime factors but 2, 3, 5, found " +
                              std::to_string(design.padded));
    for (const double length : {design.cell_kpc, design.radius_kpc, design.h_limit_kpc, pixel_kpc})
        if (!(length > 0 && std::isfinite(length)))
            throw py::value_error("design, pixel_kpc: expected positive lengths");
    // the taps of a particle at the radius are on the mesh
    if (!(design.radius_kpc <= (design.points / 2 - spread_taps / 2 - 0.01) * design.cell_kpc))
        throw py::value_error("design: the mesh does not reach the radius");

    factor_ = checked<float>(factor, "factor", {2, -1, -1});
    require_finite(factor_, "factor");
    const py::ssize_t n = factor_.shape(1), rows = factor_.shape(2);
    last_ = checked<int>(last, "last", {n});
    if (n < 2 || rows % 16 != 0)
        throw py::value_error("factor: expected rows in multiples of 16, found " + shape_text(factor_));
    grid = {int(n), int(rows), pixel_kpc, last_.data(), factor_.data()};
    // every mode's taps are on the grid of wave numbers, whatever the view
    const double scale = design.cell_kpc * design.padded / (n * pixel_kpc);
    for (py::ssize_t column = 0; column < n; ++column) {
        const int kx = int(2 * column <= n ? column : n - column), ky = grid.last[column];
        if (ky >= rows || (ky >= 0 && !(std::hypot(kx, ky) * scale + slice_taps / 2 + 0.01 <= design.reach)))
            throw py::value_error("last: a mode is beyond the mesh's reach");
    }
    for (py::ssize_t view = 0; view < views.shape(0); ++view)
        for (int axis = 0; axis < 2; ++axis) {
            double square = 0.0;
            for (int k = 0; k < 3; ++k)
                square += views.at(view, k, axis) * views.at(view, k, axis);
            if (std::fabs(square - 1.0) > 1e-6)
                throw py::value_error("views: expected rotation matrices");
        }
}

} // namespace szfast::bindings
