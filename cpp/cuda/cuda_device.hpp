// A GPU with a stream of its own, for one thread at a time: what it asks for is done in that order, and beside what
// other threads ask of devices of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace szfast::cuda {

class CudaError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Gpu {
    std::string name;
    int major, minor; // compute capability
    std::size_t memory;
    std::string problem; // why it cannot be used, or empty
};

// What is seen of CUDA here; never throws.
struct Surroundings {
    std::vector<Gpu> gpus;
    int driver_version, runtime_version; // 13000 is 13.0; driver 0: none
    std::string no_gpu;                  // why there is none, or empty
};

Surroundings surroundings();

class CudaDevice {
  public:
    // Throws CudaError where there is no such GPU.
    explicit CudaDevice(int ordinal);

    std::shared_ptr<void> allocate(std::size_t bytes);
    // The host's memory may be changed when these return; download waits until the device has done everything.
    void upload(void *to, const void *from, std::size_t bytes);
    void download(void *to, const void *from, std::size_t bytes);
    // Every pitch-th float from the start on.
    void download_some(float *to, const float *from, std::size_t pitch, std::size_t count);
    void clear(void *memory, std::size_t bytes);
    void synchronize();
    // Waits for what another library has put into its stream; for all that anybody has given to this GPU.
    void wait_for(std::uintptr_t stream);
    void wait_for_all();

    // Whether memory is this GPU's.
    bool holds(const void *memory) const;

    // For the kernels that cuda_device.cu names.
    template <class Kernel> void launch(unsigned blocks, const Kernel &kernel);

    // See EmulatedDevice; backward destroys what it transforms.
    void transform_forward(int n, int rank, int batch, const float *from, float *to);
    void transform_back(int n, int rank, int batch, float *from, float *to);

    int ordinal() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace szfast::cuda
