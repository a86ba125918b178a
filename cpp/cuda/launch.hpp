// What a kernel is: a struct whose call operator is the work of one thread. The same struct runs on a GPU, and on the
// host one thread after the other, so that its arithmetic is tested where there is no GPU.
//
// A kernel names its `threads` a block and its `Shared` memory, and cuts its work where all threads of a block wait for
// one another: phases(block) of them, the same for all threads. Threads add to memory that others add to by add_to
// alone, in whole numbers, so that the sum does not depend on their order.
#pragma once

#include "szfast/host_device.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace szfast::cuda {

// One thread of a launch.
struct Lane {
    unsigned block, thread, blocks, threads;

    SZFAST_HOST_DEVICE std::size_t first() const {
        return std::size_t(block) * threads + thread;
    }
    SZFAST_HOST_DEVICE std::size_t stride() const {
        return std::size_t(blocks) * threads;
    }
};

struct Nothing {};

// Of kernels whose threads do not wait for one another.
struct OnePhase {
    static constexpr int threads = 128;
    using Shared = Nothing;
    SZFAST_HOST_DEVICE int phases(unsigned) const {
        return 1;
    }
};

// Sums in whole numbers: negative ones wrap around, as two's complement does.
SZFAST_HOST_DEVICE inline void add_to(std::int64_t *sum, std::int64_t value) {
#ifdef __CUDA_ARCH__
    atomicAdd(reinterpret_cast<unsigned long long *>(sum), static_cast<unsigned long long>(value));
#else
    *sum += value;
#endif
}

// The next free place of a list.
SZFAST_HOST_DEVICE inline std::uint32_t next_place(std::uint32_t *count) {
#ifdef __CUDA_ARCH__
    return atomicAdd(count, 1u);
#else
    return (*count)++;
#endif
}

SZFAST_HOST_DEVICE inline std::int64_t rounded(float value) {
#ifdef __CUDA_ARCH__
    return __float2ll_rn(value);
#else
    return std::llrintf(value);
#endif
}

SZFAST_HOST_DEVICE inline std::int64_t rounded(double value) {
#ifdef __CUDA_ARCH__
    return __double2ll_rn(value);
#else
    return std::llrint(value);
#endif
}

// Enough blocks to keep any GPU busy; kernels go on in strides of the whole launch.
inline unsigned blocks_for(std::size_t items, int threads, std::size_t most = 1u << 20) {
    const std::size_t blocks = (items + threads - 1) / threads;
    return unsigned(blocks < 1 ? 1 : blocks < most ? blocks : most);
}

} // namespace szfast::cuda
