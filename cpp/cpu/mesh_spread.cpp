// Pass one: particles onto the mesh. The smoothing goes into the weights: to second order a kernel widens the window.
#include "lanes.hpp"
#include "mesh_plan.hpp"
#include "szfast/mesh_taps.hpp"

#include <cstring>

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int group = lanes; // particles whose weights are computed side by side
typedef Floats Group;
typedef Ints GroupInts;
typedef float Four __attribute__((vector_size(4 * sizeof(float))));

struct alignas(64) Weights {
    Group x[spread_taps], y[spread_taps], z[spread_taps];
    std::int32_t block[group];
};

inline Group load(const float *from, std::size_t count) {
    Group v{};
    if (count == group)
        std::memcpy(&v, from, sizeof v);
    else
        std::memcpy(&v, from, count * sizeof(float));
    return v;
}

#if defined(__AVX512F__)

constexpr auto every_lane = std::make_index_sequence<group>();

// Lanes 8 * half to 8 * half + 7 of both, in turn.
template <int half, std::size_t... lane>
inline Group in_turn(const Group &a, const Group &b, std::index_sequence<lane...>) {
    return __builtin_shufflevector(a, b, (8 * half + int(lane) / 2 + int(lane) % 2 * group)...);
}

// (tap, particle) to four vectors of (particle, tap)
inline void by_particle(const Group *tap, Group *quads) {
    const Group even_low = in_turn<0>(tap[0], tap[2], every_lane), even_high = in_turn<1>(tap[0], tap[2], every_lane);
    const Group odd_low = in_turn<0>(tap[1], tap[3], every_lane), odd_high = in_turn<1>(tap[1], tap[3], every_lane);
    quads[0] = in_turn<0>(even_low, odd_low, every_lane);
    quads[1] = in_turn<1>(even_low, odd_low, every_lane);
    quads[2] = in_turn<0>(even_high, odd_high, every_lane);
    quads[3] = in_turn<1>(even_high, odd_high, every_lane);
}

// The outer product of the taps of a quad's particle i.
template <int i, std::size_t... lane>
inline Group outer_product(const Group &y, const Group &z, std::index_sequence<lane...>) {
    return __builtin_shufflevector(y, y, (4 * i + int(lane) / 4)...) *
           __builtin_shufflevector(z, z, (4 * i + int(lane) % 4)...);
}

inline void add_group(const Weights &w, std::size_t plane, float *blocks) {
    Group y[4], z[4];
    by_particle(w.y, y);
    by_particle(w.z, z);
    const float *x = reinterpret_cast<const float *>(w.x);
    for (int quad = 0; quad < 4; ++quad) {
        const Group yz[4] = {
            outer_product<0>(y[quad], z[quad], every_lane), outer_product<1>(y[quad], z[quad], every_lane),
            outer_product<2>(y[quad], z[quad], every_lane), outer_product<3>(y[quad], z[quad], every_lane)};
        for (int i = 0; i < 4; ++i) {
            const int particle = 4 * quad + i;
            Group *to = reinterpret_cast<Group *>(blocks + std::size_t(w.block[particle]) * block_floats);
            for (int a = 0; a < spread_taps; ++a) {
                *to += x[a * group + particle] * yz[i];
                to += plane;
            }
        }
    }
}

#else

inline void add_group(const Weights &w, std::size_t plane, float *blocks) {
    const float *x = reinterpret_cast<const float *>(w.x), *y = reinterpret_cast<const float *>(w.y),
                *z = reinterpret_cast<const float *>(w.z);
    for (int particle = 0; particle < group; ++particle) {
        const Four row = {z[particle], z[group + particle], z[2 * group + particle], z[3 * group + particle]};
        Four rows[spread_taps];
        for (int b = 0; b < spread_taps; ++b)
            rows[b] = y[b * group + particle] * row;
        float *to = blocks + std::size_t(w.block[particle]) * block_floats;
        for (int a = 0; a < spread_taps; ++a, to += plane * block_floats) {
            const float weight = x[a * group + particle];
            for (int b = 0; b < spread_taps; ++b)
                *reinterpret_cast<Four *>(to + 4 * b) += weight * rows[b];
        }
    }
}

#endif

inline double sum(Group v) {
    double total = 0.0;
    for (int i = 0; i < group; ++i)
        total += double(v[i]);
    return total;
}

void fold(const MeshPlan &plan, const float *blocks, float *mesh) {
    const int n = plan.design->points;
    const std::size_t stride = plan.stride;
    for (int x = 0; x < n; ++x)
        for (int y = 0; y + spread_taps <= n; ++y) {
            const float *block = blocks + (std::size_t(x) * n + y) * n * block_floats;
            float *to = mesh + (std::size_t(x) * n + y) * stride;
            for (int z = 0; z + spread_taps <= n; ++z, block += block_floats)
                for (int b = 0; b < spread_taps; ++b) {
                    Four here;
                    std::memcpy(&here, to + b * stride + z, sizeof here);
                    here += *reinterpret_cast<const Four *>(block + 4 * b);
                    std::memcpy(to + b * stride + z, &here, sizeof here);
                }
        }
}

} // namespace

