// What all maps of one call share: sizes, twiddle factors, transfer and amplitude in the order in which they are used.
#pragma once

#include "szfast/observe.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace szfast {

// Zeros that begin at a whole vector of any level.
class AlignedFloats {
  public:
    explicit AlignedFloats(std::size_t count = 0) : memory_(count + 16) {
    }
    float *start() {
        const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
        return memory_.data() + (64 - address % 64) % 64 / sizeof(float);
    }

  private:
    std::vector<float> memory_;
};

// A mode that is its own mirror image, and therefore real: k in {0, n/2} in both directions.
struct RealMode {
    int kx, ky;
    float amplitude;
};

// Modes (kx, ky) with ky in [0, n/2] and kx in [0, n) are held in blocks of `lanes` consecutive ky, one a lane; in a
// block, frequency kx is at place[kx].
struct ObservePlan {
    int padded, size, margin;
    int blocks; // those with a mode that counts
    int passes;
    int radix[32];
    int turns_begin[32];    // of each pass in `turns`
    const float *turns;     // cos, -sin of the twiddle factors
    const int *place;       // (padded)
    const float *transfer;  // (blocks, padded, lanes), with the transforms' factors
    const float *amplitude; // the same shape, of a mode's real and imaginary part each; or null
    const int *noisy;       // (padded/2 + 1): blocks from the first with noise, at kx or its mirror image
    RealMode real_modes[4];
    int real_mode_count;
};

// Owns the tables of one call. They are not complete where the stop was asked for meanwhile.
class ObserveTables {
  public:
    ObserveTables(const Observation &observation, int lanes, Stop &stop);
    ObserveTables(const ObserveTables &) = delete;
    const ObservePlan &plan() const {
        return plan_;
    }

  private:
    void plan_transform();
    int kept_rows(const double *values, double least, int rows);
    void fill_transfer(const double *transfer, double least);
    void fill_amplitude(const double *amplitude, double least);
    double least_that_counts(const double *values);
    template <class Take> void each_mode(Take take);
    std::size_t at(int kx, int ky) const;

    int lanes_, lane_bits_ = 0; // lanes = 2^bits
    ObservePlan plan_;
    PacedStop stop_;
    std::vector<float> turns_;
    AlignedFloats transfer_, amplitude_;
    std::vector<int> place_, noisy_;
};

// Room for one map, in vectors of lanes: the kept modes, one line, four transposed squares and the words in hand.
inline std::size_t observe_scratch_vectors(const ObservePlan &plan, int lanes) {
    const std::size_t n = plan.padded;
    return 2 * (n * plan.blocks + 2 * lanes) + 2 * n + 4 * lanes + (n / 2 + 1) * 2;
}

} // namespace szfast
