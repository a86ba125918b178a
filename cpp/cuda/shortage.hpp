// What is said where a device's memory does not suffice.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

namespace szfast::cuda {

inline std::string gibibytes(std::size_t bytes) {
    char text[32];
    std::snprintf(text, sizeof text, bytes < std::size_t(1) << 24 ? "%.6f" : "%.2f", double(bytes) / (1 << 30));
    return text;
}

inline std::string shortage(int ordinal, const char *what, std::size_t asked, std::size_t free, std::size_t total) {
    return "GPU " + std::to_string(ordinal) + ": its memory does not suffice; " + what + " takes " + gibibytes(asked) +
           " GiB (" + std::to_string(asked) + " bytes), " + gibibytes(free) + " of " + gibibytes(total) +
           " GiB are free. Remedy: map fewer views or particles at a time, give make_maps_of fewer streams, or end "
           "what else uses this GPU";
}

} // namespace szfast::cuda
