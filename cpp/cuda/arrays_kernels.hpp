// Values of an array at given places, and sums of two arrays.
#pragma once

#include "launch.hpp"

namespace szfast::cuda {

struct Gather : OnePhase {
    const float *from;
    const std::int64_t *places;
    std::size_t count;
    float *to;
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        for (std::size_t i = lane.first(); i < count; i += lane.stride())
            to[i] = from[places[i]];
    }
};

struct AddArray : OnePhase {
    const float *from;
    std::size_t count;
    float *to;
    SZFAST_HOST_DEVICE void operator()(int, const Lane &lane, Nothing &) const {
        for (std::size_t i = lane.first(); i < count; i += lane.stride())
            to[i] += from[i];
    }
};

} // namespace szfast::cuda
