#include "device_array.hpp"

#include <pybind11/stl.h>

namespace szfast::bindings {
namespace {

// The C structures of DLPack (https://dmlc.github.io/dlpack), version 0.8: its layout is fixed.
struct DLDevice {
    std::int32_t type, id;
};
struct DLDataType {
    std::uint8_t code, bits;
    std::uint16_t lanes;
};
struct DLTensor {
    void *data;
    DLDevice device;
    std::int32_t ndim;
    DLDataType dtype;
    std::int64_t *shape, *strides;
    std::uint64_t byte_offset;
};
struct DLManagedTensor {
    DLTensor tensor;
    void *context;
    void (*deleter)(DLManagedTensor *);
};
constexpr std::int32_t dl_cpu = 1, dl_cuda = 2;

// What a consumer of DLPack holds on to.
struct Lent {
    DLManagedTensor managed;
    std::shared_ptr<void> memory;
    std::vector<std::int64_t> shape;
};

} // namespace

std::string DeviceArray::text() const {
    std::string text = "<DeviceArray ";
    for (std::size_t i = 0; i < shape_.size(); ++i)
        text += (i ? " x " : "") + std::to_string(shape_[i]);
    text += " " + py::str(dtype_).cast<std::string>();
    return text + (ordinal_ < 0 ? ", emulated>" : ", GPU " + std::to_string(ordinal_) + ">");
}

py::array DeviceArray::numpy() const {
    py::array result(dtype_, shape_);
    void *const to = result.mutable_data();
    const py::gil_scoped_release unlocked;
    download_(to, memory_.get(), bytes());
    return result;
}

py::object DeviceArray::array(const py::object &dtype, const py::object &copy) const {
    if (!copy.is_none() && !copy.cast<bool>())
        throw py::value_error("a NumPy array of what is in a device's memory is a copy");
    const py::array result = numpy();
    return dtype.is_none() ? py::object(result) : result.attr("astype")(dtype);
}

py::dict DeviceArray::cuda_array_interface() const {
    if (ordinal_ < 0)
        throw py::attribute_error("__cuda_array_interface__: the memory is the host's");
    lend_();
    py::dict interface;
    interface["shape"] = shape_tuple();
    interface["typestr"] = dtype_.attr("str");
    interface["data"] = py::make_tuple(reinterpret_cast<std::uintptr_t>(memory_.get()), false);
    interface["version"] = 3;
    interface["strides"] = py::none();
    interface["stream"] = py::none();
    return interface;
}

py::tuple DeviceArray::dlpack_device() const {
    return py::make_tuple(ordinal_ < 0 ? dl_cpu : dl_cuda, ordinal_ < 0 ? 0 : ordinal_);
}

py::capsule DeviceArray::dlpack() const {
    lend_();
    const std::uint8_t code = dtype_.kind() == 'f' ? 2 : 1;
    auto *const lent = new Lent{{}, memory_, {shape_.begin(), shape_.end()}};
    const DLDevice device{ordinal_ < 0 ? dl_cpu : dl_cuda, ordinal_ < 0 ? 0 : ordinal_};
    lent->managed = {{memory_.get(),
                      device,
                      std::int32_t(shape_.size()),
                      {code, std::uint8_t(8 * dtype_.itemsize()), 1},
                      lent->shape.data(),
                      nullptr,
                      0},
                     lent,
                     [](DLManagedTensor *managed) { delete static_cast<Lent *>(managed->context); }};
    // a consumer renames the capsule and calls the deleter itself
    return py::capsule(&lent->managed, "dltensor", [](PyObject *capsule) {
        if (PyCapsule_IsValid(capsule, "dltensor")) {
            auto *const managed = static_cast<DLManagedTensor *>(PyCapsule_GetPointer(capsule, "dltensor"));
            managed->deleter(managed);
        }
    });
}

void register_device_array(py::module_ &module) {
    py::class_<DeviceArray>(module, "DeviceArray", "An array in a device's memory, C-contiguous.")
        .def_property_readonly("shape", &DeviceArray::shape_tuple)
        .def_property_readonly("dtype", &DeviceArray::dtype)
        .def_property_readonly("ndim", [](const DeviceArray &array) { return array.shape().size(); })
        .def("__len__", &DeviceArray::length)
        .def("__repr__", &DeviceArray::text)
        .def("numpy", &DeviceArray::numpy, "Copy to the host.")
        .def("__array__", &DeviceArray::array, py::arg("dtype") = py::none(), py::arg("copy") = py::none())
        .def_property_readonly("__cuda_array_interface__", &DeviceArray::cuda_array_interface)
        .def("__dlpack_device__", &DeviceArray::dlpack_device)
        .def(
            "__dlpack__",
            [](const DeviceArray &array, const py::kwargs &asked) {
                const bool elsewhere = asked.contains("dl_device") && !asked["dl_device"].is_none() &&
                                       !py::tuple(asked["dl_device"]).equal(array.dlpack_device());
                const bool copied = asked.contains("copy") && !asked["copy"].is_none() && asked["copy"].cast<bool>();
                if (elsewhere || copied)
                    throw py::buffer_error("the memory is lent where it is, not copied");
                return array.dlpack();
            },
            "Lend the memory; nothing is waited for, since the array is complete.");
}

} // namespace szfast::bindings
