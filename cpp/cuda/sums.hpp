// Sums over particles in double, in an order that depends on their number alone.
#pragma once

#include "launch.hpp"
#include "memory.hpp"
#include "szfast/deposit.hpp"

#include <vector>

namespace szfast::cuda {

constexpr int blocks_of_sum = 64;

// Term: its number of `sums`, and add(group, particle, sums). Each group, a view or all there is, has its own sums.
template <class Term> struct SumOverParticles {
    static constexpr int threads = 256;
    struct Shared {
        double part[Term::sums][threads];
    };

    Term term;
    std::size_t count;
    double *parts; // (groups, blocks_of_sum, sums)

    SZFAST_HOST_DEVICE int phases(unsigned) const {
        return 10; // each thread's own, eight halvings of 256, the result
    }
    SZFAST_HOST_DEVICE void operator()(int phase, const Lane &lane, Shared &shared) const {
        const unsigned half = threads >> phase;
        if (phase == 0) {
            double sums[Term::sums] = {};
            const std::size_t first = std::size_t(lane.block % blocks_of_sum) * threads + lane.thread;
            for (std::size_t particle = first; particle < count; particle += std::size_t(blocks_of_sum) * threads)
                term.add(lane.block / blocks_of_sum, particle, sums);
            for (int i = 0; i < Term::sums; ++i)
                shared.part[i][lane.thread] = sums[i];
        } else if (lane.thread < half) {
            for (int i = 0; i < Term::sums; ++i)
                shared.part[i][lane.thread] += shared.part[i][lane.thread + half];
        } else if (half == 0 && lane.thread == 0) {
            for (int i = 0; i < Term::sums; ++i)
                parts[std::size_t(lane.block) * Term::sums + i] = shared.part[i][0];
        }
    }
};

// (groups, sums); waits for the device.
template <class Device, class Term>
std::vector<double> sum_over_particles(Device &device, const Term &term, std::size_t count, std::size_t groups = 1) {
    const Buffer<double> parts = allocate<double>(device, groups * blocks_of_sum * Term::sums);
    device.launch(unsigned(groups * blocks_of_sum), SumOverParticles<Term>{term, count, parts.data()});
    const std::vector<double> each = download(device, parts);
    std::vector<double> sums(groups * Term::sums);
    for (std::size_t i = 0; i < each.size(); ++i)
        sums[i / (blocks_of_sum * Term::sums) * Term::sums + i % Term::sums] += each[i];
    return sums;
}

SZFAST_HOST_DEVICE inline bool is_bad(const Particles &p, std::size_t i) {
    // zero times what is not finite is not zero
    const float nothing = (p.x[i] + p.y[i] + p.z[i] + p.h[i] + p.Y[i]) * 0.0f;
    return !(nothing == 0.0f) || p.h[i] < 0.0f || p.Y[i] < 0.0f;
}

// A power of two that makes whole numbers below 2^62 of values whose sum is this.
inline double whole_number_scale(double sum) {
    int exponent = 0;
    std::frexp(sum, &exponent);
    return sum > 0.0 ? std::ldexp(1.0, 62 - exponent) : 1.0;
}

} // namespace szfast::cuda
