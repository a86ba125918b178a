#include "szfast/columns.hpp"

#include <algorithm>

namespace szfast {

bool particle_columns(const GasColumns &gas, const double *center, double factor, int threads, Stop &stop, float *x,
                      float *y, float *z, float *Y) {
    constexpr std::size_t block = 1 << 16;
    const auto work = [&](std::size_t task, int) {
        const std::size_t end = std::min((task + 1) * block, gas.count);
        for (std::size_t i = task * block; i < end; ++i) {
            x[i] = float(gas.offset[3 * i] - center[0]);
            y[i] = float(gas.offset[3 * i + 1] - center[1]);
            z[i] = float(gas.offset[3 * i + 2] - center[2]);
            Y[i] = float(factor * (double(gas.mass[i]) * gas.hydrogen[i] * gas.electrons[i]) * gas.temperature[i]);
        }
    };
    return run_tasks((gas.count + block - 1) / block, thread_count(threads), stop, work);
}

} // namespace szfast
