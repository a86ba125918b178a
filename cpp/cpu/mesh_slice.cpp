// Pass three: the modes of one view's map, interpolated on the central slice of the mesh's transform.
#include "lanes.hpp"
#include "mesh_plan.hpp"
#include "szfast/mesh_taps.hpp"

#include <cstring>

namespace szfast {
namespace SZFAST_LEVEL {
namespace {

constexpr int group = lanes; // modes side by side
typedef Floats Group;
typedef Ints GroupInts;

// The taps along z of one row, complex numbers of which the last two are loaded in vain.
constexpr int row_floats = 16, row_vectors = row_floats / lanes;
struct Row {
    Floats part[row_vectors];
};

// What one axis contributes: the first grid point touched, the weights of all, and the spreading window.
struct alignas(64) Axis {
    Group weight[slice_taps];
    GroupInts first;
    Group window;
};

inline Axis axis_of(const MeshDesign &design, Group k) {
    Axis axis;
    // floor, for any sign
    const GroupInts below = __builtin_convertvector(k + 65536.0f, GroupInts) - 65536;
    axis.first = below - (slice_taps / 2 - 1);
    slice_weights(design.slice, k - __builtin_convertvector(below, Group) - 0.5f, axis.weight);
    const float scale = 1.0f / float(design.padded);
    axis.window = spread_window(design.window, k * k * (scale * scale));
    return axis;
}

typedef float Four __attribute__((vector_size(4 * sizeof(float))));
typedef float Pair __attribute__((vector_size(2 * sizeof(float))));

template <class Half, class Whole> inline Half folded(Whole whole) {
    Half half[2];
    static_assert(sizeof half == sizeof whole, "two halves");
    std::memcpy(half, &whole, sizeof half);
    return half[0] + half[1];
}

#if defined(__AVX512F__)
inline Four in_four(Floats v) {
    typedef float Eight __attribute__((vector_size(8 * sizeof(float))));
    return folded<Four>(folded<Eight>(v));
}
#elif defined(__AVX2__)
inline Four in_four(Floats v) {
    return folded<Four>(v);
}
#else
inline Four in_four(Floats v) {
    return v;
}
#endif

} // namespace

void mesh_slice(const MeshPlan &plan, const SliceGrid &slice, const double *view, const float *grid, float *spectrum) {
    const MeshDesign &design = *plan.design;
    const int n = slice.n, reach = design.reach;
    constexpr int mirror = slice_taps / 2;
    const std::size_t row = 2 * std::size_t(plan.row), layer = row * plan.side;
    // wave numbers of the mesh's transform to one of the patch
    const double scale = design.cell_kpc * design.padded / (slice.n * slice.pixel_kpc);
    float along_x[3], along_y[3];
    for (int axis = 0; axis < 3; ++axis) {
        along_x[axis] = float(view[3 * axis] * scale);
        along_y[axis] = float(view[3 * axis + 1] * scale);
    }
    Group counting;
    for (int i = 0; i < group; ++i)
        counting[i] = float(i);
    const std::size_t imaginary = std::size_t(n) * slice.rows;
    for (int column = 0; column < n; ++column) {
        const int kx = 2 * column <= n ? column : column - n, last = slice.last[column];
        for (int low = 0; low <= last; low += group) {
            const int count = last - low + 1 < group ? last - low + 1 : group;
            Group ky = counting + float(low);
            ky = ky > float(last) ? Group{} + float(last) : ky;
            Group k0 = float(kx) * along_x[0] + ky * along_y[0];
            const Group sign = k0 < 0.0f ? Group{} - 1.0f : Group{} + 1.0f;
            k0 *= sign;
            const Group k1 = sign * (float(kx) * along_x[1] + ky * along_y[1]);
            const Group k2 = sign * (float(kx) * along_x[2] + ky * along_y[2]);
            const Axis x = axis_of(design, k0), y = axis_of(design, k1), z = axis_of(design, k2);
            const Group window = x.window * y.window * z.window;
            // each weight along z twice, for the real and the imaginary part
            alignas(64) float z_pairs[group * row_floats] = {};
            for (int c = 0; c < slice_taps; ++c)
                for (int i = 0; i < group; ++i)
                    z_pairs[i * row_floats + 2 * c] = z_pairs[i * row_floats + 2 * c + 1] = z.weight[c][i];
            for (int i = 0; i < count; ++i) {
                const float *from = grid + std::size_t(x.first[i] + mirror) * layer +
                                    std::size_t(y.first[i] + reach) * row + 2 * std::size_t(z.first[i] + reach);
                Row total{};
                for (int a = 0; a < slice_taps; ++a, from += layer) {
                    Row sum{};
                    for (int b = 0; b < slice_taps; ++b)
                        for (int part = 0; part < row_vectors; ++part) {
                            Floats values;
                            std::memcpy(&values, from + b * row + part * lanes, sizeof values);
                            sum.part[part] += y.weight[b][i] * values;
                        }
                    for (int part = 0; part < row_vectors; ++part)
                        total.part[part] += x.weight[a][i] * sum.part[part];
                }
                Floats along_z{};
                for (int part = 0; part < row_vectors; ++part) {
                    Floats weights;
                    std::memcpy(&weights, z_pairs + i * row_floats + part * lanes, sizeof weights);
                    along_z += weights * total.part[part];
                }
                const Pair value = folded<Pair>(in_four(along_z));
                float re = value[0], im = value[1];
                re *= window[i];
                im *= window[i] * sign[i];
                const std::size_t mode = std::size_t(column) * slice.rows + low + i;
                const float factor_re = slice.factor[mode], factor_im = slice.factor[mode + imaginary];
                spectrum[mode] = re * factor_re - im * factor_im;
                spectrum[mode + imaginary] = re * factor_im + im * factor_re;
            }
        }
    }
}

} // namespace SZFAST_LEVEL
} // namespace szfast
