// libFuzzer's target: one operation of the engine a run, on the CPU level that SZFAST_CPU_LEVEL names.
#include "operations.hpp"
#include "szfast/observe.hpp"

#include <cstring>

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    const char *asked = std::getenv("SZFAST_CPU_LEVEL");
    if (asked && std::strcmp(asked, szfast::cpu_level()) != 0) {
        std::fprintf(stderr, "skipped: this CPU has no %s\n", asked);
        std::exit(77);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    using namespace szfast::fuzz;
    constexpr decltype(&deposit_call) calls[] = {deposit_call, spread_call, mesh_call,    observe_call,
                                                 turn_call,    sphere_call, columns_call, stored_call};
    Given given(data, size);
    calls[given.whole(0, std::size(calls) - 1)](given);
    return 0;
}
