// CUDA does not survive a fork: a child of a process that has used it gets errors that say nothing.
#pragma once

#include <atomic>

#include <unistd.h>

namespace szfast::cuda {

class UserOfCuda {
  public:
    // This process uses CUDA from now on.
    void here() {
        pid_t nobody = 0;
        user_.compare_exchange_strong(nobody, getpid());
    }
    // Whether it was a parent that did.
    bool forked() const {
        const pid_t user = user_;
        return user != 0 && user != getpid();
    }

  private:
    std::atomic<pid_t> user_{0};
};

constexpr const char *forked_process =
    "this process was forked from one that had used CUDA, which CUDA does not allow; start processes by "
    "multiprocessing's 'spawn', or use the GPU in one of them alone";

} // namespace szfast::cuda
