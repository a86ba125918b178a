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

    // For long work on the calling thread: asks poll, and tells whether to stop.
    bool wanted() {
        if (!asked && poll && poll())
            asked = true;
        return asked;
    }
};

// Work on the calling thread looks up whenever it has done this many particles: some milliseconds.
constexpr std::size_t particles_between_polls = std::size_t(1) << 20;

// Whether it is time to; short work never does: poll may wait for the interpreter's lock.
inline bool time_to_poll(std::size_t done) {
    return done > 0 && done % particles_between_polls == 0;
}

// The same for work that is done in pieces of several sizes.
class PacedStop {
  public:
    explicit PacedStop(Stop &stop) : stop_(stop) {
    }
    // Counts a piece that has been done, and tells whether to stop.
    bool wanted_after(std::size_t piece) {
        done_ += piece;
        if (done_ < particles_between_polls)
            return stop_.asked;
        done_ = 0;
        return stop_.wanted();
    }

  private:
    Stop &stop_;
    std::size_t done_ = 0;
};

// Threads beyond this are never started: a request for more is one for this many.
constexpr int most_threads = 1024;

// Calls work(task, worker) for every task, each once, on up to `threads` threads of their own; returns false when it
// was stopped. The first exception of a worker is thrown again here.
bool run_tasks(std::size_t tasks, int threads, Stop &stop, const std::function<void(std::size_t, int)> &work);

// The number of threads for a request: as asked up to most_threads, or all cores for zero or less.
int thread_count(int asked);

} // namespace szfast
