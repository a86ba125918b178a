// Work on threads: every task once, errors and stops passed on.
#include "check.hpp"
#include "szfast/stop.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace szfast::tests {
namespace {

void every_task_runs_once(std::size_t tasks, int threads) {
    std::vector<std::atomic<int>> times(tasks);
    std::atomic<bool> worker_in_range{true};
    Stop stop;
    const bool finished = run_tasks(tasks, threads, stop, [&](std::size_t task, int worker) {
        ++times[task];
        if (worker < 0 || worker >= thread_count(threads))
            worker_in_range = false;
    });
    CHECK(finished);
    CHECK(worker_in_range);
    for (const auto &count : times)
        CHECK(count == 1);
}

void threads_are_counted() {
    CHECK(thread_count(3) == 3);
    CHECK(thread_count(0) >= 1);
    CHECK(thread_count(-1) == thread_count(0));
    // tables for each thread of an absurd request would not fit in memory
    CHECK(thread_count(2147483647) == most_threads);
}

void an_exception_reaches_the_caller(int threads) {
    std::atomic<int> ran{0};
    std::string message;
    Stop stop;
    try {
        run_tasks(100000, threads, stop, [&](std::size_t, int) {
            ++ran;
            throw std::runtime_error("out of luck");
        });
    } catch (const std::runtime_error &error) {
        message = error.what();
    }
    CHECK(message == "out of luck");
    CHECK(ran >= 1 && ran <= threads);
}

void a_stop_before_runs_nothing() {
    std::atomic<int> ran{0};
    Stop stop;
    stop.asked = true;
    CHECK(!run_tasks(100, 2, stop, [&](std::size_t, int) { ++ran; }));
    CHECK(ran == 0);
}

void a_task_can_stop_the_rest() {
    std::atomic<int> ran{0};
    Stop stop;
    CHECK(!run_tasks(100000, 1, stop, [&](std::size_t task, int) {
        ++ran;
        if (task == 9)
            stop.asked = true;
    }));
    CHECK(ran == 10);
}

void polling_stops_on_the_calling_thread() {
    const auto caller = std::this_thread::get_id();
    std::atomic<std::size_t> ran{0};
    bool elsewhere = false;
    int polls = 0;
    Stop stop;
    stop.poll = [&] {
        elsewhere = elsewhere || std::this_thread::get_id() != caller;
        return ++polls == 2;
    };
    // an hour of work
    const bool finished = run_tasks(3600000, 2, stop, [&](std::size_t, int) {
        ++ran;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    CHECK(!finished);
    CHECK(!elsewhere);
    CHECK(polls == 2);
    CHECK(ran > 0 && ran < 3600000);
}

void work_without_tasks_can_look_up() {
    int polls = 0;
    Stop stop;
    CHECK(!stop.wanted());
    stop.poll = [&] { return ++polls == 2; };
    CHECK(!stop.wanted());
    CHECK(stop.wanted());
    CHECK(stop.wanted());
    CHECK(polls == 2);
}

} // namespace
} // namespace szfast::tests

int main() {
    using namespace szfast::tests;
    for (const int threads : {1, 2, 8, 0})
        for (const std::size_t tasks : {std::size_t(0), std::size_t(1), std::size_t(3), std::size_t(1000)})
            every_task_runs_once(tasks, threads);
    threads_are_counted();
    for (const int threads : {1, 4})
        an_exception_reaches_the_caller(threads);
    a_stop_before_runs_nothing();
    a_task_can_stop_the_rest();
    polling_stops_on_the_calling_thread();
    work_without_tasks_can_look_up();
    return result();
}
