// What a CudaDevice keeps between two calls: stream, pinned memory, plans of transforms. For files that nvcc compiles.
#pragma once

#include "calls.hpp"
#include "cufft_loader.hpp"
#include "shortage.hpp"

#include <cstdint>
#include <map>
#include <tuple>

namespace szfast::cuda {

inline void check_transform(int status, const char *what) {
    if (status != 0)
        throw CudaError(std::string(what) + ": cuFFT returned " + cufft_status(status));
}

constexpr std::size_t staged_bytes = std::size_t(4) << 20;
constexpr std::size_t most_plans = 8;

struct CudaDevice::State {
    int ordinal = 0;
    cudaStream_t stream = nullptr;
    // pinned memory that an upload passes through: the host fills one half while the other travels
    void *staged[2] = {};
    cudaEvent_t sent[2] = {};
    std::map<std::tuple<int, int, int, int>, Cufft::Handle> plans;
    cudaMemPool_t pool = nullptr;

    explicit State(int number) : ordinal(number) {
        const Chosen here(ordinal);
        try {
            check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
            for (int half = 0; half < 2; ++half) {
                check(cudaMallocHost(&staged[half], staged_bytes), "cudaMallocHost");
                check(cudaEventCreateWithFlags(&sent[half], cudaEventDisableTiming), "cudaEventCreate");
            }
            check(cudaDeviceGetDefaultMemPool(&pool, ordinal), "cudaDeviceGetDefaultMemPool");
            std::uint64_t keep_all = UINT64_MAX;
            check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep_all), "cudaMemPoolSetAttribute");
        } catch (...) {
            release();
            throw;
        }
    }
    State(const State &) = delete;
    ~State() {
        try {
            const Chosen here(ordinal);
            release();
        } catch (const CudaError &) {
            // forked: all of it is the parent's; or the driver is gone, and everything with it
        }
    }
    void release() {
        drop_plans();
        for (int half = 0; half < 2; ++half) {
            if (sent[half])
                cudaEventDestroy(sent[half]);
            if (staged[half])
                cudaFreeHost(staged[half]);
        }
        if (stream)
            cudaStreamDestroy(stream);
    }
    void drop_plans() {
        if (stream && !plans.empty())
            cudaStreamSynchronize(stream);
        for (const auto &plan : plans)
            cufft().destroy(plan.second);
        plans.clear();
    }
    // Gives back what is kept for later: plans, and memory that nobody holds, of other streams too.
    void make_room() {
        cudaGetLastError();
        drop_plans();
        check(cudaDeviceSynchronize(), "kernels before");
        check(cudaMemPoolTrimTo(pool, 0), "cudaMemPoolTrimTo");
    }
    CudaError too_little(const char *what, std::size_t asked) const {
        cudaGetLastError();
        std::size_t free = 0, total = 0;
        cudaMemGetInfo(&free, &total);
        return CudaError(shortage(ordinal, what, asked, free, total));
    }
    void *memory(std::size_t bytes) {
        void *found = nullptr;
        cudaError_t status = cudaMallocAsync(&found, bytes, stream);
        if (status == cudaErrorMemoryAllocation) {
            make_room();
            status = cudaMallocAsync(&found, bytes, stream);
        }
        if (status == cudaErrorMemoryAllocation)
            throw too_little("an array", bytes);
        check(status, "cudaMallocAsync");
        return found;
    }
    // In the stream's order; for destructors, so that it says nothing.
    void free(void *freed) const {
        try {
            const Chosen here(ordinal);
            cudaFreeAsync(freed, stream);
        } catch (const CudaError &) {
        }
    }
    Cufft::Handle plan(int n, int rank, int batch, int type) {
        if (cufft().library.empty())
            throw CudaError("cuFFT cannot be loaded (" + cufft().problem + ")");
        const auto key = std::make_tuple(n, rank, batch, type);
        const auto found = plans.find(key);
        if (found != plans.end())
            return found->second;
        if (plans.size() >= most_plans)
            drop_plans(); // each holds memory of the device
        Cufft::Handle handle = 0;
        int status = new_plan(n, rank, batch, type, handle);
        if (status == Cufft::no_memory) {
            make_room();
            status = new_plan(n, rank, batch, type, handle);
        }
        if (status == Cufft::no_memory)
            throw too_little("a transform", transform_bytes(n, rank, batch));
        check_transform(status, "cufftPlanMany");
        status = cufft().set_stream(handle, stream);
        if (status != 0)
            cufft().destroy(handle);
        check_transform(status, "cufftSetStream");
        plans[key] = handle;
        return handle;
    }

  private:
    static int new_plan(int n, int rank, int batch, int type, Cufft::Handle &handle) {
        int sides[3] = {n, n, n};
        return cufft().plan_many(&handle, rank, sides, nullptr, 1, 0, nullptr, 1, 0, type, batch);
    }
    // Of the array: what a plan takes is about that.
    static std::size_t transform_bytes(int n, int rank, int batch) {
        return std::size_t(batch) * n * n * (rank == 3 ? n : 1) * sizeof(float);
    }
};

} // namespace szfast::cuda
