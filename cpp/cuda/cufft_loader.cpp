#include "cufft_loader.hpp"

#include <dlfcn.h>

namespace szfast::cuda {
namespace {

template <class Function> bool find(void *library, const char *name, Function &function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
    return function != nullptr;
}

Cufft load() {
    Cufft cufft;
    // 12 is CUDA 13's, 11 is CUDA 12's; what is called here is the same in both
    for (const char *name : {"libcufft.so.12", "libcufft.so.11"}) {
        void *const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            cufft.problem += (cufft.problem.empty() ? "" : "; ") + std::string(dlerror());
            continue;
        }
        if (find(library, "cufftPlanMany", cufft.plan_many) && find(library, "cufftSetStream", cufft.set_stream) &&
            find(library, "cufftExecR2C", cufft.forward) && find(library, "cufftExecC2R", cufft.back) &&
            find(library, "cufftDestroy", cufft.destroy) && find(library, "cufftGetVersion", cufft.get_version)) {
            cufft.library = name;
            cufft.problem.clear();
            return cufft;
        }
        cufft.problem += (cufft.problem.empty() ? "" : "; ") + std::string(name) + " lacks a function";
        dlclose(library);
    }
    return cufft;
}

} // namespace

std::string cufft_status(int status) {
    const char *const names[] = {"SUCCESS",        "INVALID_PLAN", "ALLOC_FAILED", "INVALID_TYPE", "INVALID_VALUE",
                                 "INTERNAL_ERROR", "EXEC_FAILED",  "SETUP_FAILED", "INVALID_SIZE"};
    const bool known = status >= 0 && status < int(sizeof names / sizeof *names);
    return std::to_string(status) + (known ? std::string(" (CUFFT_") + names[status] + ")" : "");
}

const Cufft &cufft() {
    static const Cufft loaded = load();
    return loaded;
}

} // namespace szfast::cuda
