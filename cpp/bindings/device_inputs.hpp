// Arrays on their way to a device and back: what Python hands over, checked, and what it is handed.
#pragma once

#include "arrays.hpp"
#include "cuda_device.hpp"
#include "device_array.hpp"
#include "emulated_device.hpp"
#include "memory.hpp"
#include "szfast/deposit.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace szfast::bindings {

using cuda::Buffer;

inline int place_of(const cuda::EmulatedDevice &) {
    return -1;
}
inline int place_of(const cuda::CudaDevice &device) {
    return device.ordinal();
}

// Memory that other libraries may take. They let go of it when they have given the GPU their last work with it, not
// when that is done: only then is it free for others.
template <class Device> struct Lendable {
    Lendable(std::shared_ptr<void> lent_memory, Device lender) : memory(std::move(lent_memory)), device(lender) {
    }
    Lendable(const Lendable &) = delete;
    ~Lendable() {
        try {
            if (lent)
                device.wait_for_all();
        } catch (const cuda::CudaError &) {
            // the next call says what is wrong with the GPU
        }
    }
    std::shared_ptr<void> memory;
    Device device;
    std::atomic<bool> lent{false};
};

template <class T, class Device>
DeviceArray array_of(Device &device, const Buffer<T> &buffer, std::vector<py::ssize_t> shape) {
    const auto owner = std::make_shared<Lendable<Device>>(buffer.memory(), device);
    const auto download = [device](void *to, const void *from, std::size_t bytes) mutable {
        device.download(to, from, bytes);
    };
    return {std::shared_ptr<void>(owner, buffer.data()),
            py::dtype::of<T>(),
            std::move(shape),
            place_of(device),
            [owner] { owner->lent = true; },
            download};
}

// An array that is on the device already, or goes there: NumPy, a DeviceArray, or any with __cuda_array_interface__.
template <class T> struct Input {
    std::shared_ptr<void> memory;
    py::object owner;
    const T *data = nullptr;
    std::vector<py::ssize_t> shape;
};

inline void check_input(const char *name, const py::dtype &wanted, const py::dtype &found,
                        const std::vector<py::ssize_t> &shape, const std::vector<py::ssize_t> &expected) {
    if (!wanted.equal(found))
        throw py::type_error(std::string(name) + ": expected dtype " + py::str(wanted).cast<std::string>() +
                             ", found " + py::str(found).cast<std::string>());
    bool fits = shape.size() == expected.size();
    for (std::size_t i = 0; fits && i < shape.size(); ++i)
        fits = expected[i] < 0 || shape[i] == expected[i];
    if (!fits)
        throw py::value_error(std::string(name) + ": expected shape " + extent_text(expected) + ", found " +
                              extent_text(shape));
}

// From version 3 on the interface says in which stream the array is made; before it, nobody knows.
template <class Device> void wait_for_lender(Device &device, const py::dict &interface) {
    const bool says = interface.contains("version") && interface["version"].cast<int>() >= 3;
    const bool busy = says && interface.contains("stream") && !interface["stream"].is_none();
    const auto stream = busy ? interface["stream"].cast<std::uintptr_t>() : 0;
    const py::gil_scoped_release unlocked;
    if (busy)
        device.wait_for(stream);
    else if (!says)
        device.wait_for_all();
}

template <class T, class Device>
Input<T> input(Device &device, const py::object &object, const char *name, const std::vector<py::ssize_t> &expected) {
    if (py::isinstance<DeviceArray>(object)) {
        const auto &array = object.cast<const DeviceArray &>();
        check_input(name, py::dtype::of<T>(), array.dtype(), array.shape(), expected);
        if (array.ordinal() != place_of(device))
            throw py::value_error(std::string(name) + ": expected an array of this device, found " + array.text());
        return {array.memory(), object, static_cast<const T *>(array.memory().get()), array.shape()};
    }
    if (py::hasattr(object, "__cuda_array_interface__")) {
        const py::dict interface = object.attr("__cuda_array_interface__");
        std::vector<py::ssize_t> shape;
        for (const py::handle side : py::tuple(interface["shape"]))
            shape.push_back(side.cast<py::ssize_t>());
        check_input(name, py::dtype::of<T>(), py::dtype(interface["typestr"].cast<std::string>()), shape, expected);
        if (interface.contains("mask") && !interface["mask"].is_none())
            throw py::value_error(std::string(name) + ": expected an array without a mask");
        if (interface.contains("strides") && !interface["strides"].is_none()) {
            py::ssize_t step = sizeof(T), i = py::ssize_t(shape.size());
            const py::tuple strides = interface["strides"];
            while (i-- > 0) {
                if (shape[i] > 1 && strides[i].cast<py::ssize_t>() != step)
                    throw py::value_error(std::string(name) + ": expected a C-contiguous array");
                step *= shape[i];
            }
        }
        const auto address = py::tuple(interface["data"])[0].cast<std::uintptr_t>();
        if (address && !device.holds(reinterpret_cast<const void *>(address)))
            throw py::value_error(std::string(name) + ": expected an array of this device");
        wait_for_lender(device, interface);
        return {nullptr, object, reinterpret_cast<const T *>(address), shape};
    }
    const auto array = checked<T>(object, name, expected);
    const T *const values = array.data();
    const std::size_t count = std::size_t(array.size());
    Buffer<T> buffer;
    {
        const py::gil_scoped_release unlocked;
        buffer = cuda::upload(device, values, count);
    }
    return {buffer.memory(), object, buffer.data(), {array.shape(), array.shape() + array.ndim()}};
}

// The five columns of particles on a device.
template <class Device> struct Columns {
    Columns(Device &device, const py::object &x, const py::object &y, const py::object &z, const py::object &h,
            const py::object &Y)
        : first(input<float>(device, x, "x", {-1})) {
        const std::vector<py::ssize_t> shape = first.shape;
        const char *names[] = {"y", "z", "h", "Y"};
        const py::object *objects[] = {&y, &z, &h, &Y};
        for (int i = 0; i < 4; ++i)
            others[i] = input<float>(device, *objects[i], names[i], shape);
    }
    Particles view() const {
        return {first.data,     others[0].data, others[1].data,
                others[2].data, others[3].data, std::size_t(first.shape[0])};
    }
    Input<float> first, others[4];
};

} // namespace szfast::bindings