void mesh_spread(const MeshPlan &plan, const Particles &particles, std::size_t begin, std::size_t end,
                 const std::atomic<bool> &stop, float *blocks, float *mesh, std::uint8_t *left, MeshSums *sums) {
    const MeshDesign &design = *plan.design;
    const int n = design.points;
    const float scale = float(1.0 / design.cell_kpc), middle = float(n / 2);
    const float inverse_radius2 = float(1.0 / (design.radius_kpc * design.radius_kpc));
    const float inverse_limit2 = float(1.0 / (design.h_limit_kpc * design.h_limit_kpc));
    const std::size_t plane = std::size_t(n) * n;
    Group sum_Y{}, sum_Y_h2{}, sum_Y_h4{}, sum_Y_r4{};
    GroupInts bad{};
    alignas(64) Weights weights[2];
    int turn = 0;
    for (std::size_t p = begin; p < end; p += group) {
        if ((p - begin) % 4096 == 0) {
            sums->Y += sum(sum_Y);
            sums->Y_h2 += sum(sum_Y_h2);
            sums->Y_h4 += sum(sum_Y_h4);
            sums->Y_r4 += sum(sum_Y_r4);
            sum_Y = sum_Y_h2 = sum_Y_h4 = sum_Y_r4 = Group{};
            if (stop.load(std::memory_order_relaxed))
                return;
        }
        const std::size_t count = end - p < group ? end - p : group;
        const float *columns[] = {particles.x, particles.y, particles.z, particles.h, particles.Y};
        for (const float *column : columns)
            __builtin_prefetch(column + p + 32 * group);
        Group x = load(particles.x + p, count), y = load(particles.y + p, count), z = load(particles.z + p, count);
        const Group h = load(particles.h + p, count);
        Group Y = load(particles.Y + p, count);
        // zero times what is not finite is not zero
        const Group nothing = (x + y + z + h + Y) * 0.0f;
        bad |= ~(nothing == 0.0f) | (h < 0.0f) | (Y < 0.0f);
        const Group t = h * h * inverse_limit2;
        const Group r2 = (x * x + y * y + z * z) * inverse_radius2;
        const GroupInts on_mesh = (r2 <= 1.0f) & (t <= 1.0f);
        std::int32_t outside = 0;
        for (int i = 0; i < group; ++i)
            outside |= ~on_mesh[i];
        if (outside)
            for (std::size_t i = 0; i < count; ++i)
                if (!on_mesh[i]) {
                    left[p + i] = 1;
                    ++sums->left;
                }
        x = on_mesh ? x : Group{};
        y = on_mesh ? y : Group{};
        z = on_mesh ? z : Group{};
        Y = on_mesh ? Y : Group{};
        const Group small = on_mesh ? t : Group{};
        sum_Y += Y;
        sum_Y_h2 += Y * small;
        sum_Y_h4 += Y * small * small;
        const Group near = on_mesh ? r2 : Group{};
        sum_Y_r4 += Y * near * near;

        const Group gx = x * scale + middle, gy = y * scale + middle, gz = z * scale + middle;
        const GroupInts ix = __builtin_convertvector(gx, GroupInts), iy = __builtin_convertvector(gy, GroupInts),
                        iz = __builtin_convertvector(gz, GroupInts);
        Weights &w = weights[turn];
        const SpreadPolynomials<Group> polynomials = spread_polynomials(design.spread, small);
        spread_weights(polynomials, gx - __builtin_convertvector(ix, Group) - 0.5f, w.x);
        spread_weights(polynomials, gy - __builtin_convertvector(iy, Group) - 0.5f, w.y);
        spread_weights(polynomials, gz - __builtin_convertvector(iz, Group) - 0.5f, w.z);
        for (int a = 0; a < spread_taps; ++a)
            w.x[a] *= Y;
        const GroupInts first = ((ix - 1) * n + (iy - 1)) * n + (iz - 1);
        std::memcpy(w.block, &first, sizeof first);
        for (int i = 0; i < group; ++i)
            for (int a = 0; a < spread_taps; ++a)
                __builtin_prefetch(blocks + (std::size_t(w.block[i]) + a * plane) * block_floats, 1);
        // the group before this one, whose blocks have come by now
        turn = 1 - turn;
        if (p != begin)
            add_group(weights[turn], plane, blocks);
    }
    if (end != begin)
        add_group(weights[1 - turn], plane, blocks);
    sums->Y += sum(sum_Y);
    sums->Y_h2 += sum(sum_Y_h2);
    sums->Y_h4 += sum(sum_Y_h4);
    sums->Y_r4 += sum(sum_Y_r4);
    for (int i = 0; i < group; ++i)
        if (bad[i])
            sums->valid = false;
    fold(plan, blocks, mesh);
}

} // namespace SZFAST_LEVEL
} // namespace szfast
