#include "arrays_kernels.hpp"
#include "cuda_device.hpp"
#include "cufft_loader.hpp"
#include "deposit.hpp"
#include "device_inputs.hpp"
#include "engine_arguments.hpp"
#include "mesh.hpp"
#include "observe.hpp"
#include "spread.hpp"

#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <complex>

namespace szfast::bindings {
namespace {

// A device with what it keeps between two calls.
template <class Device> struct Engine {
    template <class... Arguments> explicit Engine(Arguments... arguments) : device(arguments...), deposit(device) {
    }
    Engine(const Engine &) = delete;

    Device device;
    cuda::Deposit<Device> deposit;
};

template <class Device>
py::tuple deposit(Engine<Device> &engine, const py::object &x, const py::object &y, const py::object &z,
                  const py::object &h, const py::object &Y, const py::object &views, int pixels, double pixel_kpc,
                  double half_depth_kpc, const std::string &kernel, double rtol) {
    const auto turns = checked<double>(views, "views", {-1, 3, 3});
    const Grid grid = checked_grid(pixels, pixel_kpc, half_depth_kpc, rtol, turns);
    const Kernel shape = kernel_named(kernel);
    const Columns<Device> columns(engine.device, x, y, z, h, Y);
    const py::ssize_t count = turns.shape(0);
    py::array_t<double> loaded(count);
    const double *const turn = turns.data();
    double *const sums = loaded.mutable_data();
    Buffer<double> maps;
    {
        const py::gil_scoped_release unlocked;
        maps = cuda::allocate<double>(engine.device, std::size_t(count) * pixels * pixels);
        engine.deposit(columns.view(), grid, turn, int(count), shape, rtol, maps.data(), sums);
        engine.device.synchronize();
    }
    return py::make_tuple(array_of(engine.device, maps, {count, pixels, pixels}), loaded);
}

template <class Device>
py::tuple mesh_spectra(Engine<Device> &engine, const py::object &x, const py::object &y, const py::object &z,
                       const py::object &h, const py::object &Y, const py::object &views, const py::dict &design,
                       const py::object &last, const py::object &factor, double pixel_kpc) {
    const auto turns = checked<double>(views, "views", {-1, 3, 3});
    const MeshArguments arguments(design, last, factor, pixel_kpc, turns);
    const Columns<Device> columns(engine.device, x, y, z, h, Y);
    const py::ssize_t count = turns.shape(0);
    const double *const turn = turns.data();
    cuda::MeshResult<Device> result;
    py::array_t<std::uint8_t> left(columns.first.shape[0]);
    std::uint8_t *const mark = left.mutable_data();
    std::fill_n(mark, left.size(), std::uint8_t(0));
    const std::size_t particles = std::size_t(left.size());
    {
        const py::gil_scoped_release unlocked;
        result = cuda::mesh_spectra(engine.device, columns.view(), arguments.design, arguments.grid, turn, int(count));
        if (result.sums.left > 0)
            engine.device.download(mark, result.left.data(), particles);
        engine.device.synchronize();
    }
    const MeshSums &sums = result.sums;
    return py::make_tuple(array_of(engine.device, result.spectra, {count, 2, arguments.grid.n, arguments.grid.rows}),
                          left, py::make_tuple(sums.Y, sums.Y_h2, sums.Y_h4, sums.Y_r4, sums.left));
}

template <class Device>
DeviceArray observe(Engine<Device> &engine, const py::object &maps, const py::object &keys, int size,
                    const py::object &transfer, const py::object &amplitude, const py::object &spectra) {
    const auto beam = checked_transfer(transfer, size);
    const py::ssize_t padded = beam.shape(0);
    py::ssize_t count = -1;
    Input<double> projected;
    if (!maps.is_none()) {
        projected = input<double>(engine.device, maps, "maps", {-1, padded, padded});
        count = projected.shape[0];
    }
    Input<float> modes;
    MapSpectrum spectrum{nullptr, 0};
    if (!spectra.is_none()) {
        modes = input<float>(engine.device, spectra, "spectra", {count, 2, padded, -1});
        count = modes.shape[0];
        spectrum = {modes.data, int(modes.shape[3])};
    }
    const NoiseArguments noise(amplitude, keys, padded, count);
    count = noise.count;
    const Observation observation{int(padded), size, beam.data(), noise.amplitude()};
    Buffer<float> out;
    {
        const py::gil_scoped_release unlocked;
        out = cuda::allocate<float>(engine.device, std::size_t(count) * size * size);
        cuda::observe(engine.device, observation, projected.data, spectrum, noise.streams.data(), int(count),
                      out.data());
        engine.device.synchronize();
    }
    return array_of(engine.device, out, {count, size, size});
}

// Which modes images take, as the arguments factors (fields, n, kept) and rows (n); holds their arrays.
struct ImageArguments {
    ImageArguments(const py::object &factors, const py::object &rows, int cells, int fields, int size)
        : factor(checked<std::complex<float>>(factors, "factors", {fields, -1, -1})),
          row(checked<int>(rows, "rows", {factor.shape(1)})) {
        const int n = int(factor.shape(1)), kept = int(factor.shape(2));
        if (n < size || (n - size) % 2 || n > cells || kept > n / 2 + 1)
            throw py::value_error("factors: expected at most (" + std::to_string(fields) +
                                  ", cells, n / 2 + 1), found " + shape_text(factor));
        for (int i = 0; i < n; ++i)
            if (row.data()[i] < 0 || row.data()[i] >= cells)
                throw py::value_error("rows: value " + std::to_string(i) + " is outside the grid");
        design = {n, kept, size, reinterpret_cast<const cuda::ComplexFloat *>(factor.data()), row.data()};
    }
    py::array_t<std::complex<float>> factor;
    py::array_t<int> row;
    cuda::ImageDesign design;
};

// The images (views, size, size), on the device, that more is added to.
template <class Device> float *images_at(Device &device, const DeviceArray &y, py::ssize_t views) {
    const auto &shape = y.shape();
    if (shape.size() != 3 || shape[0] != views || shape[1] != shape[2] || !y.dtype().equal(py::dtype::of<float>()) ||
        y.ordinal() != place_of(device))
        throw py::value_error("y: expected float32 (views, size, size) of this device, found " + y.text());
    return static_cast<float *>(y.memory().get());
}

template <class Device>
py::tuple add_spread(Engine<Device> &engine, const DeviceArray &images, const py::object &x, const py::object &y,
                     const py::object &z, const py::object &h, const py::object &Y, const py::object &views, int cells,
                     double cell_kpc, double reach_kpc, double half_depth_kpc, double h_above_kpc, double h_to_kpc,
                     int taps, const py::object &window, const py::object &factors, const py::object &rows) {
    const auto turns = checked<double>(views, "views", {-1, 3, 3});
    require_finite(turns, "views");
    const auto weights = checked<double>(window, "window", {window_degree + 1, window_row});
    const SpreadDesign design =
        checked_spread({cells, cell_kpc, reach_kpc, half_depth_kpc, h_above_kpc, h_to_kpc, taps, weights.data()});
    const py::ssize_t count = turns.shape(0);
    float *const to = images_at(engine.device, images, count);
    const ImageArguments image(factors, rows, cells, window_fields, int(images.shape()[1]));
    const Columns<Device> columns(engine.device, x, y, z, h, Y);
    py::array_t<double> loaded(count), whole(count);
    const double *const turn = turns.data();
    double *const sums = loaded.mutable_data(), *const wholes = whole.mutable_data();
    {
        const py::gil_scoped_release unlocked;
        cuda::add_spread(engine.device, columns.view(), design, turn, int(count), image.design, to, sums, wholes);
        engine.device.synchronize();
    }
    return py::make_tuple(loaded, whole);
}

template <class Device>
py::array_t<double> add_maps(Engine<Device> &engine, const DeviceArray &y, const py::object &maps,
                             const py::object &factors, const py::object &rows) {
    const Input<double> from = input<double>(engine.device, maps, "maps", {-1, -1, -1});
    const py::ssize_t count = from.shape[0], n = from.shape[1];
    float *const to = images_at(engine.device, y, count);
    const ImageArguments image(factors, rows, int(n), 1, int(y.shape()[1]));
    if (image.design.n != n || from.shape[2] != n)
        throw py::value_error("maps: expected shape (views, n, n), found " + extent_text(from.shape));
    py::array_t<double> whole(count);
    double *const wholes = whole.mutable_data();
    {
        const py::gil_scoped_release unlocked;
        cuda::add_maps(engine.device, from.data, image.design, int(count), to, wholes);
        engine.device.synchronize();
    }
    return whole;
}

template <class Device> DeviceArray no_images(Engine<Device> &engine, py::ssize_t views, py::ssize_t size) {
    if (views < 0 || size < 0)
        throw py::value_error("views, size: expected no negative numbers");
    Buffer<float> y;
    {
        const py::gil_scoped_release unlocked;
        y = cuda::zeros<float>(engine.device, std::size_t(views) * size * size);
        engine.device.synchronize();
    }
    return array_of(engine.device, y, {views, size, size});
}

template <class Device> void add(Engine<Device> &engine, const DeviceArray &y, const py::object &more) {
    float *const to = images_at(engine.device, y, y.length());
    const Input<float> from = input<float>(engine.device, more, "more", y.shape());
    const std::size_t count = std::size_t(y.shape()[0]) * y.shape()[1] * y.shape()[2];
    const py::gil_scoped_release unlocked;
    engine.device.launch(cuda::blocks_for(count, cuda::AddArray::threads), cuda::AddArray{{}, from.data, count, to});
    engine.device.synchronize();
}

template <class Device> DeviceArray put(Engine<Device> &engine, const py::object &values) {
    const auto array = checked<float>(values, "values", {-1});
    const float *const from = array.data();
    const std::size_t count = std::size_t(array.size());
    Buffer<float> buffer;
    {
        const py::gil_scoped_release unlocked;
        buffer = cuda::upload(engine.device, from, count);
        engine.device.synchronize();
    }
    return array_of(engine.device, buffer, {array.size()});
}

template <class Device> DeviceArray take(Engine<Device> &engine, const py::object &values, const py::object &places) {
    const Input<float> from = input<float>(engine.device, values, "values", {-1});
    const auto which = checked<std::int64_t>(places, "places", {-1});
    for (py::ssize_t i = 0; i < which.size(); ++i)
        if (which.data()[i] < 0 || which.data()[i] >= from.shape[0])
            throw py::index_error("places: value " + std::to_string(i) + " is outside the array");
    const std::size_t count = std::size_t(which.size());
    const std::int64_t *const place = which.data();
    Buffer<float> to;
    {
        const py::gil_scoped_release unlocked;
        const Buffer<std::int64_t> at = cuda::upload(engine.device, place, count);
        to = cuda::allocate<float>(engine.device, count);
        engine.device.launch(cuda::blocks_for(count, cuda::Gather::threads),
                             cuda::Gather{{}, from.data, at.data(), count, to.data()});
        engine.device.synchronize();
    }
    return array_of(engine.device, to, {which.size()});
}

template <class Device> py::array_t<float> every(Engine<Device> &engine, const py::object &values, py::ssize_t step) {
    if (step < 1)
        throw py::value_error("step: expected 1 or more");
    const Input<float> from = input<float>(engine.device, values, "values", {-1});
    py::array_t<float> result((from.shape[0] + step - 1) / step);
    float *const to = result.mutable_data();
    const std::size_t count = std::size_t(result.size());
    {
        const py::gil_scoped_release unlocked;
        engine.device.download_some(to, from.data, std::size_t(step), count);
    }
    return result;
}

template <class Device>
py::class_<Engine<Device>> register_engine(py::module_ &module, const char *name, const char *what) {
    using py::arg;
    using Own = Engine<Device>;
    return py::class_<Own>(module, name, what)
        .def("deposit", &deposit<Device>, arg("x"), arg("y"), arg("z"), arg("h"), arg("Y"), py::kw_only(), arg("views"),
             arg("pixels"), arg("pixel_kpc"), arg("half_depth_kpc"), arg("kernel"), arg("rtol") = 1e-7,
             "As szfast._core.deposit; the maps stay on the device.")
        .def("mesh_spectra", &mesh_spectra<Device>, arg("x"), arg("y"), arg("z"), arg("h"), arg("Y"), py::kw_only(),
             arg("views"), arg("design"), arg("last"), arg("factor"), arg("pixel_kpc"),
             "As szfast._core.mesh_spectra; the spectra stay on the device.")
        .def("observe", &observe<Device>, py::kw_only(), arg("maps"), arg("keys"), arg("size"), arg("transfer"),
             arg("amplitude"), arg("spectra") = py::none(), "As szfast._core.observe; the maps stay on the device.")
        .def("no_images", &no_images<Device>, arg("views"), arg("size"), "Float32 (views, size, size) zeros.")
        .def("add_spread", &add_spread<Device>, arg("images"), arg("x"), arg("y"), arg("z"), arg("h"), arg("Y"),
             py::kw_only(), arg("views"), arg("cells"), arg("cell_kpc"), arg("reach_kpc"), arg("half_depth_kpc"),
             arg("h_above_kpc"), arg("h_to_kpc"), arg("taps"), arg("window"), arg("factors"), arg("rows"),
             "Add to images what szfast._core.spread makes of a class of particles: its fields' modes times complex64\n"
             "(4, n, kept) factors, at int32 (n,) rows of the grid's. Returns float64 (L,) Y of the class within the\n"
             "depth, and the sum over each periodic image.")
        .def("add_maps", &add_maps<Device>, arg("images"), arg("maps"), py::kw_only(), arg("factors"), arg("rows"),
             "Add maps of a deposit, their modes times complex64 (1, n, kept) factors; returns the images' sums.")
        .def("add", &add<Device>, arg("images"), arg("more"),
             "Add images, of the host or the device, to images on the device.")
        .def("put", &put<Device>, arg("values"), "Copy a float32 (N,) array to the device.")
        .def("take", &take<Device>, arg("values"), arg("places"), "Values at int64 (M,) places, on the device.")
        .def("every", &every<Device>, arg("values"), arg("step"), "Every step-th value, on the host.");
}

py::dict surroundings() {
    const cuda::Surroundings found = cuda::surroundings();
    py::list gpus;
    for (const cuda::Gpu &gpu : found.gpus)
        gpus.append(py::make_tuple(gpu.name, gpu.major, gpu.minor, gpu.memory, gpu.problem));
    py::dict result;
    result["gpus"] = gpus;
    result["driver_version"] = found.driver_version;
    result["runtime_version"] = found.runtime_version;
    result["no_gpu"] = found.no_gpu;
    return result;
}

py::dict transform_library() {
    const cuda::Cufft &found = cuda::cufft();
    int version = 0;
    if (!found.library.empty())
        found.get_version(&version);
    py::dict result;
    result["library"] = found.library;
    result["version"] = version;
    result["problem"] = found.problem;
    return result;
}

} // namespace

PYBIND11_MODULE(_cuda, module) {
    module.doc() = "The engine on GPUs. Loads where there is no CUDA; a Device needs a GPU and its driver.";
    py::register_exception<cuda::CudaError>(module, "CudaError",
                                            py::module_::import("szfast.errors").attr("DeviceError"));
    register_device_array(module);
    register_engine<cuda::CudaDevice>(module, "Device",
                                      "A GPU, with a stream of this object's own, for one thread at a time.")
        .def(py::init<int>(), py::arg("ordinal") = 0, py::call_guard<py::gil_scoped_release>());
    using Emulated = Engine<cuda::EmulatedDevice>;
    register_engine<cuda::EmulatedDevice>(module, "EmulatedDevice",
                                          "The same kernels run on the host, slowly: for tests without a GPU.")
        .def(py::init([](std::size_t memory) { return std::make_unique<Emulated>(false, memory); }),
             py::arg("memory_bytes") = SIZE_MAX)
        .def_property_readonly(
            "waits", [](const Emulated &engine) { return py::cast(engine.device.waits()); },
            "Streams that were waited for; -1: everything that a GPU does.");
    module.def("surroundings", &surroundings,
               "GPUs seen: (name, major, minor, bytes, why it cannot be used); versions; why there is none.");
    module.def("transform_library", &transform_library, "cuFFT: the library found, its version, why there is none.");
}

} // namespace szfast::bindings
