#include "cuda_device.hpp"

#include "arrays_kernels.hpp"
#include "cufft_loader.hpp"
#include "deposit.hpp"
#include "mesh_kernels.hpp"
#include "observe_kernels.hpp"
#include "spread_kernels.hpp"

#include <cuda_runtime.h>

#include <cstring>
#include <map>
#include <tuple>

namespace szfast::cuda {
namespace {

void check(cudaError_t status, const char *what) {
    if (status == cudaSuccess)
        return;
    cudaGetLastError(); // an error that is reported must not be found again by the next call
    throw CudaError(std::string(what) + ": " + cudaGetErrorString(status));
}

void check_transform(int status, const char *what) {
    if (status != 0)
        throw CudaError(std::string(what) + ": cuFFT returned " + std::to_string(status));
}

template <class Kernel> __global__ void __launch_bounds__(Kernel::threads) run(const Kernel kernel) {
    __shared__ typename Kernel::Shared shared;
    const Lane lane{blockIdx.x, threadIdx.x, gridDim.x, unsigned(Kernel::threads)};
    const int phases = kernel.phases(blockIdx.x);
    for (int phase = 0; phase < phases; ++phase) {
        if (phase > 0)
            __syncthreads();
        kernel(phase, lane, shared);
    }
}

constexpr std::size_t staged_bytes = std::size_t(4) << 20;
constexpr std::size_t most_plans = 8;

} // namespace

struct CudaDevice::State {
    int ordinal = 0;
    cudaStream_t stream = nullptr;
    // pinned memory that an upload passes through: the host fills one half while the other travels
    void *staged[2] = {};
    cudaEvent_t sent[2] = {};
    std::map<std::tuple<int, int, int, int>, Cufft::Handle> plans;

    explicit State(int number) : ordinal(number) {
        use();
        try {
            check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
            for (int half = 0; half < 2; ++half) {
                check(cudaMallocHost(&staged[half], staged_bytes), "cudaMallocHost");
                check(cudaEventCreateWithFlags(&sent[half], cudaEventDisableTiming), "cudaEventCreate");
            }
            cudaMemPool_t pool;
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
        release();
    }
    void use() const {
        check(cudaSetDevice(ordinal), "cudaSetDevice");
    }
    void release() {
        cudaSetDevice(ordinal);
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
    Cufft::Handle plan(int n, int rank, int batch, int type) {
        if (cufft().library.empty())
            throw CudaError("cuFFT cannot be loaded (" + cufft().problem + ")");
        const auto key = std::make_tuple(n, rank, batch, type);
        const auto found = plans.find(key);
        if (found != plans.end())
            return found->second;
        if (plans.size() >= most_plans)
            drop_plans(); // each holds memory of the device
        int sides[3] = {n, n, n};
        Cufft::Handle handle = 0;
        check_transform(cufft().plan_many(&handle, rank, sides, nullptr, 1, 0, nullptr, 1, 0, type, batch),
                        "cufftPlanMany");
        plans[key] = handle;
        check_transform(cufft().set_stream(handle, stream), "cufftSetStream");
        return handle;
    }
};

Surroundings surroundings() {
    Surroundings found{};
    cudaRuntimeGetVersion(&found.runtime_version);
    if (cudaDriverGetVersion(&found.driver_version) != cudaSuccess)
        found.driver_version = 0;
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (found.driver_version == 0)
        found.no_gpu = "NVIDIA's driver is not installed";
    else if (status != cudaSuccess)
        found.no_gpu = cudaGetErrorString(status);
    else if (count == 0)
        found.no_gpu = "no GPU is seen";
    cudaGetLastError();
    for (int i = 0; i < count && status == cudaSuccess; ++i) {
        cudaDeviceProp properties;
        if (cudaGetDeviceProperties(&properties, i) == cudaSuccess)
            found.gpus.push_back({properties.name, properties.major, properties.minor, properties.totalGlobalMem});
    }
    return found;
}

CudaDevice::CudaDevice(int ordinal) : state_(std::make_shared<State>(ordinal)) {
}

int CudaDevice::ordinal() const {
    return state_->ordinal;
}

std::shared_ptr<void> CudaDevice::allocate(std::size_t bytes) {
    state_->use();
    void *memory = nullptr;
    check(cudaMallocAsync(&memory, bytes ? bytes : 1, state_->stream), "memory of the GPU");
    return {memory, [state = state_](void *freed) {
                cudaSetDevice(state->ordinal);
                cudaFreeAsync(freed, state->stream);
            }};
}

void CudaDevice::upload(void *to, const void *from, std::size_t bytes) {
    state_->use();
    State &state = *state_;
    for (std::size_t done = 0; done < bytes;) {
        const std::size_t part = bytes - done < staged_bytes ? bytes - done : staged_bytes;
        const int half = int(done / staged_bytes % 2);
        check(cudaEventSynchronize(state.sent[half]), "upload");
        std::memcpy(state.staged[half], static_cast<const char *>(from) + done, part);
        check(cudaMemcpyAsync(static_cast<char *>(to) + done, state.staged[half], part, cudaMemcpyHostToDevice,
                              state.stream),
              "upload");
        check(cudaEventRecord(state.sent[half], state.stream), "upload");
        done += part;
    }
}

void CudaDevice::download(void *to, const void *from, std::size_t bytes) {
    state_->use();
    if (bytes)
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, state_->stream), "download");
    synchronize();
}

void CudaDevice::download_some(float *to, const float *from, std::size_t pitch, std::size_t count) {
    state_->use();
    if (count)
        check(cudaMemcpy2DAsync(to, sizeof(float), from, pitch * sizeof(float), sizeof(float), count,
                                cudaMemcpyDeviceToHost, state_->stream),
              "download");
    synchronize();
}

void CudaDevice::clear(void *memory, std::size_t bytes) {
    state_->use();
    if (bytes)
        check(cudaMemsetAsync(memory, 0, bytes, state_->stream), "cudaMemset");
}

void CudaDevice::synchronize() {
    check(cudaStreamSynchronize(state_->stream), "kernels before");
}

void CudaDevice::wait_for(std::uintptr_t stream) {
    state_->use();
    check(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(stream)), "another library's stream");
}

