// What the tests are written with: checks that print where they failed, and the exit status for ctest.
#pragma once

#include "szfast/observe.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace szfast::tests {

inline int checks = 0, failures = 0;

inline bool check(bool passed, const char *what, const char *file, int line) {
    ++checks;
    if (!passed) {
        ++failures;
        std::printf("%s:%d: failed: %s\n", file, line, what);
    }
    return passed;
}

inline void check_near(double found, double expected, double tolerance, const char *what, const char *file, int line) {
    // a comparison with NaN is false, so that NaN fails
    if (!check(std::abs(found - expected) <= tolerance, what, file, line))
        std::printf("    found %.17g, expected %.17g, difference %.3g, tolerance %.3g\n", found, expected,
                    found - expected, tolerance);
}

#define CHECK(condition) ::szfast::tests::check((condition), #condition, __FILE__, __LINE__)
#define CHECK_NEAR(found, expected, tolerance) \
    ::szfast::tests::check_near((found), (expected), (tolerance), #found, __FILE__, __LINE__)

// ctest counts this status as a skipped test.
constexpr int skipped = 77;

// Whether this machine runs the level that the environment asks for.
inline bool level_is_here() {
    const char *asked = std::getenv("SZFAST_CPU_LEVEL");
    const bool here = !asked || !*asked || std::strcmp(asked, cpu_level()) == 0;
    if (!here)
        std::printf("skipped: this CPU has no %s\n", asked);
    return here;
}

inline int result() {
    std::printf("%d checks, %d failed, CPU level %s\n", checks, failures, cpu_level());
    return failures == 0 && checks > 0 ? 0 : 1;
}

} // namespace szfast::tests
