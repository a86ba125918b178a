// What a device says and keeps, as far as it can be seen without a GPU.
#include "check.hpp"
#include "emulated_device.hpp"
#include "memory.hpp"
#include "process.hpp"
#include "shortage.hpp"

#include <sys/wait.h>

#include <string>

namespace szfast::tests {
namespace {

using cuda::EmulatedDevice;

// Exit status of a child in which this is done.
template <class Function> int in_child(Function function) {
    const pid_t child = fork();
    if (child == 0)
        _exit(function());
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void a_forked_process_is_known() {
    cuda::UserOfCuda user;
    // a parent that has used nothing leaves its children free
    CHECK(in_child([&] { return user.forked() ? 1 : 0; }) == 0);
    CHECK(in_child([&] {
              user.here();
              return user.forked() ? 1 : 0;
          }) == 0);
    user.here();
    CHECK(!user.forked());
    CHECK(in_child([&] {
              user.here();
              return user.forked() ? 1 : 0;
          }) == 1);
    CHECK(!user.forked());
}

void too_little_memory_is_told() {
    EmulatedDevice device(false, 1000);
    std::string said;
    {
        const auto most = cuda::allocate<float>(device, 200);
        try {
            cuda::allocate<double>(device, 50);
        } catch (const cuda::CudaError &error) {
            said = error.what();
        }
        for (const char *part : {"GPU 0", "takes 0.000000 GiB (400 bytes)", "0.000000 of", "Remedy"})
            CHECK(said.find(part) != std::string::npos);
    }
    // what is freed can be had again
    CHECK(cuda::allocate<double>(device, 125).count() == 125);
    CHECK(cuda::shortage(1, "an array", std::size_t(3) << 29, std::size_t(1) << 30, std::size_t(80) << 30)
              .find("takes 1.50 GiB (1610612736 bytes), 1.00 of 80.00 GiB are free") != std::string::npos);
}

// More blocks than one dimension of a grid has are cut down, and no item is lost beyond 2^32.
void launches_fit_a_grid() {
    CHECK(cuda::blocks_for(0, 128) == 1);
    CHECK(cuda::blocks_for(129, 128) == 2);
    CHECK(cuda::blocks_for(std::size_t(1) << 40, 128) == 1u << 20);
    const cuda::Lane last{(1u << 20) - 1, 127, 1u << 20, 128};
    CHECK(last.first() == (std::size_t(1) << 27) - 1);
    CHECK(last.stride() == std::size_t(1) << 27);
    const cuda::Lane far{0x7FFFFFFEu, 1023, 0x7FFFFFFFu, 1024};
    CHECK(far.first() == std::size_t(0x7FFFFFFF) * 1024 - 1);
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast::tests;
    a_forked_process_is_known();
    too_little_memory_is_told();
    launches_fit_a_grid();
    return result();
}