bool CudaDevice::holds(const void *memory) const {
    cudaPointerAttributes found{};
    const bool known = cudaPointerGetAttributes(&found, memory) == cudaSuccess;
    cudaGetLastError();
    return known && (found.type == cudaMemoryTypeManaged ||
                     (found.type == cudaMemoryTypeDevice && found.device == state_->ordinal));
}

void CudaDevice::transform_forward(int n, int rank, int batch, const float *from, float *to) {
    state_->use();
    const Cufft::Handle plan = state_->plan(n, rank, batch, Cufft::real_to_complex);
    check_transform(cufft().forward(plan, const_cast<float *>(from), to), "cufftExecR2C");
}

void CudaDevice::transform_back(int n, int rank, int batch, float *from, float *to) {
    state_->use();
    const Cufft::Handle plan = state_->plan(n, rank, batch, Cufft::complex_to_real);
    check_transform(cufft().back(plan, from, to), "cufftExecC2R");
}

template <class Kernel> void CudaDevice::launch(unsigned blocks, const Kernel &kernel) {
    if (blocks == 0)
        return;
    state_->use();
    run<<<blocks, Kernel::threads, 0, state_->stream>>>(kernel);
    check(cudaGetLastError(), "launch");
}

#define SZFAST_LAUNCH(...) template void CudaDevice::launch<__VA_ARGS__>(unsigned, const __VA_ARGS__ &);
#define SZFAST_LAUNCH_DEPOSIT(...)           \
    SZFAST_LAUNCH(DepositSmall<__VA_ARGS__>) \
    SZFAST_LAUNCH(DepositWide<__VA_ARGS__>)

SZFAST_LAUNCH(SumOverParticles<CountParticles>)
SZFAST_LAUNCH(SumOverParticles<WithinDepth>)
SZFAST_LAUNCH(SumOverParticles<SumOnMesh>)
SZFAST_LAUNCH(FromWholeNumbers)
SZFAST_LAUNCH_DEPOSIT(CornerShares)
SZFAST_LAUNCH_DEPOSIT(SeparableShares<3>)
SZFAST_LAUNCH_DEPOSIT(SeparableShares<6>)
SZFAST_LAUNCH_DEPOSIT(SeparableShares<12>)
SZFAST_LAUNCH(Spread)
SZFAST_LAUNCH(IntoBox)
SZFAST_LAUNCH(Slice)
SZFAST_LAUNCH(ToFloats)
SZFAST_LAUNCH(ObserveModes)
SZFAST_LAUNCH(Crop)
SZFAST_LAUNCH(Gather)
SZFAST_LAUNCH(AddArray)
SZFAST_LAUNCH(SumOverParticles<SumOfSize>)
SZFAST_LAUNCH(SpreadFields)
SZFAST_LAUNCH(FieldsApart)
SZFAST_LAUNCH(ImageModes)
SZFAST_LAUNCH(AddMiddle)

} // namespace szfast::cuda
