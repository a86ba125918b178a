// cuFFT, found when it is first used: a library that links it could not be loaded where it is absent. Declared here as
// in NVIDIA's reference, so that its headers are not needed either.
#pragma once

#include <string>

namespace szfast::cuda {

struct Cufft {
    using Handle = int;
    static constexpr int real_to_complex = 0x2a, complex_to_real = 0x2c;
    static constexpr int no_memory = 2; // CUFFT_ALLOC_FAILED

    int (*plan_many)(Handle *, int rank, int *n, int *inembed, int istride, int idist, int *onembed, int ostride,
                     int odist, int type, int batch) = nullptr;
    int (*set_stream)(Handle, void *stream) = nullptr;
    int (*forward)(Handle, float *, void *) = nullptr;
    int (*back)(Handle, void *, float *) = nullptr;
    int (*destroy)(Handle) = nullptr;
    int (*get_version)(int *) = nullptr;

    std::string library; // the name it was found by; empty: none
    std::string problem; // why there is none
};

// An error's name, as in NVIDIA's reference.
std::string cufft_status(int status);

// The same for the whole process.
const Cufft &cufft();

} // namespace szfast::cuda
