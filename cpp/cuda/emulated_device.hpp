// A device without a GPU: memory is the host's, a launch is a loop, a transform is the sum that defines it. Slow; it is
// there to test kernels, and what calls them, on any machine.
#pragma once

#include "cuda_device.hpp"
#include "launch.hpp"
#include "shortage.hpp"

#include <atomic>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace szfast::cuda {

class EmulatedDevice {
  public:
    // Backward: the last thread of the last block goes first, since a GPU promises no order. memory: bytes that it has.
    explicit EmulatedDevice(bool backward = false, std::size_t memory = SIZE_MAX)
        : backward_(backward), seen_(std::make_shared<Seen>(memory)) {
    }

    std::shared_ptr<void> allocate(std::size_t bytes) {
        if (bytes > seen_->free)
            throw CudaError(shortage(0, "an array", bytes, seen_->free, seen_->memory));
        void *memory = std::malloc(bytes ? bytes : 1);
        if (!memory)
            throw std::bad_alloc();
        seen_->free -= bytes;
        // what nobody has written must not look like a result
        std::memset(memory, 0xA5, bytes);
        return {memory, [seen = seen_, bytes](void *freed) {
                    std::free(freed);
                    seen->free += bytes;
                }};
    }
    // Streams that were waited for, -1 for all of a GPU.
    const std::vector<std::intptr_t> &waits() const {
        return seen_->waits;
    }
    void upload(void *to, const void *from, std::size_t bytes) {
        copy(to, from, bytes);
    }
    void download(void *to, const void *from, std::size_t bytes) {
        copy(to, from, bytes);
    }
    // Every pitch-th float from the start on.
    void download_some(float *to, const float *from, std::size_t pitch, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            to[i] = from[i * pitch];
    }
    // What a library with arrays of its own has put into its stream is done here before it returns.
    void wait_for(std::uintptr_t stream) {
        seen_->waits.push_back(std::intptr_t(stream));
    }
    void wait_for_all() {
        seen_->waits.push_back(-1);
    }
    bool holds(const void *) const {
        return true;
    }
    void copy(void *to, const void *from, std::size_t bytes) {
        if (bytes)
            std::memcpy(to, from, bytes);
    }
    void clear(void *memory, std::size_t bytes) {
        std::memset(memory, 0, bytes);
    }
    void synchronize() {
    }
    int ordinal() const {
        return 0;
    }

    template <class Kernel> void launch(unsigned blocks, const Kernel &kernel) {
        // what a launch must not ask of a GPU: 48 KiB of shared memory, 4 KiB of arguments, 1024 threads, 2^31 blocks
        static_assert(sizeof(typename Kernel::Shared) <= 48 << 10 && sizeof(Kernel) <= 4 << 10, "memory of a launch");
        static_assert(Kernel::threads % 32 == 0 && Kernel::threads <= 1024, "threads of a launch");
        if (blocks > 0x7FFFFFFFu)
            throw CudaError("launch: " + std::to_string(blocks) + " blocks");
        for (unsigned b = 0; b < blocks; ++b) {
            const unsigned block = backward_ ? blocks - 1 - b : b;
            typename Kernel::Shared shared;
            for (int phase = 0; phase < kernel.phases(block); ++phase)
                for (unsigned t = 0; t < unsigned(Kernel::threads); ++t) {
                    const unsigned thread = backward_ ? Kernel::threads - 1 - t : t;
                    kernel(phase, {block, thread, blocks, unsigned(Kernel::threads)}, shared);
                }
        }
    }

    // As cuFFT: real (batch, n, ..., n) to complex (batch, n, ..., n/2 + 1) with exp(-ikx), and back with exp(+ikx),
    // neither scaled; back it takes what is its own mirror image for real.
    void transform_forward(int n, int rank, int batch, const float *from, float *to) {
        for (int item = 0; item < batch; ++item) {
            const std::size_t size = power(n, rank), half = size / n * (n / 2 + 1);
            std::vector<Complex> values(from + item * size, from + (item + 1) * size);
            for (int axis = 0; axis < rank; ++axis)
                along(values, n, axis, -1);
            Complex mode;
            for (std::size_t line = 0; line < size / n; ++line)
                for (int k = 0; k <= n / 2; ++k) {
                    mode = values[line * n + k];
                    float *place = to + 2 * (item * half + line * (n / 2 + 1) + k);
                    place[0] = float(mode.real());
                    place[1] = float(mode.imag());
                }
        }
    }
    void transform_back(int n, int rank, int batch, float *from, float *to) {
        for (int item = 0; item < batch; ++item) {
            const std::size_t size = power(n, rank), half = size / n * (n / 2 + 1);
            std::vector<Complex> values(size);
            for (std::size_t line = 0; line < size / n; ++line)
                for (int k = 0; k <= n / 2; ++k) {
                    const float *place = from + 2 * (item * half + line * (n / 2 + 1) + k);
                    values[line * n + k] = {place[0], place[1]};
                }
            for (int axis = 1; axis < rank; ++axis)
                along(values, n, axis, +1);
            for (std::size_t line = 0; line < size / n; ++line) {
                Complex *row = &values[line * n];
                row[0] = row[0].real();
                for (int k = 1; k <= n / 2; ++k)
                    row[n - k] = 2 * k == n ? row[k].real() : std::conj(row[k]);
                if (n % 2 == 0)
                    row[n / 2] = row[n / 2].real();
            }
            along(values, n, 0, +1);
            for (std::size_t i = 0; i < size; ++i)
                to[item * size + i] = float(values[i].real());
        }
    }

  private:
    using Complex = std::complex<double>;

    static std::size_t power(int n, int rank) {
        std::size_t size = 1;
        for (int axis = 0; axis < rank; ++axis)
            size *= n;
        return size;
    }
    // axis 0 is the last, with neighbours beside each other
    static void along(std::vector<Complex> &values, int n, int axis, int sign) {
        const std::size_t step = power(n, axis);
        std::vector<Complex> turn(n), line(n);
        for (int k = 0; k < n; ++k)
            turn[k] = std::polar(1.0, sign * 2.0 * std::acos(-1.0) * k / n);
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i / step % n != 0)
                continue;
            for (int k = 0; k < n; ++k) {
                line[k] = 0.0;
                for (int j = 0; j < n; ++j)
                    line[k] += values[i + j * step] * turn[std::size_t(j) * k % n];
            }
            for (int k = 0; k < n; ++k)
                values[i + k * step] = line[k];
        }
    }

    struct Seen {
        explicit Seen(std::size_t bytes) : memory(bytes), free(bytes) {
        }
        const std::size_t memory;
        std::atomic<std::size_t> free; // arrays end in other threads too
        std::vector<std::intptr_t> waits;
    };

    bool backward_;
    std::shared_ptr<Seen> seen_; // of all copies
};

} // namespace szfast::cuda
