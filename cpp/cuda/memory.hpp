// Memory of a device, by count of values. A device is a class with allocate, upload, download, clear, launch, and the
// transforms; CudaDevice and EmulatedDevice are such classes.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace szfast::cuda {

// Shared, so that an array handed to Python keeps it alive; freed in the order of the device's stream.
template <class T> class Buffer {
  public:
    Buffer() = default;
    Buffer(std::shared_ptr<void> memory, std::size_t count) : memory_(std::move(memory)), count_(count) {
    }
    T *data() const {
        return static_cast<T *>(memory_.get());
    }
    std::size_t count() const {
        return count_;
    }
    const std::shared_ptr<void> &memory() const {
        return memory_;
    }

  private:
    std::shared_ptr<void> memory_;
    std::size_t count_ = 0;
};

template <class T, class Device> Buffer<T> allocate(Device &device, std::size_t count) {
    return {device.allocate(count * sizeof(T)), count};
}

template <class T, class Device> Buffer<T> zeros(Device &device, std::size_t count) {
    Buffer<T> buffer = allocate<T>(device, count);
    device.clear(buffer.data(), count * sizeof(T));
    return buffer;
}

template <class T, class Device> Buffer<T> upload(Device &device, const T *values, std::size_t count) {
    Buffer<T> buffer = allocate<T>(device, count);
    device.upload(buffer.data(), values, count * sizeof(T));
    return buffer;
}

// Waits for the device.
template <class T, class Device> std::vector<T> download(Device &device, const Buffer<T> &buffer) {
    std::vector<T> values(buffer.count());
    device.download(values.data(), buffer.data(), buffer.count() * sizeof(T));
    return values;
}

} // namespace szfast::cuda
