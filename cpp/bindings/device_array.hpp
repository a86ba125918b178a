// An array in a device's memory, as other libraries take it: __cuda_array_interface__ and DLPack. What it holds is
// complete when Python sees it, so nobody has to wait for a stream.
#pragma once

#include "arrays.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace szfast::bindings {

class DeviceArray {
  public:
    using Lend = std::function<void()>;
    using Download = std::function<void(void *to, const void *from, std::size_t bytes)>;

    // ordinal: the GPU's, -1 for the host's memory. lend: called before another library is given the memory.
    DeviceArray(std::shared_ptr<void> memory, py::dtype dtype, std::vector<py::ssize_t> shape, int ordinal, Lend lend,
                Download download)
        : memory_(std::move(memory)), dtype_(std::move(dtype)), shape_(std::move(shape)), ordinal_(ordinal),
          lend_(std::move(lend)), download_(std::move(download)) {
    }

    const std::shared_ptr<void> &memory() const {
        return memory_;
    }
    const py::dtype &dtype() const {
        return dtype_;
    }
    const std::vector<py::ssize_t> &shape() const {
        return shape_;
    }
    int ordinal() const {
        return ordinal_;
    }
    py::tuple shape_tuple() const {
        return py::tuple(py::cast(shape_));
    }
    py::ssize_t length() const {
        return shape_.empty() ? 1 : shape_[0];
    }
    std::string text() const;
    py::array numpy() const;
    py::object array(const py::object &dtype, const py::object &copy) const;
    py::dict cuda_array_interface() const;
    py::tuple dlpack_device() const;
    py::capsule dlpack() const;

  private:
    std::size_t bytes() const {
        std::size_t count = std::size_t(dtype_.itemsize());
        for (const py::ssize_t side : shape_)
            count *= std::size_t(side);
        return count;
    }

    std::shared_ptr<void> memory_;
    py::dtype dtype_;
    std::vector<py::ssize_t> shape_;
    int ordinal_;
    Lend lend_;
    Download download_;
};

void register_device_array(py::module_ &module);

} // namespace szfast::bindings
