// Calls of the CUDA runtime, checked; for the files that nvcc compiles.
#pragma once

#include "cuda_device.hpp"
#include "process.hpp"

#include <cuda_runtime.h>

#include <string>

namespace szfast::cuda {

inline void check(cudaError_t status, const char *what) {
    if (status == cudaSuccess)
        return;
    cudaGetLastError(); // an error that is reported must not be found again by the next call
    throw CudaError(std::string(what) + ": " + cudaGetErrorString(status));
}

UserOfCuda &user_of_cuda();

// Whether this thread has a context of CUDA's, so that asking which GPU it has chosen makes none.
bool has_context();

// This thread's GPU for as long as this lives; then the one again that other libraries have chosen.
class Chosen {
  public:
    explicit Chosen(int ordinal) : ordinal_(ordinal), before_(ordinal) {
        if (user_of_cuda().forked())
            throw CudaError(forked_process);
        user_of_cuda().here();
        if (has_context() && cudaGetDevice(&before_) != cudaSuccess)
            before_ = ordinal;
        check(cudaSetDevice(ordinal), "cudaSetDevice");
    }
    Chosen(const Chosen &) = delete;
    ~Chosen() {
        if (before_ != ordinal_)
            cudaSetDevice(before_);
    }

  private:
    int ordinal_, before_;
};

} // namespace szfast::cuda
