#include "calls.hpp"

#include <dlfcn.h>

namespace szfast::cuda {
namespace {

constexpr int least_capability = 8; // what nvcc is told to compile for

int attribute(cudaDeviceAttr which, int ordinal) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, which, ordinal) == cudaSuccess ? value : 0;
}

std::string problem_of(const cudaDeviceProp &properties, int ordinal) {
    if (properties.major < least_capability)
        return "its compute capability is below " + std::to_string(least_capability) + ".0";
    if (attribute(cudaDevAttrComputeMode, ordinal) == cudaComputeModeProhibited)
        return "its compute mode is 'prohibited'";
    if (!attribute(cudaDevAttrMemoryPoolsSupported, ordinal))
        return "its driver has no memory pools";
    return "";
}

} // namespace

UserOfCuda &user_of_cuda() {
    static UserOfCuda user;
    return user;
}

bool has_context() {
    using Current = int (*)(void **);
    static const Current current = [] {
        void *const driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
        return driver ? reinterpret_cast<Current>(dlsym(driver, "cuCtxGetCurrent")) : nullptr;
    }();
    void *context = nullptr;
    return current && current(&context) == 0 && context;
}

Surroundings surroundings() {
    Surroundings found{};
    cudaRuntimeGetVersion(&found.runtime_version);
    if (user_of_cuda().forked()) {
        found.no_gpu = forked_process;
        return found;
    }
    if (cudaDriverGetVersion(&found.driver_version) != cudaSuccess)
        found.driver_version = 0;
    if (found.driver_version == 0) {
        found.no_gpu = "NVIDIA's driver is not installed";
        cudaGetLastError();
        return found;
    }
    user_of_cuda().here();
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess)
        found.no_gpu = cudaGetErrorString(status);
    else if (count == 0)
        found.no_gpu = "no GPU is seen";
    for (int i = 0; i < count && status == cudaSuccess; ++i) {
        cudaDeviceProp properties;
        // one that does not answer keeps its number
        if (cudaGetDeviceProperties(&properties, i) != cudaSuccess)
            found.gpus.push_back({"unknown", 0, 0, 0, "it does not answer"});
        else
            found.gpus.push_back({properties.name, properties.major, properties.minor, properties.totalGlobalMem,
                                  problem_of(properties, i)});
    }
    cudaGetLastError();
    return found;
}

} // namespace szfast::cuda
