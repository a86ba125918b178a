#include "cuda_device.hpp"

#include "arrays_kernels.hpp"
#include "cuda_state.hpp"
#include "deposit.hpp"
#include "mesh_kernels.hpp"
#include "observe_kernels.hpp"
#include "spread_kernels.hpp"

#include <cstring>

namespace szfast::cuda {
namespace {

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

} // namespace

CudaDevice::CudaDevice(int ordinal) : state_(std::make_shared<State>(ordinal)) {
}

int CudaDevice::ordinal() const {
    return state_->ordinal;
}

std::shared_ptr<void> CudaDevice::allocate(std::size_t bytes) {
    const Chosen here(state_->ordinal);
    return {state_->memory(bytes ? bytes : 1), [state = state_](void *freed) { state->free(freed); }};
}

void CudaDevice::upload(void *to, const void *from, std::size_t bytes) {
    const Chosen here(state_->ordinal);
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
    const Chosen here(state_->ordinal);
    if (bytes)
        check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, state_->stream), "download");
    synchronize();
}

void CudaDevice::download_some(float *to, const float *from, std::size_t pitch, std::size_t count) {
    if (pitch == 1)
        return download(to, from, count * sizeof(float));
    const Chosen here(state_->ordinal);
    if (count)
        check(cudaMemcpy2DAsync(to, sizeof(float), from, pitch * sizeof(float), sizeof(float), count,
                                cudaMemcpyDeviceToHost, state_->stream),
              "download");
    synchronize();
}

void CudaDevice::clear(void *memory, std::size_t bytes) {
    const Chosen here(state_->ordinal);
    if (bytes)
        check(cudaMemsetAsync(memory, 0, bytes, state_->stream), "cudaMemset");
}

void CudaDevice::synchronize() {
    const Chosen here(state_->ordinal);
    check(cudaStreamSynchronize(state_->stream), "kernels before");
}

void CudaDevice::wait_for(std::uintptr_t stream) {
    const Chosen here(state_->ordinal);
    check(cudaStreamSynchronize(reinterpret_cast<cudaStream_t>(stream)), "another library's stream");
}

void CudaDevice::wait_for_all() {
    const Chosen here(state_->ordinal);
    check(cudaDeviceSynchronize(), "what others do on this GPU");
}

bool CudaDevice::holds(const void *memory) const {
    cudaPointerAttributes found{};
    const bool known = cudaPointerGetAttributes(&found, memory) == cudaSuccess;
    cudaGetLastError();
    return known && (found.type == cudaMemoryTypeManaged ||
                     (found.type == cudaMemoryTypeDevice && found.device == state_->ordinal));
}

void CudaDevice::transform_forward(int n, int rank, int batch, const float *from, float *to) {
    const Chosen here(state_->ordinal);
    const Cufft::Handle plan = state_->plan(n, rank, batch, Cufft::real_to_complex);
    check_transform(cufft().forward(plan, const_cast<float *>(from), to), "cufftExecR2C");
}

void CudaDevice::transform_back(int n, int rank, int batch, float *from, float *to) {
    const Chosen here(state_->ordinal);
    const Cufft::Handle plan = state_->plan(n, rank, batch, Cufft::complex_to_real);
    check_transform(cufft().back(plan, from, to), "cufftExecC2R");
}

template <class Kernel> void CudaDevice::launch(unsigned blocks, const Kernel &kernel) {
    if (blocks == 0)
        return;
    const Chosen here(state_->ordinal);
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
