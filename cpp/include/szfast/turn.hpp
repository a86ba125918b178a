// Maps picked from a set, noise added, turned or mirrored: what a network is fed with, in one pass.
#pragma once

#include "szfast/stop.hpp"

#include <cstddef>
#include <cstdint>

namespace szfast {

constexpr int symmetries = 8;

// For each of `count` maps: out = turned(maps[rows] + noise). Maps are size x size, noise may be null; symmetry k turns
// by k quarters counterclockwise as rows run downwards, from 4 on the transposed map.
bool pick_and_turn(const float *maps, const std::int64_t *rows, const float *noise, const std::int64_t *symmetry,
                   std::size_t count, int size, int threads, Stop &stop, float *out);

} // namespace szfast
