// How a caller stops long work from another thread, and runs work on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace szfast {

struct Stop {
    std::atomic<bool> asked{false};
    // Called about twenty times a second on the calling thread while the work runs; true asks for the stop.
    std::function<bool()> poll;
};

// Calls work(task, worker) for every task, each once, on up to `threads` threads of their own; returns false when it
// was stopped. The first exception of a worker is thrown again here.
bool run_tasks(std::size_t tasks, int threads, Stop &stop, const std::function<void(std::size_t, int)> &work);

// The number of threads for a request: as asked, or all cores for zero or less.
int thread_count(int asked);

} // namespace szfast
