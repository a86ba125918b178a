#include "szfast/stop.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace szfast {

int thread_count(int asked) {
    if (asked > 0)
        return std::min(asked, most_threads);
    return std::clamp(int(std::thread::hardware_concurrency()), 1, most_threads);
}

bool run_tasks(std::size_t tasks, int threads, Stop &stop, const std::function<void(std::size_t, int)> &work) {
    const int workers = int(std::min<std::size_t>(std::size_t(thread_count(threads)), tasks));
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::condition_variable finished;
    std::exception_ptr failure;
    int running = 0;

    const auto loop = [&](int worker) {
        try {
            for (std::size_t task; !stop.asked && (task = next++) < tasks;)
                work(task, worker);
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex);
            failure = failure ? failure : std::current_exception();
            stop.asked = true;
        }
        const std::lock_guard<std::mutex> lock(mutex);
        --running;
        finished.notify_all();
    };

    std::vector<std::thread> pool;
    try {
        for (int worker = 0; worker < workers; ++worker) {
            {
                const std::lock_guard<std::mutex> lock(mutex);
                ++running;
            }
            pool.emplace_back(loop, worker);
        }
    } catch (...) {
        // fewer threads than asked still do all tasks; none at all is an error
        const std::lock_guard<std::mutex> lock(mutex);
        --running;
        if (pool.empty())
            throw;
    }
    {
        std::unique_lock<std::mutex> lock(mutex);
        while (running > 0) {
            finished.wait_for(lock, std::chrono::milliseconds(50));
            if (running > 0 && stop.poll && !stop.asked) {
                lock.unlock();
                if (stop.poll())
                    stop.asked = true;
                lock.lock();
            }
        }
    }
    for (auto &thread : pool)
        thread.join();
    if (failure)
        std::rethrow_exception(failure);
    return !stop.asked;
}

} // namespace szfast
