// Where a turned map's pixel (i, j) comes from is first + i * down + j * right.
#include "szfast/turn.hpp"

#include <algorithm>

namespace szfast {
namespace {

struct Walk {
    std::ptrdiff_t first, down, right;
};

Walk walk_of(std::int64_t symmetry, std::ptrdiff_t n) {
    switch (symmetry) {
    case 1:
        return {n - 1, -1, n};
    case 2:
        return {n * n - 1, -n, -1};
    case 3:
        return {n * (n - 1), 1, -n};
    case 4:
        return {0, 1, n};
    case 5:
        return {n * (n - 1), -n, 1};
    case 6:
        return {n * n - 1, -1, -n};
    case 7:
        return {n - 1, n, -1};
    default:
        return {0, n, 1};
    }
}

void turn(const float *map, const float *noise, Walk walk, int n, float *out) {
    for (int i = 0; i < n; ++i) {
        const std::ptrdiff_t start = walk.first + i * walk.down;
        const float *from = map + start;
        float *to = out + std::ptrdiff_t(i) * n;
        if (noise)
            for (int j = 0; j < n; ++j)
                to[j] = from[j * walk.right] + noise[start + j * walk.right];
        else
            for (int j = 0; j < n; ++j)
                to[j] = from[j * walk.right];
    }
}

} // namespace

bool pick_and_turn(const float *maps, const std::int64_t *rows, const float *noise, const std::int64_t *symmetry,
                   std::size_t count, int size, int threads, Stop &stop, float *out) {
    constexpr std::size_t together = 16;
    const std::size_t area = std::size_t(size) * size;
    return run_tasks((count + together - 1) / together, threads, stop, [&](std::size_t task, int) {
        for (std::size_t i = task * together; i < std::min(count, (task + 1) * together); ++i)
            turn(maps + area * std::size_t(rows[i]), noise ? noise + area * i : nullptr, walk_of(symmetry[i], size),
                 size, out + area * i);
    });
}

} // namespace szfast
